"""Invoices for spreadsheets: one row a line, of one invoice or of all in a period."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal

from mains_server.documents.phrases import COLUMNS, PHRASES
from mains_server.documents.records import DocumentLanguage, Sheet, SheetLine
from mains_server.documents.rules import neutral, settled_text, to_pay

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
ENGLISH = DocumentLanguage.EN


def spreadsheet(sheets: Iterable[Sheet], *, language: DocumentLanguage) -> bytes:
    """Write invoices as the spreadsheet programs of a country open them with a double click.

    Latvian and Russian have a decimal comma and `;` between cells, English a point and `,`. Dates are as in ISO 8601.
    Texts that a program would take for a formula begin with an apostrophe.
    """
    written = io.StringIO(newline="")
    rows = csv.writer(written, delimiter="," if language is ENGLISH else ";", lineterminator="\r\n")
    rows.writerow(COLUMNS[language])
    for sheet in sheets:
        rows.writerows(_rows(sheet, language=language))
    return (BYTE_ORDER_MARK + written.getvalue()).encode()


def _rows(sheet: Sheet, *, language: DocumentLanguage) -> Iterator[list[str]]:
    head = [
        neutral(sheet.number),
        sheet.kind.value,
        sheet.issued_on.isoformat(),
        sheet.due_on.isoformat(),
        neutral(sheet.contract_number),
        neutral(sheet.buyer.name),
    ]
    foot = [
        _number(amount, language=language) for amount in (sheet.total, sheet.prepaid + sheet.levelled, to_pay(sheet))
    ]
    for line in sheet.lines:
        where = neutral(sheet.address_of(line.place) or sheet.supply_address)
        yield [*head, where, *_cells(line, sheet=sheet, language=language), sheet.currency, *foot]


def _cells(line: SheetLine, *, sheet: Sheet, language: DocumentLanguage) -> list[str]:
    told = line.explanation
    if line.settles is not None:
        told = settled_text(line.settles, currency=sheet.currency, language=language, say=PHRASES[language])
    return [
        str(line.position),
        neutral(line.code),
        neutral(line.label.in_language(language)),
        line.period_from.isoformat(),
        line.period_to.isoformat(),
        _number(line.quantity, language=language),
        neutral(line.unit),
        line.quality.value,
        _number(line.unit_price, language=language),
        _number(line.tax_rate * 100, language=language),
        _number(line.net, language=language),
        neutral(told),
    ]


def _number(value: Decimal, *, language: DocumentLanguage) -> str:
    """Write a number that we made, which needs no apostrophe even where it is negative."""
    plain = f"{value:f}"
    return plain if language is ENGLISH else plain.replace(".", ",")
