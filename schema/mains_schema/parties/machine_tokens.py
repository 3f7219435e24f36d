"""Tokens of software: a customer's own over their contracts, and partners' over what administrators name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum

import strawberry
from mains_server.access.records import ADMINS, MachineScope, Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.machines.operations import make_own_token, make_partner_token, revoke_token
from mains_server.machines.records import MadeToken, NewToken, Partner, Reach
from mains_server.machines.rules import DAYS_MAX, ROWS_A_MINUTE, ROWS_A_MINUTE_MAX
from mains_server.machines.tables import MachineToken as MT
from mains_server.signin.sessions import require_proof
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.mapping import OrderBy, column, computed, descending, described, key, mapped, orders
from mains_schema.declaring.node import Node, encode_id, number_of
from mains_schema.declaring.payload import IN_ENGLISH, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.declaring.resolve import Reads
from mains_schema.declaring.scope import oneself_or

described(
    MachineScope,
    "What a token of software opens; whatever no scope of it opens is FORBIDDEN to it.",
    {
        "READ_METERS": "Supply points, their houses, meters, registers and readings.",
        "READ_CONSUMPTION": "Consumption, and the values of smart meters; no costs.",
        "READ_OUTAGES": "Planned outages at supply points and houses.",
        "READ_CONTRACTS": "Contracts with their products and supply points; nothing about people.",
        "READ_INVOICES": "Invoices with lines, taxes and what was paid on them. Not by place.",
        "SUBMIT_READINGS": "Sending readings in, by `readingSubmit` and `readingSubmitMany`.",
    },
)


def scopes_of(_reads: Reads, words: list[str]) -> list[MachineScope]:
    """Read the scopes of a token."""
    return [MachineScope[word] for word in words]


def ids_of(type_name: str) -> Callable[[Reads, list[int]], list[strawberry.ID]]:
    """Give what words the numbers of a token's reach as global ids."""
    return lambda _reads, numbers: [encode_id(type_name=type_name, number=number) for number in numbers]


@orders
class MachineTokenOrder(OrderBy):
    """Order of tokens."""

    NEWEST = descending("Last made first.", MT.created_at)


@mapped(MT, scope=oneself_or(ADMINS, MT.person_id))
class MachineToken(Node):
    """A token by which software asks; the token itself was shown when it was made, and is kept nowhere."""

    id: strawberry.ID = key("Global id.", MT.id)
    name: str = column("What it was called by who made it.", MT.name)
    partner: str | None = column("Whose software asks by it; null for a customer's own.", MT.partner)
    scopes: list[MachineScope] = computed("What it opens.", scopes_of, MT.scopes)
    customer_ids: list[strawberry.ID] = computed(
        "Customers whom it reaches whole.", ids_of("Customer"), MT.customer_ids
    )
    contract_ids: list[strawberry.ID] = computed("Contracts that it reaches.", ids_of("Contract"), MT.contract_ids)
    building_ids: list[strawberry.ID] = computed(
        "Houses at which it reaches whatever is supplied today.", ids_of("Building"), MT.building_ids
    )
    supply_point_ids: list[strawberry.ID] = computed(
        "Supply points that it reaches, whoever is supplied there.", ids_of("SupplyPoint"), MT.supply_point_ids
    )
    rows_a_minute: int = column("How many rows it reads in a minute at most.", MT.rows_a_minute)
    created_at: datetime = column("When it was made.", MT.created_at)
    expires_at: datetime = column("When it ends by itself.", MT.expires_at)
    last_used_at: datetime | None = column("When it was last used, to the minute; null before that.", MT.last_used_at)
    revoked_at: datetime | None = column("When it was revoked; null while it was not.", MT.revoked_at)


class MachineTokenErrorCode(Enum):
    """Why no token was made or revoked."""

    NAME_INVALID = "NAME_INVALID"
    SCOPES_MISSING = "SCOPES_MISSING"
    LIFETIME_INVALID = "LIFETIME_INVALID"
    LIMIT_INVALID = "LIMIT_INVALID"
    REACH_UNKNOWN = "REACH_UNKNOWN"
    SCOPE_NOT_BY_PLACE = "SCOPE_NOT_BY_PLACE"
    PARTNER_INVALID = "PARTNER_INVALID"
    TOO_MANY_TOKENS = "TOO_MANY_TOKENS"
    TOKEN_UNKNOWN = "TOKEN_UNKNOWN"
    REAUTHENTICATION_NEEDED = "REAUTHENTICATION_NEEDED"


described(
    MachineTokenErrorCode,
    "Why no token was made, or none was revoked.",
    {
        "NAME_INVALID": "The name is empty, longer than 100 characters, or not printable.",
        "SCOPES_MISSING": "There is no scope.",
        "LIFETIME_INVALID": f"It is not 1 to {DAYS_MAX} days.",
        "LIMIT_INVALID": f"It is not 1 to {ROWS_A_MINUTE_MAX} rows.",
        "REACH_UNKNOWN": "What it should reach is not there, not one's own, nothing, or more than 1,000.",
        "SCOPE_NOT_BY_PLACE": "Contracts and invoices are read by customer or contract, not by place.",
        "PARTNER_INVALID": "The partner has no name, or no e-mail address.",
        "TOO_MANY_TOKENS": "Twenty tokens hold already.",
        "TOKEN_UNKNOWN": "There is no such token that the viewer could revoke.",
        "REAUTHENTICATION_NEEDED": "Prove who you are with `sessionProve` first.",
    },
)


@strawberry.type(description="Why no token was made or revoked.")
class MachineTokenUserError:
    """A refusal."""

    code: MachineTokenErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="A token of one's own software, over contracts of one's own.")
