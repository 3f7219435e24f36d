"""The billing run: claims chunk after chunk and bills each in one transaction, from gathering to the last row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from psycopg import Connection
from psycopg.errors import UniqueViolation

from mains_server.adapters.live import LiveAdapter
from mains_server.billing import lookups, operations, queries
from mains_server.billing.book import BilledMeanwhile, Booking, book, book_estimates, overlapping
from mains_server.billing.draft import Draft
from mains_server.billing.estimates import Estimator
from mains_server.billing.gather import Gathered, Question, gather
from mains_server.billing.holding import accepted_totals
from mains_server.billing.keeping import keep_figures, note_resting
from mains_server.billing.pricebook import PriceBook
from mains_server.billing.rate import Rated, Rater
from mains_server.billing.records import Bounds, Run, RunRequest, RunSeller, RunState
from mains_server.billing.resting import later_bills_of, products_going_on
from mains_server.billing.rules import day_that_holds
from mains_server.billing.settling import SettledMeanwhile
from mains_server.db.cycles import no_search_for_cycles

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunks:
    """What every chunk of a run is billed with.

    `going_on` are the products whose bills go on from figures of earlier ones; None where that is not known.
    """

    run: Run
    rater: Rater
    estimator: Estimator
    seller: RunSeller
    now: datetime
    watch: Watch
    going_on: tuple[str, ...] | None


def run_billing(connection: Connection, *, request: RunRequest, shift: Shift) -> RunState:
    """Bill a utility's period; a second start goes on where the first stopped, and does nothing where it did not."""
    run, seller = operations.start_run(connection, request=request, rules=shift.adapter.utility.invoicing_rules)
    shift.watch("planned")
    return work_off(connection, run=run, seller=seller, shift=shift)


def work_off(connection: Connection, *, run: Run, seller: RunSeller, shift: Shift) -> RunState:
    """Bill the chunks that nobody else has until there are none, then tell how far the run is."""
    today = max(run.issued_on, shift.now.date())
    book = PriceBook(adapter=shift.adapter, period=run.period, known_at=run.issued_on, kept_at=today)
    rater = Rater(
        adapter=shift.adapter,
        period=run.period,
        known_at=run.issued_on,
        counted_at=max(run.issued_on, day_that_holds(shift.now)),
        bounds=shift.bounds,
        book=book,
    )
    estimator = Estimator(adapter=shift.adapter, on=today, take_hold=queries.lock_registers)
    chunks = Chunks(
        run=run,
        rater=rater,
        estimator=estimator,
        seller=seller,
        now=shift.now,
        watch=shift.watch,
        going_on=products_going_on(shift.adapter, period=run.period),
    )
    while _billed_next_chunk(connection, chunks=chunks):
        shift.watch("done")
    operations.finish_run(connection, run=run, now=shift.now)
    shift.watch("finished")
    return queries.run_state(connection, run=queries.run_by_id(connection, run_id=run.id))


def _billed_next_chunk(connection: Connection, *, chunks: Chunks) -> bool:
    """Bill a chunk; one of which a difference was withdrawn or booked meanwhile is gathered anew, once."""
    with no_search_for_cycles():
        try:
            return _bill_next_chunk(connection, chunks=chunks)
        except SettledMeanwhile:
            return _bill_next_chunk(connection, chunks=chunks)


def _bill_next_chunk(connection: Connection, *, chunks: Chunks) -> bool:
    run, now, watch, rater = chunks.run, chunks.now, chunks.watch, chunks.rater
    with connection.transaction():
        claimed = queries.claim_chunk(connection, run_id=run.id)
        if claimed is None:
            return False
        watch("claimed")
        chunk_id, contracts = claimed
        asked = queries.Asked(adapter=run.adapter, period=run.period, contracts=tuple(contracts))
        queries.hold_houses(connection, asked=asked)
        lookups.hold_contracts(connection, contracts=contracts, products=chunks.going_on)
        seen = queries.last_number(connection, series=chunks.seller.series)
        gathered = gather(
            connection,
            question=Question(utility=rater.adapter.utility, period=run.period, contracts=tuple(contracts)),
            teller=rater.teller,
            estimator=chunks.estimator,
            counter=rater.counter,
        )
        watch("gathered")
        accepted = accepted_totals(connection, run_id=run.id, contracts=contracts)
        rated = rater.rate(connection, gathered=gathered, accepted=accepted)
        watch("rated")
        operations.hold_contracts(connection, run=run, holds=rated.holds, now=now)
        keep_figures(
            connection, figures=rated.figures, known_at=run.issued_on, source=f"billing run of {run.period.start:%Y-%m}"
        )
        later = later_bills_of(connection, adapter=rater.adapter, figures=rated.figures, drafts=rated.drafts)
        note_resting(connection, bills=later, now=now)
        issued = _book_unbilled(
            connection, chunks=chunks, rated=rated, drafts=following(rated.drafts, gathered=gathered), seen=seen
        )
        book_estimates(connection, readings=gathered.estimates_of(issued), now=now)
        invoiced = [draft.due.contract_id for draft in issued]
        houses = [house.building_id for house in rated.houses]
        operations.note_houses(connection, run=run, houses=houses, issued=invoiced, now=now)
        operations.release_contracts(connection, run=run, contracts=invoiced, now=now)
        operations.finish_chunk(connection, chunk_id=chunk_id, invoiced=len(invoiced), held=len(rated.holds), now=now)
        watch("booked")
    return True


def following(drafts: Iterable[Draft], *, gathered: Gathered) -> list[Draft]:
    """Have bills of days whose earlier bill was taken back say so, in the order of the contracts."""
    marked = []
    for draft in sorted(drafts, key=lambda draft: draft.due.contract_id):
        earlier = [part for part in gathered.earlier.get(draft.due.contract_id, ()) if part.starts == draft.due.starts]
        if earlier:
            last = max(earlier, key=lambda part: part.revision)
            draft = draft._replace(revision=last.revision + 1, follows=last.invoice_id)
        marked.append(draft)
    return marked


def _book_unbilled(
    connection: Connection, *, chunks: Chunks, rated: Rated, drafts: Sequence[Draft], seen: int
) -> Sequence[Draft]:
    """Book, and where the database says that somebody was billed meanwhile, book the others; give what was issued."""
    run = chunks.run
    booking = Booking(
        adapter=run.adapter,
        issued_on=run.issued_on,
        run_id=run.id,
        seller=chunks.seller,
        rules=chunks.rater.adapter.utility.invoicing_rules,
        now=chunks.now,
    )
    try:
        with connection.transaction():
            book(connection, booking=booking, drafts=drafts, houses=rated.houses, seen=seen)
    except (UniqueViolation, BilledMeanwhile) as refusal:
        if isinstance(refusal, UniqueViolation) and refusal.diag.constraint_name != BILLED_ONCE:
            raise
        contracts = [draft.due.contract_id for draft in drafts]
        billed = overlapping(drafts, billed=queries.billed_already(connection, contracts=contracts, period=run.period))
        drafts = [draft for draft in drafts if draft.due.contract_id not in billed]
        book(connection, booking=booking, drafts=drafts, houses=rated.houses, seen=seen)
    return drafts
