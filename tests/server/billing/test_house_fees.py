"""Fees noted on the flats of a house go onto one bill each, and come along when the house is corrected."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.billing.corrections import CorrectionRequest, correct_invoice
from mains_server.billing.records import CorrectionOutcome, CorrectionReason
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session
from mains_spi import Const, Period, PerUnit, Qty, QuantityKind, hookimpl

FEBRUARY = Period(date(2023, 2, 1), date(2023, 3, 1))
LATER = datetime(2023, 3, 10, 8, tzinfo=UTC)
FEE_LINES = """
select i.document_number, l.quantity, l.net from invoice_line l join invoice i on i.id = l.invoice_id
where l.code = 'gift' order by i.id
"""


@pytest.fixture
def charging(small):
    """Give an adapter whose houses charge agreed sums that are noted on a flat's contract."""
    agreed = PerUnit("gift", Qty("exit_fee", "EUR"), Const(1, "1"), if_given=True)
    house = replace(small.HOUSE, components=(*small.HOUSE.components, agreed))

    class Charging(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def describe_utility(self):
            card = small.SmallUtility.describe_utility(self)
            more = (QuantityKind("exit_fee", "EUR", 2, "premise"), QuantityKind("odd", "pcs", 0, "premise"))
            return replace(card, quantities=(*card.quantities, *more))

        @hookimpl
        def tariff(self, request):
            of_house = request.product in ("flat", "house")
            return house if of_house else small.SmallUtility.tariff(self, request)

    return Charging()


@pytest.fixture
def noted(town, connection):
    """Note a sum of 11.25 on a flat's contract for a day of January."""

    def note(contract, code="exit_fee", day=date(2023, 1, 20)):
        customer = connection.execute("select customer_id from contract where id = %s", [contract]).fetchone()[0]
        return town.insert(
            "contract_fee", customer_id=customer, contract_id=contract, code=code, quantity=D("11.25"), unit="EUR",
            day=day, reason="agreed", source="test", key=f"{code} {day}", noted_at=day,
        )  # fmt: skip

    return note


@pytest.fixture
def february(connection, town, bill, small, charging):
    """Read the house's heat of February, 5 MWh, and bill it."""

    def run():
        (register,) = connection.execute("select id from register where quantity = 'heat'").fetchone()
        town.read(register, (FEBRUARY.end, "115.1"))
        return bill(plugin=charging, request=small.request(FEBRUARY))

    return run


async def _findings(engine):
    async with read_session(engine) as session:
        return (await check_books(session)).findings


@pytest.mark.asyncio
async def test_a_fee_of_a_flat_is_on_one_bill_of_the_house(town, connection, bill, noted, charging, february, engine):
    _, flats = town.house()
    noted(flats[1])

    bill(plugin=charging)
    february()

    assert connection.execute(FEE_LINES).fetchall() == [("S-000002", D("11.25"), D("11.25"))]
    assert connection.execute("select invoice_id from contract_fee").fetchall() == [(2,)]
    assert await _findings(engine) == ()


@pytest.fixture
def correct(engine, small, charging):
    async def run(number):
        request = CorrectionRequest(
            document_number=number,
            reason=CorrectionReason.ATTRIBUTE,
            note="measured anew",
            issued_on=LATER.date(),
            now=LATER,
        )
        return await correct_invoice(engine, host=small.host_of(charging), request=request)

    return run


@pytest.mark.asyncio
async def test_a_corrected_house_keeps_the_fees_of_its_bills(
    town, connection, bill, noted, charging, correct, february, engine
):
    """The fee of 11.25 stays on January's bill; one that came since waits for February's; only shares move.

    The last flat has 29.5 m2, not 19.5: of 110 m2 the second flat's share of 808.00 is 224.04 instead of 246.44.
    """
    _, flats = town.house()
    noted(flats[1])
    bill(plugin=charging)
    noted(flats[2], day=date(2023, 1, 25))
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")

    found = await correct("S-000002")
    february()

    assert (found.outcome, found.difference) == (CorrectionOutcome.NEXT_BILL, D("-22.40"))
    assert connection.execute(FEE_LINES).fetchall() == [
        ("S-000002", D("11.25"), D("11.25")),
        ("S-000006", D("11.25"), D("11.25")),
    ]
    assert connection.execute("select invoice_id from contract_fee order by id").fetchall() == [(2,), (6,)]
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_who_has_no_next_bill_keeps_the_fee_on_the_replacement(
    town, connection, bill, noted, charging, correct, engine
):
    """246.44 + 11.25 are 257.69, with 54.11 tax 311.80; 224.04 + 11.25 are 235.29, with 49.41 tax 284.70."""
    _, flats = town.house()
    noted(flats[1])
    bill(plugin=charging)
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    connection.execute("update contract set ends = '2023-02-01' where id = %s", [flats[1]])

    found = await correct("S-000002")

    assert (found.outcome, found.difference) == (CorrectionOutcome.REPLACED, D("-27.10"))
    assert connection.execute("select total from invoice order by id desc limit 1").fetchone() == (D("284.70"),)
    assert connection.execute("select invoice_id from contract_fee").fetchall() == [(5,)]
    assert await _findings(engine) == ()


@pytest.fixture
def sold(town, connection):
    """Have a flat change hands on January 16th, and give the buyer's contract."""

    def run(contract):
        day = date(2023, 1, 16)
        (point,) = connection.execute(
            "update contract_supply_point set ends = %s where contract_id = %s returning supply_point_id",
            [day, contract],
        ).fetchone()
        connection.execute("update contract set ends = %s where id = %s", [day, contract])
        return town.contract(customer=town.customer(), points=(point,), product="flat", starts=day)

    return run


GIFTS = "select i.contract_id, l.net from invoice_line l join invoice i on i.id = l.invoice_id where l.code = 'gift'"
TWO_SHARES = """
select sum(l.net) from invoice_line l join invoice i on i.id = l.invoice_id
where l.code = 'heating' and i.contract_id = any(%s)
"""


@pytest.mark.asyncio
async def test_who_sold_a_flat_pays_their_fee_alone_and_whole(
    town, connection, bill, noted, charging, sold, holds, engine
):
    """11.25 were noted on the seller; of the 246.44 of heat the seller bears 15 days of 31: 119.25 and 127.19."""
    _, flats = town.house()
    buyer = sold(flats[1])
    noted(flats[1], day=date(2023, 1, 10))

    state = bill(plugin=charging)

    assert holds(state) == []
    assert connection.execute(GIFTS).fetchall() == [(flats[1], D("11.25"))]
    assert connection.execute(TWO_SHARES, [[flats[1], buyer]]).fetchone() == (D("246.44"),)
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_seller_and_buyer_each_pay_their_own_fee(town, connection, bill, noted, charging, sold, correct, engine):
    """31.00 of the seller's and 11.25 of the buyer's: not 20.44 and 21.81 by days. A correction keeps them apart.

    The last flat has 29.5 m2, not 19.5: the seller's 15 days of 31 of 224.04 are 108.41 instead of 119.25; with the
    tax 119.25 + 31.00 = 150.25, 31.55 and 108.41 + 31.00 = 139.41, 29.28 make 181.80 and 168.69.
    """
    _, flats = town.house()
    buyer = sold(flats[1])
    noted(flats[1], day=date(2023, 1, 10))
    noted(buyer, day=date(2023, 1, 17))
    connection.execute("update contract_fee set quantity = 31 where contract_id = %s", [flats[1]])

    bill(plugin=charging)
    assert sorted(connection.execute(GIFTS).fetchall()) == [(flats[1], D("31.00")), (buyer, D("11.25"))]
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")
    found = await correct("S-000002")

    assert (found.outcome, found.difference) == (CorrectionOutcome.REPLACED, D("-13.11"))
    gifts = sorted(connection.execute(GIFTS).fetchall())
    assert gifts == [(flats[1], D("-31.00")), (flats[1], D("31.00")), (flats[1], D("31.00")), (buyer, D("11.25"))]
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_a_contract_of_two_flats_pays_its_fee_once(town, connection, bill, noted, charging, engine):
    _, flats = town.house(areas=("50", "25", "25"))
    connection.execute(
        "update contract_supply_point p set contract_id = c.id, customer_id = c.customer_id from contract c"
        " where c.id = %s and p.contract_id = %s",
        [flats[1], flats[2]],
    )
    connection.execute("delete from contract where id = %s", [flats[2]])
    noted(flats[1])

    bill(plugin=charging)

    assert connection.execute(FEE_LINES).fetchall() == [("S-000002", D("11.25"), D("11.25"))]
    assert await _findings(engine) == ()


def test_a_fee_that_the_house_does_not_charge_holds_it(town, bill, noted, charging, holds, counts):
    """What is noted must not vanish."""
    _, flats = town.house()
    noted(flats[1], code="odd")

    state = bill(plugin=charging)

    assert [(hold.contract_id, hold.code) for hold in holds(state)] == [(flat, "fee_not_priced") for flat in flats]
    assert counts()["invoice"] == 0
