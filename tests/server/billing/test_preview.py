"""A preview is the bill that the run would issue, or the reason why it would be held."""

from datetime import date
from decimal import Decimal

import pytest
from mains_server.billing.preview import NothingToBill, preview, preview_with_usage
from mains_server.billing.records import Hold, PreviewRequest
from mains_server.db.unit_of_work import read_session
from mains_server.invoices.queries import draft_of, invoice_by_number
from mains_spi import replay


def _preview(connection, small, contract):
    asked = PreviewRequest(contract_id=contract, period=small.JANUARY, issued_on=small.request().issued_on)
    return preview(connection, adapter=small.host_of().adapter("small"), request=asked)


async def _issued(engine, contract):
    from sqlalchemy import text

    async with read_session(engine) as session:
        query = text("select document_number from invoice where contract_id = :contract")
        number = await session.scalar(query, {"contract": contract})
        return await draft_of(session, invoice=await invoice_by_number(session, document_number=number))


@pytest.mark.asyncio
async def test_a_preview_equals_the_issue(town, connection, small, bill, engine):
    contracts = [town.household(used=used) for used in ("0.333", "17", "250.5", "99.999")]
    town.attribute(contracts[1], "protected", "low_income")
    contracts += town.house()[1]
    previewed = {contract: _preview(connection, small, contract) for contract in contracts}

    bill()

    for contract in contracts:
        assert previewed[contract] == await _issued(engine, contract)


def test_a_preview_books_nothing(town, connection, small, counts):
    before = counts()

    _preview(connection, small, town.household())

    assert counts() == before


def test_a_preview_tells_why_a_contract_would_be_held(town, connection, small):
    contract = town.household(amperes=100)

    assert _preview(connection, small, contract) == Hold(
        customer_id=1,
        contract_id=contract,
        code="missing_price",
        reason="network: price list version network/2022-01-01 has no fitting `fixed`",
    )


def test_every_line_says_how_it_came_about(town, connection, small):
    """100 kWh x 0.15 = 15.00, fees of 1.20 and 2.00, and 5.00 of support after tax for who is protected."""
    contract = town.household(used="100")
    town.attribute(contract, "protected", "low_income")
    request = PreviewRequest(contract_id=contract, period=small.JANUARY, issued_on=small.request().issued_on)

    found = preview_with_usage(connection, adapter=small.host_of().adapter("small"), request=request)

    assert [replay(reason.why) for reason in found.reasons] == [line.net for line in found.bill.lines]
    assert found.reasons[0].text == "100 kWh x 0.15 EUR/kWh"


def test_a_preview_of_a_flat_rates_its_whole_house(town, connection, small):
    _, flats = town.house()

    assert [line.net for line in _preview(connection, small, flats[1]).lines] == [Decimal("246.44")]


def test_a_contract_without_days_in_the_period_has_no_bill(town, connection, small):
    contract = town.household(starts=date(2023, 2, 1))

    with pytest.raises(NothingToBill):
        _preview(connection, small, contract)
