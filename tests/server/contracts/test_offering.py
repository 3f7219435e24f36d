"""Before an agreed price ends a product is offered; without an answer the universal service follows."""

from datetime import date

import pytest
from mains_server.contracts.jobs import offers_of_day
from mains_server.contracts.offering import NoOffer, accept_offer
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
OFFERS = "select contract_id, product, starts, accepted_at is not null, lapsed_at is not null from contract_offer"
ENDS = date(2025, 4, 1)


async def day(town, today, billed=None):
    at = town.on(today, billed=billed)
    desk = at.desk()
    adapter = town.host.adapter("electricity_retail")
    return await offers_of_day(town.engine, adapter=adapter, today=today, now=desk.now, billed_until=desk.billed_until)


async def test_an_offer_is_made_once_in_time(town, running):
    early = await day(town, date(2025, 1, 30))
    first = await day(town, date(2025, 1, 31))
    second = await day(town, date(2025, 2, 1))

    assert (early.made, first.made, second.made) == (0, 1, 0)
    assert await town.rows(OFFERS) == [(running, "izdevigais_200", ENDS, False, False)]


async def test_an_accepted_offer_holds_from_the_day_the_price_ends(town, running):
    await day(town, date(2025, 2, 1))

    await town.on(date(2025, 3, 1)).do(accept_offer, contract_id=running, product=None)

    contract = await town.contract(running)
    assert [(terms.starts, terms.product, terms.price_fixed_until) for terms in contract.terms] == [
        (date(2023, 4, 1), "izdevigais_200", ENDS),
        (ENDS, "izdevigais_200", date(2027, 4, 1)),
    ]
    assert await town.rows(OFFERS) == [(running, "izdevigais_200", ENDS, True, False)]
    assert (await day(town, ENDS)).lapsed == 0


async def test_another_product_may_be_taken_instead(town, running):
    await day(town, date(2025, 2, 1))

    await town.on(date(2025, 3, 1)).do(accept_offer, contract_id=running, product="klasiskais")

    assert (await town.contract(running)).product == "klasiskais"


async def test_without_an_answer_the_universal_service_follows(town, running):
    await day(town, date(2025, 2, 1))

    assert (await day(town, date(2025, 3, 31))).lapsed == 0
    assert (await day(town, ENDS)).lapsed == 1
    assert (await day(town, ENDS)).lapsed == 0

    contract = await town.contract(running)
    assert [(terms.starts, terms.product, terms.price_fixed_until) for terms in contract.terms] == [
        (date(2023, 4, 1), "izdevigais_200", ENDS),
        (ENDS, "universalais", date(2026, 4, 1)),
    ]
    assert await town.rows(OFFERS) == [(running, "izdevigais_200", ENDS, False, True)]


async def test_days_that_are_billed_keep_the_old_product(town, running):
    await day(town, date(2025, 5, 10), billed=date(2025, 5, 1))

    assert (await town.contract(running)).terms[-1].starts == date(2025, 5, 1)


async def test_a_product_that_is_no_longer_sold_is_not_offered(town, running):
    async with town.engine.begin() as connection:
        await connection.execute(text("update contract set product = 'gone'"))

    await day(town, date(2025, 2, 1))

    assert [row[1] for row in await town.rows(OFFERS)] == ["universalais"]


@pytest.mark.parametrize("today", [date(2025, 1, 1), ENDS])
async def test_what_is_not_offered_is_not_accepted(town, running, today):
    if today == ENDS:
        await day(town, date(2025, 2, 1))

    with pytest.raises(NoOffer):
        await town.on(today).do(accept_offer, contract_id=running, product=None)

    assert len((await town.contract(running)).terms) == 1


async def test_an_ended_contract_is_offered_nothing(town, running):
    async with town.engine.begin() as connection:
        await connection.execute(text("update contract set ends = '2025-02-01'"))

    assert (await day(town, date(2025, 2, 10))).made == 0
    assert (await day(town, ENDS)).lapsed == 0
