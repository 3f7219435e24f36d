"""The Jelgava house moves in: building, supply points, meters, readings, customers and contracts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.contracts.operations import create_building, load_contracts, load_supply_points
from mains_server.contracts.records import (
    ContractBilling,
    Coverage,
    DatedAttribute,
    NewBuilding,
    NewContract,
    NewSupplyPoint,
    PointRole,
    PremiseKind,
)
from mains_server.customers.operations import load_customers
from mains_server.customers.records import Address, CustomerKind, NewCustomer
from mains_server.demo.house import LAST_SUMMER_CIRCULATION_MWH, DemoHouse, DemoPremise
from mains_server.demo.readings import Showing, load_showings
from mains_server.demo.words import TIME_ZONE, midnight
from mains_server.facts.operations import load_figures
from mains_server.facts.records import NewFigure
from mains_server.metering.installation import load_meters
from mains_server.metering.records import NewMeter, NewRegister

ADAPTER = "district_heating"
HOUSE = "Lielā iela 10"
PAYMENT_TERM_DAYS = 20
SUMMERS = ((date(2022, 5, 1), date(2022, 10, 1)), (date(2023, 5, 1), date(2023, 10, 1)), (date(2024, 5, 1), None))


async def settle_house(session: AsyncSession, *, house: DemoHouse, now: datetime) -> dict[str, int]:
    """Add the house with everything in it, and return the customers' ids by premise, the manager's as `manager`."""
    building_id = await create_building(session, building=NewBuilding(name=f"Māja {HOUSE}", address=address(None)))
    house_point, *points = await load_supply_points(session, points=tuple(_points(house, building_id=building_id)))
    customers = await load_customers(session, customers=tuple(_customers(house)), now=now)
    every = (house_point, *points)
    await load_contracts(session, contracts=tuple(_contracts(house, customers=customers, points=every)))
    await _install(session, house=house, points=every, now=now)
    await load_figures(session, figures=tuple(_last_summer(building_id)))
    return dict(zip(("manager", *(p.premise for p in house.premises)), customers, strict=True))


def address(premise: str | None) -> Address:
    """Give the address of the house, or of one premise in it."""
    line = HOUSE if premise is None else f"{HOUSE}-{premise}"
    return Address(line=line, city="Jelgava", postcode="LV-3001", country="LV")


def _points(house: DemoHouse, *, building_id: int) -> Iterator[NewSupplyPoint]:
    yield NewSupplyPoint(
        commodity="heat", scheme="JELGAVA", identifier="LIELA10", address=address(None), time_zone=TIME_ZONE,
        role=PointRole.BUILDING, premise_kind=PremiseKind.NOT_APPLICABLE, building_id=building_id,
    )  # fmt: skip
    for premise in house.premises:
        yield NewSupplyPoint(
            commodity="heat", scheme="JELGAVA", identifier=f"LIELA10-{premise.premise}",
            address=address(premise.premise), time_zone=TIME_ZONE, building_id=building_id, premise=premise.premise,
            premise_kind=PremiseKind.NON_RESIDENTIAL if premise.is_shop else PremiseKind.DWELLING,
            area_m2=premise.area_m2, residents=premise.residents,
        )  # fmt: skip


def _customers(house: DemoHouse) -> Iterator[NewCustomer]:
    yield NewCustomer(
        number="100000", kind=CustomerKind.BUILDING_MANAGER, name='SIA "Jelgavas nami"', language="lv",
        address=address(None), email="manager@demo.example",
    )  # fmt: skip
    for place, premise in enumerate(house.premises, start=1):
        yield NewCustomer(
            number=str(100000 + place),
            kind=CustomerKind.BUSINESS if premise.is_shop else CustomerKind.PRIVATE,
            name=premise.owner, language="lv", address=address(premise.premise),
            email=f"customer{100000 + place}@demo.example",
        )  # fmt: skip


def _contracts(house: DemoHouse, *, customers: Sequence[int], points: Sequence[int]) -> Iterator[NewContract]:
    yield NewContract(
        customer_id=customers[0], number="H-100000", adapter=ADAPTER, product="heat_house", starts=house.days[0],
        covers=(Coverage(supply_point_id=points[0]),), attributes=tuple(_seasons(house.days[0])),
        billing=ContractBilling.BY_MEMBERS, payment_term_days=PAYMENT_TERM_DAYS,
    )  # fmt: skip
    for place, (customer_id, point_id) in enumerate(zip(customers[1:], points[1:], strict=True), start=1):
        yield NewContract(
            customer_id=customer_id, number=f"H-{100000 + place}", adapter=ADAPTER, product="heat_flat",
            starts=house.days[0], covers=(Coverage(supply_point_id=point_id),), payment_term_days=PAYMENT_TERM_DAYS,
        )  # fmt: skip


def _seasons(begins: date) -> Iterator[DatedAttribute]:
    """The house is heated from October to April; what is left in the other months is circulation."""
    day = begins
    for summer, winter in SUMMERS:
        yield DatedAttribute(name="season", value="winter", starts=day, ends=summer)
        yield DatedAttribute(name="season", value="summer", starts=summer, ends=winter)
        if winter is not None:
            day = winter


async def _install(session: AsyncSession, *, house: DemoHouse, points: Sequence[int], now: datetime) -> None:
    day = house.days[0]
    substation = (
        NewMeter(supply_point_id=points[0], serial="HM-2022-001", digits=7, installed_on=day,
                 registers=(NewRegister(code="heat", quantity="heat", unit="MWh"),)),
        NewMeter(supply_point_id=points[0], serial="WM-2022-001", digits=7, installed_on=day,
                 registers=(NewRegister(code="hot_water", quantity="hot_water", unit="m3"),)),
    )  # fmt: skip
    flats = (_flat_meter(p, point_id, day) for p, point_id in zip(house.premises, points[1:], strict=True))
    meters = await load_meters(session, meters=(*substation, *flats), now=now)
    shown = (house.heat_mwh, house.hot_water_m3, *(premise.readings for premise in house.premises))
    showings = [Showing(meter.registers[0], values) for meter, values in zip(meters, shown, strict=True)]
    await load_showings(session, days=house.days, showings=showings)


def _flat_meter(premise: DemoPremise, point_id: int, day: date) -> NewMeter:
    register = NewRegister(code="hot_water", quantity="hot_water", unit="m3")
    return NewMeter(
        supply_point_id=point_id, serial=f"KU-{premise.premise}", digits=5, installed_on=day, registers=(register,)
    )


def _last_summer(building_id: int) -> Iterator[NewFigure]:
    for month, mwh in LAST_SUMMER_CIRCULATION_MWH.items():
        yield NewFigure(
            name="circulation", subject=f"building:{building_id}", unit="MWh", value=mwh,
            starts_at=midnight(date(2021, month, 1)), ends_at=midnight(date(2021, month + 1, 1)),
            known_at=midnight(date(2021, month + 1, 1)), source="demo",
        )  # fmt: skip
