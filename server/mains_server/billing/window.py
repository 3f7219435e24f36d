"""What a customer is asked to read and until when, and the bill that comes if nothing is sent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum

import psycopg
from mains_spi import Period, ReadingRules
from psycopg import IsolationLevel
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.live import LiveAdapter
from mains_server.billing.preview import NothingToBill, Previewed, preview_with_usage
from mains_server.billing.records import Hold, PreviewRequest
from mains_server.contracts.queries import contract_by_id
from mains_server.contracts.records import Contract, ContractBilling, Settlement
from mains_server.db.addresses import psycopg_dsn
from mains_server.db.unit_of_work import read_session
from mains_server.metering import queries as metering
from mains_server.metering.judging import plausible_range
from mains_server.metering.records import (
    InstalledRegister,
    PlausibleRange,
    Reading,
    ReadingInContext,
    ReadingStatus,
)
from mains_server.metering.windows import WindowDays, is_asked, window_on

MISSING = "missing_reading"


class NotTold(Enum):
    """Why nobody can say what would be billed."""

    MISSING_READING = "MISSING_READING"
    NOT_BILLED = "NOT_BILLED"
    NOT_RATED = "NOT_RATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRegister:
    """A register to be read: what it showed last, what is plausible now, and what was told for the day already."""

    register: InstalledRegister
    previous: Reading | None
    plausible: PlausibleRange
    told: Reading | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """The bill that comes if nothing more is sent; without one, why it cannot be told."""

    previewed: Previewed | None = None
    not_told: NotTold | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractWindow:
    """A contract's reading window that is open, or the next one."""

    days: WindowDays
    is_open: bool
    registers: tuple[AskedRegister, ...]
    unsent: Unsent


async def reading_window(
    engine: AsyncEngine, *, host: AdapterHost, contract_id: int, now: datetime, today: date
) -> ContractWindow | None:
    """Tell a contract's reading window; None where nobody is asked to read anything.

    Levelled contracts, those that are not in force, registers that tell themselves, and utilities whose adapter is not
    at work have none.
    """
    async with read_session(engine) as session:
        contract = await contract_by_id(session, contract_id=contract_id)
        adapter = None if contract is None else host.live.get(contract.adapter)
        if contract is None or adapter is None or contract.terms_on(today).settlement is Settlement.LEVELLED:
            return None
        rules = adapter.utility.reading_rules
        days = window_on(today, rules=rules)
        registers = await _registers(session, contract=contract, days=days)
        asked = [
            await _asked(session, register=one, since=contract.starts, days=days, rules=rules, now=now)
            for one in registers
        ]
    if not asked:
        return None
    address = engine.url.render_as_string(hide_password=False)
    return ContractWindow(
        days=days,
        is_open=days.is_open(on=today),
        registers=tuple(asked),
        unsent=await asyncio.to_thread(_unsent, address, adapter, contract, days, today),
    )


async def _registers(session: AsyncSession, *, contract: Contract, days: WindowDays) -> list[InstalledRegister]:
    """List the registers that people read for a contract, of the meters that hang there on the day."""
    found: list[InstalledRegister] = []
    for point in _points_on(contract, day=days.counts_for - timedelta(days=1)):
        for meter in await metering.meters_at(session, supply_point_id=point):
            if meter.installed_on < days.counts_for and (meter.removed_on or date.max) > days.counts_for:
                for register in meter.registers:
                    installed = await metering.installed_register(session, register_id=register.id)
                    if installed is not None and is_asked(register.collection):
                        found.append(installed)
    return found


def _points_on(contract: Contract, *, day: date) -> list[int]:
    if not contract.starts <= day < (contract.ends or date.max):
        return []
    return [
        cover.supply_point_id
        for cover in contract.covers
        if (cover.starts or date.min) <= day < (cover.ends or date.max)
    ]


async def _asked(
    session: AsyncSession,
    *,
    register: InstalledRegister,
    since: date,
    days: WindowDays,
    rules: ReadingRules,
    now: datetime,
) -> AskedRegister:
    """Tell of one register; who lived there before is nobody's business."""
    day = days.counts_for
    before = await metering.readings_before(session, register_id=register.id, day=day)
    after = await metering.reading_after(session, register_id=register.id, day=day)
    told: list[Reading] = []
    for status in (ReadingStatus.ACCEPTED, ReadingStatus.FLAGGED):
        told += await metering.readings_for_day(session, register_id=register.id, day=day, status=status)
    reading = ReadingInContext(
        register=register, taken_at=now, day=day, value=Decimal(0), limits=rules, before=before, after=after
    )
    return AskedRegister(
        register=register,
        previous=before[-1] if before and before[-1].counts_for >= since else None,
        plausible=plausible_range(reading),
        told=told[0] if told else None,
    )


def _unsent(address: str, adapter: LiveAdapter, contract: Contract, days: WindowDays, today: date) -> Unsent:
    """Work out the bill as the run would after the window, by the code of the run, on one moment of the database."""
    if contract.billing is ContractBilling.BY_MEMBERS:
        return Unsent(not_told=NotTold.NOT_BILLED, reason="the house's cost is billed to its premises")
    first = (days.counts_for - timedelta(days=1)).replace(day=1)
    issued_on = max(days.closes_on + timedelta(days=1), today)
    request = PreviewRequest(contract_id=contract.id, period=Period(first, days.counts_for), issued_on=issued_on)
    try:
        with psycopg.connect(psycopg_dsn(address)) as connection:
            connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
            found = preview_with_usage(connection, adapter=adapter, request=request)
    except NothingToBill as nothing:
        return Unsent(not_told=NotTold.NOT_BILLED, reason=str(nothing))
    except AdapterFailed as failure:
        return Unsent(not_told=NotTold.NOT_RATED, reason=str(failure))
    if isinstance(found, Hold):
        kind = NotTold.MISSING_READING if found.code == MISSING else NotTold.NOT_RATED
        return Unsent(not_told=kind, reason=found.reason)
    return Unsent(previewed=found)
