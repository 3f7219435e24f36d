"""A small house that votes."""

from __future__ import annotations

from datetime import date

import pytest
import pytest_asyncio
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import load_adapters
from mains_server.db.unit_of_work import unit_of_work
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.journeys.small_house import settle_small_house
from tests.server.allocation.voting import House


@pytest.fixture(scope="session")
def heat_host() -> AdapterHost:
    return load_adapters(on=date(2023, 12, 1))


@pytest_asyncio.fixture
async def house(engine: AsyncEngine, heat_host: AdapterHost) -> House:
    async with unit_of_work(engine) as session:
        await settle_small_house(session, host=heat_host)
    return House(engine, heat_host)
