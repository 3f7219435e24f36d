"""The small house, and what people want of it: what tests of votes share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from mains_server.access.queries import viewer_of_person
from mains_server.access.records import Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.allocation.operations import announce_method, cancel_method
from mains_server.allocation.records import AllocationChoice, NewMethod
from mains_server.db.unit_of_work import unit_of_work
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

NOW = datetime(2023, 12, 20, 9, tzinfo=UTC)
JANUARY, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)
BY_AREA = (AllocationChoice(name="circulation_sharing", value="area"),)
WRITTEN = ("allocation_method", "allocation_value", "contract_attribute", "idempotent_request", "area_correction")


class House:
    """The small house, and what people want of it."""

    def __init__(self, engine: AsyncEngine, host: AdapterHost) -> None:
        self.engine, self.host = engine, host

    async def rows(self, statement: str, **given: object) -> list[tuple[Any, ...]]:
        async with unit_of_work(self.engine) as session:
            return [tuple(row) for row in await session.execute(text(statement), given)]

    async def viewer(self, email: str = "manager@demo.example") -> Viewer:
        ((person,),) = await self.rows("select id from person where email = :email", email=email)
        async with unit_of_work(self.engine) as session:
            found = await viewer_of_person(session, person_id=person, now=NOW)
        assert found is not None
        return found

    async def contract(self, number: str = "M-1") -> int:
        ((contract,),) = await self.rows("select id from contract where number = :number", number=number)
        return int(contract)

    async def announce(
        self, *, by: str = "manager@demo.example", key: str = "k1", now: datetime = NOW, **changed: Any
    ) -> int:
        method = NewMethod(
            contract_id=changed.pop("contract_id", None) or await self.contract(),
            choices=BY_AREA,
            valid_from=JANUARY,
            decision_reference="Minutes 4/2023",
            decided_on=date(2023, 12, 15),
        )
        viewer = await self.viewer(by)
        async with unit_of_work(self.engine) as session:
            return await announce_method(
                session, viewer=viewer, method=replace(method, **changed), host=self.host, key=key, now=now
            )

    async def cancel(
        self, method_id: int, *, by: str = "manager@demo.example", key: str = "c1", now: datetime = NOW
    ) -> int:
        viewer = await self.viewer(by)
        async with unit_of_work(self.engine) as session:
            return await cancel_method(session, viewer=viewer, method_id=method_id, key=key, now=now)

    async def agreed(self, name: str = "circulation_sharing") -> list[tuple[Any, ...]]:
        return await self.rows(
            "select value, starts, ends, decision from contract_attribute where name = :name order by starts", name=name
        )

    async def counts(self) -> list[int]:
        return [(await self.rows(f"select count(*) from {table}"))[0][0] for table in WRITTEN]


def choices(*pairs: tuple[str, str]) -> Sequence[AllocationChoice]:
    return tuple(AllocationChoice(name=name, value=value) for name, value in pairs)
