"""Contracts that may not be are refused in words, and bills say when they are estimated."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import mains_electricity_retail
from mains_electricity_retail.published import WTMATHS
from mains_spi import (
    ALWAYS,
    Attribute,
    ChargeTax,
    ContractCheck,
    NotesRequest,
    Period,
    PriceRow,
    PriceVersion,
    Quality,
    RatingRequest,
    TaxRate,
    Usage,
    evaluate,
)

MONTH = Period(date(2022, 3, 1), date(2022, 4, 1))


def problems(product: str, **attributes: str) -> list[str]:
    said = tuple(Attribute(name, value) for name, value in attributes.items())
    request = ContractCheck(product=product, on=MONTH.start, attributes=said)
    return [problem.code for problem in mains_electricity_retail.check_contract(request)]


def test_ekonomiskais_has_no_paper_invoices() -> None:
    assert problems("ekonomiskais", delivery="post") == ["portal_only"]
    assert problems("universalais", delivery="post") == []


def test_who_is_supported_settles_by_invoice() -> None:
    assert problems("universalais", protected="large_family", settlement="levelled") == ["invoice_only"]
    assert problems("universalais", protected="none", settlement="levelled") == []


def test_only_a_household_is_protected() -> None:
    assert problems("klasiskais", protected="low_income", kind="business") == ["not_a_household"]


def test_an_unknown_product_is_refused() -> None:
    assert problems("gas") == ["product_unknown"]


def test_a_bill_by_average_says_so() -> None:
    usage = Usage("energy", MONTH, Decimal(100), "kWh", quality=Quality.ESTIMATED)
    request = RatingRequest(
        contract="1",
        period=MONTH,
        prices=(
            PriceVersion(id="p", list="product", period=ALWAYS, rows=(PriceRow("energy", Decimal(1), "GBP/kWh"),)),
        ),
        taxes=(TaxRate("standard", ALWAYS, Decimal("0.05")),),
        tax_codes=(ChargeTax("*", "standard"),),
        usage=(usage,),
    )
    asked = NotesRequest(product="universalais", bill=evaluate(WTMATHS, request), request=request)
    read = replace(request, usage=(replace(usage, quality=Quality.ACTUAL),))

    notes = mains_electricity_retail.invoice_notes(asked)

    assert [note.code for note in notes] == ["average_usage"]
    assert mains_electricity_retail.invoice_notes(replace(asked, bill=evaluate(WTMATHS, read))) == ()
