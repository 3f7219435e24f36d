"""Finds bills that went on from a figure that an earlier bill kept, and that has another value by now (decision 57)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from mains_spi import Period
from psycopg import Connection

from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.live import LiveAdapter
from mains_server.billing import lookups, queries
from mains_server.billing.allowances import bills_counting_on
from mains_server.billing.draft import Draft, KeptFigure
from mains_server.billing.due import Problem
from mains_server.billing.pricebook import PriceBook
from mains_server.billing.records import LaterBill, Resting

CONTRACT, BUILDING = "contract:", "building:"


def moved(connection: Connection, *, figures: Sequence[KeptFigure], known_at: date) -> tuple[KeptFigure, ...]:
    """Choose the figures that are not kept already, with the same value for the same days."""
    if not figures:
        return ()
    first = figures[0]
    days = Period(min(one.starts for one in figures), max(one.ends for one in figures))
    known = queries.KnownOn(period=days, known_at=known_at, time_zone=first.time_zone)
    names, subjects = sorted({one.name for one in figures}), sorted({one.subject for one in figures})
    latest: dict[tuple[str, str], list[tuple[Period, Decimal]]] = {}
    for row in queries.figures(connection, names=names, subjects=subjects, known=known):
        held = latest.setdefault((row.name, row.subject), [])
        if not any(days.meets(Period(row.starts, row.ends)) for days, _ in held):
            held.append((Period(row.starts, row.ends), row.value))
    return tuple(
        one
        for one in figures
        if (Period(one.starts, one.ends), one.value) not in latest.get((one.name, one.subject), ())
    )


def products_going_on(adapter: LiveAdapter, *, period: Period) -> tuple[str, ...] | None:
    """List the products whose bills of some days ask for figures, which earlier bills may keep.

    One that the adapter cannot price now may ask, and where it does not name its products, None says that any may.
    """
    book = PriceBook(adapter=adapter, period=period, known_at=period.start)
    try:
        codes = [product.code for product in adapter.products(on=period.start)]
    except AdapterFailed:
        return None
    offers = {code: book.offer(code) for code in codes}
    return tuple(code for code, offer in offers.items() if isinstance(offer, Problem) or offer.needs)


def later_bills_of(
    connection: Connection, *, adapter: LiveAdapter, figures: Sequence[KeptFigure], drafts: Sequence[Draft]
) -> tuple[Resting, ...]:
    """List the bills that stand and may come out otherwise now that some bills were rated, with the figures they keep.

    They went on from a figure that has another value by now, or from what was used in their month before.
    """
    resting = bills_resting_on(connection, adapter=adapter, figures=figures)
    return (*resting, *bills_counting_on(connection, utility=adapter.utility, drafts=drafts))


def bills_resting_on(
    connection: Connection, *, adapter: LiveAdapter, figures: Sequence[KeptFigure]
) -> tuple[Resting, ...]:
    """List the bills that stand of later days whose tariff asks for a figure and that were rated on another value.

    Of a house the first bill is told, since a house is corrected whole. A bill that would ask but was told nothing,
    because its days were billed before the earlier ones, is among them.
    """
    if not figures:
        return ()
    later = lookups.later_bills(
        connection,
        adapter=adapter.code,
        since=min(one.ends for one in figures),
        contracts=_numbers(figures, kind=CONTRACT),
        buildings=_numbers(figures, kind=BUILDING),
    )
    return tuple(
        Resting(customer_id=bill.customer_id, contract_id=bill.contract_id, invoice_id=bill.invoice_id, day=bill.starts)
        for bill in later
        if any(_is_other(one, bill=bill, adapter=adapter) for one in figures if one.subject == bill.subject)
    )


def _is_other(figure: KeptFigure, *, bill: LaterBill, adapter: LiveAdapter) -> bool:
    days = Period(figure.starts, figure.ends)
    if figure.ends > bill.starts or not _asks(adapter, bill=bill, name=figure.name, days=days):
        return False
    told = [fact for fact in bill.facts or () if fact["name"] == figure.name and _days_of(fact).meets(days)]
    return [(_days_of(fact), Decimal(fact["value"])) for fact in told] != [(days, figure.value)]


def _asks(adapter: LiveAdapter, *, bill: LaterBill, name: str, days: Period) -> bool:
    """Tell whether a bill's tariff looks at a figure of some days; where the adapter cannot say, it may."""
    period = Period(bill.starts, bill.ends)
    offer = PriceBook(adapter=adapter, period=period, known_at=bill.starts).offer(bill.product)
    return isinstance(offer, Problem) or any(need == name and asked.meets(days) for need, asked in offer.needs)


def _days_of(fact: dict[str, Any]) -> Period:
    return Period(date.fromisoformat(fact["period"]["start"]), date.fromisoformat(fact["period"]["end"]))


def _numbers(figures: Iterable[KeptFigure], *, kind: str) -> list[int]:
    return sorted({int(one.subject.removeprefix(kind)) for one in figures if one.subject.startswith(kind)})
