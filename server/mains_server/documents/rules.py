"""How numbers, dates and texts stand on documents. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal

from mains_server.documents.records import (
    DocumentKind,
    DocumentLanguage,
    DocumentWanted,
    InvoiceOwned,
    Settled,
    Sheet,
    SheetLine,
    Why,
)
from mains_server.invoices.records import InvoiceKind
from mains_server.money.rules import format_amount

PRINTED_MAX = 200
WORD_MAX = 24
UNPRINTABLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
# What the font of the documents has: Latin, Cyrillic and common signs; a test prints every one of them.
PRINTED = ((0x20, 0x7E), (0xA0, 0x17F), (0x400, 0x45F), (0x490, 0x491), (0x2010, 0x2015), (0x2018, 0x201E))
PRINTED_SIGNS = frozenset("€…†•‹›⁄−≈≤≥№™²³")
NOT_PRINTED = "?"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
DATES = {DocumentLanguage.LV: "dd.MM.yyyy.", DocumentLanguage.EN: "d MMM yyyy", DocumentLanguage.RU: "dd.MM.yyyy"}
MEDIA_TYPES = {
    DocumentKind.PDF: "application/pdf",
    DocumentKind.XML: "application/xml",
    DocumentKind.CSV: "text/csv; charset=utf-8",
}
METER = re.compile(
    r"meter (?P<serial>.+?): (?P<first>-?[0-9]+(?:\.[0-9]+)?) to (?P<last>-?[0-9]+(?:\.[0-9]+)?)(?:, estimated: .*)?"
)
METER_ONLY = re.compile(r"meter (?P<serial>[^:]+)(?::.*)?")


def language_of(text: str) -> DocumentLanguage:
    """Give the language that documents speak to somebody who prefers `text`, English where they do not speak it."""
    known = {language.value: language for language in DocumentLanguage}
    return known.get(text.lower()[:2], DocumentLanguage.EN)


def file_name(sheet: Sheet, *, kind: DocumentKind, language: DocumentLanguage) -> str:
    """Name the file of a document: the invoice's number, for a PDF and a spreadsheet also the language."""
    if kind is DocumentKind.XML:
        return f"{sheet.number}.xml"
    return f"{sheet.number}-{language.value}.{kind.value.lower()}"


def wanted_at_issue(invoice: InvoiceOwned) -> tuple[DocumentWanted, ...]:
    """List the documents that every invoice gets, in its customer's language."""
    return tuple(wanted(invoice, kind=kind, language=invoice.language) for kind in DocumentKind)


def wanted(invoice: InvoiceOwned, *, kind: DocumentKind, language: DocumentLanguage) -> DocumentWanted:
    """Name a document: the e-invoice is one for everybody, in the customer's language, whichever is asked for."""
    spoken = invoice.language if kind is DocumentKind.XML else language
    return DocumentWanted(invoice_id=invoice.invoice_id, kind=kind, language=spoken)


def printable(text: str, *, longest: int = PRINTED_MAX) -> str:
    """Write a text as it can stand on paper: in composed letters, without controls, with `?` for what no font has.

    A text that is too long ends in `…`; the e-invoice and the spreadsheet have it whole.
    """
    spaced = "".join(" " if sign.isspace() else sign for sign in unicodedata.normalize("NFC", text))
    kept = (sign for sign in spaced if unicodedata.category(sign) not in UNPRINTABLE)
    plain = re.sub(" +", " ", "".join(sign if _is_printed(sign) else NOT_PRINTED for sign in kept)).strip()
    return plain if len(plain) <= longest else plain[: longest - 1].rstrip() + "…"


def storable(text: str) -> str:
    """Write a text as XML and a spreadsheet can hold it: whole, in one line, without controls."""
    spaced = "".join(" " if sign.isspace() else sign for sign in text)
    return "".join(sign for sign in spaced if unicodedata.category(sign) not in {"Cc", "Cs", "Cn"}).strip()


def neutral(text: str) -> str:
    """Write a text so that no spreadsheet takes it for a formula."""
    plain = storable(text)
    return f"'{plain}" if plain.startswith(FORMULA_STARTS) or text.startswith(FORMULA_STARTS) else plain


