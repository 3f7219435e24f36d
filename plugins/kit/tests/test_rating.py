"""Charges of the hook `rate` become a bill with the evaluator's rounding and tax."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_kit import AdapterUnusable, bill_of_charges
from mains_kit.rating import request_for, tariff_for
from mains_spi import Attribute, CannotRate, Charge, ChargeTax, Period, RatingRequest, Rounding, TaxRate, replay

JANUARY = Period(date(2024, 1, 1), date(2024, 2, 1))
FIRST_HALF, SECOND_HALF = Period(JANUARY.start, date(2024, 1, 16)), Period(date(2024, 1, 16), JANUARY.end)
QUESTION = RatingRequest(
    contract="1",
    period=JANUARY,
    attributes=(Attribute("kind", "private"),),
    tax_codes=(ChargeTax("water", "vat"), ChargeTax("fee", "vat")),
    taxes=(
        TaxRate("vat", FIRST_HALF, Decimal("0.12"), "private"),
        TaxRate("vat", SECOND_HALF, Decimal("0.21"), "private"),
        TaxRate("vat", JANUARY, Decimal("0.50")),
    ),
)


def charge(code="water", period=FIRST_HALF, quantity="7", price="1.205", base="1"):
    return Charge(
        code=code,
        period=period,
        quantity=Decimal(quantity),
        unit="m3",
        unit_price=Decimal(price),
        base=Decimal(base),
    )


def test_charges_are_rounded_and_taxed_by_their_own_days():
    charges = (charge(), charge(period=SECOND_HALF), charge("fee", SECOND_HALF, "31", "24.40", "366"))

    bill = bill_of_charges(charges=charges, request=QUESTION, rounding=Rounding())

    # 7 x 1.205 = 8.435 = 8.44; 31 x 24.40 / 366 = 2.0666... = 2.07
    assert [(line.code, line.period, line.net, line.rate) for line in bill.lines] == [
        ("water", FIRST_HALF, Decimal("8.44"), Decimal("0.12")),
        ("water", SECOND_HALF, Decimal("8.44"), Decimal("0.21")),
        ("fee", SECOND_HALF, Decimal("2.07"), Decimal("0.21")),
    ]
    # 8.44 x 12 % = 1.0128 = 1.01; 10.51 x 21 % = 2.2071 = 2.21
    assert [(tax.code, tax.rate, tax.net, tax.tax) for tax in bill.taxes] == [
        ("vat", Decimal("0.12"), Decimal("8.44"), Decimal("1.01")),
        ("vat", Decimal("0.21"), Decimal("10.51"), Decimal("2.21")),
    ]
    assert (bill.net, bill.tax, bill.total) == (Decimal("18.95"), Decimal("3.22"), Decimal("22.17"))


def test_charges_are_explained_to_the_cent():
    bill = bill_of_charges(charges=(charge(),), request=QUESTION, rounding=Rounding())

    assert replay(bill.lines[0].why) == Decimal("8.44")


def test_undeclared_charge_is_refused():
    with pytest.raises(AdapterUnusable, match=r"charge `watr` is not declared in Utility\.charges\."):
        bill_of_charges(charges=(charge("watr"),), request=QUESTION, rounding=Rounding())


def test_charge_outside_the_bill_is_refused():
    later = Period(date(2025, 1, 1), date(2025, 2, 1))

    with pytest.raises(CannotRate, match="is outside the bill: keep to the period"):
        bill_of_charges(charges=(charge(period=later),), request=QUESTION, rounding=Rounding())


def test_charge_without_a_tax_rate_is_refused():
    untaxed = replace(QUESTION, taxes=())

    with pytest.raises(CannotRate, match="missing_tax"):
        bill_of_charges(charges=(charge(),), request=untaxed, rounding=Rounding())


def test_list_of_the_product_is_bound_to_it(bill_of, adapter):
    request = request_for(golden=bill_of(), adapter=adapter)

    assert [version.list for version in request.prices] == ["water", "product"]
    assert ChargeTax("water", "standard") in request.tax_codes


def test_rounding_of_the_file_replaces_that_of_the_tariff(bill_of, adapter):
    golden = bill_of(extra='\n[rounding]\nname = "publisher"\ntax = "per_line"\n')

    assert tariff_for(golden=golden, adapter=adapter).rounding == Rounding("publisher", tax="per_line")
