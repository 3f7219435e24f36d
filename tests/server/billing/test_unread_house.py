"""A house whose own meter nobody read: estimated for all its flats and marked so, or held, as the utility says."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D

import pytest
from mains_spi import ReadingRules, hookimpl


@pytest.fixture
def unread_house(town, connection):
    """Have a house of three flats, 10.1 MWh in January a year before, whose meter was not read after this one."""
    _, flats = town.house()
    connection.execute("delete from reading where counts_for = '2023-02-01'")
    (register,) = connection.execute("select id from register where quantity = 'heat'").fetchone()
    town.read(register, (date(2022, 1, 1), "0"), (date(2022, 2, 1), "10.1"))
    return flats


def keeping(small, **rules):
    """Make the small utility with rules for readings."""

    class Keeping(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def describe_utility(self):
            utility = small.SmallUtility.describe_utility(self)
            return replace(utility, reading_rules=ReadingRules(from_day=25, upto_day=3, **rules))

    return Keeping()


def test_a_house_is_estimated_for_all_its_flats_and_every_line_says_so(connection, small, bill, totals, unread_house):
    """10.1 MWh x 80.00 = 808.00, by 50, 30.5 and 19.5 m2: 404.00, 246.44 and 157.56; with 21 % VAT each."""
    bill(plugin=keeping(small, estimates=True))

    lines = [small.lines(connection, flat)[0] for flat in unread_house]
    assert [(line[5], line[-1]) for line in lines] == [
        (D("404.00"), "ESTIMATED"),
        (D("246.44"), "ESTIMATED"),
        (D("157.56"), "ESTIMATED"),
    ]
    assert totals() == dict(zip(unread_house, (D("488.84"), D("298.19"), D("190.65")), strict=True))
    booked = "select counts_for, value from reading where quality = 'ESTIMATED' and status = 'ACCEPTED'"
    assert connection.execute(booked).fetchall() == [(date(2023, 2, 1), D("110.1"))]


def test_a_utility_that_wants_its_houses_read_holds_all_flats(connection, small, bill, holds, totals, unread_house):
    held = holds(bill(plugin=keeping(small, estimates=True, estimates_buildings=False)))

    assert {(hold.contract_id, hold.code) for hold in held} == {(flat, "missing_reading") for flat in unread_house}
    assert totals() == {}
    assert connection.execute("select count(*) from reading where quality = 'ESTIMATED'").fetchone() == (0,)
