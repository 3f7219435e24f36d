"""Every line of an issued invoice explains itself from the stored inputs, to the stored cents."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from mains_server.billing.explain import ExplanationDiffers, NotExplained, explain_invoice, explain_invoices
from mains_server.db.unit_of_work import read_session
from mains_spi import Charge, RatingResult, hookimpl, replay

D = Decimal


def _invoices(connection):
    return [row[0] for row in connection.execute("select id from invoice order by number")]


async def _explain(engine, host, ids):
    async with read_session(engine) as session:
        return await explain_invoices(session, host=host, invoice_ids=ids)


@pytest.mark.asyncio
async def test_lines_of_alike_contracts_replay_to_the_stored_cents(town, connection, small, bill, engine):
    for kwh in ("0", "0.5", "123.456", "77"):
        town.attribute(town.household(used=kwh), "protected", "low_income")
    bill()
    stored = connection.execute("select invoice_id, position, code, net from invoice_line order by 1, 2").fetchall()

    explained = await _explain(engine, small.host_of(), _invoices(connection))

    told = [(line.invoice_id, line.position, line.code, line.net) for lines in explained.values() for line in lines]
    assert told == stored
    assert all(replay(line.why) == line.net for lines in explained.values() for line in lines)


@pytest.mark.asyncio
async def test_an_explanation_names_readings_and_price_version(town, connection, small, bill, engine):
    town.household(used="100", before="1000")
    bill()

    async with read_session(engine) as session:
        lines = await explain_invoice(session, host=small.host_of(), invoice_id=_invoices(connection)[0])

    assert lines[0].text == "100 kWh x 0.15 EUR/kWh"
    sources = {given["name"]: given["source"] for given in lines[0].why["inputs"]}
    assert sources["energy"] == "meter M1: 1000 to 1100"
    assert "fixed/2022-01-01" in str(lines[0].why["inputs"])


@pytest.mark.asyncio
async def test_members_of_a_house_are_explained_by_the_question_of_the_house(town, connection, small, bill, engine):
    town.house()
    bill()

    explained = await _explain(engine, small.host_of(), _invoices(connection))

    assert [[line.net for line in lines] for lines in explained.values()] == [
        [D("404.00")],
        [D("246.44")],
        [D("157.56")],
    ]
    assert all(replay(line.why) == line.net for lines in explained.values() for line in lines)


@pytest.mark.asyncio
async def test_charges_of_the_adapter_are_explained_without_asking_it_again(town, connection, small, bill, engine):
    plain = small.SmallUtility

    class Rating(plain):
        @hookimpl
        def rate(self, request):
            charge = Charge(code="energy", period=request.period, quantity=D(3), unit="kWh", unit_price=D("0.335"))
            return RatingResult((charge,))

    town.household(product="own")
    bill(plugin=Rating())

    (lines,) = (await _explain(engine, small.host_of(), _invoices(connection))).values()

    assert [(line.net, replay(line.why)) for line in lines] == [(D("1.01"), D("1.01"))]


@pytest.mark.asyncio
async def test_a_weighted_price_is_explained_from_the_series_then_known(town, connection, small, bill, engine):
    town.household(product="dynamic")
    known, later = datetime(2023, 2, 2, tzinfo=UTC), datetime(2023, 3, 1, tzinfo=UTC)
    town.series("profile", "1", ["1"] * 31, known_at=known)
    town.series("market", "EUR/kWh", ["0.10"] * 30 + ["0.41"], known_at=known)
    bill()
    town.series("market", "EUR/kWh", ["9"] * 31, known_at=later)

    (lines,) = (await _explain(engine, small.host_of(), _invoices(connection))).values()

    assert [line.net for line in lines] == [D("11.00")]


@pytest.mark.asyncio
async def test_prices_published_later_change_no_explanation(town, connection, small, bill, engine):
    town.household(used="100")
    bill()
    town.price("fixed", starts=date(2023, 1, 15), energy=("9", "EUR/kWh"), fee=("9", "EUR/month"))

    (lines,) = (await _explain(engine, small.host_of(), _invoices(connection))).values()

    assert lines[0].net == D("15.00")


@pytest.mark.asyncio
async def test_an_adapter_that_prices_otherwise_now_explains_nothing(town, connection, small, bill, engine):
    plain = small.SmallUtility

    class Dearer(plain):
        @hookimpl
        def tariff(self, request):
            tariff = super().tariff(request)
            return type(tariff)(tariff.code, "EUR", tariff.components[1:])

    town.household()
    bill()

    with pytest.raises(ExplanationDiffers, match=r"billed by 1\.2\.3"):
        await _explain(engine, small.host_of(Dearer()), _invoices(connection))


@pytest.mark.asyncio
async def test_an_edited_line_is_noticed(town, connection, small, bill, engine):
    town.household()
    bill()
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute("update invoice_line set net = net + 1 where code = 'fee'")

    with pytest.raises(ExplanationDiffers, match="line 2 `fee`"):
        await _explain(engine, small.host_of(), _invoices(connection))


@pytest.mark.asyncio
async def test_an_invoice_without_a_question_is_not_explained(town, connection, small, bill, engine):
    town.household()
    bill()
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute("update invoice set inputs = null")

    with pytest.raises(NotExplained):
        await _explain(engine, small.host_of(), _invoices(connection))
