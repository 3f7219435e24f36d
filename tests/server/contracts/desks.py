"""A town whose contracts live: an owner, a delegate, staff, and an electricity retailer to contract with."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import mains_electricity_retail
from mains_server.access.records import Grant, GrantRole, Permission, StaffRole, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import FoundPlugin, load_adapters
from mains_server.contracts import queries
from mains_server.contracts.desk import Desk
from mains_server.db.unit_of_work import unit_of_work
from sqlalchemy import text

RETAIL = "electricity_retail"


def retail_host(plugin: Any = mains_electricity_retail) -> AdapterHost:
    """Load the retailer as if it were installed."""
    found = FoundPlugin(name=RETAIL, version="1", load=lambda: plugin)
    return load_adapters(on=date(2022, 1, 1), plugins=[found])


def owner(customer: int, *, permissions=frozenset(Permission), contracts=None) -> Viewer:
    role = GrantRole.OWNER if contracts is None else GrantRole.DELEGATE
    grant = Grant(customer_id=customer, role=role, permissions=permissions, contract_ids=contracts)
    return Viewer(person_id=1, grants=(grant,))


def staff(role: StaffRole = StaffRole.OPERATOR) -> Viewer:
    return Viewer(person_id=1, staff=frozenset({role}))


@dataclass(frozen=True)
class Town:
    """Takes steps on a day as somebody, each in a transaction of its own, and looks at what came of them."""

    engine: Any
    host: AdapterHost
    viewer: Viewer
    today: date
    billed: date | None = None

    def on(self, day: date, **changes: Any) -> "Town":
        return replace(self, today=day, **changes)

    def as_(self, viewer: Viewer) -> "Town":
        return replace(self, viewer=viewer)

    def desk(self) -> Desk:
        async def billed_until(session, contract_id):
            return self.billed

        now = datetime.combine(self.today, time(12), tzinfo=ZoneInfo("Europe/Riga"))
        return Desk(viewer=self.viewer, host=self.host, now=now, today=self.today, billed_until=billed_until)

    async def do(self, step, **given):
        async with unit_of_work(self.engine) as session:
            return await step(session, desk=self.desk(), **given)

    async def contract(self, contract_id):
        async with unit_of_work(self.engine) as session:
            return await queries.contract_by_id(session, contract_id=contract_id)

    async def rows(self, sql):
        async with unit_of_work(self.engine) as session:
            return [tuple(row) for row in await session.execute(text(sql))]
