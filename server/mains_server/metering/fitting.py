"""Meters fitted and replaced on somebody's word: described as a meter can be, where and when one can be, and once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.contracts.attributes import change_attributes
from mains_server.contracts.queries import contract_covering, supply_point_by_id
from mains_server.contracts.terms import BilledUntil
from mains_server.db.idempotency import keep_answer
from mains_server.metering import queries, rules
from mains_server.metering.installation import MeterDatesWrong, MeterUnknown, install_meter, replace_meter
from mains_server.metering.judging import DIGITS_MAX
from mains_server.metering.records import (
    IsBilled,
    MeterReplacement,
    NewMeter,
    NewRegister,
    NoteCorrection,
    ReadingCollection,
)

INSTALL, REPLACE = "meter_install", "meter_replace"
REGISTERS_MAX = 4
NAME_CHARACTERS_MAX = 100
MULTIPLIER_MAX = Decimal(1_000_000)


class MeterMalformed(Refusal):
    """A meter is described in a way that none can be."""

    code = "METER_MALFORMED"
    path = "meter"


class MeterInPlace(Refusal):
    """What the new meter is to count is counted by another one already."""

    code = "METER_IN_PLACE"
    path = "meter"


class SupplyPointUnknown(Refusal):
    """There is no such supply point."""

    code = "SUPPLY_POINT_UNKNOWN"
    path = "supplyPointId"


class ContractNotThere(Refusal):
    """Attributes were to change of a contract that is not there."""

    code = "CONTRACT_NOT_THERE"
    path = "attributes"


class ContractShared(Refusal):
    """An attribute holds for all places of a contract, and only one of them gets a new meter."""

    code = "CONTRACT_SHARED"
    path = "attributes"


async def fit_meter(
    session: AsyncSession, *, viewer: Viewer, meter: NewMeter, key: str, now: datetime, billed_until: BilledUntil
) -> int:
    """Fit a meter where nothing counts the same yet, and return its id; the same key and body give the same again.

    Days that were billed without it are taken back first: no bill would ever have what it counted on them.
    """
    body = _body(meter, place={"point": meter.supply_point_id, "on": meter.installed_on.isoformat()})
    done = await _before(session, viewer=viewer, operation=INSTALL, key=key, body=body, now=now)
    if done is not None:
        return done
    check_description(meter)
    point = await supply_point_by_id(session, supply_point_id=meter.supply_point_id)
    if point is None:
        raise SupplyPointUnknown("there is no such supply point")
    check_day(meter.installed_on, now=now, time_zone=point.time_zone)
    counted = {(register.quantity, register.zone) for register in meter.registers}
    for held in await queries.meters_at(session, supply_point_id=point.id):
        is_there = held.removed_on is None or held.removed_on > meter.installed_on
        if is_there and counted & {(register.quantity, register.zone) for register in held.registers}:
            raise MeterInPlace(
                f"meter {held.serial} counts this here; replace it, or choose a day after it was removed"
            )
    days = (meter.installed_on, rules.civil_day(now, time_zone=point.time_zone))
    await _check_unbilled(session, point=point.id, days=days, billed_until=billed_until)
    fitted = await install_meter(session, meter=meter, now=now)
    return await _kept(session, viewer=viewer, operation=INSTALL, key=key, meter_id=fitted.id)


async def _check_unbilled(
    session: AsyncSession, *, point: int, days: tuple[date, date], billed_until: BilledUntil
) -> None:
    """Refuse a meter on days that who had the place then, or has it today, was billed for."""
    for day in days:
        contract = await contract_covering(session, supply_point_id=point, day=day)
        until = None if contract is None else await billed_until(session, contract.id)
        if contract is not None and until is not None and until > days[0]:
            raise MeterDatesWrong(
                f"contract {contract.number} is billed to {until} without this meter; take back its bills of days from"
                f" {days[0]} on, fit the meter, and have them billed again"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What an exchange of meters wants to know from other rooms: bills, corrections, and what adapters declare."""

    is_billed: IsBilled
    note_correction: NoteCorrection
    host: AdapterHost


