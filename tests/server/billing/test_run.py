"""A run bills everybody who is due, once, and holds the others with a reason."""

import gc
from datetime import date
from decimal import Decimal
from threading import Thread

import psycopg
import pytest
from mains_server.billing.records import Hold, RunStatus

D = Decimal


def test_a_household_gets_its_bill(town, connection, small, bill):
    contract = town.household(used="100")

    state = bill()

    assert (state.invoiced, state.held, state.run.status) == (1, 0, RunStatus.DONE)
    tax = ("standard", D("0.2100"), False)
    assert small.lines(connection, contract) == [
        ("energy", D("100.000000"), "kWh", D("0.15000000"), "EUR/kWh", D("15.00"), *tax, "ACTUAL"),
        ("fee", D("1.000000"), "month", D("1.20000000"), "EUR/month", D("1.20"), *tax, "NOT_METERED"),
        ("network", D("1.000000"), "month", D("2.00000000"), "EUR/month", D("2.00"), *tax, "NOT_METERED"),
        ("paper", D("0.000000"), "pcs", D("0.50000000"), "EUR/pcs", D("0.00"), *tax, "NOT_METERED"),
    ]
    (invoice,) = small.invoices(connection)
    assert invoice[1:16] == (
        "S-000001", "REGULAR", date(2023, 1, 1), date(2023, 2, 1), date(2023, 2, 10), date(2023, 3, 2),
        D("18.20"), D("3.82"), D("0.00"), D("22.02"), "en16931", "Customer 1", "Meža iela 2, Jelgava, LV-3001",
        "Meža iela 1, Jelgava, LV-3001", "RF32S000001",
    )  # fmt: skip


def test_what_is_billed_is_posted_and_told(town, connection, bill):
    town.household(used="100")

    bill()

    entries = connection.execute("select account, currency, amount from ledger_entry order by id").fetchall()
    assert entries == [
        ("receivable", "EUR", D("22.02")),
        ("revenue:small.energy", "EUR", D("-15.00")),
        ("revenue:small.fee", "EUR", D("-1.20")),
        ("revenue:small.network", "EUR", D("-2.00")),
        ("tax:standard", "EUR", D("-3.82")),
    ]
    invoice = connection.execute("select id from invoice").fetchone()[0]
    assert connection.execute("select key, kind, document_id, effective_on from ledger_transaction").fetchall() == [
        (f"invoice:{invoice}", "INVOICE", invoice, date(2023, 2, 10))
    ]
    assert connection.execute("select kind, payload->>'invoice_id' from outbox_event").fetchall() == [
        ("invoice.issued", str(invoice))
    ]
    taxes = connection.execute("select tax_code, rate, base, tax from invoice_tax").fetchall()
    assert taxes == [("standard", D("0.2100"), D("18.20"), D("3.82"))]


def test_support_after_tax_lowers_the_total_and_is_owed_by_the_state(town, connection, bill):
    contract = town.household(used="100")
    town.attribute(contract, "protected", "low_income")

    bill()

    sums = connection.execute("select net, tax, support, total from invoice").fetchone()
    assert sums == (D("16.20"), D("3.40"), D("5.00"), D("14.60"))
    support = connection.execute("select amount from ledger_entry where account = 'support:small.gift'").fetchone()
    assert support == (D("5.00"),)


def test_protection_of_the_customer_reaches_the_adapter(town, connection, bill, totals):
    contract = town.household(used="100")
    town.insert(
        "customer_protection", customer_id=connection.execute("select id from customer").fetchone()[0],
        kind="LOW_INCOME", starts=date(2023, 1, 1), ends=None, proof="card",
    )  # fmt: skip

    bill()

    assert totals() == {contract: D("14.60")}


def test_alike_contracts_come_to_the_same_as_one_by_one(town, connection, small, bill):
    used = ["0", "0.5", "33.333", "1234.567", "100"]
    together = [town.household(used=kwh) for kwh in used]
    alone = [town.household(used=kwh, amperes=20 + at) for at, kwh in enumerate(used)]
    bill()

    for one, other in zip(together, alone, strict=True):
        mine, theirs = small.lines(connection, one), small.lines(connection, other)
        assert [line for line in mine if line[0] != "network"] == [line for line in theirs if line[0] != "network"]


def test_a_second_start_does_nothing(town, bill, counts):
    town.household()
    first = bill()
    before = counts()

    second = bill()

    assert second == first
    assert counts() == before


