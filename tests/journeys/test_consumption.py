"""People look at what they used and what it cost, over HTTP, on the demo's year."""

from decimal import Decimal as D
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.asyncio

SVG = "{http://www.w3.org/2000/svg}"
SIGN_OUT = "mutation { sessionRevoke { userErrors { code } } }"
ASKED = "granularity: $granularity, period: {from: $from, to: $to}, compareWith: $with"
VARIABLES = "$granularity: Granularity!, $from: Date!, $to: Date!, $with: CompareWith"
ANSWER = """{
  knownUntil chartUrl basePeriod { from to }
  series { quantity unit zone
    buckets { period { from to } value quality coverage }
    weather { degreeDays normalDegreeDays value }
    comparison { difference share comparedBuckets buckets { base { value } difference share } } }
  costs { period { from } billedDays isComplete net { amount } tax { amount } total { amount currency } }
  cost { billedDays isComplete total { amount } }
  change { baseTotal { amount } total { amount } drivers { driver amount { amount } } } }"""
USED = f"""query ($number: String!, {VARIABLES}) {{ viewer {{
  contracts(first: 1, filter: {{number: $number}}) {{ nodes {{ supplies {{ supplyPoint {{
    id consumption({ASKED}) {ANSWER}
    building {{ id consumption({ASKED}) {ANSWER} }} }} }} }} }} }} }}"""
PREMISES = f"""query ($id: ID!, {VARIABLES}) {{ node(id: $id) {{ ... on Building {{
  supplyPoints(first: 40) {{ nodes {{ premise consumption({ASKED}) {{
    series {{ quantity unit buckets {{ value quality }} }} costs {{ total {{ amount }} }} }} }} }} }} }} }}"""
BY_ID = (
    f"query ($id: ID!, {VARIABLES}) {{ node(id: $id) {{ ... on SupplyPoint {{ consumption({ASKED}) {ANSWER} }} }} }}"
)


def question(granularity, starts, ends, compare_with=None):
    return {"granularity": granularity, "from": starts, "to": ends, "with": compare_with}


async def place_of(portal, number, *asked):
    data = await portal.ask(USED, number=number, **question(*asked))
    return data["viewer"]["contracts"]["nodes"][0]["supplies"][0]["supplyPoint"]


async def premises_of(portal, number):
    """Ask for all points of a contract's house, by premise."""
    asked = question("MONTH", "2023-01-01", "2023-03-01")
    house = (await place_of(portal, number, "MONTH", "2023-01-01", "2023-03-01"))["building"]["id"]
    data = await portal.ask(PREMISES, id=house, **asked)
    return {point["premise"]: point["consumption"] for point in data["node"]["supplyPoints"]["nodes"]}


async def used(portal, number, *asked):
    return (await place_of(portal, number, *asked))["consumption"]


def values(series):
    return [bucket["value"] for bucket in series["buckets"]]


WINTER = ("MONTH", "2022-10-01", "2023-03-01", "PREVIOUS_PERIOD")


async def test_the_family_sees_its_hot_water_month_by_month(front_end):
    async with front_end("owner@demo.example") as portal:
        found = await used(portal, "H-100012", *WINTER)

    [water] = found["series"]
    assert (water["quantity"], water["unit"], water["zone"], water["weather"]) == ("hot_water", "m3", None, None)
    assert values(water) == ["3.360000", "2.500000", "2.390000", "3.120000", "3.060000"]
    assert {(b["quality"], b["coverage"]) for b in water["buckets"]} == {("ACTUAL", "1.000000")}
    assert found["basePeriod"] == {"from": "2022-05-01", "to": "2022-10-01"}
    assert [part["base"]["value"] for part in water["comparison"]["buckets"]] == [
        "2.530000", "2.070000", "2.880000", "2.650000", "3.100000",
    ]  # fmt: skip
    assert water["comparison"]["buckets"][0]["difference"] == "0.830000"
    assert water["comparison"]["buckets"][0]["share"] == "0.3281"
    assert (water["comparison"]["difference"], water["comparison"]["share"]) == ("1.200000", "0.0907")
    assert found["knownUntil"] == "2023-02-28T22:00:00.000Z"


async def test_the_family_sees_what_it_was_billed(front_end, demo_rows):
    async with front_end("owner@demo.example") as portal:
        found = await used(portal, "H-100012", *WINTER)

    issued = demo_rows(
        "select i.net, i.tax, i.total from invoice i join contract c on c.id = i.contract_id"
        " where c.number = 'H-100012' and i.period_from >= '2022-10-01' order by i.period_from"
    )
    billed = [(cost["net"]["amount"], cost["tax"]["amount"], cost["total"]["amount"]) for cost in found["costs"]]
    assert billed == [tuple(str(amount) for amount in row) for row in issued]
    assert billed[0] == ("44.37", "5.32", "49.69")
    assert found["cost"] == {"billedDays": 151, "isComplete": True, "total": {"amount": "378.86"}}


