"""A house of three flats, another house, and who lives there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest_asyncio
from mains_server.contracts.operations import conclude_contract, create_building, create_supply_point
from mains_server.contracts.records import (
    ContractBilling,
    Coverage,
    NewBuilding,
    NewContract,
    NewSupplyPoint,
    PointRole,
    PremiseKind,
)
from mains_server.customers.operations import create_customer
from mains_server.customers.records import Address, CustomerKind, NewCustomer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.outages import operations
from mains_server.outages.records import Area, Author, NewOutage, OutageKind, Places, Window
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

NOW = datetime(2023, 4, 1, 9, tzinfo=UTC)
WINDOW = Window(starts=datetime(2023, 4, 10, 6, tzinfo=UTC), ends=datetime(2023, 4, 10, 12, tzinfo=UTC))
LATER = Window(starts=datetime(2023, 4, 12, 6, tzinfo=UTC), ends=datetime(2023, 4, 12, 12, tzinfo=UTC))
OFFICE = Author(now=NOW)
PREMISES = (("Lielā iela 1", None), ("Lielā iela 1", "1"), ("Lielā iela 1", "2"), ("Lielā iela 10", "1"))


@dataclass(frozen=True, slots=True)
class Street:
    """Points and customers by place: the first house's own point, its two flats, and a flat of house 10."""

    engine: AsyncEngine
    building: int
    points: tuple[int, ...]
    customers: tuple[int, ...]

    async def plan(self, *, author: Author = OFFICE, **changes: Any) -> int:
        """Plan an outage of the first house, in a transaction of its own."""
        async with unit_of_work(self.engine) as session:
            return await operations.plan_outage(session, outage=self.outage(**changes), author=author)

    def outage(self, **changes: Any) -> NewOutage:
        """Word an outage of the first house."""
        said = {"reference": "W-1", "kind": OutageKind.REPAIR, "commodity": "heat", "window": WINDOW, "cause": "pipes"}
        return NewOutage(**{**said, "places": Places(building_ids=(self.building,)), **changes})

    async def move(self, outage_id: int, window: Window = LATER, *, days: int = 0) -> None:
        """Move an outage, some days later."""
        async with unit_of_work(self.engine) as session:
            author = Author(now=NOW + timedelta(days=days))
            await operations.move_outage(session, outage_id=outage_id, window=window, reason="rain", author=author)

    async def cancel(self, outage_id: int) -> None:
        """Cancel an outage."""
        async with unit_of_work(self.engine) as session:
            await operations.cancel_outage(session, outage_id=outage_id, reason="no staff", author=OFFICE)

    async def take(self, most: int = 100) -> list[tuple[int, int, str]]:
        """Take notices; give the place of each customer, the revision and what it tells."""
        async with unit_of_work(self.engine) as session:
            taken = await operations.take_notices(session, author=OFFICE, most=most)
        return sorted((self.customers.index(one.customer_id), one.revision, one.change.name) for one in taken)

    async def notices(self) -> list[tuple[int, int, str]]:
        """List all notices: the place of the customer, the revision and the state."""
        found = await self.rows("select customer_id, revision, state from outage_notice")
        return sorted((self.customers.index(row[0]), row[1], row[2]) for row in found)

    async def rows(self, statement: str) -> list[Any]:
        """Read rows."""
        async with self.engine.connect() as connection:
            return list((await connection.execute(text(statement))).all())

    async def written(self) -> list[Any]:
        """Count what the room and the outbox have."""
        tables = ("outage", "outage_place", "outage_revision", "outage_notice", "outbox_event")
        return [
            (await self.rows(f"select count(*), coalesce(sum(hashtext(t::text)), 0) from {t} t"))[0] for t in tables
        ]


@pytest_asyncio.fixture
async def street(engine: AsyncEngine) -> Street:
    async with unit_of_work(engine) as session:
        address = Address(line="Lielā iela 1", city="Jelgava", postcode="LV-3001", country="LV")
        building = await create_building(session, building=NewBuilding(name="Lielā 1", address=address))
        points, customers = [], []
        for place, (line, premise) in enumerate(PREMISES):
            points.append(await _point(session, building if place < 3 else None, line, premise))
            customers.append(await _customer(session, place, line))
            await _contract(session, place, customers[place], points[place])
    return Street(engine, building, tuple(points), tuple(customers))


async def _point(session: Any, building: int | None, line: str, premise: str | None) -> int:
    point = NewSupplyPoint(
        commodity="heat",
        scheme="HOUSE",
        identifier=f"H-{line[-2:].strip()}-{premise or 'all'}",
        role=PointRole.BUILDING if premise is None else PointRole.PREMISE,
        premise_kind=PremiseKind.NOT_APPLICABLE if premise is None else PremiseKind.DWELLING,
        address=Address(line=line, city="Jelgava", postcode="LV-3001", country="LV"),
        time_zone="Europe/Riga",
        building_id=building,
        premise=premise,
    )
    return await create_supply_point(session, point=point)


async def _customer(session: Any, place: int, line: str) -> int:
    customer = NewCustomer(
        number=f"C-{place}",
        kind=CustomerKind.PRIVATE,
        name=f"Customer {place}",
        language="lv",
        address=Address(line=line, city="Jelgava", postcode="LV-3001", country="LV"),
    )
    return await create_customer(session, customer=customer, now=NOW)


async def _contract(session: Any, place: int, customer: int, point: int) -> int:
    contract = NewContract(
        customer_id=customer,
        number=f"K-{place}",
        adapter="district_heating",
        product="heat",
        billing=ContractBilling.DIRECT,
        starts=date(2022, 1, 1),
        covers=(Coverage(supply_point_id=point),),
    )
    return await conclude_contract(session, contract=contract)


def area(**parts: Any) -> Places:
    return Places(area=Area(**{"city": "jelgava", **parts}))