def test_a_missing_reading_holds_and_names_register_and_day(town, small, bill, holds, totals):
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,))
    town.read(town.meter(point, serial="M-77"), (small.JANUARY.start, "5"))
    other = town.household()

    state = bill()

    assert (state.invoiced, state.held) == (1, 1)
    (hold,) = holds(state)
    assert (hold.contract_id, hold.code) == (contract, "missing_reading")
    assert "register energy of meter M-77" in hold.reason and "2023-02-01" in hold.reason
    assert list(totals()) == [other]


def test_a_held_contract_is_billed_by_the_next_start_once_it_can_be(town, small, bill, totals):
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,))
    register = town.meter(point)
    town.read(register, (small.JANUARY.start, "0"))
    assert bill().held == 1
    town.read(register, (small.JANUARY.end, "100"))

    state = bill()

    assert (state.invoiced, state.held) == (1, 0)
    assert totals() == {contract: D("22.02")}


def test_a_replaced_meter_counts_old_end_and_new_start(town, small, bill, totals):
    point, day = town.point(), date(2023, 1, 20)
    contract = town.contract(customer=town.customer(), points=(point,))
    town.read(town.meter(point, removed_on=day), (small.JANUARY.start, "1000"), (day, "1060"))
    town.read(town.meter(point, installed_on=day), (day, "0"), (small.JANUARY.end, "40"))

    bill()

    assert totals() == {contract: D("22.02")}


def test_a_register_that_restarts_at_zero_counts_on(town, connection, small, bill, totals):
    contract = town.household(before="999950", used="0")
    connection.execute("update reading set value = 50 where counts_for = %s", [small.JANUARY.end])

    bill()

    assert totals() == {contract: D("22.02")}


def test_readings_in_between_change_nothing(town, connection, bill, totals):
    contract = town.household(used="100")
    register = connection.execute("select id from register").fetchone()[0]
    town.read(register, (date(2023, 1, 10), "1030"), (date(2023, 1, 25), "1099"))

    bill()

    assert totals() == {contract: D("22.02")}


def test_estimated_readings_make_estimated_lines(town, connection, small, bill):
    contracts = [town.household(used="100") for _ in range(4)]
    connection.execute("update reading set quality = 'ESTIMATED' where counts_for = %s", [small.JANUARY.end])

    bill()

    for contract in contracts:
        assert [line[-1] for line in small.lines(connection, contract)] == [
            "ESTIMATED", "NOT_METERED", "NOT_METERED", "NOT_METERED",
        ]  # fmt: skip


def test_a_contract_that_ends_gets_a_final_bill_of_its_days(town, connection, small, bill):
    point, day = town.point(), date(2023, 1, 11)
    contract = town.contract(customer=town.customer(), points=(point,), ends=day)
    town.read(town.meter(point), (small.JANUARY.start, "0"), (day, "10"))

    bill()

    found = connection.execute("select contract_id, kind, period_from, period_to, net from invoice").fetchall()
    assert found == [(contract, "FINAL", date(2023, 1, 1), day, D("2.54"))]


def test_who_is_not_due_is_not_billed(town, bill, counts):
    town.household(settlement="LEVELLED")
    town.household(starts=date(2023, 2, 1))
    town.household(starts=date(2022, 1, 1), ends=date(2023, 1, 1))

    state = bill()

    assert (state.invoiced, state.held) == (0, 0)
    assert counts()["invoice"] == 0


def test_a_contract_that_was_ended_meanwhile_is_left_out(town, connection, small, bill, totals):
    contracts = [town.household(), town.household()]

    def end_one(step):
        if step == "planned":
            connection.execute("update contract set ends = '2022-12-01' where id = %s", [contracts[0]])

    state = bill(watch=end_one)

    assert (state.invoiced, state.held) == (1, 0)
    assert list(totals()) == [contracts[1]]


def test_a_missing_price_holds_and_names_the_list(town, bill, holds):
    contract = town.household(amperes=100)

    state = bill()

    assert holds(state) == [
        Hold(
            customer_id=1, contract_id=contract, code="missing_price",
            reason="network: price list version network/2022-01-01 has no fitting `fixed`",
        )
    ]  # fmt: skip