async def test_the_year_is_the_sum_of_its_months(front_end):
    async with front_end("owner@demo.example") as portal:
        found = await used(portal, "H-100012", "YEAR", "2022-03-01", "2023-03-01")
        months = await used(portal, "H-100012", "MONTH", "2022-03-01", "2023-03-01")

    assert values(found["series"][0]) == ["26.880000", "6.180000"]
    assert sum(D(value) for value in values(months["series"][0])) == D("33.06")
    assert [cost["total"]["amount"] for cost in found["costs"]] == ["399.14", "170.73"]
    assert sum(D(cost["total"]["amount"]) for cost in months["costs"]) == D("569.87")


async def test_a_month_not_billed_yet_has_no_cost(front_end):
    async with front_end("owner@demo.example") as portal:
        found = await used(portal, "H-100012", "MONTH", "2023-02-01", "2023-04-01", "PREVIOUS_PERIOD")

    assert [cost["period"]["from"] for cost in found["costs"]] == ["2023-02-01"]
    assert (found["cost"]["billedDays"], found["cost"]["isComplete"]) == (28, False)
    assert found["change"] is None


async def test_days_are_not_made_up_from_months(front_end):
    async with front_end("owner@demo.example") as portal:
        found = await used(portal, "H-100012", "DAY", "2023-01-01", "2023-01-04")

    bucket = {"value": None, "quality": None, "coverage": "0.000000"}
    assert [{key: b[key] for key in bucket} for b in found["series"][0]["buckets"]] == [bucket] * 3
    assert (found["knownUntil"], found["costs"], found["cost"]) == (None, [], None)


async def test_electricity_cost_more_and_why(front_end):
    """334.05 - 201.45 = 132.60, and the four drivers add up to it."""
    async with front_end("owner@demo.example") as portal:
        found = await used(portal, "E-200001", *WINTER)

    change = found["change"]
    assert (change["baseTotal"]["amount"], change["total"]["amount"]) == ("201.45", "334.05")
    drivers = {part["driver"]: part["amount"]["amount"] for part in change["drivers"]}
    assert drivers == {"DAYS": "-4.64", "WEATHER": "0.00", "VOLUME": "65.50", "PRICE": "71.74"}
    assert sum(D(amount) for amount in drivers.values()) == D("132.60")


async def test_a_flats_heating_cost_less_because_it_was_warmer(front_end, demo_rows):
    """February 2023 beside January: what is shared by area or equally moves with the house's 50.176 and 45.913 MWh."""
    async with front_end("owner@demo.example") as portal:
        found = await used(portal, "H-100012", "MONTH", "2023-02-01", "2023-03-01", "PREVIOUS_PERIOD")

    rows = demo_rows(
        """select l.code, l.period_from, l.net * (1 + l.tax_rate), l.quantity from invoice_line l
        join invoice i on i.id = l.invoice_id join contract c on c.id = i.contract_id
        where c.number = 'H-100012' and i.period_from in ('2023-01-01', '2023-02-01')"""
    )
    january = {code: (gross, quantity) for code, day, gross, quantity in rows if day.month == 1}
    february = {code: quantity for code, day, _, quantity in rows if day.month == 2}
    days = [
        sum(total)
        for (total,) in demo_rows(
            "select values from fact_series where name = 'degree_days.jelgava'"
            " and starts_at in ('2023-01-01T00:00:00Z', '2023-02-01T00:00:00Z') order by starts_at"
        )
    ]
    shared = january["heating"][0] + january["circulation"][0]
    water, m3 = january["hot_water"]
    by_days, by_weather, by_heat = D(28) / 31 - 1, days[1] / days[0] - 1, D("45.913") / D("50.176") - 1
    moved = [
        (shared + water) * by_days,
        shared * by_weather + water * by_days,
        shared * by_heat + water * (february["hot_water"] / m3 - 1),
    ]
    change = found["change"]
    told = [D(part["amount"]["amount"]) for part in change["drivers"]]
    total = D(change["total"]["amount"]) - D(change["baseTotal"]["amount"])
    assert [abs(sum(told[: n + 1]) - moved[n]) <= D("0.01") for n in range(3)] == [True] * 3
    assert sum(told) == total
    assert told[1] != 0 and told[2] != 0


