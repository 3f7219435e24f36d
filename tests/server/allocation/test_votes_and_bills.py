"""A vote comes before a house's bill or is refused after it, never in between; and it outlasts the house's manager."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from mains_server.access.records import Refusal
from mains_server.adapters.host import AdapterHost
from mains_server.billing.records import RunRequest
from mains_server.billing.run import Shift, run_billing
from mains_server.contracts.operations import conclude_contract, end_contract
from mains_server.contracts.records import ContractBilling, Coverage, DatedAttribute, NewContract
from mains_server.db.unit_of_work import unit_of_work
from mains_spi import Period

from tests.journeys.small_house import ADAPTER
from tests.server.allocation.voting import FEBRUARY, JANUARY, MARCH, House, choices

pytestmark = pytest.mark.asyncio
DECEMBER = Period(date(2023, 12, 1), JANUARY)
RUN_AT = datetime(2024, 1, 10, 7, tzinfo=UTC)
LOOKS_MAX = 10_000


async def test_a_vote_waits_for_a_run_that_bills_its_house(
    house: House, psycopg_dsn: str, heat_host: AdapterHost
) -> None:
    loop = asyncio.get_running_loop()
    votes: list[Future[int]] = []
    before = await house.agreed("circulation")

    def vote_meanwhile(step: str) -> None:
        if step == "gathered":
            vote = house.announce(valid_from=date(2023, 12, 15), choices=choices(("circulation", "none")))
            votes.append(asyncio.run_coroutine_threadsafe(vote, loop))
            wait_for_a_waiter(psycopg_dsn)

    state = await asyncio.to_thread(run, psycopg_dsn, heat_host, vote_meanwhile)

    (vote,) = votes
    with pytest.raises(Refusal) as refused:
        await asyncio.wrap_future(vote)
    assert (refused.value.code, state.invoiced) == ("VALID_FROM_BILLED", 4)
    assert await house.agreed("circulation") == before


async def test_what_owners_voted_goes_on_with_a_new_manager(house: House) -> None:
    """Only what was voted goes on: the old manager's own agreement about the season ends with his contract."""
    await house.announce(valid_from=JANUARY, choices=choices(("circulation_sharing", "area"), ("circulation", "none")))
    await change_manager(house, attributes=(DatedAttribute(name="season", value="summer"),))

    assert await house.agreed() == [
        ("area", JANUARY, FEBRUARY, "Minutes 4/2023"),
        ("area", FEBRUARY, None, "Minutes 4/2023"),
    ]
    assert (await house.agreed("circulation"))[-1] == ("none", FEBRUARY, None, "Minutes 4/2023")
    assert [(row[0], row[1]) for row in await house.agreed("season")] == [
        ("winter", DECEMBER.start),
        ("summer", FEBRUARY),
    ]


async def test_a_vote_for_a_day_after_the_managers_contract_begins_with_the_next_manager(house: House) -> None:
    await house.announce(valid_from=JANUARY)
    await house.announce(
        valid_from=MARCH, choices=choices(("circulation_sharing", "premise")), key="k2", decision_reference="5/2023"
    )
    await change_manager(house)

    old, new = await house.contract(), await house.contract("M-2")
    on = "select value, starts, ends, decision from contract_attribute where name = 'circulation_sharing'"
    rows = [await house.rows(f"{on} and contract_id = :id order by starts", id=one) for one in (old, new)]
    assert rows == [
        [("area", JANUARY, FEBRUARY, "Minutes 4/2023"), ("premise", MARCH, None, "5/2023")],
        [("area", FEBRUARY, MARCH, "Minutes 4/2023"), ("premise", MARCH, None, "5/2023")],
    ]


async def test_a_vote_that_was_taken_over_is_called_off_everywhere(house: House) -> None:
    await house.announce(valid_from=JANUARY)
    method = await house.announce(
        valid_from=MARCH, choices=choices(("circulation_sharing", "premise")), key="k2", decision_reference="5/2023"
    )
    await change_manager(house)

    await house.cancel(method)

    assert await house.agreed() == [
        ("area", JANUARY, FEBRUARY, "Minutes 4/2023"),
        ("area", FEBRUARY, None, "Minutes 4/2023"),
    ]


async def test_what_a_new_contract_says_itself_counts(house: House) -> None:
    await house.announce(valid_from=JANUARY)
    await change_manager(house, attributes=(DatedAttribute(name="circulation_sharing", value="premise"),))

    assert [row[:2] for row in await house.agreed()] == [("area", JANUARY), ("premise", FEBRUARY)]


async def test_a_vote_that_another_ended_does_not_come_back(house: House) -> None:
    await house.announce(valid_from=DECEMBER.start, choices=choices(("circulation_sharing", "area")))
    await house.announce(
        valid_from=JANUARY, choices=choices(("circulation_sharing", "premise")), key="k2", decision_reference="5/2023"
    )
    await change_manager(house)

    assert [row[:2] for row in await house.agreed()][-1] == ("premise", FEBRUARY)
    assert len(await house.agreed()) == 3


async def change_manager(house: House, *, attributes: tuple[DatedAttribute, ...] = ()) -> None:
    """End the manager's contract on the first of February, and conclude another's from that day."""
    old = await house.contract()
    rows = await house.rows(
        "select c.customer_id, s.supply_point_id from contract c join contract_supply_point s on s.contract_id = c.id"
        " where c.id = :old",
        old=old,
    )
    ((customer, point),) = rows
    async with unit_of_work(house.engine) as session:
        await end_contract(session, contract_id=old, ends=FEBRUARY)
        await conclude_contract(
            session,
            contract=NewContract(
                customer_id=customer,
                number="M-2",
                adapter=ADAPTER,
                product="heat_house",
                starts=FEBRUARY,
                covers=(Coverage(supply_point_id=point),),
                billing=ContractBilling.BY_MEMBERS,
                attributes=attributes,
            ),
        )


def run(dsn: str, host: AdapterHost, watch: Any) -> Any:
    """Bill the house's December, and tell each step."""
    request = RunRequest(adapter=ADAPTER, period=DECEMBER, issued_on=RUN_AT.date(), now=RUN_AT)
    with psycopg.connect(dsn, autocommit=True) as connection:
        return run_billing(
            connection, request=request, shift=Shift(adapter=host.adapter(ADAPTER), now=RUN_AT, watch=watch)
        )


def wait_for_a_waiter(dsn: str) -> None:
    """Look until somebody waits for a lock in this database."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for _ in range(LOOKS_MAX):
            waiting = connection.execute(
                "select count(*) from pg_locks l join pg_stat_activity a on a.pid = l.pid"
                " where not l.granted and a.datname = current_database()"
            ).fetchone()
            if waiting is not None and waiting[0]:
                return
            connection.execute("select pg_sleep(0.01)")
    raise AssertionError("nobody waits")
