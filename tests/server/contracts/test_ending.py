"""Contracts end with the fee shown before, go on when that is taken back, or are withdrawn from in time."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import mains_electricity_retail.published
import pytest
from mains_server.contracts import life
from mains_server.contracts.concluding import WantedContract, conclude
from mains_server.contracts.ending import (
    NotTerminated,
    TerminatedAlready,
    plan_termination,
    take_back_termination,
    terminate,
    withdraw,
)
from mains_server.contracts.operations import SupplyPointTaken
from mains_server.contracts.points import NewCoverage, add_point, end_point
from mains_server.contracts.switching import NewProduct, switch_product

pytestmark = pytest.mark.asyncio
FEES = "select code, quantity, unit, day from contract_fee"
ENDS = date(2023, 6, 20)
COVERS = (
    "select p.identifier, s.starts, s.ends from contract_supply_point s"
    " join supply_point p on p.id = s.supply_point_id order by 1"
)


@pytest.fixture
def june(town):
    return town.on(date(2023, 6, 10))


async def test_the_fee_that_was_shown_is_the_fee_of_the_final_bill(june, running):
    planned = await june.do(plan_termination, contract_id=running, ends=ENDS)
    await june.do(terminate, contract_id=running, ends=ENDS)

    contract = await june.contract(running)
    assert (planned.fee, planned.price_fixed_until) == (Decimal("40.00"), date(2025, 4, 1))
    assert contract.ends == ENDS
    assert {cover.ends for cover in contract.covers} == {ENDS}
    assert await june.rows(FEES) == [("exit_fee", Decimal("40"), "EUR", date(2023, 6, 19))]


@pytest.mark.parametrize(
    ("ends", "fee"),
    [
        (date(2023, 6, 30), "15.00"),
        (date(2023, 7, 1), "11.25"),
        (date(2023, 8, 15), "11.25"),
        (date(2023, 10, 1), "7.50"),
        (date(2024, 1, 1), "3.75"),
        (date(2024, 3, 31), "3.75"),
        (date(2024, 4, 1), "0"),
    ],
)
async def test_a_fee_that_falls_is_shown_and_noted_as_it_is_on_the_day(town, customers, desks, ends, fee):
    """220 Enerģija: 15.00, a quarter of it less every three months; agreed on 1 April 2023."""
    wanted = WantedContract(
        customer_id=customers[0], adapter="published_electricity", product="220", supply_points=("HOME",),
        starts=date(2023, 4, 1),
    )  # fmt: skip
    published = replace(town, host=desks.retail_host(mains_electricity_retail.published))
    contract = await published.do(conclude, wanted=wanted)
    june = published.on(date(2023, 6, 10))

    planned = await june.do(plan_termination, contract_id=contract, ends=ends)
    await june.do(terminate, contract_id=contract, ends=ends)

    assert planned.fee == Decimal(fee)
    assert [row[1] for row in await june.rows(FEES)] == ([Decimal(fee)] if planned.fee else [])


async def test_after_the_price_has_run_out_leaving_costs_nothing(town, running):
    planned = await town.on(date(2025, 3, 31)).do(plan_termination, contract_id=running, ends=date(2025, 4, 1))

    assert planned.fee == 0


@pytest.mark.parametrize(
    ("ends", "billed", "is_staff", "refusal", "next_allowed"),
    [
        (date(2023, 6, 10), None, False, life.StartsTooEarly, date(2023, 6, 11)),
        (date(2023, 4, 1), None, True, life.DayOutside, date(2023, 4, 2)),
        (date(2023, 5, 20), date(2023, 6, 1), True, life.DaysBilled, date(2023, 6, 1)),
    ],
)
async def test_an_end_that_cannot_be_is_refused(june, running, desks, ends, billed, is_staff, refusal, next_allowed):
    at = june.on(june.today, billed=billed).as_(desks.staff() if is_staff else june.viewer)

    with pytest.raises(refusal) as refused:
        await at.do(terminate, contract_id=running, ends=ends)

    assert refused.value.next_allowed == next_allowed
    assert (await june.contract(running)).ends is None
    assert await june.rows(FEES) == []


async def test_a_contract_is_terminated_once(june, running):
    answers = await asyncio.gather(
        june.do(terminate, contract_id=running, ends=ENDS),
        june.do(terminate, contract_id=running, ends=date(2023, 6, 25)),
        return_exceptions=True,
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["TerminatedAlready", "int"]
    assert len(await june.rows(FEES)) == 1


async def test_taken_back_it_is_as_if_nobody_had_terminated(june, running):
    before = await june.contract(running)
    await june.do(terminate, contract_id=running, ends=ENDS)

    await june.on(date(2023, 6, 19)).do(take_back_termination, contract_id=running)

    assert await june.contract(running) == before
    assert await june.rows(FEES) == []


async def test_terms_agreed_for_later_come_back_too(june, running, desks):
    at = june.as_(desks.staff())
    wanted = NewProduct(contract_id=running, product="universalais", starts=date(2023, 9, 1))
    await at.do(switch_product, wanted=wanted)
    before = await june.contract(running)
    await at.do(terminate, contract_id=running, ends=date(2023, 8, 1))
    assert [terms.product for terms in (await june.contract(running)).terms] == ["izdevigais_200"]

    await at.do(take_back_termination, contract_id=running)

    assert await june.contract(running) == before


@pytest.mark.parametrize(
    ("today", "billed"), [(date(2023, 6, 20), None), (date(2023, 6, 15), ENDS), (date(2023, 7, 10), None)]
)
async def test_an_end_that_has_come_is_not_taken_back(june, running, today, billed):
    await june.do(terminate, contract_id=running, ends=ENDS)

    with pytest.raises(NotTerminated):
        await june.on(today, billed=billed).do(take_back_termination, contract_id=running)

    assert (await june.contract(running)).ends == ENDS


async def test_what_nobody_terminated_is_not_taken_back(june, running):
    with pytest.raises(NotTerminated):
        await june.do(take_back_termination, contract_id=running)
    wanted = NewProduct(contract_id=running, product="universalais", starts=date(2023, 7, 1))
    await june.do(switch_product, wanted=wanted)

    with pytest.raises(NotTerminated):
        await june.do(take_back_termination, contract_id=running)


async def test_a_place_that_somebody_has_by_now_stays_theirs(june, running, customers, desks):
    await june.do(terminate, contract_id=running, ends=ENDS)
    other = WantedContract(
        customer_id=customers[1],
        adapter="electricity_retail",
        supply_points=("HOME",),
        starts=ENDS,
    )
    await june.as_(desks.owner(customers[1])).do(conclude, wanted=other)

    with pytest.raises(SupplyPointTaken):
        await june.do(take_back_termination, contract_id=running)

    assert (await june.contract(running)).ends == ENDS


async def test_withdrawn_from_before_it_starts_a_contract_never_was(town, running):
    await town.on(date(2023, 3, 24)).do(withdraw, contract_id=running)

    contract = await town.contract(running)
    assert (contract.starts, contract.ends, contract.covers, contract.attributes) == (
        date(2023, 4, 1),
        date(2023, 4, 1),
        (),
        (),
    )
    assert await town.rows(FEES) == []


async def test_withdrawn_from_later_the_days_supplied_are_billed_without_a_fee(town, customers):
    wanted = WantedContract(
        customer_id=customers[0],
        adapter="electricity_retail",
        product="ekonomiskais",
        supply_points=("HOME",),
        starts=date(2023, 3, 10),
    )
    contract_id = await town.do(conclude, wanted=wanted)

    await town.on(date(2023, 3, 20)).do(withdraw, contract_id=contract_id)

    contract = await town.contract(contract_id)
    assert (contract.ends, [cover.ends for cover in contract.covers]) == (date(2023, 3, 21), [date(2023, 3, 21)])
    assert await town.rows(FEES) == []


async def test_after_fourteen_days_a_contract_is_terminated_instead(town, running):
    with pytest.raises(life.WithdrawnTooLate, match="until 2023-03-24"):
        await town.on(date(2023, 3, 25)).do(withdraw, contract_id=running)

    assert (await town.contract(running)).ends is None


async def test_a_contract_made_by_staff_is_no_distance_contract(town, customers, desks):
    wanted = WantedContract(
        customer_id=customers[0],
        adapter="electricity_retail",
        supply_points=("HOME",),
        starts=date(2023, 3, 10),
    )
    contract_id = await town.as_(desks.staff()).do(conclude, wanted=wanted)

    with pytest.raises(life.WithdrawnTooLate):
        await town.do(withdraw, contract_id=contract_id)


async def test_an_ended_contract_is_not_withdrawn_from(town, running):
    await town.do(withdraw, contract_id=running)

    with pytest.raises(TerminatedAlready):
        await town.do(withdraw, contract_id=running)


async def test_what_was_agreed_and_who_joined_meanwhile_stays_where_it_is_taken_back(june, running, desks):
    """Terminated for October it has other terms from July on, the garage joins and the cottage leaves: it holds on."""
    at = june.as_(desks.staff())
    later, july = (
        NewProduct(contract_id=running, product="universalais", starts=day)
        for day in (date(2023, 11, 1), date(2023, 7, 1))
    )
    await at.do(switch_product, wanted=later)
    (first, agreed_for_later) = (await june.contract(running)).terms
    await at.do(terminate, contract_id=running, ends=date(2023, 10, 1))
    await at.do(switch_product, wanted=july)
    await at.do(add_point, wanted=NewCoverage(contract_id=running, supply_point="GARAGE", starts=date(2023, 7, 5)))
    await at.do(end_point, contract_id=running, supply_point="COTTAGE", ends=date(2023, 8, 1))
    since = (await june.contract(running)).terms[-1]

    await at.on(date(2023, 8, 10)).do(take_back_termination, contract_id=running)

    contract = await june.contract(running)
    assert (contract.ends, contract.terms) == (None, (first, since, agreed_for_later))
    assert since.starts == date(2023, 7, 1)
    assert await june.rows(COVERS) == [
        ("COTTAGE", date(2023, 4, 1), date(2023, 8, 1)),
        ("GARAGE", date(2023, 7, 5), None),
        ("HOME", date(2023, 4, 1), None),
    ]


@pytest.mark.parametrize("ends", [date(2023, 7, 1), ENDS])
async def test_who_leaves_does_not_pay_for_the_switch_that_was_planned(june, running, desks, ends):
    """To switch on 1 July costs 30.00, to leave by then 40.00: one of the two, and again the one if all goes on."""
    at = june.as_(desks.staff())
    wanted = NewProduct(contract_id=running, product="universalais", starts=date(2023, 7, 1))
    await at.do(switch_product, wanted=wanted)
    noted = await june.rows("select * from contract_fee")

    await at.do(terminate, contract_id=running, ends=ends)
    left = await june.rows("select code, quantity from contract_fee")
    await at.do(take_back_termination, contract_id=running)

    assert left == [("exit_fee", Decimal("40"))]
    assert [row[1:] for row in await june.rows("select * from contract_fee")] == [row[1:] for row in noted]
    assert [row[3:5] for row in noted] == [("switch_fee", Decimal("30.000000"))]