async def exchange_meter(
    session: AsyncSession, *, viewer: Viewer, replacement: MeterReplacement, key: str, now: datetime, office: Office
) -> int:
    """Put a meter in the place of another and return its id; the same key and body give the same again.

    Bills that rest on an estimate of the old meter for that day or a later one are noted to be corrected.
    """
    final = {code: str(value) for code, value in replacement.final_values.items()}
    place = {"old": replacement.meter_id, "on": replacement.replaced_on.isoformat(), "final": final}
    if replacement.attributes:
        place |= {"attributes": dict(replacement.attributes)}
    body = _body(replacement, place=place)
    done = await _before(session, viewer=viewer, operation=REPLACE, key=key, body=body, now=now)
    if done is not None:
        return done
    check_description(replacement)
    old = await queries.lock_meter(session, meter_id=replacement.meter_id)
    point = None if old is None else await supply_point_by_id(session, supply_point_id=old.supply_point_id)
    if point is None:
        raise MeterUnknown("there is no such meter in use")
    check_day(replacement.replaced_on, now=now, time_zone=point.time_zone)
    fitted = await replace_meter(
        session,
        replacement=replacement,
        now=now,
        is_billed=office.is_billed,
        note_correction=office.note_correction,
    )
    if replacement.attributes:
        await _change_attributes(session, point=point.id, replacement=replacement, host=office.host)
    return await _kept(session, viewer=viewer, operation=REPLACE, key=key, meter_id=fitted.id)


async def _change_attributes(
    session: AsyncSession, *, point: int, replacement: MeterReplacement, host: AdapterHost
) -> None:
    """Let the contract that has the place go by the new meter from its day on."""
    day = replacement.replaced_on
    contract = await contract_covering(session, supply_point_id=point, day=day)
    if contract is None:
        raise ContractNotThere(f"nobody has a contract here on {day}, so nothing of it can change")
    if len({cover.supply_point_id for cover in contract.covers}) > 1:
        raise ContractShared(
            f"contract {contract.number} covers other places, too; give this one a contract of its own"
        )
    await change_attributes(session, contract=contract, values=replacement.attributes, starts=day, host=host)


def check_description(meter: NewMeter | MeterReplacement) -> None:
    """Refuse a meter that no meter can be like."""
    codes = [register.code for register in meter.registers]
    if not 1 <= meter.digits <= DIGITS_MAX:
        raise MeterMalformed(f"a meter shows 1 to {DIGITS_MAX} digits before the point")
    if not meter.multiplier.is_finite() or not 0 < meter.multiplier <= MULTIPLIER_MAX:
        raise MeterMalformed("the multiplier is a number above zero, 1 for a meter without transformers")
    if not 1 <= len(codes) <= REGISTERS_MAX or len(set(codes)) != len(codes):
        raise MeterMalformed(f"a meter has one to {REGISTERS_MAX} registers, each with a code of its own")
    names = [meter.serial, *(name for register in meter.registers for name in _names(register))]
    if not all(_is_name(name) for name in names):
        raise MeterMalformed(f"serial, code, quantity and unit are 1 to {NAME_CHARACTERS_MAX} printable characters")
    if any(register.first_value is None and not _is_by_intervals(register) for register in meter.registers):
        raise MeterMalformed("write down what each register shows when it is fitted, unless it sends intervals")
    zones = [(register.quantity, register.zone) for register in meter.registers]
    if len(set(zones)) != len(zones):
        raise MeterMalformed("two registers of a meter that count the same need tariff zones that tell them apart")


def check_day(day: date, *, now: datetime, time_zone: str) -> None:
    """Refuse a day that is yet to come, or so early that no meter was fitted then."""
    if not date(1900, 1, 1) <= day <= rules.civil_day(now, time_zone=time_zone):
        raise MeterDatesWrong("give the day on which the meter was fitted; it cannot be later than today")


def _names(register: NewRegister) -> tuple[str, ...]:
    zone = () if register.zone is None else (register.zone,)
    return (register.code, register.quantity, register.unit, *zone)


def _is_by_intervals(register: NewRegister) -> bool:
    return register.collection is ReadingCollection.INTERVALS


def _is_name(name: str) -> bool:
    return name == name.strip() and 0 < len(name) <= NAME_CHARACTERS_MAX and name.isprintable()


def _body(meter: NewMeter | MeterReplacement, *, place: Mapping[str, Any]) -> dict[str, Any]:
    registers = [
        [register.code, register.quantity, register.unit, register.zone, str(register.first_value)]
        + ([] if register.collection is ReadingCollection.MANUAL else [register.collection.name])
        for register in meter.registers
    ]
    named = {"serial": meter.serial, "digits": meter.digits, "multiplier": str(meter.multiplier)}
    return {**place, **named, "registers": registers}


async def _before(
    session: AsyncSession, *, viewer: Viewer, operation: str, key: str, body: Mapping[str, Any], now: datetime
) -> int | None:
    assert viewer.person_id is not None, "staff are signed in"
    answer = await claim_request(session, person_id=viewer.person_id, operation=operation, key=key, body=body, now=now)
    return None if answer is None else int(answer["meter"])


async def _kept(session: AsyncSession, *, viewer: Viewer, operation: str, key: str, meter_id: int) -> int:
    assert viewer.person_id is not None
    await keep_answer(session, person_id=viewer.person_id, operation=operation, key=key, answer={"meter": meter_id})
    return meter_id
