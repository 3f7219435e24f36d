"""PDFs: lays out what a sheet says, in one language, for the template `invoice.typ`, which only places it on paper.

Texts reach the template as data (JSON), never as markup, so that nothing in a name can be taken for an instruction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import orjson

from mains_server.billing.corrections import NOTE_CHARACTERS_MAX
from mains_server.documents.phrases import PHRASES, UNIT_WORDS
from mains_server.documents.records import CHART_MONTHS, Chart, DocumentLanguage, MeterUse, Sheet, SheetLine, Why
from mains_server.documents.rules import (
    amount_text,
    date_text,
    days_text,
    is_below_nothing,
    is_sum,
    month_text,
    number_text,
    percent_text,
    price_text,
    printable,
    reason_text,
    reference_text,
    settled_text,
    to_pay,
    to_the_good,
)
from mains_server.invoices.records import InvoiceKind, LineQuality

FONT = "fontpkg_source_sans_3"
STANDARD: Literal["a-3b"] = "a-3b"
SUPERSCRIPTS = {"2": "²", "3": "³"}
PAYEE_MAX = 70
QR_AMOUNT_MAX = Decimal("999999999.99")
EXPLANATION_MAX = 400
NOTE_MAX = 600
METERS_NAMED_MAX = 4
_DECIMAL_POINT = re.compile(r"(?<=[0-9])\.(?=[0-9])")
# A minus stands before a number or between two; the stroke in `H-000012` and `2022-03-01` is none.
_MINUS = re.compile(r"(?<![0-9A-Za-z])-(?=[0-9 (])")
_UNIT = re.compile(r"\b(m)([23])\b")
_WORD = re.compile(r"[a-z]+")


def print_invoice(sheet: Sheet, *, language: DocumentLanguage, e_invoice: bytes) -> bytes:
    """Print a sheet as PDF/A-3 with its e-invoice attached; the same sheet gives the same bytes."""
    from typst import Compiler

    compiler = Compiler(font_paths=fonts(), ignore_system_fonts=True)
    pages = {"page": orjson.dumps(_page(sheet, language=language)).decode(), "xml": e_invoice.decode()}
    made_at = datetime.combine(sheet.issued_on, time(), tzinfo=UTC)
    printed = compiler.compile(
        _template(), sys_inputs=pages, format="pdf", pdf_standards=STANDARD, timestamp=int(made_at.timestamp())
    )
    assert isinstance(printed, bytes)
    return printed


@cache
def fonts() -> Any:
    """Give the fonts that documents are printed with, and no others."""
    from typst import Fonts

    return Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(files(FONT) / "files")])


@cache
def _template() -> bytes:
    return files("mains_server.documents").joinpath("invoice.typ").read_bytes()


def _page(sheet: Sheet, *, language: DocumentLanguage) -> Mapping[str, Any]:
    """Give all texts of the document, each as it is to stand on paper."""
    say = PHRASES[language]
    is_credit = sheet.kind is InvoiceKind.CREDIT
    return {
        "language": language.value,
        "words": say,
        "file": f"{sheet.number}.xml",
        "title": say["kind_credit"] if is_credit else say[f"kind_{sheet.kind.value.lower()}"],
        "number": sheet.number,
        "utility": printable(sheet.utility.in_language(language)),
        "seller": {
            "name": printable(sheet.seller.name),
            "address": printable(sheet.seller.address),
            "registration": printable(sheet.seller.registration_number),
            "vat": printable(sheet.seller.vat_number),
        },
        "buyer": {"name": printable(sheet.buyer.name), "address": printable(sheet.buyer.address)},
        "ids": _ids(sheet, say=say),
        "facts": list(_facts(sheet, language=language, say=say)),
        "corrects": _corrects(sheet, language=language, say=say),
        "why": [] if sheet.why is None else _why(sheet.why, say=say),
        "afterwards": say["credit_note"].format(number=sheet.corrects.number)
        if sheet.corrects and is_credit and sheet.total < 0
        else "",
        "ask": _ask(sheet, language=language, say=say),
        "lines": [_line(line, sheet=sheet, language=language) for line in sheet.lines if not line.is_after_tax],
        "sums": list(_sums(sheet, language=language, say=say)),
        "meters": [_meter(meter, sheet=sheet, language=language) for meter in sheet.meters],
        "notes": [printable(note.in_language(language), longest=NOTE_MAX) for note in sheet.notes],
        "is_estimated": any(line.quality is LineQuality.ESTIMATED for line in sheet.lines),
        "months": max((CHART_MONTHS, *(len(chart.bars) for chart in sheet.charts))),
        "charts": [_chart(chart, language=language) for chart in sheet.charts],
        "payment": _payment(sheet, language=language),
    }


def _ids(sheet: Sheet, *, say: Mapping[str, str]) -> list[str]:
    numbers = ((say["registration"], sheet.buyer.registration_number), (say["vat_number"], sheet.buyer.vat_number))
    return [f"{word} {printable(number)}" for word, number in numbers if number]


def _facts(sheet: Sheet, *, language: DocumentLanguage, say: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield say["issued_on"], date_text(sheet.issued_on, language=language)
    yield say["period"], days_text(*sheet.days, language=language)
    yield say["customer_number"], printable(sheet.buyer.number)
    yield say["contract_number"], printable(sheet.contract_number)
    yield say["product"], printable(sheet.product.in_language(language))
    yield say["supply_address"], printable(sheet.supply_address)
    if sheet.supply_points:
        more = ", …" if len(sheet.supply_points) > 3 else ""
        yield say["supply_point"], printable(", ".join(sheet.supply_points[:3])) + more


def _corrects(sheet: Sheet, *, language: DocumentLanguage, say: Mapping[str, str]) -> str | None:
    if sheet.corrects is None:
        return None
    phrase = say["takes_back"] if sheet.kind is InvoiceKind.CREDIT else say["replaces"]
    issued_on = date_text(sheet.corrects.issued_on, language=language)
    return phrase.format(number=sheet.corrects.number, issued_on=issued_on)


def _why(why: Why, *, say: Mapping[str, str]) -> list[str]:
    """Tell why it takes back or replaces, and what an employee wrote of it, whole."""
    return [part for part in (reason_text(why, say=say), printable(why.note, longest=NOTE_CHARACTERS_MAX)) if part]


def _ask(sheet: Sheet, *, language: DocumentLanguage, say: Mapping[str, str]) -> Mapping[str, Any]:
    """Give the one thing that everybody looks for: what to pay until when, or what one has to the good."""
    due, good = to_pay(sheet), to_the_good(sheet)
    if good and (sheet.kind is InvoiceKind.CREDIT or is_below_nothing(sheet)):
        amount = _money(good, sheet=sheet, language=language)
        remark = say["pays_others" if is_below_nothing(sheet) else "nothing_to_pay"]
        return {"label": say["credit"], "amount": amount, "remark": remark, "until": ""}
    asked = {
        "label": say["to_pay"],
        "amount": _money(due, sheet=sheet, language=language),
        "until_label": say["pay_until"] if due else "",
        "until": date_text(sheet.due_on, language=language) if due else "",
        "remark": "" if due else say["nothing_to_pay"],
    }
    if good:
        asked["remark"] = say["credited"].format(amount=_money(good, sheet=sheet, language=language))
    if sheet.kind is InvoiceKind.CREDIT and sheet.total > 0:
        asked["remark"] = say["withdrawn"].format(amount=_money(sheet.total, sheet=sheet, language=language))
    return asked


def _line(line: SheetLine, *, sheet: Sheet, language: DocumentLanguage) -> Mapping[str, Any]:
    differs = (line.period_from, line.period_to) != sheet.days
    is_own_sum = is_sum(line, currency=sheet.currency)
    is_priced = not is_own_sum and line.settles is None
    return {
        "label": printable(line.label.in_language(language)),
        "tags": list(_tags(line, say=PHRASES[language])),
        "explanation": _explanation(line, sheet=sheet, language=language),
        "period": days_text(line.period_from, line.period_to, language=language) if differs else "",
        "place": _place_of(line, sheet=sheet, language=language),
        "quantity": _quantity(line, language=language) if is_priced else "",
        "price": price_text(line.unit_price, language=language) if is_priced else "",
        "price_unit": _unit(line.price_unit, language=language) if is_priced else "",
        "rate": percent_text(line.tax_rate, language=language) if line.tax_rate else "–",
        "net": amount_text(line.net, language=language),
    }


def _quantity(line: SheetLine, *, language: DocumentLanguage) -> str:
    return f"{number_text(line.quantity, language=language)} {_unit(line.unit, language=language)}".strip()


def _tags(line: SheetLine, *, say: Mapping[str, str]) -> Iterator[str]:
    if line.settles is not None:
        yield say["difference"]
    if line.quality is LineQuality.ESTIMATED:
        yield say["estimated"]


def _explanation(line: SheetLine, *, sheet: Sheet, language: DocumentLanguage) -> str:
    """Tell how a line came about, or what it settles; a sum that was worked out is only for an invoice."""
    say = PHRASES[language]
    if line.settles is not None:
        told = settled_text(line.settles, currency=sheet.currency, language=language, say=say)
        return printable(told, longest=EXPLANATION_MAX + NOTE_CHARACTERS_MAX)
    about = say["about"].format(number=printable(line.about)) if line.about else ""
    plain = line.explanation.removeprefix(f"{line.about}: ") if line.about else line.explanation
    if is_sum(line, currency=sheet.currency):
        is_told = bool(line.about) or re.fullmatch(rf"-?1 x [0-9.]+ {re.escape(sheet.currency)}", plain) is not None
        plain = "" if is_told else plain.removesuffix(f" x 1 {line.price_unit}")
    formula = _formula(plain, currency=sheet.currency, language=language)
    return ": ".join(part for part in (about, formula) if part)


def _place_of(line: SheetLine, *, sheet: Sheet, language: DocumentLanguage) -> str:
    """Tell where a line was supplied and by which meter, on an invoice over several; else there is nothing to tell."""
    said = []
    if line.place:
        said.append(f"{sheet.address_of(line.place)} ({line.place})")
    serials = tuple(dict.fromkeys(meter.serial for meter in line.meters))
    if serials and len({meter.serial for meter in sheet.meters}) > 1:
        more = ", …" if len(serials) > METERS_NAMED_MAX else ""
        said.append(f"{PHRASES[language]['meter']} {', '.join(serials[:METERS_NAMED_MAX])}{more}")
    return printable(" · ".join(said))


def _sums(sheet: Sheet, *, language: DocumentLanguage, say: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    def row(label: str, amount: Decimal, *, weight: str = "") -> Mapping[str, Any]:
        return {"label": label, "amount": amount_text(amount, language=language), "weight": weight}

    yield row(say["net"], sheet.net)
    for tax in sheet.taxes:
        rate = percent_text(tax.rate, language=language)
        base = amount_text(tax.base, language=language)
        yield row(say["tax" if tax.rate else "untaxed"].format(rate=rate, base=base), tax.tax)
    for line in sheet.lines:
        if line.is_after_tax:
            yield row(f"{printable(line.label.in_language(language))} {say['after_tax']}", line.net)
    yield row(say["total"], sheet.total, weight="strong")
    if sheet.prepaid:
        yield row(say["prepaid"], -sheet.prepaid)
    if sheet.levelled:
        yield row(say["levelled"], -sheet.levelled)
    if sheet.kind is not InvoiceKind.CREDIT and sheet.total != to_pay(sheet):
        yield row(say["to_pay"], to_pay(sheet), weight="strong")


def _meter(meter: MeterUse, *, sheet: Sheet, language: DocumentLanguage) -> Mapping[str, str]:
    say = PHRASES[language]
    unit = _unit(meter.unit, language=language)
    quality = say["estimated"] if meter.is_estimated else say["read"]
    first, last = meter.first, meter.last
    return {
        "serial": printable(meter.serial, longest=40),
        "place": printable(f"{sheet.address_of(meter.place)} ({meter.place})") if meter.place else "",
        "first": say["intervals"] if first is None else number_text(first, language=language),
        "last": "" if last is None else number_text(last, language=language),
        "used": f"{number_text(meter.quantity, language=language)} {unit}",
        "quality": quality,
    }


def _chart(chart: Chart, *, language: DocumentLanguage) -> Mapping[str, Any]:
    """Give heights in thousandths of the tallest bar, so that the template divides nothing."""
    most = max((bar.value for bar in chart.bars if bar.value is not None), default=Decimal(0))
    return {
        "label": f"{printable(chart.label.in_language(language))}, {_unit(chart.unit, language=language)}",
        "bars": [
            {
                "month": month_text(bar.month, language=language),
                "height": None if bar.value is None else (int(bar.value * 1000 / most) if most > 0 else 0),
                "value": "" if bar.value is None else _short(bar.value, most=most, language=language),
                "is_estimated": bar.is_estimated,
            }
            for bar in chart.bars
        ],
    }


def _short(value: Decimal, *, most: Decimal, language: DocumentLanguage) -> str:
    """Write a value over a bar with about three digits."""
    places = 0 if most >= 100 else 1 if most >= 10 else 2
    return number_text(value.quantize(Decimal(1).scaleb(-places)), language=language)


def _payment(sheet: Sheet, *, language: DocumentLanguage) -> Mapping[str, Any] | None:
    due = to_pay(sheet)
    if due == 0:
        return None
    return {
        "payee": printable(sheet.seller.name),
        "iban": reference_text(sheet.seller.iban.replace(" ", "")),
        "reference": reference_text(sheet.payment_reference),
        "amount": _money(due, sheet=sheet, language=language),
        "until": date_text(sheet.due_on, language=language),
        "qr": payment_code(sheet),
    }


def payment_code(sheet: Sheet) -> str | None:
    """Draw the QR code of a SEPA transfer (EPC069-12) as SVG; None where banks have no such transfer."""
    due = to_pay(sheet)
    if sheet.currency != "EUR" or not sheet.seller.iban or not 0 < due <= QR_AMOUNT_MAX:
        return None
    import segno

    text = transfer_text(sheet)
    code = segno.make_qr(text, error="m", boost_error=False, encoding="utf-8")
    return str(code.svg_inline(scale=4, border=0, omitsize=True))


def transfer_text(sheet: Sheet) -> str:
    """Write the lines of a SEPA transfer as EPC069-12, version 002, has them; the reference is a creditor's."""
    payee = printable(sheet.seller.name, longest=PAYEE_MAX)
    iban = sheet.seller.iban.replace(" ", "")
    return "\n".join(
        ("BCD", "002", "1", "SCT", "", payee, iban, f"EUR{to_pay(sheet):.2f}", "", sheet.payment_reference)
    )


