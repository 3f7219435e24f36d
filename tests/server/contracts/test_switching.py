"""Products are switched in the portal by a new contract, and through staff with the number kept."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest
from mains_server.access.records import Permission
from mains_server.contracts import life
from mains_server.contracts.admission import ProductNotOffered, SettlementNotAllowed
from mains_server.contracts.desk import NotPermitted
from mains_server.contracts.ending import terminate, withdraw
from mains_server.contracts.operations import ContractUnknown
from mains_server.contracts.records import Settlement
from mains_server.contracts.switching import NewProduct, plan_switch, switch_product
from mains_server.contracts.terms import ChangePending, NothingChanges
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
FEES = "select contract_id, code, quantity, unit, day from contract_fee"


@pytest.fixture
def june(town):
    return town.on(date(2023, 6, 10))


def to(contract, product="universalais", starts=date(2023, 7, 1), **more):
    return NewProduct(contract_id=contract, product=product, starts=starts, **more)


async def test_the_portal_makes_a_new_contract_with_a_new_number(june, running):
    new = await june.do(switch_product, wanted=to(running))

    before, after = await june.contract(running), await june.contract(new)
    assert (before.number, before.product, before.ends) == ("ER-000001", "izdevigais_200", date(2023, 7, 1))
    assert (after.number, after.product, after.starts, after.ends) == (
        "ER-000002",
        "universalais",
        date(2023, 7, 1),
        None,
    )
    assert after.price_fixed_until == date(2024, 7, 1)
    assert {cover.supply_point_id for cover in after.covers} == {cover.supply_point_id for cover in before.covers}
    assert [(one.name, one.value) for one in after.attributes] == [("zones", "2")]
    # The product left has 24 months and a fee for leaving it early, which the old contract's final bill charges.
    assert await june.rows(FEES) == [(running, "switch_fee", Decimal("30"), "EUR", date(2023, 6, 30))]


async def test_staff_keep_the_number(june, running, desks):
    changed = await june.as_(desks.staff()).do(switch_product, wanted=to(running))

    contract = await june.contract(running)
    assert changed == running
    assert (contract.number, contract.ends, len(contract.covers)) == ("ER-000001", None, 2)
    assert [(terms.starts, terms.product, terms.price_fixed_until) for terms in contract.terms] == [
        (date(2023, 4, 1), "izdevigais_200", date(2025, 4, 1)),
        (date(2023, 7, 1), "universalais", date(2024, 7, 1)),
    ]
    assert await june.rows(FEES) == [(running, "switch_fee", Decimal("30"), "EUR", date(2023, 6, 30))]


async def test_who_goes_back_to_what_they_have_before_the_day_pays_for_no_switch(june, running, desks):
    at = june.as_(desks.staff())
    await at.do(switch_product, wanted=to(running))

    back = await at.do(plan_switch, wanted=to(running, product="izdevigais_200"))
    await at.do(switch_product, wanted=to(running, product="izdevigais_200"))

    assert back.fee == 0
    assert [terms.product for terms in (await june.contract(running)).terms] == ["izdevigais_200"] * 2
    assert await june.rows(FEES) == []


async def test_a_preview_tells_what_the_switch_does(june, running, desks):
    mine = await june.do(plan_switch, wanted=to(running))
    theirs = await june.as_(desks.staff()).do(plan_switch, wanted=to(running))

    assert (mine.fee, mine.keeps_number, mine.planned.warnings) == (
        Decimal("30.00"),
        False,
        ("AUTOMATIC_PAYMENTS_NAME_OLD_NUMBER", "SETTLED_BY_INVOICE"),
    )
    assert (theirs.fee, theirs.keeps_number, theirs.planned.warnings) == (Decimal("30.00"), True, ())
    assert len((await june.contract(running)).terms) == 1


async def test_leaving_after_the_price_has_run_out_costs_nothing(town, running):
    later = town.on(date(2025, 3, 10))

    plan = await later.do(plan_switch, wanted=to(running, starts=date(2025, 4, 1)))

    assert plan.fee == 0


@pytest.mark.parametrize(
    ("wanted", "refusal", "next_allowed"),
    [
        ({"starts": date(2023, 6, 1)}, life.StartsTooEarly, date(2023, 7, 1)),
        ({"starts": date(2023, 7, 2)}, life.StartsInsideMonth, date(2023, 8, 1)),
        ({"product": "izdevigais_200"}, NothingChanges, None),
        ({"product": "nothing"}, ProductNotOffered, None),
    ],
)
@pytest.mark.parametrize("is_staff", [False, True])
async def test_a_switch_that_cannot_be_is_refused(june, running, desks, is_staff, wanted, refusal, next_allowed):
    at = june.as_(desks.staff()) if is_staff else june

    with pytest.raises(refusal) as refused:
        await at.do(switch_product, wanted=to(running, **wanted))

    assert getattr(refused.value, "next_allowed", None) == next_allowed
    assert await june.rows("select product, ends from contract") == [("izdevigais_200", None)]
    assert await june.rows(FEES) == []


async def test_customers_tell_it_by_the_fifteenth_and_staff_need_not(town, running, desks):
    late = town.on(date(2023, 6, 16))

    with pytest.raises(life.StartsTooEarly) as refused:
        await late.do(switch_product, wanted=to(running))
    await late.as_(desks.staff()).do(switch_product, wanted=to(running))

    assert refused.value.next_allowed == date(2023, 8, 1)


async def test_billed_days_keep_their_product(june, running, desks):
    billed = june.on(june.today, billed=date(2023, 7, 20)).as_(desks.staff())

    with pytest.raises(life.DaysBilled) as refused:
        await billed.do(switch_product, wanted=to(running))

    assert refused.value.next_allowed == date(2023, 8, 1)


@pytest.mark.parametrize("is_staff", [False, True])
async def test_of_two_switches_at_once_one_is_made(june, running, desks, is_staff):
    at = june.as_(desks.staff()) if is_staff else june

    answers = await asyncio.gather(
        at.do(switch_product, wanted=to(running)), at.do(switch_product, wanted=to(running)), return_exceptions=True
    )

    refused = [answer for answer in answers if not isinstance(answer, int)]
    assert [type(one) for one in refused] == [NothingChanges if is_staff else life.DayOutside]
    assert len(await june.rows(FEES)) == 1


async def test_a_switch_agreed_for_later_stands_in_the_way(june, running, desks):
    at = june.as_(desks.staff())
    await at.do(switch_product, wanted=to(running, starts=date(2023, 9, 1)))

    with pytest.raises(ChangePending) as refused:
        await at.do(switch_product, wanted=to(running, product="klasiskais"))

    assert refused.value.next_allowed == date(2023, 9, 1)


async def test_an_ended_contract_is_not_switched(june, running):
    await june.do(terminate, contract_id=running, ends=date(2023, 7, 1))

    with pytest.raises(life.DayOutside):
        await june.do(switch_product, wanted=to(running))


async def test_withdrawing_from_the_new_contract_lets_the_old_one_go_on(june, running):
    before = await june.contract(running)
    new = await june.do(switch_product, wanted=to(running))

    await june.on(date(2023, 6, 20)).do(withdraw, contract_id=new)

    assert await june.contract(running) == before
    never = await june.contract(new)
    assert (never.starts, never.ends, never.covers) == (date(2023, 7, 1), date(2023, 7, 1), ())
    assert await june.rows(FEES) == []


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        (lambda desks, c, k: desks.owner(c[1]), ContractUnknown),
        (lambda desks, c, k: desks.owner(c[0], permissions=frozenset({Permission.VIEW})), NotPermitted),
        (lambda desks, c, k: desks.owner(c[0], contracts=frozenset({k + 1})), ContractUnknown),
    ],
)
async def test_who_may_not_switch_is_refused(june, running, customers, desks, who, refusal):
    with pytest.raises(refusal):
        await june.as_(who(desks, customers, running)).do(switch_product, wanted=to(running))

    assert await june.rows("select product, ends from contract") == [("izdevigais_200", None)]


async def test_a_delegate_of_the_contract_may_switch_it(june, running, customers, desks):
    delegate = desks.owner(customers[0], contracts=frozenset({running}))

    new = await june.as_(delegate).do(switch_product, wanted=to(running))

    assert (await june.contract(new)).product == "universalais"


async def test_a_levelled_contract_is_switched_by_staff_only_to_what_may_be_levelled(june, running, desks):
    async with june.engine.begin() as connection:
        await connection.execute(text("update contract set settlement = 'LEVELLED'"))

    with pytest.raises(SettlementNotAllowed):
        await june.as_(desks.staff()).do(switch_product, wanted=to(running, product="dinamiskais"))
    new = await june.do(switch_product, wanted=to(running, product="dinamiskais"))

    assert (await june.contract(new)).settlement is Settlement.INVOICE