async def test_a_flat_sees_the_house_in_a_normal_winter(front_end, demo_rows):
    async with front_end("owner@demo.example") as portal:
        house = (await place_of(portal, "H-100012", *WINTER))["building"]["consumption"]

    heat, water = house["series"]
    assert (heat["quantity"], heat["unit"], water["quantity"]) == ("heat", "MWh", "hot_water")
    assert values(heat) == ["24.450000", "37.300000", "49.950000", "50.176000", "45.913000"]
    assert values(water) == ["106.520000", "103.350000", "101.300000", "107.360000", "106.810000"]
    january = heat["weather"][3]
    [(actual,)] = demo_rows(
        "select (select sum(v) from unnest(values) v) from fact_series"
        " where name = 'degree_days.jelgava' and starts_at = '2023-01-01T00:00:00Z'"
    )
    assert (D(january["degreeDays"]), january["normalDegreeDays"]) == (actual, "635.500")
    assert abs(D(january["value"]) - D("50.176") / actual * D("635.500")) <= D("0.0005")
    assert (house["costs"], house["cost"], house["change"]) == ([], None, None)


async def test_a_neighbour_is_not_seen(front_end):
    async with front_end("owner@demo.example") as portal:
        stolen = (await place_of(portal, "H-100012", *WINTER))["id"]
        theirs = await premises_of(portal, "H-100012")

    async with front_end("neighbour@demo.example") as portal:
        found = await portal.ask(BY_ID, id=stolen, **question(*WINTER))
    assert found == {"node": None}
    assert theirs.keys() == {None, "12"}


async def test_the_manager_sees_every_flats_water_and_nobodys_bill(front_end):
    async with front_end("manager@demo.example") as portal:
        points = await premises_of(portal, "H-100000")

    assert len(points) == 38
    assert values(points["12"]["series"][0]) == ["3.120000", "3.060000"]
    assert {len(point["costs"]) for point in points.values()} == {0}


async def test_an_employee_sees_a_flats_bills(front_end):
    async with front_end("owner@demo.example") as portal:
        point = (await place_of(portal, "H-100012", *WINTER))["id"]

    async with front_end("operator@demo.example") as desk:
        found = await desk.ask(BY_ID, id=point, **question(*WINTER))
    assert found["node"]["consumption"]["cost"]["total"] == {"amount": "378.86"}


async def test_a_chart_is_a_picture_by_its_address(front_end):
    async with front_end("owner@demo.example") as portal:
        found = await used(portal, "H-100012", *WINTER)
        answer = await portal.client.get(found["chartUrl"])

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"].startswith("private")
    bars = ElementTree.fromstring(answer.text).findall(f".//{SVG}g[@class='bar']/{SVG}title")
    assert bars[0].text.replace("\xa0", " ") == "2022. g. oktobris: 3,36 m3, nolasīts; iepriekš 2,53 m3"
    assert len(bars) == 5


async def test_a_chart_ends_with_the_session_and_cannot_be_changed(front_end):
    async with front_end("owner@demo.example") as portal:
        url = (await used(portal, "H-100012", *WINTER))["chartUrl"]
        changed = await portal.client.get(url.replace("/charts/W", "/charts/X"))
        await portal.ask(SIGN_OUT)
        late = await portal.client.get(url)

    assert (changed.status_code, late.status_code) == (404, 404)
    assert late.json()["code"] == "CHART_UNKNOWN"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("MONTH", "2023-03-01", "2023-03-01"), "PERIOD_REVERSED"),
        (("MONTH", "2023-03-01", "2022-03-01"), "PERIOD_REVERSED"),
        (("HOUR", "2023-01-01", "2023-02-02"), "PERIOD_TOO_LONG"),
        (("DAY", "2022-01-01", "2023-01-03"), "PERIOD_TOO_LONG"),
        (("MONTH", "2010-01-01", "2023-01-01"), "PERIOD_TOO_LONG"),
        (("DAY", "2180-01-01", "2180-01-02"), "PERIOD_IN_FUTURE"),
        (("YEAR", "0001-01-01", "0002-01-01"), "PERIOD_OUT_OF_RANGE"),
        (("YEAR", "2020-01-01", "9999-12-31"), "PERIOD_OUT_OF_RANGE"),
        (("DAY", "2023-02-30", "2023-03-01"), "there is no day"),
        (("DAY", "yesterday", "2023-03-01"), "a Date is a string"),
        (("WEEK", "2023-01-01", "2023-03-01"), "WEEK"),
        (("DAY", "2023-01-01", "2023-03-01", "TOMORROW"), "TOMORROW"),
        (("DAY", None, "2023-03-01"), "null"),
    ],
)
async def test_what_cannot_be_shown_is_bad_input(front_end, asked, said):
    async with front_end("owner@demo.example") as portal:
        answer = await portal.answer(USED, number="H-100012", **question(*asked))

    assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    assert said in answer["errors"][0]["message"]
