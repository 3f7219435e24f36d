"""Alike contracts rated at once come to the very drafts that the plain evaluator gives one by one."""

from datetime import date
from decimal import Decimal

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mains_server.billing.draft import DraftLine
from mains_server.billing.drafting import NotInvoiceable, cents, draft_of, drafts_of_cohort
from mains_server.billing.due import Case, DueRow, Measured, Traits
from mains_server.billing.shapes import Shape, column_plan
from mains_server.billing.snapshot import PricedBy, inputs_text, read_inputs, whole_request
from mains_spi import Attribute, Period, PriceRow, PriceVersion, RatingRequest, TaxRate, evaluate, tax_codes

JANUARY = Period(date(2023, 1, 1), date(2023, 2, 1))
MICROS = st.one_of(st.integers(0, 10**12), st.integers(0, 3000).map(lambda kwh: kwh * 10**6))


def _versions():
    return (
        _version("fixed", energy=("0.153217", "EUR/kWh"), fee=("1.2345", "EUR/month")),
        _version(
            "network", fixed=("2.005", "EUR/month"), paper=("0.495", "EUR/pcs"), support=("0.0199", "EUR/kWh"),
            gift=("5", "EUR"),
        ),
    )  # fmt: skip


def _version(name, **prices):
    rows = tuple(PriceRow(row, Decimal(value), unit) for row, (value, unit) in prices.items())
    return PriceVersion(id=f"{name}/1", list=name, period=Period(date(2022, 1, 1), date.max), rows=rows)


def _shape(small, *, protected):
    utility = small.SmallUtility().describe_utility()
    fixed, network = _versions()
    request = RatingRequest(
        contract="",
        period=JANUARY,
        prices=(network, type(fixed)(id=fixed.id, list="product", period=JANUARY, rows=fixed.rows)),
        taxes=(TaxRate("standard", Period(date(2022, 1, 1), date.max), Decimal("0.21")),),
        tax_codes=tax_codes(utility),
        attributes=(Attribute("kind", "private"), Attribute("protected", protected)),
    )
    return Shape(
        request=request,
        tariff=small.FIXED,
        priced_by=PricedBy(
            adapter_version="1.0.0",
            product="fixed",
            tariff_on=JANUARY.start,
            price_list="fixed",
            version_ids=(1, 2),
            series_ids=(),
        ),
        accounts={code: code for code in small.CODES},
        metered_units=frozenset({"kWh"}),
    )


def _case(contract, *, micro, letters, is_estimated):
    due = DueRow(
        contract, contract, "fixed", "INVOICE", "POST", 20, "DIRECT", JANUARY.start, JANUARY.end, False, "PRIVATE", "N",
        "A", contract, f"P{contract}", "PREMISE", JANUARY.start, JANUARY.end, "DWELLING", 1, 16, None, None, "S",
        "Europe/Riga", None,
    )  # fmt: skip
    usage = (
        Measured(
            "energy", None, "kWh", *(JANUARY.start, JANUARY.end), micro, None, is_estimated, 'meter "1": 1 to 2', ""
        ),
        Measured("paper_invoices", None, "pcs", *(JANUARY.start, JANUARY.end), letters * 10**6, None, False, "", ""),
    )
    return Case(due, (due,), Traits("PRIVATE", None, None, None, None, None, None, None, ()), usage, None)


def _told(draft):
    """Give a draft without the identity of its line terms."""
    lines = tuple((_terms(line), line.quantity, line.net, line.unit_price, line.quality) for line in draft.lines)
    return draft._replace(lines=lines)


def _terms(line: DraftLine):
    terms = line.terms
    return (
        terms.code, terms.period_from, terms.period_to, terms.unit, terms.price_unit, terms.tax_code, terms.tax_rate,
        terms.is_after_tax, terms.account,
    )  # fmt: skip


@settings(deadline=None)
@given(
    bills=st.lists(st.tuples(MICROS, st.integers(0, 1), st.booleans()), min_size=1, max_size=5),
    protected=st.sampled_from(["no", "low_income"]),
)
def test_a_cohort_drafts_what_the_evaluator_does(small, bills, protected):
    shape = _shape(small, protected=protected)
    cases = [
        _case(number, micro=micro, letters=letters, is_estimated=is_estimated)
        for number, (micro, letters, is_estimated) in enumerate(bills, start=1)
    ]
    cohort = shape.compiled()
    assert cohort is not None
    plan = column_plan(cohort, usage=cases[0].usage)
    assert plan is not None

    together = list(drafts_of_cohort(shape, cohort=cohort, plan=plan, cases=cases))

    for case, draft in zip(cases, together, strict=True):
        bill = evaluate(small.FIXED, shape.question_of(case))
        inputs = inputs_text(shape.conditions, contract=str(case.due.contract_id), usage=case.usage)
        assert _told(draft) == _told(draft_of([bill], due=case.due, shape=shape, inputs=inputs))


@settings(deadline=None)
@given(micro=MICROS, is_estimated=st.booleans())
def test_the_stored_inputs_rebuild_the_very_question(small, micro, is_estimated):
    shape = _shape(small, protected="no")
    case = _case(7, micro=micro, letters=1, is_estimated=is_estimated)
    stored = read_inputs(orjson.loads(inputs_text(shape.conditions, contract="7", usage=case.usage)))

    rebuilt = whole_request(
        stored, utility=small.SmallUtility().describe_utility(), versions=reversed(_versions()), series=()
    )

    assert rebuilt == shape.question_of(case)


@pytest.mark.parametrize("amount", ["0.001", "1.005"])
def test_parts_of_cents_are_not_invoiced(amount):
    with pytest.raises(NotInvoiceable, match="has more than 2 decimals"):
        cents(Decimal(amount))
