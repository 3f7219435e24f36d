"""Rates a period that was billed once more, beside the bill that stands; nothing is booked or held on to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import psycopg
from mains_spi import Period
from psycopg import IsolationLevel

from mains_server.adapters.live import LiveAdapter
from mains_server.billing.allowances import bills_counting_on
from mains_server.billing.book import term_of
from mains_server.billing.draft import Draft, KeptFigure, as_invoice
from mains_server.billing.estimates import Estimator
from mains_server.billing.gather import Question, gather
from mains_server.billing.rate import Rater
from mains_server.billing.records import Bounds, Hold, Resting
from mains_server.billing.resting import bills_resting_on, moved
from mains_server.invoices.records import InvoiceDraft

# Somebody looks at a correction anyway, so that only a bill below nothing is held.
BOUNDS = Bounds(times_mean_max=10**9, lines_max=10**6)
UNREAD = "missing_reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class RerateRequest:
    """Which days of which contracts to rate again, at the prices known at the end of one day, on what is known today.

    `of_invoices` are the bills that are looked at, whose fees and settlements come along.
    """

    contracts: tuple[int, ...]
    period: Period
    priced_at: date
    today: date
    of_invoices: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedAnew:
    """A bill as it comes out now, with all that is needed to issue it; `fees` and `settles` are rows that it has."""

    bill: InvoiceDraft
    inputs: bytes
    payment_term_days: int
    fees: tuple[int, ...]
    settles: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerated:
    """The bills of the contracts asked for, and their house's question, if any.

    `figures` are those kept for later bills that are known otherwise so far, and `resting` the bills that went on from
    what is known otherwise, a figure or what was used in the month before.
    """

    bills: dict[int, RatedAnew]
    house: bytes | None
    figures: tuple[KeptFigure, ...] = ()
    resting: tuple[Resting, ...] = ()


def rerate(address: str, *, adapter: LiveAdapter, request: RerateRequest) -> Rerated | Hold:
    """Rate the days again on one moment of the database, as if they had not been billed; or tell why it cannot be done.

    A day that nobody read and that no bill estimated stays missing: what is corrected rests on what is known.
    """
    rater = Rater(
        adapter=adapter,
        period=request.period,
        known_at=request.priced_at,
        bounds=BOUNDS,
        counted_at=request.today,
    )
    with psycopg.connect(address) as connection:
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
        gathered = gather(
            connection,
            question=Question(
                utility=adapter.utility,
                period=request.period,
                contracts=request.contracts,
                is_anew=True,
                of_invoices=request.of_invoices,
            ),
            teller=rater.teller,
            estimator=Estimator(adapter=adapter, on=date.min),
            counter=rater.counter,
        )
        rated = rater.rate(connection, gathered=gathered)
        if rated.holds:
            return rated.holds[0]
        figures = moved(connection, figures=rated.figures, known_at=request.today)
        resting = bills_resting_on(connection, adapter=adapter, figures=figures)
        counting = bills_counting_on(connection, utility=adapter.utility, drafts=rated.drafts)
    rules = adapter.utility.invoicing_rules
    bills = {
        draft.due.contract_id: _anew(draft, code=adapter.code, term=term_of(draft.due, rules=rules))
        for draft in rated.drafts
    }
    house = next((found.inputs for found in rated.houses), None)
    return Rerated(bills=bills, house=house, figures=figures, resting=(*resting, *counting))


def _anew(draft: Draft, *, code: str, term: int) -> RatedAnew:
    return RatedAnew(
        bill=as_invoice(draft, adapter=code),
        inputs=draft.inputs,
        payment_term_days=term,
        fees=draft.fees,
        settles=draft.settles,
    )
