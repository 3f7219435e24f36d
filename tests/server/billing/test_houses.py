"""A building is rated once, whole, and billed to the premises."""

from datetime import date
from decimal import Decimal

from mains_spi import Period

D = Decimal


def test_flats_add_up_to_the_house_to_the_cent(town, connection, bill):
    _, flats = town.house(heat="10.1")

    state = bill()

    assert (state.invoiced, state.held) == (3, 0)
    nets = connection.execute("select contract_id, net from invoice order by contract_id").fetchall()
    assert nets == [(flats[0], D("404.00")), (flats[1], D("246.44")), (flats[2], D("157.56"))]
    assert sum(net for _, net in nets) == D("10.1") * 80


def test_its_question_is_stored_once(town, connection, bill):
    building, _ = town.house()

    bill()

    (group,) = connection.execute("select id, building_id from rating_group").fetchall()
    assert group[1] == building
    assert connection.execute("select distinct rating_group_id from invoice").fetchall() == [(group[0],)]


def test_its_figures_are_kept_for_later_bills(town, connection, bill):
    building, _ = town.house(heat="10.1")

    bill()

    kept = connection.execute("select name, subject, unit, value, source from fact_figure").fetchall()
    assert kept == [("heat_before", f"building:{building}", "MWh", D("10.10000000"), "billing run of 2023-01")]


def test_a_kept_figure_comes_back_as_a_fact(town, connection, small, bill):
    town.house(heat="10.1")
    bill()
    register = connection.execute("select id from register").fetchone()[0]
    town.read(register, (date(2023, 3, 1), "115"))

    bill(request=small.request(Period(date(2023, 2, 1), date(2023, 3, 1))))

    values = connection.execute("select value from fact_figure order by starts_at").fetchall()
    assert values == [(D("10.10000000"),), (D("10.10000000"),)]


def test_a_missing_reading_holds_the_whole_house(town, connection, small, bill, holds, counts):
    _, flats = town.house()
    connection.execute("delete from reading where counts_for = %s", [small.JANUARY.end])

    state = bill()

    assert [(hold.contract_id, hold.code) for hold in holds(state)] == [(flat, "missing_reading") for flat in flats]
    assert counts()["rating_group"] == 0


def test_a_premise_that_nobody_has_holds_the_whole_house(town, bill, holds):
    building, _ = town.house()
    town.point(commodity="heat", building_id=building, premise="9", area_m2=D(40))

    state = bill()

    assert {hold.reason for hold in holds(state)} == {"nobody has premise 9; conclude a contract for it"}


def test_a_house_is_never_split(town, connection, small, bill, counts):
    town.house(areas=("10",) * 7)
    town.household()

    bill(request=small.request(contracts_per_chunk=2))

    sizes = connection.execute("select cardinality(contract_ids) from billing_chunk order by id").fetchall()
    assert sizes == [(8,)]
    assert counts()["invoice"] == 8


def test_occupants_who_follow_each_other_share_by_days(town, connection, bill):
    _, flats = town.house(areas=("50", "50"), heat="6.2")
    day = date(2023, 1, 11)
    connection.execute("update contract set ends = %s where id = %s", [day, flats[1]])
    connection.execute("update contract_supply_point set ends = %s where contract_id = %s", [day, flats[1]])
    point = connection.execute(
        "select supply_point_id from contract_supply_point where contract_id = %s", [flats[1]]
    ).fetchone()[0]
    new = town.contract(customer=town.customer(), points=(point,), product="flat", starts=day)

    bill()

    rows = connection.execute(
        "select contract_id, kind, period_from, period_to, net from invoice order by 1"
    ).fetchall()
    assert rows == [
        (flats[0], "REGULAR", date(2023, 1, 1), date(2023, 2, 1), D("248.00")),
        (flats[1], "FINAL", date(2023, 1, 1), day, D("80.00")),
        (new, "REGULAR", day, date(2023, 2, 1), D("168.00")),
    ]


def test_a_share_is_priced_by_its_own_unit(town, connection, bill, small):
    """10.1 MWh x 80.00 = 808.00 EUR over 100 m2: 8.08 EUR/m2, and 50 m2 cost 404.00."""
    _, flats = town.house(heat="10.1")

    bill()

    (line,) = small.lines(connection, flats[0])
    assert line[:6] == ("heating", D("50.000000"), "m2", D("8.08000000"), "EUR/m2", D("404.00"))


def test_two_premises_of_one_contract_are_taxed_on_their_sum(town, connection, bill):
    """Two flats of 2.68 each: 21 % of 5.36 is 1.1256, so 1.13; taxed apart it would be 0.56 + 0.56."""
    _, flats = town.house(areas=("33.5", "33.5", "33"), heat="0.1")
    connection.execute(
        "update contract_supply_point set (contract_id, customer_id) = (select id, customer_id from contract"
        " where id = %s) where contract_id = %s",
        flats[:2],
    )
    connection.execute("delete from contract where id = %s", [flats[1]])

    state = bill()

    assert (state.invoiced, state.held) == (2, 0)
    billed = connection.execute("select net, tax, total from invoice where contract_id = %s", [flats[0]]).fetchall()
    assert billed == [(D("5.36"), D("1.13"), D("6.49"))]
