"""Links by which readings are sent in once without signing in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.intake.guessing import claim_try, give_back
from mains_server.intake.links import create_link, look_at_link, revoke_link, submit_by_link
from mains_server.intake.records import LinkOutcome, LinkRegister, LinkState, NewLink, RowOutcome
from mains_server.intake.tables import ReadingLink as RL

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import rate_limited, unauthenticated
from mains_schema.declaring.mapping import OrderBy, column, descending, described, key, mapped, one, orders
from mains_schema.declaring.node import Node, number_of
from mains_schema.declaring.payload import USER_ERROR_PATH, USER_ERRORS, made_error, user_error
from mains_schema.declaring.resolve import Reads
from mains_schema.declaring.scalars import Quantity
from mains_schema.declaring.scope import allowed
from mains_schema.metering.reading import PlausibleRange, ReadingErrorCode

if TYPE_CHECKING:
    from mains_schema.contracts.contract import Contract
    from mains_schema.metering.supply import SupplyPoint

LINK_PATH = "/readings#{token}"
VALUES_MAX = 20

described(
    LinkState,
    "Whether a link can be used.",
    {
        "OPEN": "It can.",
        "NOT_OPEN_YET": "Its time has not come.",
        "USED": "Its readings were taken.",
        "EXPIRED": "Its time is over.",
        "REVOKED": "Somebody took it back.",
        "TRIED_TOO_OFTEN": "Too many values were refused; ask for a new one.",
        "UNKNOWN": "There is no such link.",
    },
    name="ReadingLinkState",
)

LINK_ROWS = 10


@orders
class ReadingLinkOrder(OrderBy):
    """Order of links."""

    NEWEST = descending("Last made first.", RL.created_at)


@mapped(RL, scope=allowed(RL.customer_id, RL.contract_id, "SUBMIT_READINGS"))
class ReadingLink(Node):
    """A link by which the readings of a supply point may be sent in once; the token itself is not kept."""

    id: strawberry.ID = key("Global id; `readingLinkRevoke` takes it.", RL.id)
    opens_at: datetime = column("From when it can be used.", RL.opens_at)
    expires_at: datetime = column("Until when it can be used.", RL.expires_at)
    created_at: datetime = column("When it was made.", RL.created_at)
    used_at: datetime | None = column("When its readings were taken; null before that.", RL.used_at)
    revoked_at: datetime | None = column("When it was taken back; null if it was not.", RL.revoked_at)
    contract: Contract | None = one(
        "The contract it was made for; null if the viewer may send in readings but not see it.", RL.contract_id
    )
    supply_point: SupplyPoint | None = one("The place it is for; null likewise.", RL.supply_point_id)


class ReadingLinkErrorCode(Enum):
    """Why a link was not made, taken back or used."""

    CONTRACT_UNKNOWN = "CONTRACT_UNKNOWN"
    SUPPLY_POINT_UNKNOWN = "SUPPLY_POINT_UNKNOWN"
    REGISTER_UNKNOWN = "REGISTER_UNKNOWN"
    PERIOD_WRONG = "PERIOD_WRONG"
    LINK_UNKNOWN = "LINK_UNKNOWN"
    LINK_ENDED = "LINK_ENDED"
    LINK_NOT_OPEN_YET = "LINK_NOT_OPEN_YET"
    LINK_USED = "LINK_USED"
    LINK_EXPIRED = "LINK_EXPIRED"
    LINK_REVOKED = "LINK_REVOKED"
    LINK_TRIED_TOO_OFTEN = "LINK_TRIED_TOO_OFTEN"
    VALUES_REFUSED = "VALUES_REFUSED"


described(
    ReadingLinkErrorCode,
    "Why a link was not made, taken back or used.",
    {
        "CONTRACT_UNKNOWN": "There is no such contract for which the viewer may send in readings.",
        "SUPPLY_POINT_UNKNOWN": "The contract does not have this supply point now.",
        "REGISTER_UNKNOWN": "The supply point has no such registers that people read.",
        "PERIOD_WRONG": "It must open before it ends, and end within 60 days.",
        "LINK_UNKNOWN": "There is no such link.",
        "LINK_ENDED": "It was used or taken back already.",
        "LINK_NOT_OPEN_YET": "Its time has not come.",
        "LINK_USED": "Its readings were taken already.",
        "LINK_EXPIRED": "Its time is over.",
        "LINK_REVOKED": "Somebody took it back.",
        "LINK_TRIED_TOO_OFTEN": "Too many values were refused; ask for a new one.",
        "VALUES_REFUSED": "A value was refused; `outcomes` say which and why, and the link can be used again.",
    },
)


@strawberry.type(description="Why a link was not made, taken back or used.")
class ReadingLinkUserError:
    """A refusal."""

    code: ReadingLinkErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description="The same for people, in English.")
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")


@strawberry.type(description="A register as whoever has the link sees it.")
class ReadingLinkRegister:
    """What is asked for, and what would be plausible."""

    serial: str = strawberry.field(description="Serial number on the meter, to find it by.")
    code: str = strawberry.field(description="Code on the meter: `T1`, `T2`, `heat`, `hot_water`.")
    previous: Quantity | None = strawberry.field(description="What it showed last; null if that is not known.")
    previous_on: date | None = strawberry.field(description="The day for which that counts; null likewise.")
    plausible: PlausibleRange = strawberry.field(description="What would be plausible now.")


@strawberry.type(description="What a link asks for.")
class ReadingLinkForm:
    """Nothing about whose it is."""

    address: str = strawberry.field(description="Where the meter is, on one line.")
    opens_at: datetime = strawberry.field(description="From when the link can be used.")
    expires_at: datetime = strawberry.field(description="Until when it can be used.")
    registers: list[ReadingLinkRegister] = strawberry.field(description="All that are sent in together; one to four.")


@strawberry.type(description="A link by its token.")
class ReadingLinkView:
    """What whoever has the link may know."""

    state: LinkState = strawberry.field(description="Whether it can be used.")
    form: ReadingLinkForm | None = strawberry.field(description="What it asks for; null unless it is OPEN.")


@strawberry.input(description="For what a link is to be made.")
class ReadingLinkCreateInput:
    """Registers of one place, and days."""

    contract_id: strawberry.ID = strawberry.field(description="Global id of the contract.")
    supply_point_id: strawberry.ID = strawberry.field(description="Global id of a supply point that it has now.")
    register_ids: list[strawberry.ID] | None = strawberry.field(
        description="Global ids of registers there; all that people read if left out.", default=strawberry.UNSET
    )
    opens_at: datetime | None = strawberry.field(description="From when; now if left out.", default=strawberry.UNSET)
    expires_at: datetime | None = strawberry.field(
        description="Until when, within 60 days; for 14 days if left out.", default=strawberry.UNSET
    )


@strawberry.type(description="A link, or why there is none.")
class ReadingLinkCreatePayload:
    """The token is shown this once."""

    url: str | None = strawberry.field(
        description="Path under the portal's address; the token stands behind `#`, where no server logs it. Null if"
        " the link was refused."
    )
    reading_link: ReadingLink | None = strawberry.field(description="The link; null if it was refused.")
    user_errors: list[ReadingLinkUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.input(description="Which link to take back.")
class ReadingLinkRevokeInput:
    """One link."""

    link_id: strawberry.ID = strawberry.field(description="Global id of the link.")


@strawberry.type(description="Whether the link is worthless now.")
class ReadingLinkRevokePayload:
    """The link as it is now."""

    reading_link: ReadingLink | None = strawberry.field(description="The link; null if it was not taken back.")
    user_errors: list[ReadingLinkUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.input(description="What a register showed, by the code that the link tells.")
class ReadingLinkValueInput:
    """One value."""

    code: str = strawberry.field(description="Code of the register.")
    value: Decimal = strawberry.field(description="What it showed, in its unit: up to 12 digits and 6 decimals.")


@strawberry.input(description="The values that a link asks for.")
class ReadingLinkSubmitInput:
    """All registers together."""

    token: str = strawberry.field(description="The token of the link.")
    values: list[ReadingLinkValueInput] = strawberry.field(description="One value for each register of the link.")


@strawberry.type(description="What became of one value sent by a link.")
class ReadingLinkOutcome:
    """One register's."""

    code: str = strawberry.field(description="Code of the register, as it was sent.")
    outcome: RowOutcome = strawberry.field(description="What became of the value.")
    error: ReadingErrorCode | None = strawberry.field(
        description="Why it was refused; null if it was not, or if the values are not those that the link asks for."
    )
    message: str | None = strawberry.field(description="The same for people, in English; null if all is well.")


