"""What a contract that goes on after all has: all it had before its end was agreed, and what was agreed since. Pure.

A termination may stand for months before it is taken back, and a contract lives on meanwhile: its terms change, places
join and leave. What was billed by that stays right only where it holds on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from mains_server.contracts.records import Coverage, Terms


def terms_put_back(before: Sequence[Terms], *, current: Sequence[Terms], ended: date) -> list[Terms]:
    """Give the terms of a contract that had ended on a day: those it has by now, and what was agreed for later then."""
    return [*current, *(terms for terms in before if terms.starts >= ended)]


def covers_put_back(
    before: Sequence[Coverage], *, current: Sequence[Coverage], ended: date, ends: date | None
) -> list[Coverage]:
    """Give the places of a contract that had ended on a day and now does on another, or does not.

    A place that it had until the end it has for as long as before; one that joined since it has until the new end, and
    one that left since does not come back.
    """
    lasted = {(cover.supply_point_id, cover.starts): cover.ends for cover in before}
    kept = [
        replace(cover, ends=lasted.get((cover.supply_point_id, cover.starts), ends)) if cover.ends == ended else cover
        for cover in current
    ]
    return [*kept, *(cover for cover in before if cover.starts is not None and cover.starts >= ended)]