def amount_text(amount: Decimal, *, language: DocumentLanguage) -> str:
    """Write an amount with two decimals as the language does."""
    return _number(amount, pattern="#,##0.00", language=language)


def number_text(value: Decimal, *, language: DocumentLanguage) -> str:
    """Write a quantity or price with the decimals it has."""
    return _number(value.normalize(), pattern="#,##0.########", language=language)


def price_text(price: Decimal, *, language: DocumentLanguage) -> str:
    """Write a price with the decimals it has, at least the two of an amount."""
    return _number(price.normalize(), pattern="#,##0.00######", language=language)


def percent_text(rate: Decimal, *, language: DocumentLanguage) -> str:
    """Write a share of one in percent: `21 %`."""
    return f"{number_text(rate * 100, language=language)}\N{NO-BREAK SPACE}%"


def reason_text(why: Why, *, say: Mapping[str, str]) -> str:
    """Word why an invoice was taken back or replaced, in the language of `say`; an employee's own words aside."""
    cause = say[f"cause_{why.cause.value.lower()}"] + (say["because_house"] if why.is_house else "")
    return say["because"].format(cause=cause)


def settled_text(settled: Settled, *, currency: str, language: DocumentLanguage, say: Mapping[str, str]) -> str:
    """Word what a line puts right of an earlier bill; `language` writes the amounts, `say` has the words."""
    due, billed = (f"{amount_text(one, language=language)} {currency}" for one in (settled.due, settled.billed))
    if settled.taken_back:
        return say["takes_off"].format(document=settled.document, billed=billed, taken=settled.taken_back)
    told = say["settles"].format(document=settled.document, due=due, billed=billed)
    return told if settled.why is None else f"{told}. {reason_text(settled.why, say=say)} {settled.why.note}".strip()


def date_text(day: date, *, language: DocumentLanguage) -> str:
    """Write a civil date."""
    return format_date(day, DATES[language], locale=language.value)


def days_text(starts: date, ends: date, *, language: DocumentLanguage) -> str:
    """Write the days from `starts` up to but without `ends` as people say them, the last one included."""
    last = ends - timedelta(days=1)
    return f"{date_text(starts, language=language)} – {date_text(last, language=language)}"


def month_text(month: date, *, language: DocumentLanguage) -> str:
    """Write a month under a bar: `03.22`."""
    return f"{month:%m.%y}"


def reference_text(reference: str) -> str:
    """Write a creditor reference or an IBAN in groups of four, as ISO 11649 and ISO 13616 print them."""
    return " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))


def to_pay(sheet: Sheet) -> Decimal:
    """Work out what the document asks for: nothing of a credit note, nor where there is something to the good."""
    return Decimal("0.00") if sheet.kind is InvoiceKind.CREDIT else max(sheet.payable, Decimal("0.00"))


def to_the_good(sheet: Sheet) -> Decimal:
    """Work out what the customer has to the good by this document."""
    return max(-sheet.payable, Decimal("0.00"))


def is_below_nothing(sheet: Sheet) -> bool:
    """Tell a bill whose total is the customer's, who needs no credit note to have it."""
    return sheet.kind is not InvoiceKind.CREDIT and sheet.total < 0


def is_sum(line: SheetLine, *, currency: str) -> bool:
    """Tell whether a line is a sum as it stands, such as interest or support.

    That a euro costs a euro, or that minus one costs 11.81, says nothing to anybody.
    """
    if line.price_unit == f"{currency}/{currency}":
        return line.unit_price == 1
    is_one = (line.unit, line.price_unit) == ("1", currency) and abs(line.quantity) == 1
    return is_one and line.unit_price == abs(line.net)


def plain_amount(amount: Decimal) -> str:
    """Write an amount as an e-invoice has it: a point and two decimals."""
    return format_amount(amount)


def _is_printed(sign: str) -> bool:
    return sign in PRINTED_SIGNS or any(first <= ord(sign) <= last for first, last in PRINTED)


def _number(value: Decimal, *, pattern: str, language: DocumentLanguage) -> str:
    written: str = format_decimal(value, format=pattern, locale=language.value, decimal_quantization=False)
    return written.replace("-", "−").replace("\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}")
