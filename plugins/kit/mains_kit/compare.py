"""Compares a bill with what a golden file expects, figure by figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from mains_spi import Bill, Line

from mains_kit.formula import FormulaUnreadable, bills_of, half_up, places_of, work_out
from mains_kit.records import ExpectedLine, ExpectedStep, ExpectedSums, ExpectedTax, GoldenBill
from mains_kit.tables import Table

EXACT = ("net", "gross", "rate")
AS_PRINTED = ("quantity", "price", "base")
WORDS = ("unit", "estimated")
SUMS = ("net", "tax", "total", "payable")


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that came out otherwise than expected: where, what, and by how much."""

    table: Table
    what: str
    expected: str
    found: str
    by: Decimal | None = None

    def __str__(self) -> str:
        by = "" if self.by is None else f" ({self.by:+f})"
        return f"{self.table.key}: {self.what}: expected {self.expected}, got {self.found}{by}"


def differences(*, golden: GoldenBill, bill: Bill) -> tuple[Difference, ...]:
    """Find every figure of a bill that is not as expected; none means the bill is right."""
    expected = golden.expected
    found: list[Difference] = list(_lines(golden, bill))
    for tax in expected.taxes:
        found += _tax(tax, bill)
    for member in expected.members:
        found += _member(member, bill)
    found += _sums(expected.sums, "bill", (bill,))
    if expected.currency is not None and expected.currency != bill.currency:
        found.append(Difference(expected.sums.table, "currency", expected.currency, bill.currency))
    for step in expected.steps:
        found += _step(step, golden, bill)
    return tuple(found)


def all_lines(*, bill: Bill) -> tuple[tuple[str | None, Line], ...]:
    """Give every line of a bill with the premise it is of."""
    own = tuple((None, line) for line in bill.lines)
    return (*own, *((member.id, line) for member in bill.members for line in member.lines))


def _lines(golden: GoldenBill, bill: Bill) -> Iterator[Difference]:
    left = {at: (at, member, line) for at, (member, line) in enumerate(all_lines(bill=bill))}
    for expected in golden.expected.lines:
        match = next((found for found in left.values() if _is_meant(expected, found[1], found[2], bill)), None)
        if match is None:
            yield Difference(expected.table, _called(expected), "a line", "none")
        else:
            del left[match[0]]
            yield from _line(expected, match[2])
    if golden.expected.all_lines:
        for _, member, line in left.values():
            whose = "" if member is None else f" of {member}"
            yield Difference(
                golden.expected.sums.table,
                f"line `{line.code}`{whose} {line.period.start} to {line.period.end}",
                "no such line",
                f"net {line.net}",
                line.net,
            )


def _is_meant(expected: ExpectedLine, member: str | None, line: Line, bill: Bill) -> bool:
    if expected.code != line.code:
        return False
    if expected.member != member and not any(
        expected.member == found.contract and found.id == member for found in bill.members
    ):
        return False
    return expected.start in (None, line.period.start) and expected.end in (None, line.period.end)


def _called(expected: ExpectedLine) -> str:
    whose = "" if expected.member is None else f" of {expected.member}"
    since = "" if expected.start is None else f" from {expected.start}"
    return f"line `{expected.code}`{whose}{since}"


def _line(expected: ExpectedLine, line: Line) -> Iterator[Difference]:
    called = _called(expected)
    for name in (*EXACT, *AS_PRINTED):
        wanted: Decimal | None = getattr(expected, name)
        if wanted is not None:
            yield from _number(expected.table, f"{called} {name}", wanted, getattr(line, name), name in AS_PRINTED)
    for name in WORDS:
        word, found = getattr(expected, name), getattr(line, name)
        if word is not None and word != found:
            yield Difference(expected.table, f"{called} {name}", str(word), str(found))


def _number(
    table: Table, what: str, wanted: Decimal, found: Decimal | None, as_printed: bool = False
) -> Iterable[Difference]:
    if found is None:
        return (Difference(table, what, str(wanted), "nothing: tax is worked out on sums here"),)
    shown = half_up(number=Fraction(found), places=places_of(number=wanted)) if as_printed else found
    return () if shown == wanted else (Difference(table, what, str(wanted), str(shown), _less(shown, wanted)),)


def _less(found: Decimal, wanted: Decimal) -> Decimal:
    places = max(places_of(number=found), places_of(number=wanted))
    return half_up(number=Fraction(found) - Fraction(wanted), places=places)


def _tax(expected: ExpectedTax, bill: Bill) -> Iterator[Difference]:
    called = f"tax {expected.code} at {expected.rate}"
    groups = [group for group in bill.taxes if group.code == expected.code and group.rate == expected.rate]
    if not groups:
        yield Difference(expected.table, called, "a tax group", "none")
    for name in ("net", "tax"):
        wanted = getattr(expected, name)
        if groups and wanted is not None:
            yield from _number(expected.table, f"{called} {name}", wanted, getattr(groups[0], name))


def _member(expected: ExpectedSums, bill: Bill) -> Iterable[Difference]:
    bills = bills_of(bill=bill, member=expected.member)
    if not bills:
        return (Difference(expected.table, f"premise {expected.member}", "a bill", "none"),)
    return _sums(expected, str(expected.member), bills)


def _sums(expected: ExpectedSums, called: str, bills: tuple[Bill, ...]) -> Iterator[Difference]:
    for name in SUMS:
        wanted: Decimal | None = getattr(expected, name)
        if wanted is not None:
            yield from _number(expected.table, f"{called} {name}", wanted, _sum(bills, name))


def _sum(bills: tuple[Bill, ...], name: str) -> Decimal:
    amounts: list[Any] = [getattr(bill, name) for bill in bills]
    exact = sum((Fraction(amount) for amount in amounts), Fraction(0))
    return half_up(number=exact, places=max(places_of(number=amount) for amount in amounts))


def _step(step: ExpectedStep, golden: GoldenBill, bill: Bill) -> Iterable[Difference]:
    wanted = step.printed if step.value is None else step.value
    called = f"step {step.name!r}"
    try:
        exact = work_out(formula=step.formula, bill=bill, request=golden.request, member=step.member)
    except FormulaUnreadable as error:
        return (Difference(step.table, called, str(wanted), str(error)),)
    found = half_up(number=exact, places=places_of(number=wanted))
    return _number(step.table, f"{called} = {step.formula}", wanted, found)
