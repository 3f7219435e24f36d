"""Changes of readings: submitted, judged, decided on, and loaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.operations import claim_request
from mains_server.access.records import Permission, Refusal, StaffRole, Viewer
from mains_server.contracts.queries import contracts_billed_by, contracts_there
from mains_server.db.copying import RowExists, copy_rows
from mains_server.db.idempotency import keep_answer
from mains_server.metering import queries, rules
from mains_server.metering.records import (
    InstalledRegister,
    IsBilled,
    LoadedReading,
    PlausibleRange,
    Reading,
    ReadingInContext,
    ReadingLimits,
    ReadingOutcome,
    ReadingQuality,
    ReadingSource,
    ReadingStatus,
    ReadingSubmission,
)
from mains_server.metering.tables import Reading as ReadingRow

SUBMIT = "reading_submit"
STAFF_WHO_READ = frozenset({StaffRole.OPERATOR, StaffRole.ADMIN})
DEFAULT_LIMITS = ReadingLimits()
READING_COLUMNS = (
    "register_id", "supply_point_id", "taken_at", "counts_for", "value", "source", "quality", "status", "received_at",
)  # fmt: skip


class RegisterUnknown(Refusal):
    """There is no such register, or the viewer has no business with it; the two look alike."""

    code = "REGISTER_UNKNOWN"
    path = "registerId"


class ReadingAlreadyBilled(Refusal):
    """Another value for this day has been billed."""

    code = "READING_ALREADY_BILLED"
    path = "value"


class ReadingExists(Refusal):
    """A loaded reading counts for a day that has one already."""

    code = "READING_EXISTS"


class ReadingUnknown(Refusal):
    """There is no such reading that waits for a decision."""

    code = "READING_UNKNOWN"


async def load_readings(session: AsyncSession, *, readings: Sequence[LoadedReading], now: datetime) -> None:
    """Take in many readings that were vetted elsewhere, all or none; they say themselves what they count for."""
    for reading in readings:
        rules.read_value(reading.value, digits=rules.DIGITS_MAX)
    rows = (
        (
            reading.register_id, reading.supply_point_id, reading.taken_at, reading.counts_for, reading.value,
            reading.source.name, reading.quality.name, ReadingStatus.ACCEPTED.name, now,
        )
        for reading in readings
    )  # fmt: skip
    try:
        await copy_rows(session, table="reading", columns=READING_COLUMNS, rows=rows)
    except RowExists as refused:
        raise ReadingExists("a register has an accepted reading for this day already; load each once") from refused


async def submit_reading(
    session: AsyncSession,
    *,
    viewer: Viewer,
    request: ReadingSubmission,
    now: datetime,
    is_billed: IsBilled,
    limits: ReadingLimits = DEFAULT_LIMITS,
) -> ReadingOutcome:
    """Take a reading in, or refuse it by name; the same key and body get the same outcome again.

    A later value for the same day takes the place of an earlier one until that day is billed.
    """
    taken_at = request.taken_at or now
    assert taken_at.tzinfo is not None, "an instant has a zone"
    register = await _register_of(session, viewer=viewer, register_id=request.register_id, at=taken_at)
    person_id, key = viewer.person_id, request.idempotency_key
    assert person_id is not None
    body = rules.body_of(request)
    answer = await claim_request(session, person_id=person_id, operation=SUBMIT, key=key, body=body, now=now)
    if answer is not None:
        return rules.outcome_of(answer)
    register = await queries.lock_installed_register(session, register_id=register.id)
    value = rules.read_value(request.value, digits=register.digits)
    rules.check_day(taken_at=taken_at, now=now, register=register)
    reading = await _in_context(session, register=register, value=value, taken_at=taken_at, limits=limits)
    rules.check_order(reading)
    outcome = await _same_as_before(session, reading=reading)
    if outcome is None:
        row = await write_flagged(session, reading=reading, source=request.source, person_id=person_id, now=now)
        if not rules.is_implausibly_high(reading):
            await _accept(session, row=row, is_billed=is_billed)
        outcome = _outcome(row, plausible=rules.plausible_range(reading))
    await keep_answer(session, person_id=person_id, operation=SUBMIT, key=key, answer=rules.answer_of(outcome))
    return outcome


async def accept_flagged_reading(session: AsyncSession, *, reading_id: int, is_billed: IsBilled) -> None:
    """Let a reading count that was flagged as implausibly high, after somebody looked at it."""
    await _accept(session, row=await _flagged(session, reading_id=reading_id), is_billed=is_billed)


async def reject_flagged_reading(session: AsyncSession, *, reading_id: int) -> None:
    """Set a flagged reading aside for good, after somebody looked at it."""
    row = await _flagged(session, reading_id=reading_id)
    row.status = ReadingStatus.REJECTED
    await session.flush()


async def _register_of(session: AsyncSession, *, viewer: Viewer, register_id: int, at: datetime) -> InstalledRegister:
    """Find the register, if the viewer may submit readings for a contract that had it at that time."""
    register = await queries.installed_register(session, register_id=register_id)
    if register is not None and viewer.is_signed_in:
        if viewer.staff & STAFF_WHO_READ:
            return register
        day = rules.civil_day(at, time_zone=register.time_zone)
        for there in await contracts_there(session, supply_point_id=register.supply_point_id, day=day):
            if viewer.may(Permission.SUBMIT_READINGS, customer_id=there.customer_id, contract_id=there.contract_id):
                return register
    raise RegisterUnknown("you have no such register at that time; choose one of your own meters")


async def _in_context(
    session: AsyncSession, *, register: InstalledRegister, value: Decimal, taken_at: datetime, limits: ReadingLimits
) -> ReadingInContext:
    day = rules.counts_for(
        day=rules.civil_day(taken_at, time_zone=register.time_zone),
        window=limits.window,
        installed_on=register.installed_on,
        removed_on=register.removed_on,
    )
    return ReadingInContext(
        register=register,
        taken_at=taken_at,
        day=day,
        value=value,
        limits=limits,
        before=await queries.readings_before(session, register_id=register.id, day=day),
        after=await queries.reading_after(session, register_id=register.id, day=day),
    )


async def _same_as_before(session: AsyncSession, *, reading: ReadingInContext) -> ReadingOutcome | None:
    """Telling the same value again for a day changes nothing."""
    for status in (ReadingStatus.ACCEPTED, ReadingStatus.FLAGGED):
        for held in await queries.readings_for_day(
            session, register_id=reading.register.id, day=reading.day, status=status
        ):
            if held.value == reading.value:
                return _outcome(held, plausible=rules.plausible_range(reading))
    return None


async def write_flagged(
    session: AsyncSession, *, reading: ReadingInContext, source: ReadingSource, person_id: int | None, now: datetime
) -> ReadingRow:
    """Write a reading down; until it is accepted it does not count."""
    row = ReadingRow(
        register_id=reading.register.id,
        supply_point_id=reading.register.supply_point_id,
        taken_at=reading.taken_at,
        counts_for=reading.day,
        value=reading.value,
        source=source,
        quality=ReadingQuality.ACTUAL,
        status=ReadingStatus.FLAGGED,
        actor_person_id=person_id,
        received_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def _accept(session: AsyncSession, *, row: ReadingRow, is_billed: IsBilled) -> None:
    """Let a written reading count; what counted for its day gives way."""
    held = await queries.readings_for_day(
        session, register_id=row.register_id, day=row.counts_for, status=ReadingStatus.ACCEPTED
    )
    await set_aside(session, readings=held, by=row, is_billed=is_billed)
    row.status = ReadingStatus.ACCEPTED
    await session.flush()


async def set_aside(session: AsyncSession, *, readings: Sequence[Reading], by: ReadingRow, is_billed: IsBilled) -> None:
    """Let readings give way to another; one of a day that was billed with another value cannot."""
    for reading in readings:
        day, is_the_same = reading.counts_for, (reading.counts_for, reading.value) == (by.counts_for, by.value)
        contracts = await contracts_billed_by(session, supply_point_id=by.supply_point_id, day=day)
        if not is_the_same and await is_billed(session, contracts, day):
            raise ReadingAlreadyBilled(f"{rules.shown(reading.value)} was billed for {day}; ask us to correct the bill")
        await session.execute(
            update(ReadingRow)
            .where(col(ReadingRow.id) == reading.id)
            .values(status=ReadingStatus.SUPERSEDED, superseded_by=by.id)
        )


async def _flagged(session: AsyncSession, *, reading_id: int) -> ReadingRow:
    row = await queries.lock_flagged(session, reading_id=reading_id)
    if row is None:
        raise ReadingUnknown("there is no such reading that waits for a decision")
    return row


def _outcome(reading: Reading | ReadingRow, *, plausible: PlausibleRange) -> ReadingOutcome:
    return ReadingOutcome(
        reading_id=reading.id,
        register_id=reading.register_id,
        status=reading.status,
        value=reading.value,
        counts_for=reading.counts_for,
        plausible=plausible,
    )