def _formula(text: str, *, currency: str, language: DocumentLanguage) -> str:
    """Write a calculation with the signs and the decimal sign of print, and prices with two decimals at least."""
    priced = re.sub(rf"(?<![0-9.])[0-9]+(?:\.[0-9])?(?= {re.escape(currency)}\b)", _two_decimals, text)
    signs = _raised(_MINUS.sub("−", priced.replace(" x ", " × ")))
    words = UNIT_WORDS[language]
    spoken = _WORD.sub(lambda found: words.get(found[0], found[0]), signs)
    plain = printable(spoken, longest=EXPLANATION_MAX)
    return plain if language is DocumentLanguage.EN else _DECIMAL_POINT.sub(",", plain)


def _two_decimals(found: re.Match[str]) -> str:
    return f"{Decimal(found[0]):.2f}"


def _raised(text: str) -> str:
    return _UNIT.sub(lambda found: found[1] + SUPERSCRIPTS[found[2]], text)


def _unit(unit: str, *, language: DocumentLanguage) -> str:
    """Write a unit in the language: a part of it that is a word is translated, `1` is nothing to write."""
    if unit == "1":
        return ""
    words = UNIT_WORDS[language]
    return printable(_raised("/".join(words.get(part, part) for part in unit.split("/"))), longest=20)


def _money(amount: Decimal, *, sheet: Sheet, language: DocumentLanguage) -> str:
    return f"{amount_text(amount, language=language)}\N{NO-BREAK SPACE}{sheet.currency}"
