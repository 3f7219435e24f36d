"""What a run prices by: of kept figures those that hold now."""

from datetime import date
from decimal import Decimal as D

from mains_server.billing.due import FigureRow
from mains_server.billing.prices import facts_of
from mains_spi import Period

JUNE = (date(2022, 6, 1), date(2022, 7, 1))
EARLY, LATE = (JUNE[0], date(2022, 6, 16)), (date(2022, 6, 16), JUNE[1])


def figure(days, value, *, subject="contract:1", name="left"):
    return FigureRow(
        name=name, subject=subject, starts=days[0], ends=days[1], value=D(value), unit="EUR", source="bill"
    )


def kept(*rows):
    return {
        subject: [(fact.name, fact.period, fact.value) for fact in facts] for subject, facts in facts_of(rows).items()
    }


def test_parts_of_a_month_stand_beside_each_other():
    found = kept(figure(LATE, "2"), figure(EARLY, "1"))

    assert found == {"contract:1": [("left", Period(*EARLY), D(1)), ("left", Period(*LATE), D(2))]}


def test_a_month_that_was_billed_again_in_parts_is_those_parts():
    found = kept(figure(LATE, "2"), figure(EARLY, "1"), figure(JUNE, "100"))

    assert found == {"contract:1": [("left", Period(*EARLY), D(1)), ("left", Period(*LATE), D(2))]}


def test_a_month_that_was_billed_again_from_a_later_day_is_its_last_bill():
    assert kept(figure(LATE, "2"), figure(JUNE, "100")) == {"contract:1": [("left", Period(*LATE), D(2))]}


def test_figures_of_others_and_of_other_names_stay():
    found = kept(figure(JUNE, "1"), figure(JUNE, "2", subject="contract:2"), figure(JUNE, "3", name="heat"))

    assert found == {
        "contract:1": [("heat", Period(*JUNE), D(3)), ("left", Period(*JUNE), D(1))],
        "contract:2": [("left", Period(*JUNE), D(2))],
    }
