"""Asks every field and does every mutation as every actor of `authorization.py`, and tells what came of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, get_named_type, is_leaf_type
from mains_schema.declaring.mapping import Asked, source_of
from mains_schema.declaring.node import encode_id
from mains_schema.declaring.shape import shape_of
from mains_schema.served import schema
from mains_server.access.queries import viewer_of_person
from mains_server.access.records import ANONYMOUS, GrantRole, Permission, StaffRole, Viewer
from mains_server.access.tables import AccessGrant, Person, StaffMember
from mains_server.db.registry import stored_tables
from mains_server.db.unit_of_work import read_session
from mains_server.signin.rules import as_customer
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.schema import broad, town
from tests.schema.asking import NOW, Asker
from tests.schema.authorization import Act, an_id
from tests.schema.authorization_actors import ACTORS

SEEN, EMPTY, HIDDEN, DONE = "seen", "empty", "hidden", "done"
CUSTOMER_1 = "Q3VzdG9tZXI6MQ"
CONTRACT_1 = encode_id(type_name="Contract", number=1)
# Rows whose number is not 1, by the argument that names them; all are customer 1's.
NUMBERS = {"invoiceId": 100, "readingId": 100, "originalId": 2}
TYPES_NAMED = {
    "approvalId": "PaymentApproval",
    "deliveryId": "WebhookDelivery",
    "endpointId": "WebhookEndpoint",
    "eventId": "PaymentEvent",
    "holdId": "HeldContract",
    "refundId": "PaymentRefund",
    "intentId": "PaymentIntent",
    "invitationId": "DelegationInvitation",
    "lineId": "BankLine",
    "linkId": "ReadingLink",
    "methodId": "AllocationMethod",
    "originalId": "BankLine",
    "personId": "Viewer",
}
VALUES = {
    "Date": '"2023-05-01"',
    "Instant": '"2023-05-01T00:00:00Z"',
    "Decimal": '"1.00"',
    "Int": "3",
    "Boolean": "true",
}


ANOTHER_APPROVAL = """insert into payment_approval (id, customer_id, grant_id, person_id, request_key, amount,
    currency, shown_reference, status, asked_at)
    values (9, 1, 102, 102, 'k9', 9, 'EUR', 'RFAPPROVAL9', 'WAITING', '2022-01-01')"""


@dataclass
class Told:
    """Each cell of the matrix, by row and actor, and every word that each actor was told."""

    cells: dict[str, dict[str, str]] = field(default_factory=dict)
    words: dict[str, set[str]] = field(default_factory=dict)

    def put(self, row: str, actor: str, outcome: str) -> None:
        """Write a cell."""
        self.cells.setdefault(row, {})[actor] = outcome

    def take(self, actor: str, part: Any) -> None:
        """Take an answer's words in."""
        match part:
            case dict():
                for value in part.values():
                    self.take(actor, value)
            case list():
                for value in part:
                    self.take(actor, value)
            case _:
                self.words.setdefault(actor, set()).add(str(part))

    def seen(self, row: str) -> set[str]:
        """Tell who was shown a value of a field."""
        return {actor for actor, outcome in self.cells[row].items() if outcome == SEEN}

    def who_sees(self, row: str) -> set[str]:
        """Tell who was shown a field; where it is empty for all, who was shown the row that it is of."""
        cells = self.cells[row]
        best = SEEN if SEEN in cells.values() else EMPTY
        return {actor for actor, outcome in cells.items() if outcome == best}


async def settle_actors(connection: AsyncConnection) -> None:
    """Add the actors who are not people of the town, and let nobody's number be taken twice."""
    added = [person for person in ACTORS.values() if person is not None and person > 100]
    named = {"language": "lv", "created_at": town.THEN}
    await connection.execute(
        insert(Person), [{"id": n, "email": f"actor{n}@example.lv", "name": f"Actor {n}", **named} for n in added]
    )
    grants = [
        _grant("view", Permission.VIEW),
        _grant("pay", Permission.PAY),
        _grant("submit", Permission.SUBMIT_READINGS),
        _grant("request", Permission.REQUEST_SERVICES),
        _grant("view one", Permission.VIEW) | {"contract_ids": [1]},
        _grant("revoked", *Permission) | {"ends_at": NOW},
    ]
    await connection.execute(insert(AccessGrant), grants)
    roles = (
        ("operator", StaffRole.OPERATOR),
        ("clerk", StaffRole.BILLING_CLERK),
        ("admin", StaffRole.ADMIN),
        ("looking", StaffRole.OPERATOR),
    )
    staff = [{"id": ACTORS[name], "person_id": ACTORS[name], "role": role, "since": town.THEN} for name, role in roles]
    await connection.execute(insert(StaffMember), staff)
    await connection.exec_driver_sql(f"update payment_intent set person_id = {ACTORS['payer']} where id = 1")
    await connection.exec_driver_sql(ANOTHER_APPROVAL)
    sequences = await connection.exec_driver_sql("select sequencename from pg_sequences where schemaname = 'public'")
    for (name,) in sequences.all():
        await connection.exec_driver_sql(f"select setval('{name}', 1000000)")


