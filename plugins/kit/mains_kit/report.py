"""Prints bills: as text for people, as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mains_spi import Bill, Line

from mains_kit.compare import Difference, all_lines
from mains_kit.explain import explanation_lines
from mains_kit.stored import Replayed

SUMS = ("net", "tax", "total", "payable")


def bill_text(*, title: str, bill: Bill, differences: tuple[Difference, ...]) -> str:
    """Write a bill with its explanations, sums and differences."""
    return "\n".join([title, *_lines(bill), "", *_sums(bill), "", *_verdict(differences)])


def bill_json(*, bill: Bill, differences: tuple[Difference, ...]) -> dict[str, Any]:
    """Give a bill as a JSON-able dict: every number as text."""
    return {
        "currency": bill.currency,
        "lines": [_line_json(member, line) for member, line in all_lines(bill=bill)],
        "taxes": [
            {"code": tax.code, "rate": str(tax.rate), "net": str(tax.net), "tax": str(tax.tax)} for tax in bill.taxes
        ],
        **_sums_json(bill),
        "members": [
            {"id": m.id, "contract": m.contract, **{n: str(getattr(m, n)) for n in SUMS}} for m in bill.members
        ],
        "differences": [_difference_json(difference) for difference in differences],
        "equal": not differences,
    }


def replay_text(*, replayed: tuple[Replayed, ...]) -> str:
    """Write explanations worked out again."""
    written: list[str] = []
    for item in replayed:
        verdict = "" if item.recorded is None else " as stored" if item.is_equal else f", but stored is {item.recorded}"
        written += [f"{item.code}: {item.net}{verdict}", *_explained(item.why)]
    return "\n".join(written)


def replay_json(*, replayed: tuple[Replayed, ...]) -> dict[str, Any]:
    """Give explanations worked out again as a JSON-able dict."""
    return {
        "lines": [
            {
                "code": item.code,
                "net": str(item.net),
                "stored": None if item.recorded is None else str(item.recorded),
                "equal": item.is_equal,
            }
            for item in replayed
        ],
        "equal": all(item.is_equal for item in replayed),
    }


def _lines(bill: Bill) -> Iterator[str]:
    whose: str | None = None
    for member, line in all_lines(bill=bill):
        if member != whose:
            yield f"\n{member}"
            whose = member
        marks = [word for word in ("estimated", "apportioned", "after_tax") if getattr(line, word)]
        note = f"  [{', '.join(marks).replace('_', ' ')}]" if marks else ""
        yield f"\n{line.code}  {line.period.start} to {line.period.end}  {line.net} {bill.currency}{note}"
        yield from _explained(line.why)


def _explained(why: Mapping[str, Any]) -> Iterator[str]:
    for text in explanation_lines(why=why) if why else ():
        yield f"    {text}"


def _sums(bill: Bill) -> Iterator[str]:
    for tax in bill.taxes:
        yield f"tax {tax.code} {tax.rate} of {tax.net}: {tax.tax}"
    for name in SUMS if bill.payable != bill.total else SUMS[:-1]:
        yield f"{name:8}{getattr(bill, name):>12} {bill.currency}"


def _verdict(differences: tuple[Difference, ...]) -> Iterator[str]:
    yield "As expected." if not differences else f"{len(differences)} figures differ:"
    for difference in differences:
        yield f"  {difference}"


def _sums_json(bill: Bill) -> dict[str, str]:
    return {name: str(getattr(bill, name)) for name in SUMS}


def _line_json(member: str | None, line: Line) -> dict[str, Any]:
    return {
        "member": member,
        "code": line.code,
        "from": line.period.start.isoformat(),
        "to": line.period.end.isoformat(),
        "quantity": str(line.quantity),
        "unit": line.unit,
        "price": str(line.price),
        "base": str(line.base),
        "net": str(line.net),
        "rate": str(line.rate),
        "gross": None if line.gross is None else str(line.gross),
        "afterTax": line.after_tax,
        "estimated": line.estimated,
        "text": line.text,
        "explanation": line.why,
    }


def _difference_json(difference: Difference) -> dict[str, Any]:
    return {
        "key": difference.table.key,
        "what": difference.what,
        "expected": difference.expected,
        "found": difference.found,
        "by": None if difference.by is None else str(difference.by),
    }
