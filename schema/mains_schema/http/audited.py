"""Writes every act down: each mutation leaves an entry on the audit trail in the transaction that does it.

It stands around all mutations at once, so that a new one cannot forget it. What is written are ids and a reason, taken
from the input by their names, and never anything else that was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from inspect import isawaitable
from typing import Any

from graphql import GraphQLSchema
from mains_server.access.rules import address_hash
from mains_server.audit.operations import append, subjects_noted
from mains_server.audit.records import NewEntry, Subject
from mains_server.db.unit_of_work import before_commit
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.declaring.context import Context
from mains_schema.declaring.errors import RequestRefused, forbidden
from mains_schema.declaring.mapping import mapping_of
from mains_schema.declaring.node import decode_id
from mains_schema.declaring.roles import Roles, insist_on_role, roles_of

SUBJECTS_MAX = 20
ENDS_LOOKING = "impersonationEnd"
REASONS = ("reason", "note", "comment")
# Of customers, acts about money, contracts and rights are written down; these are none. Of employees every act is.
OF_STAFF_ONLY = frozenset(
    {
        "openidSignInBegin",
        "openidSignInFinish",
        "passkeySignInBegin",
        "passkeySignInFinish",
        "readingSubmit",
        "readingSubmitMany",
        "readingLinkCreate",
        "readingLinkRevoke",
        "readingLinkSubmit",
        "readingUploadCreate",
        "sessionCreate",
        "sessionRevoke",
    }
)

Resolve = Callable[..., Any]


def audit_mutations(schema: GraphQLSchema, mapped_classes: Sequence[type]) -> None:
    """Let every mutation of a schema be written down."""
    owners = dict(_owners(mapped_classes))
    for name, field in (schema.mutation_type.fields if schema.mutation_type else {}).items():
        assert field.resolve is not None, f"{name} has no resolver"
        declared = field.extensions["strawberry-definition"]
        field.resolve = audited(name, field.resolve, owners, roles=roles_of(declared))


def audited(act: str, resolve: Resolve, owners: dict[str, str], *, roles: Roles | None = None) -> Resolve:
    """Wrap a mutation so that it is done by its roles alone, and what it commits committed together with its entry."""

    @wraps(resolve)
    async def run(source: Any, info: Any, **given: Any) -> Any:
        _insist_on_changing(act, info.context)
        if roles is not None:
            insist_on_role(roles, info.context.viewer)
        entry = _entry(act, info.context, given)
        if entry is None:
            return await _settled(resolve(source, info, **given))

        async def write(session: AsyncSession) -> None:
            noted = subjects_noted(session)
            told = replace(entry, subjects=(*entry.subjects, *noted)[:SUBJECTS_MAX]) if noted else entry
            await append(session, entry=told, owners=owners)

        with before_commit(write):
            return await _settled(resolve(source, info, **given))

    return run


def _insist_on_changing(act: str, context: Context) -> None:
    """Refuse every mutation to who looks at an account as its customer sees it, but the one that ends it."""
    if context.viewer.looks_as is not None and act != ENDS_LOOKING:
        raise forbidden(f"`{act}` changes something, and who looks as a customer changes nothing.")


async def _settled(result: Any) -> Any:
    return await result if isawaitable(result) else result


def _entry(act: str, context: Context, given: Mapping[str, Any]) -> NewEntry | None:
    viewer = context.viewer
    is_plain = not viewer.is_employee and viewer.machine is None
    if viewer.person_id is None or (is_plain and act in OF_STAFF_ONLY):
        return None
    token = () if viewer.machine is None else (Subject(type_name="MachineToken", number=viewer.machine.token_id),)
    address = context.reads.address
    return NewEntry(
        act=act,
        person_id=viewer.person_id,
        session_id=viewer.session_id,
        roles=tuple(sorted(role.name for role in viewer.staff)),
        subjects=(*token, *dict.fromkeys(_subjects(given)))[:SUBJECTS_MAX],
        reason=": ".join([*_roles(given), *list(_reasons(given))[:1]]) or None,
        address_hash=None if address is None else address_hash(address),
        at=context.now,
    )


def _subjects(given: Any, name: str = "") -> Iterator[Subject]:
    for key, value in _parts(given, name):
        if isinstance(value, dict | list):
            yield from _subjects(value, key)
        elif isinstance(value, str) and key.lower().endswith(("id", "ids")):
            try:
                type_name, number = decode_id(value)
            except RequestRefused:
                continue
            yield Subject(type_name=type_name, number=number)


def _reasons(given: Any) -> Iterator[str]:
    for key, value in _parts(given, ""):
        if isinstance(value, dict):
            yield from _reasons(value)
        elif isinstance(value, str) and key in REASONS and value:
            yield value


def _roles(given: Any) -> list[str]:
    """Name the roles that an act gives or takes, which no id tells."""
    named = given.get("input", {}) if isinstance(given, dict) else {}
    roles = [named["role"]] if "role" in named else named.get("roles") or []
    return [" ".join(sorted(getattr(role, "name", str(role)) for role in roles))] if roles else []


def _parts(given: Any, name: str) -> Sequence[tuple[str, Any]]:
    return list(given.items()) if isinstance(given, dict) else [(name, value) for value in given]


def _owners(mapped_classes: Sequence[type]) -> Iterator[tuple[str, str]]:
    """Give, by type, the column that says whose a row is."""
    yield "Impersonation", "impersonation.customer_id"
    for cls in mapped_classes:
        table = mapping_of(cls).table
        if table.name == "customer":
            yield cls.__name__, "customer.id"
        elif "customer_id" in table.columns and "id" in table.columns:
            yield cls.__name__, f"{table.name}.customer_id"