def _grant(actor: str, *permissions: Permission) -> dict[str, Any]:
    person = ACTORS[actor]
    of = {"id": person, "person_id": person, "customer_id": 1, "role": GrantRole.DELEGATE}
    return {**of, "permissions": [one.name for one in permissions], "contract_ids": None, "starts_at": town.THEN} | {
        "ends_at": None
    }


def field_rows() -> Iterator[tuple[str, bool]]:
    """Name each field of the matrix, and tell whether it needs a row of its own, as no declared scope speaks for it."""
    types: Any = schema()._schema.type_map
    for name in ("Query", "Staff"):
        yield from ((f"{name}.{part}", True) for part in types[name].fields)
    for name, kind in broad.types().items():
        if "id" in kind.fields:
            yield from ((f"{name}.{part}", _is_asked(declared)) for part, declared in kind.fields.items())


def mutation_names() -> list[str]:
    """Name all mutations."""
    found = schema()._schema.mutation_type
    assert found is not None
    return list(found.fields)


async def viewer_of(engine: AsyncEngine, actor: str) -> Viewer:
    """Resolve an actor from their rows, as a request does."""
    person = ACTORS[actor]
    if person is None:
        return ANONYMOUS
    async with read_session(engine) as session:
        viewer = await viewer_of_person(session, person_id=person, now=NOW, session_id=person)
    if viewer is not None and actor == "looking":
        viewer = as_customer(viewer, customer_id=1, is_on=True)
    assert viewer is not None
    return viewer


async def read_everything(asker: Asker, *, actor: str, viewer: Viewer, ids: Mapping[str, str], told: Told) -> None:
    """Ask all roots, and each field of customer 1's rows, as an actor."""
    for text, rows in (*_sections(), *_packed(tuple(_nodes(ids)))):
        result = await asker.schema.execute(text, context_value=asker.context(viewer))
        told.take(actor, result.data)
        told.take(actor, [error.message for error in result.errors or ()])
        codes = {tuple(error.path or ()): str((error.extensions or {})["code"]) for error in result.errors or ()}
        for path, row in rows.items():
            told.put(row, actor, _outcome(result.data, path, codes))


async def do_mutation(asker: Asker, name: str, act: Act, *, viewer: Viewer) -> tuple[str, Any]:
    """Do a mutation as a viewer; give the code it is refused with, or that it was done, and all that was told."""
    text = f"mutation {{ {_mutation_text(name, act.given)} }}"
    result = await asker.schema.execute(text, context_value=asker.context(viewer))
    told = [result.data, [error.message for error in result.errors or ()]]
    if result.errors:
        return str((result.errors[0].extensions or {})["code"]), told
    return _code(result.data) or DONE, told


async def fingerprint(connection: AsyncConnection) -> dict[str, tuple[Any, ...]]:
    """Sum each table up, to tell whether anything changed; but the audit trail, which has what was tried in vain."""
    parts = [
        f"select '{table.name}', count(*), coalesce(sum(hashtext(t::text)), 0) from \"{table.name}\" t"
        for table in stored_tables()
        if table.name != "audit_entry"
    ]
    found = await connection.exec_driver_sql(" union all ".join(parts))
    return {row[0]: tuple(row[1:]) for row in found}


async def first_ids(connection: AsyncConnection) -> dict[str, str]:
    """Give, for each type with an id, that of its first row, which the town makes customer 1's."""
    found: dict[str, str] = {}
    for name, kind in broad.types().items():
        key = shape_of(kind.extensions["strawberry-definition"].origin).key
        if key is not None:
            number = await connection.scalar(select(func.min(key)))
            assert number is not None, f"the town has no {name}; give it one of customer 1 in tests/schema/canaries.py"
            found[name] = encode_id(type_name=name, number=number)
    return found


def _sections() -> Iterator[tuple[str, dict[tuple[str, ...], str]]]:
    types: Any = schema()._schema.type_map
    for part, declared in types["Query"].fields.items():
        chosen = _selected(part, declared)
        if part == "node":
            chosen = f'node(id: "{CUSTOMER_1}") {{ id }}'
        if part == "staff":
            chosen = "staff { __typename }"
        yield f"{{ {chosen} }}", {(part,): f"Query.{part}"}
    for part, declared in types["Staff"].fields.items():
        yield f"{{ staff {{ {_selected(part, declared)} }} }}", {("staff", part): f"Staff.{part}"}


