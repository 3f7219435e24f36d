"""The demo's year is billed from readings on published tariffs, adds up, and can be billed again to the same cent."""

import io
from decimal import Decimal

import psycopg
import pytest
from mains_server.books.queries import check_books
from mains_server.commands.demo import prepare
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from rich.console import Console

INVOICES = """
select i.document_number, c.number, i.period_from, i.issued_on, i.due_on, i.net, i.tax, i.support, i.total, i.inputs,
       (select jsonb_agg(to_jsonb(l) - 'id' - 'invoice_id' order by l.position) from invoice_line l
        where l.invoice_id = i.id)
from invoice i join contract c on c.id = i.contract_id order by i.document_number
"""


def test_everybody_is_billed_every_month(demo_rows):
    counted = demo_rows("select adapter, period_from, count(*) from invoice where kind <> 'SETTLEMENT' group by 1, 2")

    assert len(counted) == 24
    assert {(adapter, count) for adapter, _, count in counted} == {("district_heating", 37), ("electricity_retail", 46)}
    assert demo_rows("select count(*) from billing_hold") == [(0,)]


@pytest.mark.asyncio
async def test_the_books_balance(demo_address):
    engine = make_engine(address=demo_address, connections_max=1)

    async with read_session(engine) as session:
        report = await check_books(session)
    await engine.dispose()

    assert report.findings == ()
    assert len(report.results) >= 28


def test_the_house_pays_its_meter_times_the_tariff(demo_rows):
    """House net = MWh x tariff, to the cent, in each month; supports are lines of their own.

    March 2022: 42.10 MWh x 63.36 EUR/MWh = 2,667.456, so 2,667.46. December 2022: 49.95 x 102.69 = 5,129.3655, so
    5,129.37.
    """
    shared = dict(
        demo_rows(
            "select period_from::text, sum(net) from invoice_line where adapter = 'district_heating'"
            " and code in ('heating', 'hot_water', 'circulation') group by 1"
        )
    )

    assert shared["2022-03-01"] == Decimal("2667.46")
    assert shared["2022-12-01"] == Decimal("5129.37")
    assert len(shared) == 12


def test_a_shop_gets_no_support_and_another_tax(demo_rows):
    codes = demo_rows(
        "select distinct l.tax_rate, l.code = 'state_support' from invoice_line l"
        " join contract c on c.id = l.contract_id"
        " join customer u on u.id = c.customer_id where l.adapter = 'district_heating' and u.kind = 'BUSINESS'"
    )

    assert codes == [(Decimal("0.2100"), False)]


def test_months_without_a_published_tariff_keep_the_last_one_and_say_so(demo_rows):
    kept = demo_rows(
        "select starts, source from price_version where adapter = 'district_heating' and list = 'heat'"
        " and starts between '2023-07-01' and '2023-12-31'"
    )

    assert kept != []
    assert all("kept" in source or "last" in source for _, source in kept)


def test_a_household_bill_worked_out_by_hand(demo_rows):
    """Contract E-200006, October 2022, is billed in the order of its bill; every figure is checked by hand below."""
    lines = demo_rows(
        "select l.code, l.quantity, l.unit_price, l.net from invoice_line l join contract c on c.id = l.contract_id"
        " where c.number = 'E-200006' and l.period_from = '2022-10-01' order by l.position"
    )

    used = next(quantity for code, quantity, _, _ in lines if code == "energy")
    cents = Decimal("0.01")
    assert [(code, net) for code, _, _, net in lines] == [
        ("energy", (used * Decimal("0.2450")).quantize(cents)),
        ("dso_fixed", Decimal("12.60")),
        ("dso_variable", (used * Decimal("0.04076")).quantize(cents)),
        ("oik_energy", (used * Decimal("0.00196")).quantize(cents)),
        ("oik_capacity", Decimal("5.46")),
        ("oik_discount", -((used * Decimal("0.00196")).quantize(cents) + Decimal("5.46"))),
        ("price_cap_support", Decimal("-8.50")),
        ("protected_sum", Decimal("-20.00")),
    ]


def test_a_second_start_changes_nothing(demo_address, demo_rows):
    newest = "select (select max(id) from invoice), (select max(id) from payment), (select max(id) from reading)"
    before = demo_rows(newest)

    prepare(address=demo_address, console=Console(file=io.StringIO()))

    assert demo_rows(newest) == before


@pytest.mark.slow
def test_the_same_year_billed_again_gives_the_same_invoices(test_databases, demo_rows):
    with test_databases.one() as address:
        prepare(address=address, console=Console(file=io.StringIO()))
        with psycopg.connect(address) as connection:
            again = connection.execute(INVOICES).fetchall()

    assert again == demo_rows(INVOICES)
