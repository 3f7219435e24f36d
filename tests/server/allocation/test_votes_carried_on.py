"""What owners voted reaches whichever contract over their house follows, whatever becomes of managers' contracts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from mains_server.contracts.desk import Desk
from mains_server.contracts.ending import take_back_termination, terminate, withdraw
from mains_server.contracts.operations import conclude_contract, end_contract
from mains_server.contracts.records import ContractBilling, Coverage, DatedAttribute, NewContract
from mains_server.db.unit_of_work import unit_of_work

from tests.journeys.small_house import ADAPTER
from tests.server.allocation.voting import FEBRUARY, JANUARY, MARCH, NOW, House, choices

pytestmark = pytest.mark.asyncio
BY_PREMISE = choices(("circulation_sharing", "premise"))
BY_AREA = choices(("circulation_sharing", "area"))
HELD = """
select a.value, a.starts, a.ends, a.decision from contract_attribute a join contract c on c.id = a.contract_id
where a.name = 'circulation_sharing' and c.number = :number order by a.starts
"""


async def test_a_vote_on_a_contract_that_is_withdrawn_from_reaches_the_next(house: House) -> None:
    """The second manager withdrew before starting; what was voted on his contract holds in the third's from its day."""
    await house.announce(valid_from=JANUARY)
    await ends_in_february(house)
    second = await concluded(house, number="M-2")
    await house.announce(
        contract_id=second, valid_from=MARCH, choices=BY_PREMISE, key="k2", decision_reference="5/2023"
    )

    await step(house, withdraw, second)
    await concluded(house, number="M-3")

    assert await house.rows(HELD, number="M-3") == [
        ("area", FEBRUARY, MARCH, "Minutes 4/2023"),
        ("premise", MARCH, None, "5/2023"),
    ]


async def test_a_vote_on_the_first_contract_over_a_house_is_not_lost_with_it(house: House) -> None:
    first = await house.contract()
    await house.rows(
        "update contract set is_distance = true, signed_on = '2023-12-18', starts = '2024-02-01'"
        " where id = :id returning id",
        id=first,
    )
    await house.rows(
        "update contract_supply_point set starts = '2024-02-01' where contract_id = :id returning id", id=first
    )
    await house.rows("delete from contract_attribute where contract_id = :id returning id", id=first)
    await house.announce(valid_from=MARCH, choices=BY_PREMISE)
    building = await house.rows("select supply_point_id from contract_supply_point where contract_id = :id", id=first)

    await step(house, withdraw, first)
    await concluded(house, number="M-2", point=building[0][0])

    assert await house.rows(HELD, number="M-2") == [("premise", MARCH, None, "Minutes 4/2023")]


async def test_a_vote_after_the_next_contract_was_concluded_reaches_it(house: House) -> None:
    await ends_in_february(house)
    await concluded(house, number="M-2")

    await house.announce(valid_from=JANUARY, choices=BY_PREMISE)

    assert await house.rows(HELD, number="M-2") == [("premise", FEBRUARY, None, "Minutes 4/2023")]


async def test_what_was_voted_on_the_next_contract_stays_from_its_day(house: House) -> None:
    await ends_in_february(house)
    second = await concluded(house, number="M-2")
    await house.announce(contract_id=second, valid_from=MARCH, choices=BY_AREA, key="k2", decision_reference="5/2023")

    await house.announce(valid_from=JANUARY, choices=BY_PREMISE)

    assert await house.rows(HELD, number="M-2") == [
        ("premise", FEBRUARY, MARCH, "Minutes 4/2023"),
        ("area", MARCH, None, "5/2023"),
    ]


async def test_what_the_next_contract_says_itself_stays(house: House) -> None:
    await ends_in_february(house)
    await concluded(house, number="M-2", attributes=(DatedAttribute(name="circulation_sharing", value="area"),))

    await house.announce(valid_from=JANUARY, choices=BY_PREMISE)

    assert await house.rows(HELD, number="M-2") == [("area", FEBRUARY, None, None)]


async def test_a_vote_that_was_taken_over_from_its_first_day_is_called_off_there_too(house: House) -> None:
    """It would have held since January, and the next contract has it from February."""
    before = await house.rows(HELD, number="M-1")
    method = await house.announce(valid_from=JANUARY, choices=BY_PREMISE)
    await ends_in_february(house)
    await concluded(house, number="M-2")

    await house.cancel(method)

    assert await house.rows(HELD, number="M-2") == []
    assert [row[0] for row in await house.rows(HELD, number="M-1")] == [row[0] for row in before]


async def test_a_vote_while_a_contract_was_terminated_holds_on_when_it_goes_on(house: House) -> None:
    first = await house.contract()
    await step(house, terminate, first, ends=FEBRUARY)
    await house.announce(valid_from=JANUARY, choices=BY_PREMISE)

    await step(house, take_back_termination, first)

    assert (await house.rows(HELD, number="M-1"))[-1] == ("premise", JANUARY, None, "Minutes 4/2023")


async def test_a_termination_that_is_taken_back_changes_nothing(house: House) -> None:
    first = await house.contract()
    await house.announce(valid_from=JANUARY, choices=BY_PREMISE)
    await house.announce(valid_from=MARCH, choices=BY_AREA, key="k2", decision_reference="5/2023")
    every = "select name, value, starts, ends, decision from contract_attribute order by name, starts, contract_id"
    before = await house.rows(every)

    await step(house, terminate, first, ends=FEBRUARY)
    await step(house, take_back_termination, first)

    assert await house.rows(every) == before


async def ends_in_february(house: House) -> None:
    contract = await house.contract()
    async with unit_of_work(house.engine) as session:
        await end_contract(session, contract_id=contract, ends=FEBRUARY)


async def concluded(
    house: House, *, number: str, attributes: tuple[DatedAttribute, ...] = (), point: int | None = None
) -> int:
    """Conclude another manager's contract over the house from February on, at a distance a day ago."""
    customer, building = (
        await house.rows(
            "select c.customer_id, s.supply_point_id from contract c"
            " left join contract_supply_point s on s.contract_id = c.id where c.number = 'M-1'"
        )
    )[0]
    async with unit_of_work(house.engine) as session:
        return await conclude_contract(
            session,
            contract=NewContract(
                customer_id=customer, number=number, adapter=ADAPTER, product="heat_house", starts=FEBRUARY,
                signed_on=date(2023, 12, 19), is_distance=True, covers=(Coverage(supply_point_id=point or building),),
                billing=ContractBilling.BY_MEMBERS, attributes=attributes,
            ),
        )  # fmt: skip


async def step(house: House, taken: Any, contract: int, **given: Any) -> None:
    """Take a step in a contract's life as its manager, on the day of the votes."""

    async def billed_until(session: Any, contract_id: int) -> date | None:
        return None

    desk = Desk(viewer=await house.viewer(), host=house.host, now=NOW, today=NOW.date(), billed_until=billed_until)
    async with unit_of_work(house.engine) as session:
        await taken(session, desk=desk, contract_id=contract, **given)
