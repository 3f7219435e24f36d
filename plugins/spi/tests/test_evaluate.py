"""The evaluator as a whole: the same whatever the context, and explained so that it can be replayed."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from decimal import ROUND_DOWN, Context, Decimal, Inexact, localcontext

import pytest
from mains_spi import (
    Amount,
    BadRecord,
    BadUnit,
    Block,
    CannotRate,
    Const,
    Figure,
    Monthly,
    PerUnit,
    Price,
    Qty,
    Rebate,
    Rounding,
    Tariff,
    When,
    compile_cohort,
    evaluate,
    evaluate_amounts,
    replay,
    request_from_json,
    request_to_json,
)

D = Decimal
kwh, energy = Qty("kwh", "kWh"), Price("product.energy", "EUR/kWh")
ELECTRICITY = Tariff(
    "fixed",
    "EUR",
    (
        PerUnit("energy", kwh, energy),
        Monthly("monthly_fee", Price("product.monthly_fee", "EUR/month")),
        Monthly("dso_fixed", Price("dso.fixed", "EUR/month", ("phases", "amperes"))),
        PerUnit("dso_variable", kwh, Price("dso.variable", "EUR/kWh")),
        PerUnit("oik", kwh, Price("oik.energy", "EUR/kWh")),
        Rebate("dso_support", Amount("dso_fixed") * Price("lv.dso_support", "1"), when=(When("kind", ("private",)),)),
        Rebate(
            "protected",
            Block(kwh, upto=Qty("allowance", "kWh")) * (energy - Price("lv.protected", "EUR/kWh")),
            when=(When("protected", ("yes",)),),
        ),
        PerUnit("paper", Qty("paper_invoices", "pcs"), Price("product.paper", "EUR/pcs")),
    ),
)


@pytest.fixture
def request_(make):
    """A protected household on a product that includes tax in its price, with a price change in the month."""
    early, late = make.period("2022-01-01", "2023-01-11"), make.period("2023-01-11", "2024-01-01")
    product = [
        make.row("monthly_fee", "3.00", "EUR/month", "0.21"),
        make.row("paper", "0.50", "EUR/pcs"),
    ]
    prices = [
        make.version("product", make.row("energy", "0.12345", "EUR/kWh", "0.21"), *product, days=early),
        make.version("product", make.row("energy", "0.23456", "EUR/kWh", "0.21"), *product, days=late),
        make.version(
            "dso",
            make.row("fixed", "7.60", "EUR/month", phases="1", amperes="20"),
            make.row("fixed", "18.40", "EUR/month", phases="3", amperes="20"),
            make.row("variable", "0.04076", "EUR/kWh"),
        ),
        make.version("oik", make.row("energy", "0.01474", "EUR/kWh")),
        make.version("lv", make.row("dso_support", "0.60", "1"), make.row("protected", "0.0131", "EUR/kWh")),
    ]
    return make.request(
        prices=prices,
        usage=(make.usage("kwh", "312.5", "kWh"), make.usage("paper_invoices", "1", "pcs")),
        attributes={"kind": "private", "phases": "3", "amperes": "20", "protected": "yes", "allowance": "100"},
    )


def test_the_printed_electricity_tariff(request_):
    bill = evaluate(ELECTRICITY, request_)

    assert [(line.code, line.net) for line in bill.lines] == [
        ("energy", D("10.28")),  # 100.806 kWh x 0.12345 / 1.21
        ("energy", D("41.04")),  # 211.694 kWh x 0.23456 / 1.21
        ("monthly_fee", D("2.48")),
        ("dso_fixed", D("18.40")),
        ("dso_variable", D("12.74")),
        ("oik", D("4.61")),
        ("dso_support", D("-11.04")),
        ("protected", D("-8.89")),  # 100 kWh x (0.102025 - 0.0131); nothing left for the second price
        ("paper", D("0.50")),
    ]
    assert (bill.net, bill.tax, bill.total) == (D("70.12"), D("14.73"), D("84.85"))


@pytest.mark.parametrize("context", [Context(prec=3, rounding=ROUND_DOWN), Context(prec=1, traps=[Inexact])])
@pytest.mark.parametrize(
    "policy", [Rounding(), Rounding("u", tax="per_unit", tax_places=5), Rounding("l", tax="per_line")]
)
def test_the_callers_decimal_context_does_not_matter(request_, context, policy):
    tariff = replace(ELECTRICITY, rounding=policy)
    expected = evaluate(tariff, request_)
    shared = replace(request_, usage=())
    row = [(312_500_000, 1_000_000)]
    compact = compile_cohort(tariff=tariff, conditions=shared).rate(row)

    with localcontext(context):
        bill = evaluate(tariff, request_)
        nets = [replay(line.why) for line in bill.lines]
        rebuilt = request_from_json(request_to_json(request_))
        cohort = compile_cohort(tariff=tariff, conditions=shared)
        lines = cohort.bill_lines(cohort.rate(row)[0])

    assert bill == expected
    assert nets == [line.net for line in expected.lines]
    assert rebuilt == request_
    assert cohort.rate(row) == compact
    assert lines == tuple(replace(line, why={}) for line in expected.lines)


@pytest.mark.parametrize(
    "policy",
    [
        Rounding(),
        Rounding("lines", tax="per_line"),
        Rounding("units", tax="per_unit", tax_places=5),
        Rounding("end", line=None, tax="end"),
    ],
)
def test_each_explanation_replays_to_its_line_after_a_trip_through_json(request_, policy):
    bill = evaluate(replace(ELECTRICITY, rounding=policy), request_)

    for line in bill.lines:
        why = json.loads(json.dumps(line.why))
        assert replay(why) == line.net
        assert line.gross is None or replay(why, figure="gross") == line.gross


def test_an_explanation_names_version_decision_and_source(make):
    version = replace(
        make.version("product", make.row("energy", "0.10", "EUR/kWh"), id="product/7"), decision="SPRK 1/16"
    )
    usage = make.usage("kwh", "100", "kWh", source="readings 11 and 12")

    (line,) = evaluate(
        Tariff("T", "EUR", (PerUnit("energy", kwh, energy),)), make.request(prices=[version], usage=(usage,))
    ).lines

    assert line.why == {
        "v": 1,
        "tariff": "T",
        "code": "energy",
        "period": ["2023-01-01", "2023-02-01"],
        "inputs": [
            {
                "id": "i1",
                "name": "kwh",
                "value": "100",
                "unit": "kWh",
                "source": "readings 11 and 12",
                "quality": "ACTUAL",
            },
            {
                "id": "i2",
                "name": "product.energy",
                "value": "0.1",
                "unit": "EUR/kWh",
                "source": "product/7",
                "quality": "",
                "decision": "SPRK 1/16",
            },
        ],
        "steps": [
            {"id": "s1", "op": "mul", "args": ["i1", "i2"], "value": "10"},
            {"id": "s2", "op": "round", "args": ["s1"], "places": 2, "value": "10"},
        ],
        "result": "s2",
        "rounding": {"name": "en16931", "line": 2, "tax": "per_rate", "tax_places": 2, "total": 2},
    }
    assert line.text == "100 kWh x 0.1 EUR/kWh"


def test_a_changed_explanation_replays_to_another_amount(make, request_):
    (line, *_) = evaluate(ELECTRICITY, request_).lines
    why = json.loads(json.dumps(line.why))

    why["inputs"][0]["value"] = "1000"

    assert replay(why) != line.net


def test_an_explanation_of_another_version_is_refused():
    with pytest.raises(BadRecord, match="version 2"):
        replay({"v": 2})


def test_equal_requests_give_equal_bills(request_):
    rebuilt = request_from_json(json.loads(json.dumps(request_to_json(request_))))

    assert evaluate(ELECTRICITY, rebuilt) == evaluate(ELECTRICITY, request_)


def test_prices_including_tax_stay_net_whatever_the_rate_today(make):
    prices = [make.version("product", make.row("energy", "1.21", "EUR/kWh", "0.21"))]
    usage = (make.usage("kwh", "100", "kWh"),)

    bill = evaluate(
        Tariff("T", "EUR", (PerUnit("energy", kwh, energy),)), make.request(rate="0.12", prices=prices, usage=usage)
    )

    assert (bill.net, bill.tax) == (D("100.00"), D("12.00"))


def test_a_contract_may_keep_figures(make):
    tariff = Tariff("T", "EUR", (Figure("third", kwh / 3),))

    bill = evaluate(tariff, make.request(usage=(make.usage("kwh", "100", "kWh"),)))

    assert (bill.lines, bill.figures[0].value, bill.total) == ((), D("33.3333333333"), D("0.00"))


def test_a_tariff_whose_units_do_not_fit_bills_nothing(make):
    tariff = Tariff("T", "EUR", (PerUnit("energy", kwh, Const(1, "EUR/MWh")),))

    with pytest.raises(BadUnit, match="T, component energy: quantity is in kWh but the price is per MWh"):
        evaluate(tariff, make.request(usage=(make.usage("kwh", "100", "kWh"),)))


@pytest.mark.parametrize(
    ("change", "code", "component"),
    [
        ({"taxes": ()}, "missing_tax_rate", "energy"),
        ({"tax_codes": ()}, "missing_tax_code", "energy"),
        ({"prices": ()}, "missing_price", "energy"),
        ({"attributes": ()}, "missing_attribute", "dso_fixed"),
        ({"usage": ()}, "missing_usage", "energy"),
    ],
)
def test_every_lack_is_named(request_, change, code, component):
    with pytest.raises(CannotRate) as held:
        evaluate(ELECTRICITY, replace(request_, **change))

    assert (held.value.code, held.value.component) == (code, component)
    assert pickle.loads(pickle.dumps(held.value)).remedy == held.value.remedy


def test_two_fitting_prices_hold(make):
    rows = make.row("energy", "0.10", "EUR/kWh"), make.row("energy", "0.11", "EUR/kWh")
    request = make.request(prices=[make.version("product", *rows)], usage=(make.usage("kwh", "1", "kWh"),))

    with pytest.raises(CannotRate, match="price_twice"):
        evaluate(Tariff("T", "EUR", (PerUnit("energy", kwh, energy),)), request)


def test_overlapping_versions_hold(make):
    versions = [make.version("product", make.row("energy", "0.1", "EUR/kWh"), id=name) for name in ("a", "b")]
    request = make.request(prices=versions, usage=(make.usage("kwh", "1", "kWh"),))

    with pytest.raises(CannotRate, match="versions_overlap"):
        evaluate(Tariff("T", "EUR", (PerUnit("energy", kwh, energy),)), request)


def test_division_by_zero_holds(make):
    tariff = Tariff("T", "EUR", (PerUnit("energy", kwh / Qty("n", "1"), Const(1, "EUR/kWh")),))

    with pytest.raises(CannotRate, match="division_by_zero"):
        evaluate(tariff, make.request(usage=(make.usage("kwh", "1", "kWh"),), attributes={"n": "0"}))


def test_amounts_are_those_of_the_explained_bill(request_):
    bill, amounts = evaluate(ELECTRICITY, request_), evaluate_amounts(ELECTRICITY, request_)

    assert amounts.lines == tuple(replace(line, why={}) for line in bill.lines)
    assert (amounts.taxes, amounts.total) == (bill.taxes, bill.total)
