"""Takes in what radio meters tell: totals become readings of registers that are read remotely, once a day each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import BinaryIO, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.adapters.host import AdapterHost
from mains_server.intervals import queries
from mains_server.intervals.operations import ONE_AT_A_TIME, HashedFile, Taking, begun, finished
from mains_server.intervals.records import Held, ImportReport, ImportRequest, RefusedRow, RemoteRegister
from mains_server.intervals.remote_judging import RemoteJudge
from mains_server.intervals.rules import FACTORS, MILLIONTH, ValueRefused
from mains_server.intervals.wmbusmeters import Telegram, counted_for, read_telegrams
from mains_server.metering.judging import ReadingRefused
from mains_server.metering.loading import Books, load_readings, replace_estimate
from mains_server.metering.records import LoadedReading, ReadingCollection, ReadingSource
from mains_server.metering.rules import civil_day, day_start

TELEGRAMS_AT_ONCE = 5_000
AROUND = timedelta(days=400)


class Heard(NamedTuple):
    """A telegram of a register, in its unit, and the civil day at whose start it counts."""

    register: RemoteRegister
    telegram: Telegram
    counts_for: date
    value: Decimal


async def import_telegrams(
    session: AsyncSession,
    *,
    request: ImportRequest,
    file: BinaryIO,
    host: AdapterHost | None = None,
    books: Books | None = None,
) -> ImportReport:
    """Take a file of telegrams in: the first total of each civil day, and what meters kept of the end of periods.

    They are judged as readings of people are, by the rules of the adapters in `host`, and take the place of estimates
    where `books` say what was billed on these; without it they are refused there.
    """
    await session.execute(text(ONE_AT_A_TIME))
    taking = await begun(session, request=request)
    judge = RemoteJudge(session, host=host)
    hashed = HashedFile(file)
    found = read_telegrams(hashed)  # type: ignore[arg-type]
    while portion := list(islice(found, TELEGRAMS_AT_ONCE)):
        for row in portion:
            if isinstance(row, RefusedRow):
                taking.refuse(*row)
        told = [row for row in portion if isinstance(row, Telegram)]
        if told:
            await _take(session, told, request=request, taking=taking, judge=judge, books=books)
    return await finished(session, taking=taking, request=request, sha256=hashed.sha256())


async def _take(
    session: AsyncSession,
    told: Sequence[Telegram],
    *,
    request: ImportRequest,
    taking: Taking,
    judge: RemoteJudge,
    books: Books | None,
) -> None:
    registers = await queries.remote_registers(
        session, collection=ReadingCollection.REMOTE, points=[], serials=[telegram.serial for telegram in told]
    )
    heard = sorted(_heard(told, registers, now=request.now, taking=taking), key=_kept_first)
    if not heard:
        return
    await judge.look_up({(row.register.supply_point_id, row.counts_for) for row in heard})
    held = await _held(session, heard)
    readings: list[LoadedReading] = []
    late: list[LoadedReading] = []
    for row in heard:
        found = held.setdefault(row.register.id, Held())
        if not _is_new(row, held=found, taking=taking):
            continue
        is_late = row.counts_for in found.estimated
        if is_late and books is None:
            taking.refuse(row.telegram.row, "estimated", f"an estimate counts for {row.counts_for}")
            continue
        reading = await _judged(row, held=found, taking=taking, judge=judge)
        if reading is not None:
            (late if is_late and not reading.reasons else readings).append(reading)
    await load_readings(session, readings=readings, now=request.now)
    for reading in late:
        assert books is not None, "asked above"
        await replace_estimate(session, reading=reading, now=request.now, books=books)
    readings += late
    taking.days_new += len(readings)
    taking.days_flagged += sum(bool(reading.reasons) for reading in readings)
    taking.values += len(readings)


def _heard(
    told: Iterable[Telegram], registers: Sequence[RemoteRegister], *, now: datetime, taking: Taking
) -> Iterator[Heard]:
    by_serial: dict[str, list[RemoteRegister]] = {}
    for register in registers:
        by_serial.setdefault(register.serial, []).append(register)
    for telegram in told:
        try:
            yield from _of_register(telegram, by_serial.get(telegram.serial, ()), now=now)
        except ValueRefused as refused:
            taking.refuse(telegram.row, refused.code, str(refused))


def _of_register(telegram: Telegram, registers: Sequence[RemoteRegister], *, now: datetime) -> Iterator[Heard]:
    if not registers:
        raise ValueRefused("unknown_meter", f"no meter {telegram.serial} is read remotely")
    if telegram.heard_at > now:
        raise ValueRefused("future", f"{telegram.heard_at:%Y-%m-%d %H:%M} is still to come")
    on = civil_day(telegram.heard_at, time_zone=registers[0].time_zone)
    day = counted_for(telegram, on=on)
    if day > on:
        raise ValueRefused("future", f"{telegram.ended_on} had not ended when the meter told of it")
    fitting = [register for register in registers if _fits(telegram.unit, register.unit)]
    there = [register for register in fitting if _is_there(register, on=day)]
    if len(there) > 1:
        raise ValueRefused("ambiguous", f"meter {telegram.serial} has several registers of {telegram.unit}")
    if there:
        yield Heard(there[0], telegram, day, _in_unit(telegram.value, telegram.unit, there[0].unit))
    elif fitting and telegram.ended_on is None:
        raise ValueRefused("not_installed", f"meter {telegram.serial} was not installed on {day}")


def _fits(unit: str, wanted: str) -> bool:
    """A heat meter tells its water, too; what no register counts is nobody's."""
    return unit == wanted or (unit, wanted) in FACTORS


