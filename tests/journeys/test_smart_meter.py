"""A smart meter over both clock changes: seen hour by hour, billed by day and night, and what never came is no zero."""

from datetime import date
from decimal import Decimal as D

import pytest
from mains_schema.declaring.node import encode_id

DAYS = """query ($id: ID!, $from: Date!, $before: Date!) { node(id: $id) { ... on Contract { supplies { supplyPoint {
  meters { registers { intervalDays(first: 40, orderBy: OLDEST, filter: {dayFrom: $from, dayBefore: $before}) {
    nodes { day stepSeconds values quality known expected total { value unit } } } } } } } } } }"""
MINE = "select id from contract where number = 'E-200100'"
BILLED = """
select l.code, l.quantity, l.quality from invoice_line l join invoice i on i.id = l.invoice_id
join contract c on c.id = i.contract_id
where c.number = 'E-200100' and l.period_from = %s and l.code like 'energy%%' order by l.code
"""
SENT = "select sum(total), sum(cardinality(values)) from interval_day where is_current and day >= %s and day < %s"


async def days_of(front_end, number, starts, before):
    """Ask as the operator for a contract's days."""
    async with front_end("operator@demo.example") as portal:
        asked = {"id": encode_id(type_name="Contract", number=number), "from": starts, "before": before}
        data = await portal.ask(DAYS, **asked)
    (supply,) = data["node"]["supplies"]
    return supply["supplyPoint"]["meters"][0]["registers"][0]["intervalDays"]["nodes"]


@pytest.mark.asyncio
async def test_the_clock_changes_are_days_of_23_and_25_hours(front_end, demo_rows):
    ((contract,),) = demo_rows(MINE)

    spring = await days_of(front_end, contract, "2022-03-26", "2022-03-29")
    autumn = await days_of(front_end, contract, "2022-10-29", "2022-11-01")

    assert [(day["day"], len(day["values"])) for day in spring + autumn] == [
        ("2022-03-26", 24), ("2022-03-27", 23), ("2022-03-28", 24),
        ("2022-10-29", 24), ("2022-10-30", 25), ("2022-10-31", 24),
    ]  # fmt: skip
    assert {day["quality"] for day in spring + autumn} == {"ACTUAL"}


@pytest.mark.asyncio
async def test_hours_that_never_came_are_null(front_end, demo_rows):
    ((contract,),) = demo_rows(MINE)

    (day,) = await days_of(front_end, contract, "2023-03-02", "2023-03-03")

    assert [at for at, value in enumerate(day["values"]) if value is None] == [4, 5]
    assert (day["quality"], day["known"], day["expected"]) == ("INCOMPLETE", 22, 24)
    assert D(day["total"]["value"]) == sum(D(value) for value in day["values"] if value is not None)


@pytest.mark.parametrize(
    ("first", "following", "hours"),
    [(date(2022, 3, 1), date(2022, 4, 1), 743), (date(2022, 10, 1), date(2022, 11, 1), 745)],
)
def test_months_of_a_clock_change_are_billed_by_day_and_night_to_the_last_hour(demo_rows, first, following, hours):
    lines = demo_rows(BILLED, first)
    ((total, values),) = demo_rows(SENT, first, following)

    assert [(code, quality) for code, _, quality in lines] == [("energy_day", "ACTUAL"), ("energy_night", "ACTUAL")]
    assert sum(quantity for _, quantity, _ in lines) == total
    assert values == hours


def test_every_month_of_the_year_was_billed(demo_rows):
    ((bills,),) = demo_rows(f"select count(*) from invoice where contract_id = ({MINE})")

    assert bills == 12
