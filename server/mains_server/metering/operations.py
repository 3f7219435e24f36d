"""Changes of readings: submitted, judged, and loaded."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mains_spi.readings import ReadingRules
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.operations import claim_request
from mains_server.access.records import OPERATORS, Permission, Refusal, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.contracts.queries import contracts_billed_by, contracts_there
from mains_server.contracts.records import ContractThere
from mains_server.db.idempotency import keep_answer
from mains_server.db.outbox import NewsEvent, append_news
from mains_server.metering import gathering, judging, queries, rules
from mains_server.metering.records import (
    InstalledRegister,
    IsBilled,
    NoteCorrection,
    PlausibleRange,
    Reading,
    ReadingFlag,
    ReadingInContext,
    ReadingOutcome,
    ReadingQuality,
    ReadingSender,
    ReadingSource,
    ReadingStatus,
    ReadingSubmission,
    SystemViewer,
)
from mains_server.metering.tables import Reading as ReadingRow

SUBMIT = "reading_submit"
READING_ACCEPTED = "reading.accepted"
STAFF_WHO_READ = OPERATORS


# Written out, because building and flushing a row of the mapping costs several times the statement.
WRITE = text("""
insert into reading (register_id, supply_point_id, taken_at, counts_for, value, source, quality, status,
  actor_person_id, actor, received_at, reasons)
values (:register_id, :supply_point_id, :taken_at, :counts_for, :value, :source, 'ACTUAL', :status,
  :actor_person_id, :actor, :now, cast(:reasons as text[]))
