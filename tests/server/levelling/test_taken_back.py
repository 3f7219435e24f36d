"""Settlements that were taken back: their days are billed again, and none is left out or billed twice."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.access.operations import IdempotencyKeyReused
from mains_server.billing.corrections import CorrectionRequest
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.records import CorrectionReason
from mains_server.db.idempotency import Once
from mains_server.levelling import changes, settling
from mains_server.levelling.watching import watch

from tests.server.levelling.conftest import by_forecast, household, noon

pytestmark = pytest.mark.asyncio
TODAY = date(2023, 1, 10)
FEBRUARY, SECOND, THIRD = date(2023, 2, 1), date(2024, 2, 1), date(2025, 2, 1)
STANDING = (
    "select period_from, period_to, total from invoice i where kind <> 'CREDIT' and not exists"
    " (select from invoice n where n.corrects_invoice_id = i.id) order by period_from"
)
# 1320 kWh x 0.15 + 12 x 3.20 = 236.40, with tax 286.04; 1200 kWh: 218.40, with tax 264.26. Paid: 240.00.
FIRST_YEAR = (FEBRUARY, SECOND, Decimal("286.04"))
SECOND_YEAR = (SECOND, THIRD, Decimal("264.26"))


async def two_years(levelled):
    """A plan whose two years are settled, with 240.00 paid; gives the contract and the two bills' numbers."""
    contract = household(levelled, readings=((FEBRUARY, "1000"), (SECOND, "2320"), (THIRD, "3520")))
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    for month in range(12):
        at = 1 + month
        await levelled.pay(contract, "20.00", date(2023 + at // 12, at % 12 + 1, 15))
    first = await settling.settle(levelled.clerk(date(2024, 2, 5)), contract_id=contract, day=SECOND)
    second = await settling.settle(levelled.clerk(date(2025, 2, 5)), contract_id=contract, day=THIRD)
    return contract, first, second


async def take_back(levelled, number, *, on):
    request = CorrectionRequest(
        document_number=number, reason=CorrectionReason.MISTAKE, note="taken back", issued_on=on, now=noon(on)
    )
    await take_back_invoice(levelled.engine, request=request)


async def test_an_older_settlement_taken_back_is_billed_again_where_a_newer_one_stands(levelled):
    contract, first, _ = await two_years(levelled)
    before = await levelled.accounts()
    await take_back(levelled, first, on=date(2025, 2, 6))
    between = await levelled.accounts(), levelled.ask(STANDING)

    counts = [await watch(levelled.clerk(date(2025, 2, 7))) for _ in range(2)]

    # 286.04 + 264.26 - 240.00 = 310.30; without the first year 24.26.
    assert before == {"deferred": "310.30"}
    assert between == ({"deferred": "24.26"}, [SECOND_YEAR])
    assert [dict(count) for count in counts] == [{"settled again": 1}, {}]
    assert levelled.ask(STANDING) == [FIRST_YEAR, SECOND_YEAR]
    assert await levelled.accounts() == before
    # The plan still expects what the last year says, and spreads what both years left: 264.26 + 310.30.
    plan = await levelled.plan(contract)
    assert (str(plan.usage[0].value), str(plan.amounts.difference)) == ("1196.721", "310.30")


async def test_the_latest_settlement_taken_back_is_billed_again_by_itself(levelled):
    _, _, second = await two_years(levelled)
    before = await levelled.accounts()
    await take_back(levelled, second, on=date(2025, 2, 6))

    counts = [await watch(levelled.clerk(date(2025, 2, 7))) for _ in range(2)]

    assert [dict(count) for count in counts] == [{"settled again": 1}, {}]
    assert levelled.ask(STANDING) == [FIRST_YEAR, SECOND_YEAR]
    assert await levelled.accounts() == before


async def test_settling_up_to_a_day_bills_all_that_no_bill_has_or_nothing(levelled):
    contract, first, _ = await two_years(levelled)
    await take_back(levelled, first, on=date(2025, 2, 6))
    april = date(2025, 4, 1)

    with pytest.raises(settling.SettlementHeld):
        await settling.settle(levelled.clerk(april), contract_id=contract, day=april)
    untouched = levelled.ask(STANDING)
    levelled.town.connection.execute("delete from levelled_hold")
    (register,) = levelled.ask("select id from register")[0]
    levelled.town.read(register, (april, "3720"))
    await settling.settle(levelled.clerk(april), contract_id=contract, day=april)

    # 200 kWh x 0.15 + 2 x 3.20 = 36.40, with tax 44.04
    assert untouched == [SECOND_YEAR]
    assert levelled.ask(STANDING) == [FIRST_YEAR, SECOND_YEAR, (THIRD, april, Decimal("44.04"))]
    assert await levelled.accounts() == {"deferred": "354.34"}


@pytest.mark.parametrize("is_levelled_again", [False, True])
async def test_the_last_bill_of_a_closed_plan_taken_back_is_billed_again(levelled, is_levelled_again):
    april = date(2023, 4, 1)
    contract = household(levelled, readings=((FEBRUARY, "1000"), (april, "1200")))
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    await levelled.pay(contract, "30.00", date(2023, 2, 15))
    await changes.stop_plan(levelled.asker(date(2023, 3, 25)), contract_id=contract, key="e1")
    await watch(levelled.clerk(april))
    ((number, total),) = levelled.ask("select document_number, total from invoice")
    if is_levelled_again:
        asker = levelled.asker(april)
        await changes.start_plan(asker, change=by_forecast(contract, "1200"), key="s2")
    await take_back(levelled, number, on=date(2023, 4, 2))
    between = await levelled.accounts()

    counts = [await watch(levelled.clerk(date(2023, 4, 3))) for _ in range(2)]

    # 44.04 as before; 30.00 were paid. A plan that runs takes the bill over.
    assert total == Decimal("44.04")
    assert between == {"prepaid": "-30.00"}
    assert [dict(count) for count in counts] == [{"settled again": 1}, {}]
    assert levelled.ask(STANDING) == [(FEBRUARY, april, Decimal("44.04"))]
    assert await levelled.accounts() == ({"deferred": "14.04"} if is_levelled_again else {"receivable": "14.04"})


async def test_what_cannot_be_billed_again_is_held_and_the_rest_goes_on(levelled):
    _, first, _ = await two_years(levelled)
    await take_back(levelled, first, on=date(2025, 2, 6))
    levelled.town.connection.execute("update seller set starts = '2030-01-01'")

    counts = await watch(levelled.clerk(date(2025, 2, 7)))

    assert dict(counts) == {"held": 1}
    assert levelled.ask(STANDING) == [SECOND_YEAR]


def once(levelled, *, day=SECOND, key="k1"):
    body = {"day": day.isoformat()}
    return Once(person_id=levelled.person_id, operation="levelled_settle", key=key, body=body, now=noon(day))


async def test_the_same_key_settles_once_and_gets_the_same_answer(levelled, monkeypatch):
    contract = household(levelled, readings=((FEBRUARY, "1000"), (SECOND, "2320")))
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    clerk = levelled.clerk(date(2024, 2, 5))

    async def stop(*_, **__):
        raise RuntimeError("the power went off")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(settling, "finish", stop)
        await settling.settle(clerk, contract_id=contract, day=SECOND, once=once(levelled))
    again = [await settling.settle(clerk, contract_id=contract, day=SECOND, once=once(levelled)) for _ in range(2)]

    ((number,),) = levelled.ask("select document_number from invoice")
    assert again == [number, number]
    assert levelled.ask("select count(*) from levelled_version") == [(2,)]
    with pytest.raises(settling.NothingToSettle):
        await settling.settle(clerk, contract_id=contract, day=SECOND, once=once(levelled, key="k2"))
    with pytest.raises(IdempotencyKeyReused):
        other = replace(once(levelled), body={"day": "2024-01-01"})
        await settling.settle(clerk, contract_id=contract, day=SECOND, once=other)


async def test_a_refused_settlement_leaves_its_key_free(levelled):
    contract = household(levelled, readings=((FEBRUARY, "1000"),))
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    clerk = levelled.clerk(date(2024, 2, 5))

    with pytest.raises(settling.SettlementHeld):
        await settling.settle(clerk, contract_id=contract, day=SECOND, once=once(levelled))
    (register,) = levelled.ask("select id from register")[0]
    levelled.town.read(register, (SECOND, "2320"))

    await settling.settle(clerk, contract_id=contract, day=SECOND, once=once(levelled))
    assert levelled.ask(STANDING) == [FIRST_YEAR]
