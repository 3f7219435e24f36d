"""Rates a period that was billed once more, beside the bill that stands; nothing is booked or held on to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import psycopg
from mains_spi import Period
from psycopg import Connection, IsolationLevel

from mains_server.adapters.live import LiveAdapter
from mains_server.billing import queries
from mains_server.billing.book import term_of
from mains_server.billing.differences import settlements
from mains_server.billing.draft import Draft, KeptFigure, as_invoice
from mains_server.billing.due import SettlementRow
from mains_server.billing.estimates import Estimator
from mains_server.billing.gather import Question, gather
from mains_server.billing.rate import Rater
from mains_server.billing.records import Bounds, Hold, Resting, WrongBill
from mains_server.billing.resting import later_bills_of, moved
from mains_server.billing.settling import with_lines, with_settlements
from mains_server.invoices.records import InvoiceDraft

# Somebody looks at a correction anyway, so that only a bill whose own days come out below nothing is held, and only
# where they did not before, since somebody accepted that.
BOUNDS = Bounds(times_mean_max=10**9, lines_max=10**6)
UNREAD = "missing_reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class RerateRequest:
    """Which bills' days to rate again, at the prices known at the end of one day, on what is known today.

    The bills' fees and settlements come along.
    """

    bills: tuple[WrongBill, ...]
    period: Period
    priced_at: date
    today: date

    @property
    def contracts(self) -> tuple[int, ...]:
        """Give whose bills they are."""
        return tuple(bill.contract_id for bill in self.bills)

    @property
    def of_invoices(self) -> tuple[int, ...]:
        """Give the ids of the bills."""
        return tuple(bill.invoice_id for bill in self.bills)

    @property
    def below_nothing(self) -> frozenset[int]:
        """Give the contracts whose bill gives money back for its own days."""
        return frozenset(bill.contract_id for bill in self.bills if bill.is_below_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedAnew:
    """A bill as it comes out now, with all that is needed to issue it; `fees` and `settles` are rows that it has."""

    draft: Draft
    bill: InvoiceDraft
    payment_term_days: int

    @property
    def inputs(self) -> bytes:
        """Give the question, and what is written beside it of other bills."""
        return self.draft.inputs

    @property
    def fees(self) -> tuple[int, ...]:
        """Give the rows of fees that it has."""
        return self.draft.fees

    @property
    def settles(self) -> tuple[int, ...]:
        """Give the rows of differences that it has, and had before."""
        return self.draft.settles


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
        bounds=replace(BOUNDS, below_nothing=request.below_nothing),
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
        resting = later_bills_of(connection, adapter=adapter, figures=figures, drafts=rated.drafts)
        drafts = _with_what_they_settle(connection, adapter=adapter, request=request, drafts=rated.drafts)
    rules = adapter.utility.invoicing_rules
    bills = {
        draft.due.contract_id: _anew(draft, code=adapter.code, term=term_of(draft.due, rules=rules)) for draft in drafts
    }
    house = next((found.inputs for found in rated.houses), None)
    return Rerated(bills=bills, house=house, figures=figures, resting=resting)


def with_taken_off(anew: RatedAnew, *, rows: Sequence[SettlementRow], adapter: LiveAdapter) -> RatedAnew:
    """Put lines on a bill that take back off what other bills have of the bill in whose place it comes."""
    if not rows:
        return anew
    draft = with_lines(anew.draft, rows=rows, accounts=adapter.accounts())
    return _anew(draft, code=adapter.code, term=anew.payment_term_days)


def _with_what_they_settle(
    connection: Connection, *, adapter: LiveAdapter, request: RerateRequest, drafts: Sequence[Draft]
) -> list[Draft]:
    """Give bills the differences of other bills that those have which are looked at; no bound holds them for these."""
    asked = queries.Asked(
        adapter=adapter.code, period=request.period, contracts=request.contracts, of_invoices=request.of_invoices
    )
    settled = settlements(connection, asked=asked)
    accounts = adapter.accounts()
    return [
        with_settlements(draft, rows=settled[draft.due.contract_id], accounts=accounts)
        if draft.due.contract_id in settled
        else draft
        for draft in drafts
    ]


def _anew(draft: Draft, *, code: str, term: int) -> RatedAnew:
    return RatedAnew(draft=draft, bill=as_invoice(draft, adapter=code), payment_term_days=term)