@strawberry.type(description="What became of the values sent by a link.")
class ReadingLinkSubmitPayload:
    """All or none were taken."""

    is_taken: bool = strawberry.field(description="Whether they were taken, and the link with them.")
    outcomes: list[ReadingLinkOutcome] = strawberry.field(
        description="One for each value; empty if the link cannot be used."
    )
    user_errors: list[ReadingLinkUserError] = strawberry.field(description=USER_ERRORS)


async def reading_link(reads: Reads, *, token: str) -> ReadingLinkView:
    """Show what a link asks for, to whoever has it."""
    await _counted(reads)
    async with read_session(reads.engine) as session:
        view = await look_at_link(session, token=token, now=reads.now, host=reads.host)
    if view.state is not LinkState.UNKNOWN:
        await _given_back(reads)
    if view.form is None:
        return ReadingLinkView(state=view.state, form=None)
    form = ReadingLinkForm(
        address=view.form.address,
        opens_at=view.form.opens_at,
        expires_at=view.form.expires_at,
        registers=[_register(register) for register in view.form.registers],
    )
    return ReadingLinkView(state=view.state, form=form)


async def reading_link_create(info: Info, given: ReadingLinkCreateInput) -> ReadingLinkCreatePayload:
    """Make a link, or say why not."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    request = NewLink(
        contract_id=number_of(given.contract_id, type_name="Contract"),
        supply_point_id=number_of(given.supply_point_id, type_name="SupplyPoint"),
        register_ids=tuple(number_of(one, type_name="Register") for one in (given.register_ids or [])[:VALUES_MAX]),
        opens_at=given.opens_at or None,
        expires_at=given.expires_at or None,
    )
    try:
        async with unit_of_work(context.engine) as session:
            made = await create_link(session, viewer=context.viewer, request=request, now=context.now)
    except Refusal as refusal:
        error = user_error(ReadingLinkUserError, ReadingLinkErrorCode, refusal)
        return ReadingLinkCreatePayload(url=None, reading_link=None, user_errors=[error])
    link = changed(ReadingLink, made.id)
    return ReadingLinkCreatePayload(url=LINK_PATH.format(token=made.token), reading_link=link, user_errors=[])


async def reading_link_revoke(info: Info, given: ReadingLinkRevokeInput) -> ReadingLinkRevokePayload:
    """Take a link back, or say why not."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    link_id = number_of(given.link_id, type_name="ReadingLink")
    try:
        async with unit_of_work(context.engine) as session:
            await revoke_link(session, viewer=context.viewer, link_id=link_id, now=context.now)
    except Refusal as refusal:
        error = user_error(ReadingLinkUserError, ReadingLinkErrorCode, refusal)
        return ReadingLinkRevokePayload(reading_link=None, user_errors=[error])
    return ReadingLinkRevokePayload(reading_link=changed(ReadingLink, link_id), user_errors=[])


