"""The utility's own work on readings: looking at those that were flagged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import strawberry
from mains_server.access.records import Refusal, Viewer
from mains_server.billing.operations import note_correction
from mains_server.contracts.tables import Contract as C
from mains_server.contracts.tables import ContractSupplyPoint as CSP
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.queries import is_billed
from mains_server.metering.deciding import accept_flagged_reading, reject_flagged_reading
from mains_server.metering.tables import Reading as RD
from sqlalchemy import ColumnElement, literal_column, or_, select

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.expressions import plain
from mains_schema.declaring.mapping import (
    Condition,
    OrderBy,
    ascending,
    descending,
    described,
    equals,
    filters,
    orders,
    where,
)
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.metering.meter import Reading

_adapter: Any = (
    select(plain(C.adapter))
    .join_from(plain(CSP.id).table, plain(C.id).table, plain(C.id) == plain(CSP.contract_id))
    .where(
        plain(CSP.supply_point_id) == plain(RD.supply_point_id),
        plain(CSP.starts) <= plain(RD.counts_for),
        or_(plain(CSP.ends).is_(None), plain(CSP.ends) >= plain(RD.counts_for)),
    )
    .order_by(plain(CSP.id).desc())
    .limit(1)
    .correlate(plain(RD.id).table)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """Readings that wait for a decision, worded as the index on them is."""

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Compare the state; who asks does not matter here."""
        is_flagged: ColumnElement[bool] = plain(RD.status).op("=")(literal_column("'FLAGGED'"))
        return is_flagged


@orders
class FlaggedReadingOrder(OrderBy):
    """Order of flagged readings."""

    OLDEST = ascending("Those that wait longest first.", RD.received_at)
    NEWEST = descending("Last received first.", RD.received_at)


@filters
class FlaggedReadingFilter:
    """Which flagged readings; conditions add up."""

    reasons: list[str] | None = where(
        "Flagged for at least one of these reasons, by the codes of `Reading.reasons`.",
        Condition(plain(RD.reasons), lambda left, values: left.op("&&")(values)),
    )
    adapter: str | None = where("Of the utility with this code, by the contract of that day.", equals(_adapter))


class DecisionErrorCode(Enum):
    """Why a decision on a reading was not taken."""

    READING_UNKNOWN = "READING_UNKNOWN"
    READING_DECIDED = "READING_DECIDED"
    DECISION_NOTE_WRONG = "DECISION_NOTE_WRONG"
    READING_RUNS_BACKWARDS = "READING_RUNS_BACKWARDS"
    READING_ABOVE_LATER_ONE = "READING_ABOVE_LATER_ONE"
    READING_ALREADY_BILLED = "READING_ALREADY_BILLED"


described(
    DecisionErrorCode,
    "Why a decision on a reading was not taken.",
    {
        "READING_UNKNOWN": "There is no such reading that waits for a decision.",
        "READING_DECIDED": "Somebody decided otherwise before.",
        "DECISION_NOTE_WRONG": "The note is missing, or longer than 1,000 characters.",
        "READING_RUNS_BACKWARDS": "A reading before it showed more, and the register cannot have restarted.",
        "READING_ABOVE_LATER_ONE": "A reading that came since, for a later day, showed less.",
        "READING_ALREADY_BILLED": "Another value for that day has been billed.",
    },
)


@strawberry.type(description="Why a decision on a reading was not taken.")
class DecisionUserError:
    """A refusal."""

    code: DecisionErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="Which reading counts after all.")
class ReadingAcceptInput:
    """A flagged reading."""

    reading_id: strawberry.ID = strawberry.field(description="Global id of the flagged reading.")
    note: str | None = strawberry.field(
        description="What somebody found, for the file; at most 1,000 characters.", default=strawberry.UNSET
    )


@strawberry.input(description="Which reading does not count, and why.")
class ReadingRejectInput:
    """A flagged reading and why it is set aside."""

    reading_id: strawberry.ID = strawberry.field(description="Global id of the flagged reading.")
    note: str = strawberry.field(description="Why, for the customer to read; 1 to 1,000 characters.")


@strawberry.type(description="What became of a flagged reading.")
class ReadingDecisionPayload:
    """The reading, or why it was not decided on."""

    reading: Reading | None = strawberry.field(description="The reading as it stands now; null if it was refused.")
    user_errors: list[DecisionUserError] = strawberry.field(description=USER_ERRORS)


async def reading_accept(info: Info, given: ReadingAcceptInput) -> ReadingDecisionPayload:
    """Let a flagged reading count, or say why not."""
    context, number = info.context, number_of(given.reading_id, type_name="Reading")
    try:
        async with unit_of_work(context.engine) as session:
            await accept_flagged_reading(
                session,
                viewer=context.viewer,
                reading_id=number,
                note=given.note or None,
                now=context.now,
                is_billed=is_billed,
                note_correction=note_correction,
            )
    except Refusal as refusal:
        return _undecided(refusal)
    return ReadingDecisionPayload(reading=changed(Reading, number), user_errors=[])


async def reading_reject(info: Info, given: ReadingRejectInput) -> ReadingDecisionPayload:
    """Set a flagged reading aside, or say why not."""
    context, number = info.context, number_of(given.reading_id, type_name="Reading")
    try:
        async with unit_of_work(context.engine) as session:
            await reject_flagged_reading(
                session, viewer=context.viewer, reading_id=number, now=context.now, note=given.note
            )
    except Refusal as refusal:
        return _undecided(refusal)
    return ReadingDecisionPayload(reading=changed(Reading, number), user_errors=[])


def _undecided(refusal: Refusal) -> ReadingDecisionPayload:
    error = user_error(DecisionUserError, DecisionErrorCode, refusal)
    return ReadingDecisionPayload(reading=None, user_errors=[error])
