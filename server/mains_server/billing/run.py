"""The billing run: claims chunk after chunk and bills each in one transaction, from gathering to the last row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from psycopg import Connection
from psycopg.errors import UniqueViolation

from mains_server.adapters.live import LiveAdapter
from mains_server.billing import operations, queries
from mains_server.billing.book import Booking, book, book_estimates
from mains_server.billing.draft import Draft
from mains_server.billing.estimates import Estimator
from mains_server.billing.gather import gather
from mains_server.billing.rate import Rated, Rater
from mains_server.billing.records import Bounds, Run, RunRequest, RunSeller, RunState

BILLED_ONCE = "invoice_billed_once"

Watch = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One process's share of a run: whom it asks, by which bounds, at which moment, and who watches.

    The watcher is told each step by its name: planned, claimed, gathered, rated, booked, done, finished.
    """

    adapter: LiveAdapter
    now: datetime
    bounds: Bounds = field(default_factory=Bounds)
    watch: Watch = lambda step: None


def run_billing(connection: Connection, *, request: RunRequest, shift: Shift) -> RunState:
    """Bill a utility's period; a second start goes on where the first stopped, and does nothing where it did not."""
    run, seller = operations.start_run(connection, request=request)
    shift.watch("planned")
    return work_off(connection, run=run, seller=seller, shift=shift)


def work_off(connection: Connection, *, run: Run, seller: RunSeller, shift: Shift) -> RunState:
    """Bill the chunks that nobody else has until there are none, then tell how far the run is."""
    rater = Rater(adapter=shift.adapter, period=run.period, known_at=run.issued_on, bounds=shift.bounds)
    today = max(run.issued_on, shift.now.date())
    estimator = Estimator(adapter=shift.adapter, on=today, take_hold=queries.lock_registers)
    booking = Booking(run=run, seller=seller, now=shift.now)
    while _bill_next_chunk(connection, rater=rater, estimator=estimator, booking=booking, watch=shift.watch):
        shift.watch("done")
    operations.finish_run(connection, run=run, now=shift.now)
    shift.watch("finished")
    return queries.run_state(connection, run=queries.run_by_id(connection, run_id=run.id))


def _bill_next_chunk(
    connection: Connection, *, rater: Rater, estimator: Estimator, booking: Booking, watch: Watch
) -> bool:
    run = booking.run
    with connection.transaction():
        claimed = queries.claim_chunk(connection, run_id=run.id)
        if claimed is None:
            return False
        watch("claimed")
        chunk_id, contracts = claimed
        gathered = gather(
            connection,
            utility=rater.adapter.utility,
            period=run.period,
            contracts=contracts,
            teller=rater.teller,
            estimator=estimator,
            counter=rater.counter,
        )
        watch("gathered")
        rated = rater.rate(connection, gathered=gathered)
        watch("rated")
        operations.hold_contracts(connection, run=run, holds=rated.holds, now=booking.now)
        operations.keep_figures(connection, run=run, figures=rated.figures)
        issued = _book_unbilled(connection, booking=booking, rated=rated)
        book_estimates(connection, readings=gathered.estimates_of(issued), now=booking.now)
        invoiced = [draft.due.contract_id for draft in issued]
        operations.release_contracts(connection, run=run, contracts=invoiced, now=booking.now)
        operations.finish_chunk(
            connection, chunk_id=chunk_id, invoiced=len(invoiced), held=len(rated.holds), now=booking.now
        )
        watch("booked")
    return True


def _book_unbilled(connection: Connection, *, booking: Booking, rated: Rated) -> Sequence[Draft]:
    """Book, and where the database says that somebody was billed meanwhile, book the others; give what was issued."""
    drafts: Sequence[Draft] = sorted(rated.drafts, key=lambda draft: draft.due.contract_id)
    try:
        with connection.transaction():
            book(connection, booking=booking, drafts=drafts, houses=rated.houses)
    except UniqueViolation as refusal:
        if refusal.diag.constraint_name != BILLED_ONCE:
            raise
        billed = queries.billed_already(
            connection, contracts=[draft.due.contract_id for draft in drafts], period=booking.run.period
        )
        drafts = [draft for draft in drafts if draft.due.contract_id not in billed]
        book(connection, booking=booking, drafts=drafts, houses=rated.houses)
    return drafts
