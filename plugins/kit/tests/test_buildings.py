"""A house is billed whole: its premises, their occupants and the steps of a publisher are compared."""

from types import SimpleNamespace

import pytest
from mains_kit import Adapter, differences, load_golden, rate_golden
from mains_kit.formula import work_out
from mains_spi import (
    AllocateBuilding,
    BadRecord,
    Capability,
    ChargeCode,
    Figure,
    GroupQty,
    Labels,
    Pool,
    Price,
    Product,
    Qty,
    QuantityKind,
    Tariff,
    Utility,
    hookimpl,
)

NAME = Labels(lv="Siltums", en="Heat", ru="Тепло")
UTILITY = Utility(
    code="house_heat",
    spi_major=1,
    labels=NAME,
    quantities=(
        QuantityKind("heat", "MWh", labels=NAME, scope="building"),
        QuantityKind("dhw", "m3", labels=NAME, scope="premise"),
        QuantityKind("area", "m2", labels=NAME, scope="premise"),
    ),
    charges=(ChargeCode("water", "vat", "revenue:heat", NAME), ChargeCode("heating", "vat", "revenue:heat", NAME)),
    price_lists=("heat",),
    capabilities=(Capability.BUILDINGS,),
)
TARIFF = Tariff(
    "heat",
    "EUR",
    (
        AllocateBuilding(
            "house",
            GroupQty("heat", "MWh") * Price("heat.tariff", "EUR/MWh"),
            (
                Pool("water", Qty("dhw", "m3"), GroupQty("heat", "MWh") * Price("heat.water", "EUR/MWh")),
                Pool("heating", Qty("area", "m2"), rest=True),
            ),
        ),
        Figure("heat_kept", GroupQty("heat", "MWh")),
    ),
)


@hookimpl
def describe_utility():
    return UTILITY


@hookimpl
def products(request):
    return (Product(code="heat", labels=NAME, tariff="heat", price_list="heat"),)


@hookimpl
def tariff(request):
    if request.product != "heat":
        raise BadRecord("only heat")
    return TARIFF


ADAPTER = Adapter(SimpleNamespace(describe_utility=describe_utility, products=products, tariff=tariff))

# house    10 MWh x 100.00 = 1000.00, of which water 10 x 10.00 = 100.00, rest 900.00
# water    flat 1: 100.00 x 1/4 = 25.00      shop: 100.00 x 3/4 = 75.00
# heating  flat 1: 900.00 x 50/150 = 300.00  shop: 900.00 x 100/150 = 600.00
# VAT      flat 1: 325.00 x 12 % = 39.00     shop: 675.00 x 21 % = 141.75
HOUSE = """
[bill]
title = "A house"
source = "Worked out by hand"
utility = "house_heat"
product = "heat"
kind = "private"
period = "2024-01"

[[price]]
list = "heat"
rows = { tariff = "100.00 EUR/MWh", water = "10.00 EUR/MWh" }

[[tax]]
code = "vat"
rate = "0.12"
kind = "private"

[[tax]]
code = "vat"
rate = "0.21"

[building]
usage = { heat = "10 MWh" }

[[member]]
id = "flat 1"
attributes = { area = "50.0 m2" }
usage = { dhw = "1 m3" }

[[member]]
id = "shop"
kind = "business"
attributes = { area = "100.0 m2" }
usage = { dhw = "3 m3" }

[expect]
net = "1000.00"
tax = "180.75"
total = "1180.75"
lines = "some"

[[expect.line]]
member = "flat 1"
code = "heating"
quantity = "50.0"
net = "300.00"

[[expect.member]]
id = "shop"
net = "675.00"
tax = "141.75"
total = "816.75"

[[expect.step]]
name = "heating of the house"
formula = "used(heat) * listed(heat.tariff) - net(water)"
printed = "900.01"
value = "900.00"
remark = "Printed wrongly."

[[expect.step]]
name = "share"
member = "shop"
formula = "net(heating) + net(water)"
printed = "675.00"
"""


@pytest.fixture
def house(tmp_path):
    def read(*changes):
        text = HOUSE
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        path = tmp_path / "house.toml"
        path.write_text(text, encoding="utf-8")
        return load_golden(path)

    return read


def found(golden):
    bill = rate_golden(golden=golden, adapter=ADAPTER)
    return [str(difference) for difference in differences(golden=golden, bill=bill)]


def test_house_comes_out_as_worked_out_by_hand(house):
    assert found(house()) == []


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (
            ('net = "300.00"', 'net = "300.01"'),
            "expect.line[1]: line `heating` of flat 1 net: expected 300.01, got 300.00 (-0.01)",
        ),
        (('tax = "141.75"', 'tax = "141.76"'), "expect.member[1]: shop tax: expected 141.76, got 141.75 (-0.01)"),
        (
            ('printed = "675.00"', 'printed = "675.10"'),
            "expect.step[2]: step 'share' = net(heating) + net(water): expected 675.10, got 675.00 (-0.10)",
        ),
        (
            ('lines = "some"', 'lines = "all"'),
            "expect: line `water` of flat 1 2024-01-01 to 2024-02-01: expected no such line, got net 25.00 (+25.00)",
        ),
    ],
)
def test_difference_names_the_premise(house, change, difference):
    assert difference in found(house(change))


def test_tenants_of_one_premise_are_compared_by_contract_and_together(house):
    tenants = 'id = "shop"\nkind = "business"\noccupant = [{ contract = "A", to = 2024-01-11 }, '
    tenants += '{ contract = "B", from = 2024-01-11 }]'
    lines = '\n[[expect.line]]\nmember = "A"\ncode = "heating"\nnet = "193.55"\n'

    golden = house(('id = "shop"\nkind = "business"', tenants), ("[[expect.step]]", f"{lines}\n[[expect.step]]"))

    assert [text for text in found(golden) if "line" in text or " net:" in text] == []


def test_member_that_is_not_there_is_refused(house):
    with pytest.raises(Exception, match=r"expect\.line\[1\]\.member: there is no member 'flat 2'. Did you mean"):
        found(house(('member = "flat 1"', 'member = "flat 2"')))


@pytest.mark.parametrize(
    ("formula", "member", "value"),
    [
        ("net(heating)", None, 900),
        ("net(heating)", "flat 1", 300),
        ("net()", "shop", 675),
        ("used(dhw)", None, 4),
        ("used(dhw)", "shop", 3),
        ("used(heat)", None, 10),
        ("figure(heat_kept)", None, 10),
    ],
)
def test_formula_speaks_of_the_house_or_of_one_premise(house, formula, member, value):
    golden = house()
    bill = rate_golden(golden=golden, adapter=ADAPTER)

    assert work_out(formula=formula, bill=bill, request=golden.request, member=member) == value
