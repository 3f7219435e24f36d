"""Fees go onto the bill that covers their day, or the next one, once; agreed prices hold while the list changes."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from mains_server.billing.corrections import CorrectionRequest
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.foreseeing import foresee
from mains_server.billing.records import CorrectionReason, Hold
from mains_spi import Const, Period, PerUnit, Price, Qty, QuantityKind, hookimpl
from psycopg.types.json import Jsonb

D = Decimal
FEBRUARY = Period(date(2023, 2, 1), date(2023, 3, 1))


@pytest.fixture
def reminding(small):
    """Give an adapter that charges reminders at a price, and an agreed sum as it is."""
    fixed = replace(
        small.FIXED,
        components=(
            *small.FIXED.components,
            PerUnit("spot", Qty("reminders", "pcs"), Price("network.reminder", "EUR/pcs"), if_given=True),
            PerUnit("heating", Qty("exit_fee", "EUR"), Const(1, "1"), if_given=True),
        ),
    )

    class Reminding(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def describe_utility(self):
            card = small.SmallUtility.describe_utility(self)
            more = (QuantityKind("reminders", "pcs", 0), QuantityKind("exit_fee", "EUR", 2), QuantityKind("odd", "pcs"))
            return replace(card, quantities=(*card.quantities, *more))

        @hookimpl
        def tariff(self, request):
            return fixed if request.product == "fixed" else small.SmallUtility.tariff(self, request)

    return Reminding()


@pytest.fixture
def fee(town, connection):
    """Note a fee on a contract; a reminder costs 0.06."""
    (version,) = connection.execute("select id from price_version where list = 'network'").fetchone()
    town.insert(
        "price_row", version_id=version, position=9, name="reminder", value="0.06", unit="EUR/pcs", conditions=Jsonb([])
    )

    def note(contract, code="reminders", quantity="1", unit="pcs", day=date(2023, 1, 20)):
        customer = connection.execute("select customer_id from contract where id = %s", [contract]).fetchone()[0]
        return town.insert(
            "contract_fee", customer_id=customer, contract_id=contract, code=code, quantity=D(quantity), unit=unit,
            day=day, reason="reminder", source="test", key=f"{code} {day}", noted_at=day,
        )  # fmt: skip

    return note


def marked(connection):
    return connection.execute(
        "select f.id, i.period_from from contract_fee f left join invoice i on i.id = f.invoice_id order by f.id"
    ).fetchall()


def test_fees_are_lines_of_the_bill_that_covers_their_day(town, connection, small, bill, fee, reminding):
    contract, other = town.household(used="100"), town.household(used="100")
    fee(contract)
    fee(contract, day=date(2023, 1, 25))
    fee(contract, code="exit_fee", quantity="11.25", unit="EUR")

    bill(plugin=reminding)

    # 2 reminders x 0.06 = 0.12; the sum of 11.25 as agreed. 18.20 + 11.37 = 29.57; 21 % of it is 6.21; 35.78.
    lines = [(line[0], line[1], line[5], line[9]) for line in small.lines(connection, contract)]
    assert lines[4:] == [
        ("spot", D("2.000000"), D("0.12"), "NOT_METERED"),
        ("heating", D("11.250000"), D("11.25"), "NOT_METERED"),
    ]
    assert [line[0] for line in small.lines(connection, other)] == ["energy", "fee", "network", "paper"]
    totals = dict(connection.execute("select contract_id, total from invoice").fetchall())
    assert totals == {contract: D("35.78"), other: D("22.02")}


def test_a_fee_is_billed_once_even_when_its_days_are_billed(town, connection, small, bill, fee, reminding):
    contract = town.household(used="100")
    register = connection.execute("select id from register").fetchone()[0]
    town.read(register, (FEBRUARY.end, "1200"))
    bill(plugin=reminding)
    late = fee(contract)
    coming = fee(contract, day=FEBRUARY.end)

    bill(plugin=reminding, request=small.request(FEBRUARY))
    bill(plugin=reminding, request=small.request(FEBRUARY))

    assert marked(connection) == [(late, FEBRUARY.start), (coming, None)]
    assert [line[0] for line in small.lines(connection, contract)].count("spot") == 1


def test_a_fee_that_the_tariff_does_not_charge_holds_the_bill(town, connection, bill, fee, holds, reminding):
    contract = town.household(used="100")
    noted = fee(contract, code="odd")

    state = bill(plugin=reminding)

    (hold,) = holds(state)
    assert isinstance(hold, Hold) and (hold.contract_id, hold.code) == (contract, "fee_not_priced")
    assert marked(connection) == [(noted, None)]


def test_an_agreed_price_holds_until_its_day(town, connection, small, bill):
    town.price("fixed", starts=date(2023, 1, 11), energy=("0.31", "EUR/kWh"), fee=("1.20", "EUR/month"))
    connection.execute("update price_version set ends = '2023-01-11' where list = 'fixed' and starts = '2022-01-01'")
    kept = town.household(used="310", price_fixed_until=date(2023, 6, 1))
    ends_inside = town.household(used="310", price_fixed_until=date(2023, 1, 21))
    never = town.household(used="310")

    bill()

    def energy(contract):
        return [(line[1], line[3]) for line in small.lines(connection, contract) if line[0] == "energy"]

    # 310 kWh in 31 days are 10 kWh a day; the list price doubles on the 11th.
    assert energy(kept) == [(D(310), D("0.15"))]
    assert energy(ends_inside) == [(D(200), D("0.15")), (D(110), D("0.31"))]
    assert energy(never) == [(D(100), D("0.15")), (D(210), D("0.31"))]


@pytest.mark.asyncio
async def test_a_bill_at_an_agreed_price_is_explained(town, connection, small, bill, engine):
    from mains_server.billing.explain import explain_invoice
    from mains_server.db.unit_of_work import read_session

    town.price("fixed", starts=date(2023, 1, 11), energy=("0.31", "EUR/kWh"), fee=("1.20", "EUR/month"))
    connection.execute("update price_version set ends = '2023-01-11' where list = 'fixed' and starts = '2022-01-01'")
    town.household(used="310", price_fixed_until=date(2023, 1, 21))
    bill()
    (invoice,) = connection.execute("select id from invoice").fetchone()

    async with read_session(engine) as session:
        explained = await explain_invoice(session, host=small.host_of(), invoice_id=invoice)

    assert [(line.code, line.net) for line in explained][:2] == [("energy", D("30.00")), ("energy", D("34.10"))]


def test_each_period_is_billed_by_the_terms_in_force(town, connection, small, bill, holds):
    contract = town.household(used="100", product="dynamic", terms_since=date(2023, 2, 1))
    inside = town.household(used="100", terms_since=date(2023, 1, 15))
    levelled = town.household(used="100", settlement="INVOICE", terms_since=date(2023, 2, 1))
    for id_, product, settlement, ends in (
        (contract, "fixed", "INVOICE", date(2023, 2, 1)),
        (inside, "dynamic", "INVOICE", date(2023, 1, 15)),
        (levelled, "fixed", "LEVELLED", date(2023, 2, 1)),
    ):
        customer = connection.execute("select customer_id from contract where id = %s", [id_]).fetchone()[0]
        town.insert(
            "contract_former_terms", customer_id=customer, contract_id=id_, product=product, settlement=settlement,
            starts=small.FIRST, ends=ends,
        )  # fmt: skip

    state = bill()

    assert [line[0] for line in small.lines(connection, contract)] == ["energy", "fee", "network", "paper"]
    assert [(hold.contract_id, hold.code) for hold in holds(state)] == [(inside, "terms_change_inside")]
    assert small.lines(connection, levelled) == []


@pytest.mark.asyncio
async def test_a_fee_noted_after_the_last_bill_comes_on_the_one_in_its_place(
    town, connection, bill, fee, reminding, engine
):
    """18.20 and 3.82 tax are 22.02; with the forgotten 11.25 they are 29.45 and 6.18 tax: 35.63."""
    contract = town.household(used="100", ends=FEBRUARY.start)
    bill(plugin=reminding)
    noted = fee(contract, code="exit_fee", quantity="11.25", unit="EUR")
    taken_back = CorrectionRequest(
        document_number="S-000001",
        reason=CorrectionReason.MISTAKE,
        note="a sum was forgotten",
        issued_on=date(2023, 3, 10),
        now=datetime(2023, 3, 10, 8, tzinfo=UTC),
    )

    await take_back_invoice(engine, request=taken_back)
    bill(plugin=reminding)

    issued = connection.execute("select kind, total from invoice order by id").fetchall()
    assert issued == [("FINAL", D("22.02")), ("CREDIT", D("-22.02")), ("FINAL", D("35.63"))]
    assert connection.execute("select id, invoice_id from contract_fee").fetchall() == [(noted, 3)]


@pytest.mark.asyncio
async def test_a_fee_is_on_the_bill_that_has_it_or_waits_for_it(town, connection, engine, small, bill, fee, reminding):
    """January's bill has a reminder; two came after it, of days in January, and wait for February's: 0.12."""
    contract = town.household(used="100")
    ((register,),) = connection.execute("select id from register").fetchall()
    town.read(register, (FEBRUARY.end, "1200"))
    fee(contract)
    bill(plugin=reminding)
    for day in (21, 22):
        fee(contract, day=date(2023, 1, day))
    host = small.host_of(reminding)

    looked = [
        await foresee(engine, host=host, contract_id=contract, period=period, today=date(2023, 3, 5))
        for period in (small.JANUARY, FEBRUARY)
    ]
    bill(plugin=reminding, request=small.request(FEBRUARY))

    seen = [[line.net for line in one.previewed.bill.lines if line.code == "spot"] for one in looked]
    issued = connection.execute("select net from invoice_line where code = 'spot' order by invoice_id").fetchall()
    assert seen == [[net] for (net,) in issued] == [[D("0.06")], [D("0.12")]]
