"""A house of three flats and a shop on Gren's published tariffs, for stories about how its cost is shared out.

It is the house of the golden bills of district heating: every month of winter 2023/24 10 MWh and 30 m3 of hot water.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.resources import files

import psycopg
from mains_server.access.operations import grant_owner
from mains_server.adapters.host import AdapterHost
from mains_server.billing.records import RunRequest
from mains_server.billing.run import Shift, run_billing
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
from mains_server.demo import cast
from mains_server.demo.readings import Showing, load_showings
from mains_server.invoices.operations import register_seller
from mains_server.invoices.records import SellerDraft
from mains_server.metering.installation import load_meters
from mains_server.metering.records import NewMeter, NewRegister
from mains_server.tariffs.operations import load_price_versions, load_products, load_tax_rates
from mains_server.tariffs.price_file import read_price_file
from mains_spi import Period
from sqlalchemy.ext.asyncio import AsyncSession

ADAPTER = "district_heating"
DAYS = (date(2023, 12, 1), date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1))
SETTLED = datetime(2023, 12, 1, 6, tzinfo=UTC)
ADDRESS = Address(line="Example street 1", city="Jelgava", postcode="LV-3001", country="LV")
PREMISES = (("flat 1", "50.0", 8), ("flat 2", "65.5", 10), ("flat 3", "38.2", 7), ("shop", "120.0", 1))
HEAT_MWH, HOT_WATER_M3 = 10, 30


async def settle_small_house(
    session: AsyncSession, *, host: AdapterHost, without_meter: frozenset[str] = frozenset()
) -> None:
    """Add the house, its manager, its people and three months of readings, with the tariffs; nothing is billed yet.

    Of premises `without_meter` nobody knows how much hot water they use; two people live in each premise.
    """
    await _load_trade(session, host=host)
    building_id = await create_building(session, building=NewBuilding(name="Example house", address=ADDRESS))
    points = await load_supply_points(session, points=_points(building_id))
    customers = await load_customers(session, customers=_customers(), now=SETTLED)
    await load_contracts(session, contracts=_contracts(customers, points))
    await _read(session, points=points, without_meter=without_meter)
    await cast.admit_owner(session, login=cast.MANAGER, customer_id=customers[0], now=SETTLED)
    person_id = await cast.admit_owner(session, login=cast.OWNER, customer_id=customers[1], now=SETTLED)
    await grant_owner(session, customer_id=customers[3], person_id=person_id, now=SETTLED)
    await cast.admit_owner(session, login=cast.NEIGHBOUR, customer_id=customers[2], now=SETTLED)
    await cast.admit_staff(session, now=SETTLED)


def bill_month(address: str, *, host: AdapterHost, month: Period) -> None:
    """Bill the house's month on the 10th of the next."""
    issued_on = month.end.replace(day=10)
    now = datetime.combine(issued_on, time(7), tzinfo=UTC)
    request = RunRequest(adapter=ADAPTER, period=month, issued_on=issued_on, now=now)
    with psycopg.connect(address, autocommit=True) as connection:
        state = run_billing(connection, request=request, shift=Shift(adapter=host.adapter(ADAPTER), now=now))
    assert (state.invoiced, state.held) == (len(PREMISES), 0)


async def _load_trade(session: AsyncSession, *, host: AdapterHost) -> None:
    seller = SellerDraft(
        adapter=ADAPTER, starts=DAYS[0], name="Heat", registration_number="40003000013",
        vat_number="LV40003000013", address="Jelgava, LV-3001, LV", iban="LV97HABA0012345678910", series="H",
    )  # fmt: skip
    await register_seller(session, draft=seller)
    await load_products(session, adapter=ADAPTER, products=host.adapter(ADAPTER).products(on=DAYS[0]))
    text = files("mains_district_heating").joinpath("data/prices.toml").read_text("utf-8")
    prices = read_price_file(text=text, name="prices.toml")
    await load_price_versions(session, versions=prices.versions)
    await load_tax_rates(session, rates=prices.rates)


def _points(building_id: int) -> list[NewSupplyPoint]:
    house = NewSupplyPoint(
        commodity="heat", scheme="TEST", identifier="HOUSE", address=ADDRESS, time_zone="Europe/Riga",
        role=PointRole.BUILDING, premise_kind=PremiseKind.NOT_APPLICABLE, building_id=building_id,
    )  # fmt: skip
    premises = [
        NewSupplyPoint(
            commodity="heat",
            scheme="TEST",
            identifier=name,
            address=ADDRESS,
            time_zone="Europe/Riga",
            premise_kind=PremiseKind.NON_RESIDENTIAL if name == "shop" else PremiseKind.DWELLING,
            building_id=building_id,
            premise=name,
            area_m2=Decimal(area),
            residents=2,
        )
        for name, area, _ in PREMISES
    ]
    return [house, *premises]


def _customers() -> list[NewCustomer]:
    kinds = [CustomerKind.BUILDING_MANAGER, *[CustomerKind.PRIVATE] * 3, CustomerKind.BUSINESS]
    names = ["House managers", *(name for name, _, _ in PREMISES)]
    return [
        NewCustomer(number=str(900_000 + place), kind=kind, name=name, language="lv", address=ADDRESS)
        for place, (kind, name) in enumerate(zip(kinds, names, strict=True))
    ]


def _contracts(customers: Sequence[int], points: Sequence[int]) -> list[NewContract]:
    said = (("season", "winter"), ("circulation", "constant"))
    managers = NewContract(
        customer_id=customers[0], number="M-1", adapter=ADAPTER, product="heat_house", starts=DAYS[0],
        covers=(Coverage(supply_point_id=points[0]),), billing=ContractBilling.BY_MEMBERS,
        attributes=tuple(DatedAttribute(name=name, value=value) for name, value in said),
    )  # fmt: skip
    flats = [
        NewContract(
            customer_id=customer,
            number=f"F-{place}",
            adapter=ADAPTER,
            product="heat_flat",
            starts=DAYS[0],
            covers=(Coverage(supply_point_id=point),),
        )
        for place, (customer, point) in enumerate(zip(customers[1:], points[1:], strict=True), start=1)
    ]
    return [managers, *flats]


async def _read(session: AsyncSession, *, points: Sequence[int], without_meter: frozenset[str]) -> None:
    heat = NewRegister(code="heat", quantity="heat", unit="MWh")
    water = NewRegister(code="hot_water", quantity="hot_water", unit="m3")
    fitted = [(points[0], heat, HEAT_MWH), (points[0], water, HOT_WATER_M3)]
    premises = zip(points[1:], PREMISES, strict=True)
    fitted += [(point, water, m3) for point, (name, _, m3) in premises if name not in without_meter]
    meters = await load_meters(
        session,
        meters=[
            NewMeter(supply_point_id=point, serial=f"M{place}", digits=6, installed_on=DAYS[0], registers=(register,))
            for place, (point, register, _) in enumerate(fitted)
        ],
        now=SETTLED,
    )
    showings = [
        Showing(meter.registers[0], tuple(Decimal(monthly * turn) for turn in range(len(DAYS))))
        for meter, (_, _, monthly) in zip(meters, fitted, strict=True)
    ]
    await load_showings(session, days=DAYS, showings=showings)
