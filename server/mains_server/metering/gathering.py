"""Gathers what a reading is judged by: who has the place, the utility's rules, the readings around, the adapter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from mains_spi.hooks import Problem, ReadingCheck, ReadingPoint, RegisterReadings
from mains_spi.readings import USUAL_READING_RULES, ReadingRules
from mains_spi.record import Period
from mains_spi.requests import Attribute, Quality
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.host import AdapterHost
from mains_server.contracts.queries import contract_by_id
from mains_server.contracts.records import ContractThere
from mains_server.metering import judging, queries, rules
from mains_server.metering.records import InstalledRegister, ReadingFlag, ReadingInContext
from mains_server.metering.rules import civil_day
from mains_server.metering.tables import Reading as ReadingRow


def contract_of(there: Sequence[ContractThere]) -> ContractThere | None:
    """Choose the contract by whose utility a reading is judged: the place's own before that of a house's manager."""
    return min(there, key=lambda one: (one.is_managers, -one.contract_id), default=None)


def reading_rules_of(host: AdapterHost | None, *, contract: ContractThere | None) -> ReadingRules:
    """Tell by which rules a contract's utility takes readings; without a contract or an adapter, by the usual ones."""
    adapter = None if host is None or contract is None else host.live.get(contract.adapter)
    return USUAL_READING_RULES if adapter is None else adapter.utility.reading_rules


async def in_context(
    session: AsyncSession, *, register: InstalledRegister, value: Decimal, taken_at: datetime, limits: ReadingRules
) -> ReadingInContext:
    """Gather what a value is held against: the register's own readings around the day, and a year before."""
    day = rules.counts_for(
        day=civil_day(taken_at, time_zone=register.time_zone),
        window=limits,
        installed_on=register.installed_on,
        removed_on=register.removed_on,
    )
    reading = await _beside_others(
        session, ReadingInContext(register=register, taken_at=taken_at, day=day, value=value, limits=limits)
    )
    if not reading.before or limits.times_last_year_max == 0:
        return reading
    days = Period(rules.a_year_before(reading.before[-1].counts_for), rules.a_year_before(day))
    around = await queries.readings_around(session, register_id=register.id, period=days)
    return replace(reading, year_ago=around)


async def held_in_context(
    session: AsyncSession, *, register: InstalledRegister, reading: ReadingRow
) -> ReadingInContext:
    """Gather what a reading that was kept is held against now, for the day for which it counts."""
    kept = ReadingInContext(
        register=register,
        taken_at=reading.taken_at,
        day=reading.counts_for,
        value=reading.value,
        limits=USUAL_READING_RULES,
    )
    return await _beside_others(session, kept)


async def _beside_others(session: AsyncSession, reading: ReadingInContext) -> ReadingInContext:
    register_id, day = reading.register.id, reading.day
    beside = await queries.readings_beside(session, register_id=register_id, day=day)
    return replace(reading, before=beside.before, after=beside.after, same_day=beside.same_day)


async def looks_swapped(session: AsyncSession, *, reading: ReadingInContext) -> bool:
    """Tell whether a value that is not plausible here fits another register of the same meter."""
    register = reading.register
    found = await queries.registers_of_meters(session, supply_point_ids=[register.supply_point_id])
    siblings = [
        await in_context(
            session, register=sibling, value=reading.value, taken_at=reading.taken_at, limits=reading.limits
        )
        for sibling in found
        if (sibling.meter_id, sibling.unit) == (register.meter_id, register.unit) and sibling.id != register.id
    ]
    return judging.looks_swapped(reading, siblings=siblings)


async def opinion_of_adapter(
    session: AsyncSession, *, host: AdapterHost | None, contract: ContractThere | None, reading: ReadingInContext
) -> tuple[str, ...]:
    """Ask the utility's adapter about a reading, and give the codes for which it is to be looked at.

    What the adapter refuses is refused in its words; where it does not answer, somebody looks.
    """
    adapter = None if host is None or contract is None else host.live.get(contract.adapter)
    if adapter is None or contract is None or "check_reading" not in adapter.hooks:
        return ()
    check = await _check(session, contract=contract, reading=reading)
    try:
        problems = await asyncio.to_thread(adapter.check_reading, check)
    except AdapterFailed:
        return (ReadingFlag.ADAPTER_SILENT,)
    return tuple(_flag(problem, reading=reading) for problem in sorted(problems, key=lambda one: one.severity))


async def _check(session: AsyncSession, *, contract: ContractThere, reading: ReadingInContext) -> ReadingCheck:
    found = await contract_by_id(session, contract_id=contract.contract_id)
    on, register = civil_day(reading.taken_at, time_zone=reading.register.time_zone), reading.register
    held = () if found is None else found.attributes
    return ReadingCheck(
        register=RegisterReadings(
            quantity=register.quantity,
            unit=register.unit,
            readings=tuple(ReadingPoint(one.counts_for, one.value, source=one.source.name) for one in reading.before),
            installed=Period.since(register.installed_on),
            digits=register.digits,
            multiplier=register.multiplier,
            zone=register.zone,
            place=str(register.supply_point_id),
            serial=register.serial,
        ),
        reading=ReadingPoint(reading.day, reading.value, Quality.ACTUAL),
        on=on,
        attributes=tuple(
            Attribute(name=one.name, value=one.value)
            for one in held
            if (one.starts is None or one.starts <= on) and (one.ends is None or on < one.ends)
        ),
    )


def _flag(problem: Problem, *, reading: ReadingInContext) -> str:
    if problem.severity == "refuse":
        raise judging.AdapterRefusesReading(problem.labels, plausible=judging.plausible_range(reading))
    return f"ADAPTER_{problem.code.upper()}"