def _in_unit(value: Decimal, unit: str, wanted: str) -> Decimal:
    exact = value if unit == wanted else value * FACTORS[unit, wanted]
    rounded = exact.quantize(MILLIONTH)
    if rounded != exact:
        raise ValueRefused("too_fine", f"{exact} {wanted} has more than six decimals")
    return rounded


def _is_there(register: RemoteRegister, *, on: date) -> bool:
    return register.installed_on <= on and (register.removed_on is None or on <= register.removed_on)


def _kept_first(row: Heard) -> tuple[int, date, bool, datetime]:
    """What a meter kept of the end of a day is exact; the first it told on the day comes after."""
    return row.register.id, row.counts_for, row.telegram.ended_on is None, row.telegram.heard_at


async def _held(session: AsyncSession, heard: Sequence[Heard]) -> dict[int, Held]:
    days = [row.counts_for for row in heard]
    found = await queries.readings_held(
        session,
        registers=[row.register.id for row in heard],
        starts=min(days) - AROUND,
        ends=max(days) + AROUND,
    )
    return dict(found)


def _is_new(row: Heard, *, held: Held, taking: Taking) -> bool:
    """Tell whether a day has no reading yet; one that waits for a decision, or was rejected, is not told anew."""
    day, value = row.counts_for, row.value
    if day in held.true and held.true[day] != value and row.telegram.ended_on is not None:
        taking.refuse(row.telegram.row, "differs", f"{held.true[day]} counts for {day} already; {value} was told")
        return False
    if day in held.true or day in held.waiting or (day, value) in held.rejected:
        taking.days_unchanged += 1
        return False
    return True


async def _judged(row: Heard, *, held: Held, taking: Taking, judge: RemoteJudge) -> LoadedReading | None:
    """Judge a new reading, and keep it among those that the next ones are held against."""
    register, telegram = row.register, row.telegram
    is_kept = telegram.ended_on is not None
    taken_at = day_start(row.counts_for, time_zone=register.time_zone) if is_kept else telegram.heard_at
    try:
        reasons = await judge.reasons(register, day=row.counts_for, taken_at=taken_at, value=row.value, held=held)
    except ReadingRefused as refused:
        code = refused.code.removeprefix("READING_").lower()
        taking.refuse(telegram.row, code, f"{row.value} for {row.counts_for}: {refused.message}")
        return None
    if reasons:
        held.waiting.add(row.counts_for)
    else:
        held.true[row.counts_for] = row.value
    return LoadedReading(
        register_id=register.id,
        supply_point_id=register.supply_point_id,
        taken_at=taken_at,
        counts_for=row.counts_for,
        value=row.value,
        source=ReadingSource.SMART_METER,
        reasons=reasons,
    )