def test_a_day_without_a_price_holds_whom_it_prices_and_the_rest_is_billed(town, connection, bill, holds, counts):
    """Nothing prices energy on 15 January: alike households are held as one would be; who begins after it is not."""
    alike = [town.household(used=used) for used in ("100", "200", "300", "400")]
    _, flats = town.house()
    later = town.household(starts=date(2023, 1, 16))
    connection.execute(
        "update reading set counts_for = '2023-01-16' where register_id = (select max(id) from register)"
        " and counts_for = '2023-01-01'"
    )
    connection.execute("update price_version set ends = '2023-01-15' where list = 'fixed'")
    town.price("fixed", starts=date(2023, 1, 16), energy=("0.15", "EUR/kWh"), fee=("1.20", "EUR/month"))

    state = bill()

    assert [(hold.contract_id, hold.code) for hold in holds(state)] == [(one, "missing_price") for one in alike]
    assert {hold.reason for hold in holds(state)} == {"energy: give a version of price list `product` for 2023-01-15"}
    billed = connection.execute("select contract_id from invoice order by contract_id").fetchall()
    assert [contract for (contract,) in billed] == sorted((*flats, later))
    assert state.invoiced == 4 and counts()["invoice_line"] == 3 + 4

    connection.execute("update price_version set ends = '2023-01-16' where list = 'fixed' and ends is not null")
    state = bill()

    assert (state.invoiced, holds(state)) == (8, [])


def test_a_price_in_another_unit_holds_everybody_it_prices(town, connection, bill, holds):
    town.household()
    connection.execute("update price_row set unit = 'EUR/MWh' where name = 'energy'")

    state = bill()

    (hold,) = holds(state)
    assert hold.code == "tariff_mistake"
    assert "EUR/MWh" in hold.reason


def test_a_missing_fact_holds_and_names_it(town, bill, holds):
    town.household(product="dynamic")

    (hold,) = holds(bill())

    assert (hold.code, hold.reason) == ("missing_series", "spot: give the series `profile`")


def test_an_unknown_product_holds(town, bill, holds):
    town.household(product="gold")

    (hold,) = holds(bill())

    assert (hold.code, hold.reason) == (
        "adapter_failed", "adapter small, hook products: has no product 'gold' on 2023-01-01",
    )  # fmt: skip


def test_supply_points_that_differ_are_not_billed_as_one(town, small, bill, holds):
    points = town.point(amperes=16), town.point(amperes=25)
    town.contract(customer=town.customer(), points=points)
    for point in points:
        town.read(town.meter(point), (small.JANUARY.start, "0"), (small.JANUARY.end, "1"))

    (hold,) = holds(bill())

    assert hold.code == "supply_points_differ"


def test_alike_supply_points_of_a_contract_add_up(town, small, bill, totals):
    points = town.point(), town.point()
    contract = town.contract(customer=town.customer(), points=points)
    for point in points:
        town.read(town.meter(point), (small.JANUARY.start, "0"), (small.JANUARY.end, "50"))

    bill()

    assert totals() == {contract: D("22.02")}


def test_two_runs_at_once_bill_nobody_twice(town, connection, small, bill, psycopg_dsn, totals, counts):
    contracts = [town.household() for _ in range(40)]
    states = []

    def run():
        with psycopg.connect(psycopg_dsn, autocommit=True) as own:
            states.append(bill(on=own, request=small.request(contracts_per_chunk=3)))

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(states) == 2
    assert list(totals()) == contracts
    assert counts()["invoice"] == 40
    numbers = [row[0] for row in connection.execute("select number from invoice order by number")]
    assert numbers == list(range(1, 41))


def test_who_was_billed_meanwhile_is_left_out(town, connection, bill, totals):
    contracts = [town.household() for _ in range(3)]

    def bill_another(step):
        if step == "rated":
            town.insert(
                "invoice", customer_id=2, contract_id=contracts[1], adapter="small", seller_id=1, series="X",
                number=1, document_number="X-1", kind="REGULAR", revision=0, period_from=date(2023, 1, 1),
                period_to=date(2023, 2, 1), issued_on=date(2023, 2, 1), due_on=date(2023, 2, 1), currency="EUR",
                net=1, tax=0, support=0, total=1, rounding="en16931", customer_name="", billing_address="",
                supply_address="", payment_reference="", issued_at=date(2023, 2, 1),
            )  # fmt: skip

    state = bill(watch=bill_another)

    assert state.invoiced == 2
    assert totals() == {contracts[0]: D("22.02"), contracts[1]: D("1.00"), contracts[2]: D("22.02")}
    assert [r[0] for r in connection.execute("select number from invoice where series = 'S' order by 1")] == [1, 2]


def test_a_chunk_that_fails_leaves_the_search_for_cycles_on(town, bill, counts):
    town.household(used="100")
    seen = []

    def watch(step):
        if step == "rated":
            seen.append(gc.isenabled())
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        bill(watch=watch)

    assert (seen, gc.isenabled(), counts()["invoice"]) == ([False], True, 0)