@cache
def _packed(nodes: Sequence[tuple[str, tuple[tuple[str, str], ...]]]) -> list[tuple[str, dict[tuple[str, ...], str]]]:
    """Put as many nodes into each document as one may ask."""
    documents: list[list[int]] = []
    for number in range(len(nodes)):
        if not documents or not broad._is_within_limits(_together(nodes, [*documents[-1], number])):
            documents.append([])
        documents[-1].append(number)
    return [
        (_together(nodes, numbers), {(f"a{n}", part): row for n in numbers for part, row in nodes[n][1]})
        for numbers in documents
    ]


def _together(nodes: Sequence[tuple[str, Any]], numbers: Sequence[int]) -> str:
    return f"{{ {' '.join(f'a{number}: {nodes[number][0]}' for number in numbers)} }}"


def _nodes(ids: Mapping[str, str]) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """Ask each field of each type of a row's node, those that a room works out one by one."""
    types = broad.types()
    for name, id_ in ids.items():
        parts = types[name].fields
        declared = [part for part, kind in parts.items() if not _is_asked(kind)]
        yield _node(name, id_, {part: parts[part] for part in declared})
        yield from (_node(name, id_, {part: kind}) for part, kind in parts.items() if part not in declared)


def _node(name: str, id_: str, parts: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
    chosen = " ".join(_selected(part, kind) for part, kind in parts.items())
    rows = tuple((part, f"{name}.{part}") for part in parts)
    return f'node(id: "{id_}") {{ ... on {name} {{ {chosen} }} }}', rows


def _selected(name: str, declared: Any) -> str:
    named: Any = get_named_type(declared.type)
    given = broad._given(declared).replace(broad.VALUES["ID!"], f'"{CONTRACT_1}"')
    if is_leaf_type(named):
        return name + given
    target, is_list = broad._target(declared)
    if target is None:
        return f"{name}{given} {{ {broad._everything(named, depth=0)} }}"
    inner = "id" if "id" in target.fields else broad._everything(target, depth=0)
    return f"{name}{given} {{ nodes {{ {inner} }} }}" if is_list else f"{name}{given} {{ {inner} }}"


def _is_asked(declared: Any) -> bool:
    return isinstance(source_of(declared.extensions.get("strawberry-definition")), Asked)


def _outcome(data: Any, path: tuple[str, ...], codes: Mapping[tuple[Any, ...], str]) -> str:
    for length in range(1, len(path) + 1):
        if path[:length] in codes:
            return codes[path[:length]]
    for step in path[:-1]:
        data = None if data is None else data.get(step)
    if data is None:
        return HIDDEN
    value = data.get(path[-1])
    is_empty = value in (None, [], {}) or (isinstance(value, dict) and value.get("nodes") == [])
    return EMPTY if is_empty else SEEN


def _code(data: Any) -> str | None:
    """Find the first code of a refusal in an answer."""
    if isinstance(data, list):
        return next((code for part in data if (code := _code(part)) is not None), None)
    if isinstance(data, dict):
        return data.get("code") or _code(list(data.values()))
    return None


def _mutation_text(name: str, given: Mapping[str, str]) -> str:
    found = schema()._schema.mutation_type
    assert found is not None
    declared = found.fields[name]
    inner = ", ".join(f"{arg}: {_value(arg, part.type, given)}" for arg, part in declared.args.items())
    payload = get_named_type(declared.type)
    assert isinstance(payload, GraphQLObjectType)
    chosen = ["__typename"]
    for part, kind in payload.fields.items():
        told: Any = get_named_type(kind.type)
        if "code" in getattr(told, "fields", {}) and part in ("userErrors", "outcomes"):
            chosen.append(f"{part} {{ code message }}")
    return f"{name}{f'({inner})' if inner else ''} {{ {' '.join(chosen)} }}"


def _value(name: str, kind: Any, given: Mapping[str, str]) -> str:
    """Make an argument up: what is named by an id is customer 1's, everything else any value of its type."""
    if name in given:
        return given[name]
    named = get_named_type(kind)
    if str(kind).startswith("["):
        return f"[{_value(name.removesuffix('s'), named, given)}]"
    if isinstance(named, GraphQLInputObjectType):
        parts = [
            f"{part}: {_value(part, declared.type, given)}"
            for part, declared in named.fields.items()
            if part in given or str(declared.type).endswith("!")
        ]
        return f"{{{', '.join(parts)}}}"
    if isinstance(named, GraphQLEnumType):
        return str(next(iter(named.values)))
    if named.name == "ID":
        type_name = TYPES_NAMED.get(name, name[:1].upper() + name[1:].removesuffix("Id"))
        return an_id(type_name, NUMBERS.get(name, 1))
    return VALUES.get(named.name, f'"{name}"')
