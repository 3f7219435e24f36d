"""Compares a bill that stands with the one that comes out now: whether they differ, and each charge by how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from mains_spi import Period

from mains_server.billing.records import Difference, SettledRow
from mains_server.invoices.records import InvoiceDraft, LineDraft

Key = tuple[str, str, Decimal, bool]


class Charged(NamedTuple):
    """A bill, and what is written on it of others: differences that it settles, and takes back off."""

    bill: InvoiceDraft
    written: Iterable[Mapping[str, Any]]


def is_same(stands: InvoiceDraft, anew: InvoiceDraft) -> bool:
    """Tell whether two bills charge the same by every code and tax; how they came to it does not matter."""
    taxes = [sorted((tax.code, tax.rate, tax.base, tax.tax) for tax in bill.taxes) for bill in (stands, anew)]
    return taxes[0] == taxes[1] and _nets(stands.lines) == _nets(anew.lines)


def differences(stands: Charged, anew: Charged, *, settled: Iterable[SettledRow]) -> tuple[Difference, ...]:
    """Tell by every code and tax what a bill should have charged and what it did, with what was settled of it since.

    Lines that settle an earlier bill are that bill's business.
    """
    days = Period(stands.bill.period_from, stands.bill.period_to)
    billed = own_nets(stands)
    for row in settled:
        key = (row.code, row.tax_code, row.tax_rate, row.is_after_tax)
        billed[key] = billed.get(key, Decimal(0)) + row.net
    due = own_nets(anew)
    return tuple(
        Difference(
            code=key[0],
            period=days,
            tax_code=key[1],
            tax_rate=key[2],
            is_after_tax=key[3],
            billed=billed.get(key, Decimal("0.00")),
            due=due.get(key, Decimal("0.00")),
        )
        for key in sorted(billed.keys() | due.keys())
    )


def own_nets(charged: Charged) -> dict[Key, Decimal]:
    """Sum by code and tax what a bill charges for its own days: its lines without those that are of other bills.

    What is of others is told by what is written beside its question, since a line that takes a difference back off is
    for the bill's own days.
    """
    own = _nets(charged.bill.lines)
    for written in charged.written:
        key = (written["code"], written["tax_code"], Decimal(written["tax_rate"]), written["is_after_tax"])
        own[key] -= Decimal(written["net"])
    return own


def _nets(lines: Iterable[LineDraft]) -> dict[Key, Decimal]:
    found: dict[Key, Decimal] = {}
    for line in lines:
        key = (line.code, line.tax_code, line.tax_rate, line.is_after_tax)
        found[key] = found.get(key, Decimal(0)) + line.net
    return found
