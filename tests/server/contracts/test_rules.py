"""What a contract's dates say."""

from dataclasses import replace
from datetime import date

import pytest
from mains_server.contracts.records import ContractState, Coverage, DatedAttribute, NewContract
from mains_server.contracts.rules import dates_problem, repeated_attribute, state_on, value_on

MARCH, APRIL, MAY, JUNE = (date(2023, month, 1) for month in (3, 4, 5, 6))
CONTRACT = NewContract(
    customer_id=1,
    number="L-1",
    adapter="electricity_retail",
    product="universal",
    starts=MARCH,
    ends=JUNE,
    covers=(Coverage(supply_point_id=5),),
)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2023, 2, 28), ContractState.FUTURE),
        (MARCH, ContractState.ACTIVE),
        (date(2023, 5, 31), ContractState.ACTIVE),
        (JUNE, ContractState.ENDED),
    ],
)
def test_a_contract_is_active_from_its_start_until_before_its_end(day, expected):
    assert state_on(starts=MARCH, ends=JUNE, day=day) is expected


def test_a_contract_without_end_stays_active():
    assert state_on(starts=MARCH, ends=None, day=date(2123, 1, 1)) is ContractState.ACTIVE


def test_a_contract_over_its_own_days_has_no_problem():
    parts = (DatedAttribute(name="zones", value="2", starts=APRIL, ends=MAY),)

    assert dates_problem(replace(CONTRACT, attributes=parts)) is None
    assert dates_problem(replace(CONTRACT, ends=None)) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ends": MARCH}, "let it end after it starts on 2023-03-01"),
        ({"covers": ()}, "name at least one supply point"),
        ({"covers": (Coverage(supply_point_id=5, starts=date(2023, 2, 1)),)}, "within the contract's own days"),
        ({"covers": (Coverage(supply_point_id=5, ends=date(2023, 7, 1)),)}, "within the contract's own days"),
        ({"attributes": (DatedAttribute(name="zones", value="2", starts=JUNE),)}, "within the contract's own days"),
        ({"attributes": (DatedAttribute(name="zones", value="2", starts=MAY, ends=MAY),)}, "own days"),
    ],
)
def test_dates_that_contradict_each_other_are_named(change, words):
    assert words in dates_problem(replace(CONTRACT, **change))


def test_an_attribute_has_one_value_a_day():
    one = DatedAttribute(name="zones", value="1", ends=APRIL)
    two = DatedAttribute(name="zones", value="2", starts=APRIL)
    both = DatedAttribute(name="zones", value="3", starts=MARCH, ends=MAY)

    assert repeated_attribute(replace(CONTRACT, attributes=(one, two))) is None
    assert repeated_attribute(replace(CONTRACT, attributes=(one, two, both))) == "zones"


def test_an_attribute_is_read_on_a_day():
    values = (
        DatedAttribute(name="zones", value="1", starts=MARCH, ends=APRIL),
        DatedAttribute(name="zones", value="2", starts=APRIL),
    )

    assert value_on(values, name="zones", day=date(2023, 3, 31)) == "1"
    assert value_on(values, name="zones", day=APRIL) == "2"
    assert value_on(values, name="zones", day=date(2023, 2, 28)) is None
    assert value_on(values, name="phases", day=APRIL) is None