class MachineTokenCreateInput:
    """A token of one's own."""

    name: str = strawberry.field(description="What to call it; 1 to 100 characters.")
    scopes: list[MachineScope] = strawberry.field(description="What it opens; at least one.")
    contract_ids: list[strawberry.ID] = strawberry.field(
        description="Global ids of contracts that the viewer owns; 1 to 1,000. It is worth nothing on a contract that"
        " is theirs no longer."
    )
    days: int = strawberry.field(description=f"For how many days it holds; 1 to {DAYS_MAX}.", default=DAYS_MAX)


@strawberry.input(description="A token of a partner's software, over what is named.")
class PartnerTokenCreateInput:
    """A partner's token."""

    partner: str = strawberry.field(description="Name of the partner; 1 to 100 characters.")
    email: str = strawberry.field(description="E-mail address of who answers for its software there.")
    name: str = strawberry.field(description="What to call it; 1 to 100 characters.")
    scopes: list[MachineScope] = strawberry.field(description="What it opens; at least one.")
    customer_ids: list[strawberry.ID] = strawberry.field(
        description="Global ids of customers whom it reaches whole.", default_factory=list
    )
    contract_ids: list[strawberry.ID] = strawberry.field(
        description="Global ids of contracts that it reaches.", default_factory=list
    )
    building_ids: list[strawberry.ID] = strawberry.field(
        description="Global ids of houses at which it reaches whatever is supplied on the day it asks.",
        default_factory=list,
    )
    supply_point_ids: list[strawberry.ID] = strawberry.field(
        description="Global ids of supply points that it reaches. At most 1,000 ids are named in all.",
        default_factory=list,
    )
    days: int = strawberry.field(description=f"For how many days it holds; 1 to {DAYS_MAX}.", default=DAYS_MAX)
    rows_a_minute: int = strawberry.field(
        description=f"How many rows it may read in a minute; 1 to {ROWS_A_MINUTE_MAX}.", default=ROWS_A_MINUTE
    )


@strawberry.input(description="Which token is revoked.")
class MachineTokenRevokeInput:
    """One token."""

    token_id: strawberry.ID = strawberry.field(description="Global id of the token.")


@strawberry.type(description="A token that was made, or why none was.")
class MachineTokenCreatePayload:
    """The secret is shown this once."""

    machine_token: MachineToken | None = strawberry.field(description="The token; null if it was refused.")
    secret: str | None = strawberry.field(
        description="What the software sends as `Authorization: Bearer <secret>`; it begins with `mains_mt_` and is"
        " shown this once. Null if it was refused."
    )
    user_errors: list[MachineTokenUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="The token that was revoked, or why none was.")
class MachineTokenRevokePayload:
    """The outcome."""

    machine_token: MachineToken | None = strawberry.field(
        description="The token, worth nothing from the next request on; null if it was refused."
    )
    user_errors: list[MachineTokenUserError] = strawberry.field(description=USER_ERRORS)


async def machine_token_create(info: Info, given: MachineTokenCreateInput) -> MachineTokenCreatePayload:
    """Make a token of the viewer's own software, or say why not."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    new = NewToken(
        name=given.name,
        scopes=frozenset(given.scopes),
        reach=Reach(contracts=_numbers(given.contract_ids, "Contract")),
        days=given.days,
        rows_a_minute=ROWS_A_MINUTE,
    )
    return await _made(info, lambda session: make_own_token(session, viewer=context.viewer, new=new, now=context.now))


async def partner_token_create(info: Info, given: PartnerTokenCreateInput) -> MachineTokenCreatePayload:
    """Make a token of a partner's software, or say why not."""
    now = info.context.now
    new = NewToken(
        name=given.name,
        scopes=frozenset(given.scopes),
        reach=Reach(
            customers=_numbers(given.customer_ids, "Customer"),
            contracts=_numbers(given.contract_ids, "Contract"),
            buildings=_numbers(given.building_ids, "Building"),
            supply_points=_numbers(given.supply_point_ids, "SupplyPoint"),
        ),
        days=given.days,
        rows_a_minute=given.rows_a_minute,
    )
    partner = Partner(name=given.partner, email=given.email)
    return await _made(info, lambda session: make_partner_token(session, partner=partner, new=new, now=now))


async def machine_token_revoke(info: Info, given: MachineTokenRevokeInput) -> MachineTokenRevokePayload:
    """Revoke a token, or say why not."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    number = number_of(given.token_id, type_name="MachineToken")
    try:
        async with unit_of_work(context.engine) as session:
            await revoke_token(session, viewer=context.viewer, token_id=number, now=context.now)
    except Refusal as refusal:
        return MachineTokenRevokePayload(machine_token=None, user_errors=[_error(refusal)])
    return MachineTokenRevokePayload(machine_token=changed(MachineToken, number), user_errors=[])


async def _made(info: Info, make: Callable[[AsyncSession], Awaitable[MadeToken]]) -> MachineTokenCreatePayload:
    """Make a token for who has just proved who they are."""
    context = info.context
    try:
        async with unit_of_work(context.engine) as session:
            await require_proof(session, viewer=context.viewer, now=context.now)
            made = await make(session)
    except Refusal as refusal:
        return MachineTokenCreatePayload(machine_token=None, secret=None, user_errors=[_error(refusal)])
    return MachineTokenCreatePayload(machine_token=changed(MachineToken, made.id), secret=made.text, user_errors=[])


def _numbers(ids: list[strawberry.ID], type_name: str) -> frozenset[int]:
    return frozenset(number_of(one, type_name=type_name) for one in ids)


def _error(refusal: Refusal) -> MachineTokenUserError:
    return user_error(MachineTokenUserError, MachineTokenErrorCode, refusal)
