"""The utility's own work on metering: looking at flagged readings, and fitting and replacing meters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
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
from mains_server.metering.fitting import exchange_meter, fit_meter
from mains_server.metering.installation import FinalValuesIncomplete
from mains_server.metering.operations import STAFF_WHO_READ
from mains_server.metering.records import MeterReplacement, NewMeter, NewRegister, ReadingCollection
from mains_server.metering.tables import Reading as RD
from sqlalchemy import ColumnElement, literal_column, or_, select

from mains_schema.changed import changed
from mains_schema.context import Info
from mains_schema.errors import forbidden, unauthenticated
from mains_schema.expressions import plain
from mains_schema.mapping import Condition, OrderBy, ascending, descending, described, equals, filters, orders, where
from mains_schema.meter import Meter, Reading
from mains_schema.node import number_of
from mains_schema.payload import USER_ERROR_PATH, USER_ERRORS, user_error

KEY_WORDS = "1 to 200 characters, such as a UUID: repeating a request with its key does it once, for 30 days."
RETRYABLE = "Whether the same request may succeed later."
IN_ENGLISH = "The same for people, in English."

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
        "Flagged for at least one of these reasons.",
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


class MeterErrorCode(Enum):
    """Why a meter was not installed or replaced."""

    METER_UNKNOWN = "METER_UNKNOWN"
    METER_EXISTS = "METER_EXISTS"
    METER_IN_PLACE = "METER_IN_PLACE"
    METER_MALFORMED = "METER_MALFORMED"
    METER_DATES_WRONG = "METER_DATES_WRONG"
    SUPPLY_POINT_UNKNOWN = "SUPPLY_POINT_UNKNOWN"
    FINAL_VALUES_INCOMPLETE = "FINAL_VALUES_INCOMPLETE"
    READING_MALFORMED = "READING_MALFORMED"
    READING_NEGATIVE = "READING_NEGATIVE"
    READING_TOO_LARGE = "READING_TOO_LARGE"
    READING_RUNS_BACKWARDS = "READING_RUNS_BACKWARDS"
    READING_ALREADY_BILLED = "READING_ALREADY_BILLED"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    MeterErrorCode,
    "Why a meter was not installed or replaced.",
    {
        "METER_UNKNOWN": "There is no such meter in use.",
        "METER_EXISTS": "This meter is installed there on this day already.",
        "METER_IN_PLACE": "Another meter there counts the same; replace it.",
        "METER_MALFORMED": "The meter is described in a way that none can be.",
        "METER_DATES_WRONG": "The day contradicts the meter's other days or readings, or is yet to come.",
        "SUPPLY_POINT_UNKNOWN": "There is no such supply point.",
        "FINAL_VALUES_INCOMPLETE": "Each register of the old meter needs its last value once, and no other.",
        "READING_MALFORMED": "A value is not a plain number a register can show.",
        "READING_NEGATIVE": "A meter shows nothing below zero.",
        "READING_TOO_LARGE": "A value has more digits than its meter.",
        "READING_RUNS_BACKWARDS": "The register showed more before.",
        "READING_ALREADY_BILLED": "Another value for that day or a later one has been billed.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why a meter was not installed or replaced.")
class MeterUserError:
    """A refusal."""

    code: MeterErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="A counter of a new meter.")
class RegisterInput:
    """One counter."""

    code: str = strawberry.field(description="Code on the meter: `T1`, `T2`, `heat`, `hot_water`.")
    quantity: str = strawberry.field(description="What the utility bills by it, by code.")
    unit: str = strawberry.field(description="Unit it counts in: `kWh`, `MWh`, `m3`.")
    zone: str | None = strawberry.field(
        description="Tariff zone it counts in; left out if it counts always.", default=strawberry.UNSET
    )
    first_value: Decimal = strawberry.field(description="What it shows when it is fitted.")


@strawberry.input(description="A new meter: what is printed on it, and its counters.")
class MeterInput:
    """A meter."""

    serial: str = strawberry.field(description="Serial number, as printed on it; at most 100 characters.")
    digits: int = strawberry.field(description="Whole digits its registers show: 1 to 12.")
    multiplier: Decimal | None = strawberry.field(
        description="What a shown unit counts for; 1 if left out.", default=strawberry.UNSET
    )
    registers: list[RegisterInput] = strawberry.field(description="Its counters; one to four, each code once.")


@strawberry.input(description="Which meter is fitted where.")
class MeterInstallInput:
    """A meter where there was none."""

    supply_point_id: strawberry.ID = strawberry.field(description="Global id of the supply point.")
    installed_on: date = strawberry.field(description="Civil day from whose start it counts; today or earlier.")
    meter: MeterInput = strawberry.field(description="The meter.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="What a register of the old meter showed at last.")
class FinalValueInput:
    """A last value."""

    code: str = strawberry.field(description="Code of the register.")
    value: Decimal = strawberry.field(description="What it showed.")


@strawberry.input(description="Which meter makes room for which.")
class MeterReplaceInput:
    """A meter for a meter."""

    meter_id: strawberry.ID = strawberry.field(description="Global id of the meter that is taken away.")
    replaced_on: date = strawberry.field(
        description="Civil day from whose start the new one counts, today or earlier: old and new are billed together."
    )
    final_values: list[FinalValueInput] = strawberry.field(description="What each register of the old meter showed.")
    meter: MeterInput = strawberry.field(description="The new meter; its registers may differ from the old one's.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="The meter that was fitted, or why none was.")
class MeterPayload:
    """A meter, or why there is none."""

    meter: Meter | None = strawberry.field(description="The new meter; null if it was refused.")
    user_errors: list[MeterUserError] = strawberry.field(description=USER_ERRORS)


async def reading_accept(info: Info, given: ReadingAcceptInput) -> ReadingDecisionPayload:
    """Let a flagged reading count, or say why not."""
    context, number = info.context, _reading_number(info, given.reading_id)
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
    context, number = info.context, _reading_number(info, given.reading_id)
    try:
        async with unit_of_work(context.engine) as session:
            await reject_flagged_reading(
                session, viewer=context.viewer, reading_id=number, now=context.now, note=given.note
            )
    except Refusal as refusal:
        return _undecided(refusal)
    return ReadingDecisionPayload(reading=changed(Reading, number), user_errors=[])


async def meter_install(info: Info, given: MeterInstallInput) -> MeterPayload:
    """Fit a meter where there was none, or say why not."""
    context, key = info.context, given.idempotency_key
    _only_who_reads(info)
    point = number_of(given.supply_point_id, type_name="SupplyPoint")
    meter = NewMeter(
        supply_point_id=point,
        serial=given.meter.serial,
        digits=given.meter.digits,
        installed_on=given.installed_on,
        registers=_registers(given.meter),
        multiplier=_multiplier(given.meter),
    )
    try:
        async with unit_of_work(context.engine) as session:
            number = await fit_meter(session, viewer=context.viewer, meter=meter, key=key, now=context.now)
    except Refusal as refusal:
        return _unfitted(refusal)
    return MeterPayload(meter=changed(Meter, number), user_errors=[])


async def meter_replace(info: Info, given: MeterReplaceInput) -> MeterPayload:
    """Take a meter away and fit another, or say why not."""
    context, key = info.context, given.idempotency_key
    _only_who_reads(info)
    try:
        async with unit_of_work(context.engine) as session:
            number = await exchange_meter(
                session,
                viewer=context.viewer,
                replacement=_replacement(given),
                key=key,
                now=context.now,
                is_billed=is_billed,
            )
    except Refusal as refusal:
        return _unfitted(refusal)
    return MeterPayload(meter=changed(Meter, number), user_errors=[])


def _only_who_reads(info: Info) -> None:
    viewer = info.context.viewer
    if not viewer.is_signed_in:
        raise unauthenticated()
    if not viewer.staff & STAFF_WHO_READ:
        raise forbidden("Only operators and administrators of the utility can do this.")


def _reading_number(info: Info, given: str) -> int:
    _only_who_reads(info)
    return number_of(given, type_name="Reading")


def _registers(given: MeterInput) -> tuple[NewRegister, ...]:
    return tuple(
        NewRegister(
            code=register.code,
            quantity=register.quantity,
            unit=register.unit,
            zone=register.zone or None,
            first_value=register.first_value,
            collection=ReadingCollection.MANUAL,
        )
        for register in given.registers
    )


def _replacement(given: MeterReplaceInput) -> MeterReplacement:
    return MeterReplacement(
        meter_id=number_of(given.meter_id, type_name="Meter"),
        replaced_on=given.replaced_on,
        final_values=_final_values(given),
        serial=given.meter.serial,
        digits=given.meter.digits,
        registers=_registers(given.meter),
        multiplier=_multiplier(given.meter),
    )


def _final_values(given: MeterReplaceInput) -> dict[str, Decimal]:
    """Give the last values by register code; what is there twice is refused like what is missing."""
    values = {final.code: final.value for final in given.final_values}
    if len(values) != len(given.final_values):
        raise FinalValuesIncomplete("write down what each register showed once")
    return values


def _multiplier(given: MeterInput) -> Decimal:
    return Decimal(1) if given.multiplier is None or given.multiplier is strawberry.UNSET else given.multiplier


def _undecided(refusal: Refusal) -> ReadingDecisionPayload:
    error = user_error(DecisionUserError, DecisionErrorCode, refusal)
    return ReadingDecisionPayload(reading=None, user_errors=[error])


def _unfitted(refusal: Refusal) -> MeterPayload:
    return MeterPayload(meter=None, user_errors=[user_error(MeterUserError, MeterErrorCode, refusal)])