returning id
""")
ACCEPT = text("update reading set status = 'ACCEPTED' where id = :id")


class RegisterUnknown(Refusal):
    """There is no such register, or the viewer has no business with it; the two look alike."""

    code = "REGISTER_UNKNOWN"
    path = "registerId"


class ReadingAlreadyBilled(Refusal):
    """Another value for this day has been billed."""

    code = "READING_ALREADY_BILLED"
    path = "value"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Admitted:
    """A submission that was let in: the register, who sent it, and the contract it is judged by."""

    register: InstalledRegister
    sender: ReadingSender
    language: str
    is_staff: bool
    contract: ContractThere | None
    customer_ids: frozenset[int]


async def submit_reading(
    session: AsyncSession,
    *,
    viewer: Viewer | SystemViewer,
    request: ReadingSubmission,
    now: datetime,
    is_billed: IsBilled,
    host: AdapterHost | None = None,
    note_correction: NoteCorrection | None = None,
) -> ReadingOutcome:
    """Take a reading in, or refuse it by name; the same key and body get the same outcome again.

    A later value for the same day takes the place of an earlier one until that day is billed. The limits are those of
    the utility's adapter in `host`. A true reading replaces an estimate that was billed only where `note_correction` is
    there to be told.
    """
    taken_at = request.taken_at or now
    assert taken_at.tzinfo is not None, "an instant has a zone"
    admitted = await _admitted(session, viewer=viewer, request=request, at=taken_at)
    person_id, key = admitted.sender.person_id, request.idempotency_key
    if person_id is not None:
        body = rules.body_of(request)
        answer = await claim_request(session, person_id=person_id, operation=SUBMIT, key=key, body=body, now=now)
        if answer is not None:
            return rules.outcome_of(answer)
    limits = gathering.reading_rules_of(host, contract=admitted.contract)
    reading = await _reading_of(session, admitted=admitted, request=request, now=now, limits=limits)
    outcome = _same_as_before(reading)
    if outcome is None:
        reasons = await _reasons(session, reading=reading, admitted=admitted, host=host)
        written = await _written(session, reading=reading, sender=admitted.sender, now=now, reasons=reasons)
        is_replaced = await _place(
            session, written=written, held=reading.held, now=now, is_billed=is_billed, note_correction=note_correction
        )
        status = ReadingStatus.FLAGGED if reasons else ReadingStatus.ACCEPTED
        plausible = judging.plausible_range(reading)
        outcome = _outcome(replace(written, status=status), plausible=plausible, estimate_replaced=is_replaced)
        if not reasons:
            await tell_accepted(session, reading_id=written.id, customer_ids=admitted.customer_ids, now=now)
    if person_id is not None:
        await keep_answer(session, person_id=person_id, operation=SUBMIT, key=key, answer=rules.answer_of(outcome))
    return outcome


async def tell_accepted(
    session: AsyncSession, *, reading_id: int, customer_ids: Collection[int], now: datetime
) -> None:
    """Let the customers who look on know that a reading counts."""
    payload = {"reading_id": reading_id}
    news = [NewsEvent(kind=READING_ACCEPTED, customer_id=one, payload=payload) for one in sorted(customer_ids)]
    await append_news(session, news=news, now=now)


async def write_flagged(
    session: AsyncSession,
    *,
    reading: ReadingInContext,
    sender: ReadingSender,
    now: datetime,
    reasons: Sequence[str] = (),
) -> ReadingRow:
    """Write a reading down; until it is accepted it does not count."""
    row = ReadingRow(
        register_id=reading.register.id,
        supply_point_id=reading.register.supply_point_id,
        taken_at=reading.taken_at,
        counts_for=reading.day,
        value=reading.value,
        source=sender.source,
        quality=ReadingQuality.ACTUAL,
        status=ReadingStatus.FLAGGED,
        actor_person_id=sender.person_id,
        actor=sender.actor,
        received_at=now,
        reasons=list(reasons) or None,
    )
    session.add(row)
    await session.flush()
    return row


async def set_aside(
    session: AsyncSession,
    *,
    readings: Sequence[Reading],
    by: Reading | ReadingRow,
    now: datetime,
    is_billed: IsBilled,
    note_correction: NoteCorrection | None = None,
) -> bool:
    """Let readings give way to another, and tell whether an estimate that was billed did.

    A true one of a day that was billed with another value cannot; an estimate can where corrections are taken.
    """
    is_corrected = False
    for reading in readings:
        contracts = await _billed_with(session, reading=reading, by=by, is_billed=is_billed)
        if contracts and (note_correction is None or reading.quality is not ReadingQuality.ESTIMATED):
            raise _already_billed(reading)
        await session.execute(
            update(ReadingRow)
            .where(col(ReadingRow.id) == reading.id)
            .values(status=ReadingStatus.SUPERSEDED, superseded_by=by.id)
        )
        if contracts and note_correction is not None:
            day = reading.counts_for
            await note_correction(session, contracts=contracts, day=day, reading_id=by.id, now=now)
            is_corrected = True
    return is_corrected


async def _admitted(
    session: AsyncSession, *, viewer: Viewer | SystemViewer, request: ReadingSubmission, at: datetime
) -> _Admitted:
    """Find the register, if the viewer may submit readings for a contract that had it at that time."""
    register = await queries.installed_register(session, register_id=request.register_id)
    if register is not None:
        day = rules.civil_day(at, time_zone=register.time_zone)
        there = await contracts_there(session, supply_point_id=register.supply_point_id, day=day)
        sender = _sender(viewer, request=request, point=register.supply_point_id, there=there)
        if sender is not None:
            return _Admitted(
                register=register,
                sender=sender,
                language=viewer.language,
                is_staff=isinstance(viewer, Viewer) and bool(viewer.staff & STAFF_WHO_READ),
                contract=gathering.contract_of(there),
                customer_ids=frozenset(one.customer_id for one in there),
            )
    raise RegisterUnknown("you have no such register at that time; choose one of your own meters")


def _sender(
    viewer: Viewer | SystemViewer, *, request: ReadingSubmission, point: int, there: Sequence[ContractThere]
) -> ReadingSender | None:
    """Tell by which road and by whom a reading comes, or nothing where the viewer has no business with the place."""
    if isinstance(viewer, SystemViewer):
        is_theirs = point in viewer.supply_point_ids or any(one.contract_id in viewer.contract_ids for one in there)
        return ReadingSender(source=viewer.source, actor=request.actor or viewer.actor) if is_theirs else None
    if viewer.person_id is None:
        return None
    if viewer.staff & STAFF_WHO_READ:
        source = request.source or ReadingSource.STAFF
        return ReadingSender(source=source, person_id=viewer.person_id, actor=request.actor)
    theirs = [
        one
        for one in there
        if viewer.may(Permission.SUBMIT_READINGS, customer_id=one.customer_id, contract_id=one.contract_id)
    ]
    if not theirs:
        return None
    usual = ReadingSource.MANAGER if all(one.is_managers for one in theirs) else ReadingSource.PORTAL
    return ReadingSender(source=request.source or usual, person_id=viewer.person_id, actor=request.actor)


async def _reading_of(
    session: AsyncSession, *, admitted: _Admitted, request: ReadingSubmission, now: datetime, limits: ReadingRules
) -> ReadingInContext:
    """Read what was sent and hold it against the register, which is ours until the transaction ends."""
    register = await queries.lock_installed_register(session, register_id=admitted.register.id)
    judging.check_unit(request.unit, register=register)
    value = judging.read_value(request.value, digits=register.digits)
    taken_at = request.taken_at or now
    judging.check_day(taken_at=taken_at, now=now, register=register)
    reading = await gathering.in_context(session, register=register, value=value, taken_at=taken_at, limits=limits)
    try:
        judging.check_order(reading)
    except judging.ReadingRunsBackwards as refused:
        if await gathering.looks_swapped(session, reading=reading):
            raise judging.ReadingLooksSwapped(
                f"{rules.shown(value)} cannot be {register.code}, but fits another register of meter {register.serial};"
                " look which value belongs to which",
                plausible=refused.plausible,
            ) from refused
        raise
    return reading


async def _written(
    session: AsyncSession,
    *,
    reading: ReadingInContext,
    sender: ReadingSender,
    now: datetime,
    reasons: Sequence[str],
) -> Reading:
    """Write a reading down: accepted at once where nothing is odd and the day is free, else flagged for the moment."""
    is_free = not reasons and not reading.held
    told = {
        "register_id": reading.register.id,
        "supply_point_id": reading.register.supply_point_id,
        "taken_at": reading.taken_at,
        "counts_for": reading.day,
        "value": reading.value,
        "actor_person_id": sender.person_id,
        "actor": sender.actor,
    }
    status = ReadingStatus.ACCEPTED if is_free else ReadingStatus.FLAGGED
    words = {"source": sender.source.name, "status": status.name, "reasons": list(reasons) or None, "now": now}
    reading_id = await session.scalar(WRITE, {**told, **words})
    assert reading_id is not None
    kinds = {"source": sender.source, "quality": ReadingQuality.ACTUAL, "status": status, "reasons": tuple(reasons)}
    return Reading(id=reading_id, **told, **kinds)  # type: ignore[arg-type]


def _same_as_before(reading: ReadingInContext) -> ReadingOutcome | None:
    """Telling the same value again for a day changes nothing."""
    waiting = (one for one in reading.same_day if one.status is not ReadingStatus.ACCEPTED)
    for held in (*reading.held, *waiting):
        if held.value == reading.value and held.quality is ReadingQuality.ACTUAL:
            return _outcome(held, plausible=judging.plausible_range(reading))
    return None


async def _reasons(
    session: AsyncSession, *, reading: ReadingInContext, admitted: _Admitted, host: AdapterHost | None
) -> tuple[str, ...]:
    """Find all for which somebody should look at a reading that may be true."""
    found: list[str] = list(judging.flags_of(reading))
    if ReadingFlag.HIGH in found and await gathering.looks_swapped(session, reading=reading):
        found.append(ReadingFlag.LOOKS_SWAPPED)
    if any(_is_anothers(one, admitted=admitted) for one in reading.held):
        found.append(ReadingFlag.SECOND_TODAY)
    try:
        said = await gathering.opinion_of_adapter(session, host=host, contract=admitted.contract, reading=reading)
    except judging.AdapterRefusesReading as refused:
        raise refused.said_in(admitted.language) from None
    return (*found, *said)


def _is_anothers(held: Reading, *, admitted: _Admitted) -> bool:
    """People correct themselves, and staff anybody; of what two others say, somebody decides."""
    sender = admitted.sender
    if held.quality is ReadingQuality.ESTIMATED or admitted.is_staff:
        return False
    if sender.person_id is not None:
        return held.actor_person_id != sender.person_id
    return (held.source, held.actor) != (sender.source, sender.actor)


async def _place(
    session: AsyncSession,
    *,
    written: Reading,
    held: Sequence[Reading],
    now: datetime,
    is_billed: IsBilled,
    note_correction: NoteCorrection | None,
) -> bool:
    """Let a written reading count, unless somebody is to look at it; what nobody could ever accept is refused."""
    if written.reasons:
        for one in held:
            is_true = one.quality is ReadingQuality.ACTUAL
            if is_true and await _billed_with(session, reading=one, by=written, is_billed=is_billed):
                raise _already_billed(one)
        return False
    if written.status is ReadingStatus.ACCEPTED:
        return False
    is_replaced = await set_aside(
        session, readings=held, by=written, now=now, is_billed=is_billed, note_correction=note_correction
    )
    await session.execute(ACCEPT, {"id": written.id})
    return is_replaced


async def accept(
    session: AsyncSession,
    *,
    row: ReadingRow,
    now: datetime,
    is_billed: IsBilled,
    note_correction: NoteCorrection | None,
) -> bool:
    """Let a written reading count; what counted for its day gives way."""
    held = await _held(session, row=row)
    is_replaced = await set_aside(
        session, readings=held, by=row, now=now, is_billed=is_billed, note_correction=note_correction
    )
    row.status = ReadingStatus.ACCEPTED
    await session.flush()
    return is_replaced


async def _held(session: AsyncSession, *, row: ReadingRow) -> tuple[Reading, ...]:
    return await queries.readings_for_day(
        session, register_id=row.register_id, day=row.counts_for, status=ReadingStatus.ACCEPTED
    )


async def _billed_with(
    session: AsyncSession, *, reading: Reading, by: Reading | ReadingRow, is_billed: IsBilled
) -> frozenset[int]:
    """List the contracts whose bills stand on a reading that another one contradicts; none while nothing is billed."""
    if (reading.counts_for, reading.value) == (by.counts_for, by.value):
        return frozenset()
    day = reading.counts_for
    contracts = await contracts_billed_by(session, supply_point_id=by.supply_point_id, day=day)
    return contracts if await is_billed(session, contracts, day) else frozenset()


def _already_billed(reading: Reading) -> ReadingAlreadyBilled:
    return ReadingAlreadyBilled(
        f"{rules.shown(reading.value)} was billed for {reading.counts_for}; ask us to correct the bill"
    )


def _outcome(
    reading: Reading | ReadingRow, *, plausible: PlausibleRange, estimate_replaced: bool = False
) -> ReadingOutcome:
    return ReadingOutcome(
        reading_id=reading.id,
        register_id=reading.register_id,
        status=reading.status,
        value=reading.value,
        counts_for=reading.counts_for,
        plausible=plausible,
        reasons=tuple(reading.reasons or ()),
        estimate_replaced=estimate_replaced,
    )
