"""Electricity customers move in: households on every product, and a business with three contracts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.contracts.operations import load_contracts, load_supply_points
from mains_server.contracts.records import Coverage, DatedAttribute, Delivery, NewContract, NewSupplyPoint
from mains_server.customers.operations import load_customers, protect_customer
from mains_server.customers.records import Address, CustomerKind, NewCustomer, Protection, ProtectionKind
from mains_server.demo.electricity import BUSINESS_NAME, DemoSupply
from mains_server.demo.readings import Showing, load_showings
from mains_server.demo.words import TIME_ZONE
from mains_server.metering.installation import load_meters
from mains_server.metering.records import NewMeter, NewRegister

ADAPTER = "electricity_retail"


async def settle_households(
    session: AsyncSession, *, supplies: Sequence[DemoSupply], days: Sequence[date], family_id: int, now: datetime
) -> tuple[int, ...]:
    """Add households with a contract each, and return their ids; the first is the family that is a customer already."""
    others = await load_customers(session, customers=tuple(_household(s) for s in supplies[1:]), now=now)
    customers = (family_id, *others)
    await _settle(session, supplies=supplies, days=days, customers=customers, now=now)
    for supply, customer_id in zip(supplies, customers, strict=True):
        if supply.protected is not None:
            kind = ProtectionKind[supply.protected.upper()]
            status = Protection(kind=kind, starts=days[0], ends=None, proof=f"demo-{supply.number}")
            await protect_customer(session, customer_id=customer_id, protection=status)
    return customers


async def settle_business(
    session: AsyncSession, *, supplies: Sequence[DemoSupply], days: Sequence[date], now: datetime
) -> int:
    """Add the business with a contract for each of its supply points, and return its id."""
    business = NewCustomer(
        number="300000", kind=CustomerKind.BUSINESS, name=BUSINESS_NAME, language="lv", address=_address(900),
        email="business@demo.example", registration_number="40003521600", vat_number="LV40003521600",
    )  # fmt: skip
    (customer_id,) = await load_customers(session, customers=[business], now=now)
    await _settle(session, supplies=supplies, days=days, customers=[customer_id] * len(supplies), now=now)
    return customer_id


async def _settle(
    session: AsyncSession,
    *,
    supplies: Sequence[DemoSupply],
    days: Sequence[date],
    customers: Sequence[int],
    now: datetime,
) -> None:
    points = await load_supply_points(session, points=tuple(_point(supply) for supply in supplies))
    contracts = (
        _contract(supply, customer_id=customer_id, point_id=point_id, starts=days[0])
        for supply, customer_id, point_id in zip(supplies, customers, points, strict=True)
    )
    await load_contracts(session, contracts=tuple(contracts))
    meters = await load_meters(
        session,
        meters=tuple(_meter(supply, point_id, days[0]) for supply, point_id in zip(supplies, points, strict=True)),
        now=now,
    )
    showings = [
        Showing(meter.register(code), values)
        for supply, meter in zip(supplies, meters, strict=True)
        for code, values in supply.readings
    ]
    await load_showings(session, days=days, showings=showings)


def _household(supply: DemoSupply) -> NewCustomer:
    number = str(200000 + supply.number)
    return NewCustomer(
        number=number, kind=CustomerKind.PRIVATE, name=supply.owner, language="lv", address=_address(supply.number),
        email=f"customer{number}@demo.example", personal_code=f"320000-{supply.number:05d}",
    )  # fmt: skip


def _address(number: int) -> Address:
    if number == 1:
        return Address(line="Lielā iela 10-12", city="Jelgava", postcode="LV-3001", country="LV")
    return Address(line=f"Dobeles šoseja {number}", city="Jelgava", postcode="LV-3007", country="LV")


def _point(supply: DemoSupply) -> NewSupplyPoint:
    return NewSupplyPoint(
        commodity="electricity", scheme="EIC", identifier=f"43Z-STO{supply.number:08d}A",
        address=_address(supply.number), time_zone=TIME_ZONE, phases=supply.phases, amperes=supply.amperes,
    )  # fmt: skip


def _contract(supply: DemoSupply, *, customer_id: int, point_id: int, starts: date) -> NewContract:
    return NewContract(
        customer_id=customer_id, number=f"E-{200000 + supply.number}", adapter=ADAPTER, product=supply.product,
        starts=starts, covers=(Coverage(supply_point_id=point_id),), attributes=tuple(_attributes(supply)),
        delivery=Delivery.POST if supply.by_post else Delivery.EMAIL,
    )  # fmt: skip


def _attributes(supply: DemoSupply) -> Iterator[DatedAttribute]:
    if supply.zones == 2:
        yield DatedAttribute(name="zones", value="2")
    if supply.protected is not None:
        yield DatedAttribute(name="protected", value=supply.protected)


def _meter(supply: DemoSupply, point_id: int, day: date) -> NewMeter:
    registers = tuple(
        NewRegister(code=code, quantity="energy", unit="kWh", zone=code if supply.zones == 2 else None)
        for code, _ in supply.readings
    )
    serial = f"EL{supply.number:06d}"
    return NewMeter(supply_point_id=point_id, serial=serial, digits=6, installed_on=day, registers=registers)
