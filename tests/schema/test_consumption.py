"""Whose days of which points somebody sees: the same that readings are shown of, and nobody else's bills."""

from __future__ import annotations

from datetime import date

import pytest
from mains_schema.common.scopes import read_while_supplied
from mains_schema.metering.consumption_asked import joined, sights_of
from mains_schema.served import schema
from mains_server.access.records import Viewer
from mains_server.metering.tables import Reading
from mains_spi.record import Period
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col

from tests.schema.asking import Asker, clerk, delegate, owner
from tests.schema.town import HOUSE, settle

MOVED = "update contract_supply_point set starts = '2022-03-01', ends = '2022-08-01' where supply_point_id in (1, 4)"


@pytest.mark.asyncio
@pytest.mark.parametrize("viewer", [owner(1), owner(2), owner(3), owner(4), delegate(2, 2), owner(1, 4), owner(99)])
async def test_days_are_those_that_readings_are_shown_of(engine: AsyncEngine, viewer: Viewer) -> None:
    async with engine.begin() as connection:
        await settle(connection, customers=6, months=14)
        await connection.execute(text(MOVED))
    reads = Asker(schema(), engine).context(viewer).reads
    every = select(col(Reading.id), col(Reading.supply_point_id), col(Reading.counts_for))
    condition = read_while_supplied().condition(viewer)
    assert condition is not None

    shown = {row.id for row in await reads.rows(every.where(condition))}
    sights = await sights_of(reads, [*range(1, 7), HOUSE])

    seen = {
        row.id
        for row in await reads.rows(every)
        for days in sights[row.supply_point_id].days
        if days.start <= row.counts_for <= days.end
    }
    assert seen == shown


@pytest.mark.asyncio
async def test_bills_are_those_of_ones_own_contracts(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await settle(connection, customers=6, months=2)
    asker = Asker(schema(), engine)

    manager = await sights_of(asker.context(owner(3)).reads, [1, HOUSE])
    flat = await sights_of(asker.context(owner(1)).reads, [1, 2, HOUSE])
    staff = await sights_of(asker.context(clerk()).reads, [1])

    assert (manager[1].contract_ids, manager[HOUSE].contract_ids) == (frozenset(), frozenset({3}))
    assert (flat[1].contract_ids, flat[2].contract_ids, flat[HOUSE].contract_ids) == (
        frozenset({1}),
        frozenset(),
        frozenset(),
    )
    assert (flat[2].days, staff[1].contract_ids) == ((), None)


def test_a_renewed_contract_goes_on() -> None:
    first, second = Period(date(2022, 1, 1), date(2022, 6, 1)), Period(date(2022, 6, 1), date(2023, 1, 1))
    later = Period(date(2024, 1, 1), date(2024, 2, 1))

    assert joined([later, second, first]) == (Period(date(2022, 1, 1), date(2023, 1, 1)), later)
    assert joined([]) == ()
