"""Customers and staff begin, change and end a levelled payment; each is shown first, and refused with a reason."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.access.records import Refusal, Viewer
from mains_server.levelling import changes
from mains_server.levelling.changes import Change, Forecast
from mains_server.levelling.records import PlanReason, UsageBasis

from tests.server.levelling.conftest import by_forecast, household

pytestmark = pytest.mark.asyncio
TODAY = date(2023, 1, 10)


async def started(levelled, kwh="1200", **values):
    contract = household(levelled, **values)
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, kwh), key="s1")
    return contract


async def test_a_forecast_makes_the_amount(levelled):
    contract = household(levelled)
    change = by_forecast(contract, "1200")

    shown = await changes.preview_change(levelled.asker(TODAY), change=change)
    await changes.start_plan(levelled.asker(TODAY), change=change, key="s1")

    # 1200 kWh x 0.15 + 12 x (1.20 + 2.00) = 218.40, with 21 % tax 264.26 a year, 22.03 or 22.02 a month
    plan = await levelled.plan(contract)
    assert (plan.reason, plan.basis, plan.starts) == (PlanReason.START, UsageBasis.FORECAST, date(2023, 2, 1))
    assert plan.amounts == shown.amounts
    assert str(plan.amounts.total) == str(plan.amounts.base_total) == "264.26"
    assert [str(one.amount) for one in shown.instalments[:3]] == ["22.03", "22.03", "22.02"]
    assert levelled.ask("select settlement from contract") == [("LEVELLED",)]
    asked = "select due_on, amount, paid from levelled_instalment order by number limit 2"
    assert levelled.ask(asked) == [
        (date(2023, 2, 20), Decimal("22.03"), Decimal("0.00")),
        (date(2023, 3, 20), Decimal("22.03"), Decimal("0.00")),
    ]
    assert await levelled.accounts() == {}


async def test_history_makes_the_amount_where_twelve_months_are_known(levelled):
    contract = household(levelled, readings=((date(2022, 1, 1), "1000"), (date(2023, 1, 1), "2200")))

    await changes.start_plan(levelled.asker(TODAY), change=Change(contract_id=contract), key="s1")

    plan = await levelled.plan(contract)
    assert (plan.basis, str(plan.usage[0].value), str(plan.amounts.total)) == (UsageBasis.HISTORY, "1200.000", "264.26")


async def test_payments_fill_the_oldest_instalments_in_whatever_order_they_come(levelled):
    contract = await started(levelled)

    for amount, day in (("30.00", date(2023, 2, 3)), ("10.00", date(2023, 2, 1)), ("5.00", date(2023, 2, 2))):
        await levelled.pay(contract, amount, day)

    # 45.00 = 22.03 + 22.03 + 0.94
    paid = [str(row[0]) for row in levelled.ask("select paid from levelled_instalment order by number limit 4")]
    assert paid == ["22.03", "22.03", "0.94", "0.00"]
    state = "select paid, prepaid, next_due_on, next_amount from levelled_state"
    assert levelled.ask(state) == [(Decimal("45.00"), Decimal("45.00"), date(2023, 4, 20), Decimal("21.08"))]
    assert await levelled.accounts() == {"prepaid": "-45.00"}


async def test_an_amount_of_ones_own_holds_from_the_next_instalment(levelled):
    contract = await started(levelled)
    asker = levelled.asker(date(2023, 3, 25))
    change = Change(contract_id=contract, amount=Decimal("0.00"))

    shown = await changes.preview_change(asker, change=change)
    await changes.change_plan(asker, change=change, key="c1")

    # Two months' base parts, 22.03 + 22.03, count as used when April begins; nothing was paid.
    plan = await levelled.plan(contract)
    assert (plan.reason, plan.version_starts, str(plan.amounts.total)) == (
        PlanReason.CUSTOMER_AMOUNT,
        date(2023, 4, 1),
        "0.00",
    )
    assert str(plan.used_before) == "44.06"
    assert str(shown.amounts.left_over) == "308.32"
    asked = (
        "select v.number, i.number, i.amount from levelled_instalment i join levelled_version v on v.id = i.version_id"
    )
    months = levelled.ask(f"{asked} order by 1, 2 limit 4")
    assert [(version, month, str(amount)) for version, month, amount in months] == [
        (1, 1, "22.03"),
        (1, 2, "22.03"),
        (2, 1, "0.00"),
        (2, 2, "0.00"),
    ]
    letters = "select old_amount, new_amount, base_part, difference_part, channel, language from levelled_letter"
    assert levelled.ask(letters) == [
        (Decimal("22.02"), Decimal("0.00"), Decimal("22.03"), Decimal("-22.03"), "EMAIL", "lv")
    ]


async def test_a_forecast_of_nothing_leaves_the_fees(levelled):
    contract = await started(levelled)

    await changes.change_plan(levelled.asker(TODAY), change=by_forecast(contract, "0"), key="c1")

    # 12 x 3.20 = 38.40, with tax 46.46
    plan = await levelled.plan(contract)
    assert (plan.reason, str(plan.amounts.total)) == (PlanReason.CUSTOMER_FORECAST, "46.46")


async def test_going_back_ends_the_plan_with_the_month(levelled):
    contract = await started(levelled)

    await changes.stop_plan(levelled.asker(date(2023, 3, 25)), contract_id=contract, key="e1")

    assert (await levelled.plan(contract)).ends == date(2023, 4, 1)
    assert levelled.ask("select count(*) from levelled_instalment") == [(2,)]
    assert levelled.ask("select settlement from contract") == [("INVOICE",)]


async def test_the_same_key_does_it_once(levelled):
    contract = household(levelled)
    change = by_forecast(contract, "1200")

    plans = [await changes.start_plan(levelled.asker(TODAY), change=change, key="s1") for _ in range(2)]
    changed = Change(contract_id=contract, amount=Decimal("30.00"))
    again = [await changes.change_plan(levelled.asker(TODAY), change=changed, key="c1") for _ in range(2)]

    assert len({*plans, *again}) == 1
    assert levelled.ask("select count(*) from levelled_version") == [(2,)]
    with pytest.raises(Refusal) as refused:
        await changes.change_plan(levelled.asker(TODAY), change=replace(changed, amount=Decimal(1)), key="c1")
    assert refused.value.code == "IDEMPOTENCY_KEY_REUSED"


BAD = [
    ({"amount": Decimal("-1")}, "AMOUNT_NOT_POSSIBLE"),
    ({"amount": Decimal("10.001")}, "AMOUNT_NOT_POSSIBLE"),
    ({"forecast": ()}, "FORECAST_WRONG"),
    ({"forecast": (Forecast(zone="T1", value=Decimal(1)),)}, "FORECAST_WRONG"),
    ({"forecast": (Forecast(zone=None, value=Decimal(1)),) * 2}, "FORECAST_WRONG"),
    ({"forecast": (Forecast(zone=None, value=Decimal("-1")),)}, "FORECAST_WRONG"),
    ({"forecast": (Forecast(zone=None, value=Decimal("NaN")),)}, "FORECAST_WRONG"),
    ({"forecast": (Forecast(zone=None, value=Decimal("0.0001")),)}, "FORECAST_WRONG"),
    ({"contract_id": 99}, "CONTRACT_UNKNOWN"),
]


@pytest.mark.parametrize(("change", "code"), BAD)
async def test_what_is_refused_leaves_the_plan_as_it_was(levelled, change, code):
    contract = await started(levelled)
    before = await levelled.plan(contract)
    asked = replace(Change(contract_id=contract), **change)

    for work in (changes.change_plan(levelled.asker(TODAY), change=asked, key="c1"),):
        with pytest.raises(Refusal) as refused:
            await work
        assert refused.value.code == code
    with pytest.raises(Refusal) as refused:
        await changes.preview_change(levelled.asker(TODAY), change=asked)

    assert refused.value.code == code
    assert await levelled.plan(contract) == before


async def refusal_of(work):
    with pytest.raises(Refusal) as refused:
        await work
    return refused.value.code


async def test_who_is_protected_settles_by_invoice(levelled):
    contract = household(levelled)
    levelled.town.connection.execute(
        "insert into customer_protection (customer_id, kind, starts, proof) select id, 'LOW_INCOME', '2023-01-01', 'x'"
        " from customer"
    )

    code = await refusal_of(changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1"))

    assert code == "PROTECTED_SETTLES_BY_INVOICE"
    assert await levelled.plan(contract) is None
    assert levelled.ask("select settlement from contract") == [("INVOICE",)]


async def test_a_product_that_is_not_levelled_is_refused(levelled):
    contract = household(levelled, product="dynamic")

    code = await refusal_of(changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1"))

    assert code == "SETTLEMENT_NOT_ALLOWED"


async def test_a_business_without_history_has_to_tell_a_forecast(levelled):
    town = levelled.town
    point = town.point()
    contract = town.contract(customer=town.customer(kind="BUSINESS"), points=(point,))
    town.meter(point)

    code = await refusal_of(changes.start_plan(levelled.asker(TODAY), change=Change(contract_id=contract), key="s1"))

    assert code == "NO_HISTORY"


async def test_a_stranger_learns_nothing(levelled):
    contract = await started(levelled)
    stranger = levelled.asker(TODAY, viewer=Viewer(person_id=levelled.person_id))

    codes = {
        await refusal_of(changes.preview_change(stranger, change=Change(contract_id=contract, amount=Decimal(1)))),
        await refusal_of(changes.stop_plan(stranger, contract_id=contract, key="e1")),
        await refusal_of(changes.stop_plan(stranger, contract_id=99, key="e2")),
    }

    assert codes == {"CONTRACT_UNKNOWN"}


async def test_nothing_is_begun_or_ended_twice(levelled):
    contract = await started(levelled)
    asker = levelled.asker(TODAY)

    assert (
        await refusal_of(changes.start_plan(asker, change=by_forecast(contract, "1"), key="s2")) == "LEVELLED_ALREADY"
    )
    await changes.stop_plan(asker, contract_id=contract, key="e1")
    assert await refusal_of(changes.stop_plan(asker, contract_id=contract, key="e2")) == "ENDS_ALREADY"
    amount = Change(contract_id=contract, amount=Decimal(1))
    assert await refusal_of(changes.change_plan(asker, change=amount, key="c9")) == "ENDS_ALREADY"
    other = household(levelled)
    assert await refusal_of(changes.stop_plan(asker, contract_id=other, key="e3")) == "NOT_LEVELLED"


async def test_changes_at_once_follow_each_other(levelled):
    contract = await started(levelled)

    async def change(amount):
        asked = Change(contract_id=contract, amount=Decimal(amount))
        await changes.change_plan(levelled.asker(TODAY), change=asked, key=f"c{amount}")

    await asyncio.gather(*(change(amount) for amount in range(1, 4)))

    assert levelled.ask("select number from levelled_version order by 1") == [(1,), (2,), (3,), (4,)]
