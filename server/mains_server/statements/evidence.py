"""Finds in what a payer wrote the numbers that say whose the money is. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from mains_server.money.rules import is_creditor_reference

# RF, two check digits and up to 21 signs, with whatever spaces people and forms put between.
_REFERENCE = re.compile(r"(?<![0-9A-Z])RF(?=\s*[0-9]\s*[0-9])(?=((?:[\s.-]{0,2}[0-9A-Z]){3,40}))", re.ASCII)
_NUMBER = re.compile(r"(?<![0-9A-Z])([A-Z]{1,6})[ .:/-]{0,3}([0-9]{3,15})(?![0-9])", re.ASCII)
_DIGITS = re.compile(r"(?<![0-9A-Z])([0-9]{4,15})(?![0-9A-Z])", re.ASCII)
_HYPHENS = re.compile("[\u2010-\u2015\u2212]")
_INVOICE_BODY = re.compile(r"([A-Z]{1,6})([0-9]{6,15})", re.ASCII)
_NOT_PLAIN = re.compile(r"[^0-9A-Z]", re.ASCII)
REFERENCE_LENGTH_MIN, REFERENCE_LENGTH_MAX = 5, 25
NUMBERS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a line quotes, each in the order written: references right by their check digits, and other numbers.

    `references` may hold several readings of one text, the longest first; the one that we gave out is meant.
    """

    references: tuple[str, ...]
    invoice_numbers: tuple[tuple[str, int], ...]
    plain_numbers: tuple[str, ...]


def evidence_of(*, reference: str, text: str, end_to_end_id: str) -> Evidence:
    """Read what a payer wrote: the structured reference, the free text, and the payer's own id where it is one."""
    written = [_capitals(part) for part in (reference, text, end_to_end_id) if part]
    whole = _whole_reference(reference)
    unread = written[1:] if whole else written
    references = dict.fromkeys([whole] if whole else []) | dict.fromkeys(
        r for part in unread for r in _references(part)
    )
    numbers = dict.fromkeys(found for part in written[:NUMBERS_MAX] for found in _numbers(part))
    invoices = dict.fromkeys((letters, int(digits)) for letters, digits in numbers if letters and len(digits) >= 6)
    plain = dict.fromkeys(letters + digits for letters, digits in numbers)
    return Evidence(
        references=tuple(references)[:NUMBERS_MAX],
        invoice_numbers=tuple(invoices)[:NUMBERS_MAX],
        plain_numbers=tuple(plain)[:NUMBERS_MAX],
    )


def invoice_of_reference(reference: str) -> tuple[str, int] | None:
    """Read the invoice that a reference was made of, by series and number; None where it was made of another thing."""
    found = _INVOICE_BODY.fullmatch(reference[4:])
    return None if found is None else (found[1], int(found[2]))


def contract_of_reference(reference: str) -> str | None:
    """Read the plain number of the contract that a reference was made of; an invoice's never begins with 0."""
    return reference[5:] if reference[4:5] == "0" else None


def plain_number(text: str) -> str:
    """Write a number without what stands between its letters and digits."""
    return _NOT_PLAIN.sub("", text.upper())


def plain_name(text: str) -> str:
    """Write a name so that order, case and accents of its words do not matter: `Ozola Anna` is `Anna Ozola`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(sign if sign.isalnum() else " " for sign in decomposed if not unicodedata.combining(sign))
    return " ".join(sorted(kept.split()))


def _capitals(text: str) -> str:
    return _HYPHENS.sub("-", text.upper())


def _whole_reference(reference: str) -> str:
    """Take a structured reference as it stands, if it is right: other readings of it would only be chance."""
    return _NOT_PLAIN.sub("", reference.upper()) if reference and is_creditor_reference(reference) else ""


def _references(text: str) -> Iterator[str]:
    for found in _REFERENCE.finditer(text):
        signs = "RF" + _NOT_PLAIN.sub("", found[1])
        for length in range(min(len(signs), REFERENCE_LENGTH_MAX), REFERENCE_LENGTH_MIN - 1, -1):
            if is_creditor_reference(signs[:length]):
                yield signs[:length]


def _numbers(text: str) -> Iterator[tuple[str, str]]:
    for found in _NUMBER.finditer(text):
        yield found[1], found[2]
    for found in _DIGITS.finditer(text):
        yield "", found[1]