async def reading_link_submit(info: Info, given: ReadingLinkSubmitInput) -> ReadingLinkSubmitPayload:
    """Take the values that a link asks for, all or none; a refused try is counted, so its transaction is kept."""
    context = info.context
    values = [(one.code, one.value) for one in given.values[:VALUES_MAX]]
    await _counted(context.reads)
    async with unit_of_work(context.engine) as session:
        outcome = await submit_by_link(
            session, token=given.token, values=values, now=context.now, host=context.services.host
        )
    if outcome.state is not LinkState.UNKNOWN:
        await _given_back(context.reads)
    return ReadingLinkSubmitPayload(
        is_taken=outcome.is_taken, outcomes=_outcomes(outcome), user_errors=list(_errors(outcome))
    )


async def _counted(reads: Reads) -> None:
    """Count a try of a link, and refuse it where too many were no links; what is guessed and what not looks alike."""
    if reads.address is None:
        return
    async with unit_of_work(reads.engine) as session:
        may_try = await claim_try(session, address=reads.address, now=reads.now)
    if not may_try:
        raise rate_limited(
            "Too many links were tried that there are not; try again in a quarter of an hour.", seconds=900
        )


async def _given_back(reads: Reads) -> None:
    if reads.address is not None:
        async with unit_of_work(reads.engine) as session:
            await give_back(session, address=reads.address)


def _register(register: LinkRegister) -> ReadingLinkRegister:
    unit, highest = register.plausible.unit, register.plausible.highest
    return ReadingLinkRegister(
        serial=register.serial,
        code=register.code,
        previous=None if register.previous is None else Quantity(value=register.previous, unit=unit),
        previous_on=register.previous_on,
        plausible=PlausibleRange(
            lowest=Quantity(value=register.plausible.lowest, unit=unit),
            highest=None if highest is None else Quantity(value=highest, unit=unit),
        ),
    )


def _outcomes(outcome: LinkOutcome) -> list[ReadingLinkOutcome]:
    return [
        ReadingLinkOutcome(
            code=row.text,
            outcome=row.outcome,
            error=ReadingErrorCode.__members__.get(row.code or ""),
            message=row.message,
        )
        for row in outcome.rows
    ]


def _errors(outcome: LinkOutcome) -> Sequence[ReadingLinkUserError]:
    if outcome.is_taken:
        return []
    if outcome.state is not LinkState.OPEN:
        code = ReadingLinkErrorCode[f"LINK_{outcome.state.name}"]
        words = "this link cannot be used; ask for a new one"
        return [made_error(ReadingLinkUserError, code, words, path="token")]
    words = "a value was refused and none was taken; look at the outcomes and send all values again"
    return [made_error(ReadingLinkUserError, ReadingLinkErrorCode.VALUES_REFUSED, words, path="values")]
