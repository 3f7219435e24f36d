"""Starting a run, and writing down how far it is: chunks, contracts held and released, figures kept, what is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime

from mains_spi import InvoicingRules
from mains_spi.invoicing import USUAL_INVOICING_RULES
from psycopg import Connection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.billing import lookups, queries
from mains_server.billing.records import Hold, Run, RunRequest, RunSeller
from mains_server.billing.rules import issue_by
from mains_server.billing.statements import NOT_TAKEN_BACK

INSERT_RUN = """
insert into billing_run (adapter, period_from, period_to, issued_on, issue_by, status, started_at)
values (%(adapter)s, %(from)s, %(to)s, %(issued_on)s, %(issue_by)s, 'RUNNING', %(now)s)
on conflict (adapter, period_from, period_to) do nothing
"""
INSERT_CHUNK = """
insert into billing_chunk (run_id, contract_ids, status, invoiced, held)
values (%(run)s, %(contracts)s, 'WAITING', 0, 0)
"""
RUN_AGAIN = "update billing_run set status = 'RUNNING', finished_at = null where id = %(run)s"
RUN_DONE = """
update billing_run set status = 'DONE', finished_at = %(now)s
where id = %(run)s and status = 'RUNNING'
  and not exists (select from billing_chunk where run_id = %(run)s and status = 'WAITING')
"""
CHUNK_DONE = """
update billing_chunk set status = 'DONE', invoiced = %(invoiced)s, held = %(held)s, done_at = %(now)s
where id = %(chunk)s
"""
# An acceptance that came while the run was at it stands where the bill comes to what was accepted.
STANDS = "h.released_at is null and h.accepted_total = excluded.total and h.currency = excluded.currency"
HOLD = f"""
insert into billing_hold as h (customer_id, run_id, contract_id, code, reason, total, currency, held_at)
values (%(customer)s, %(run)s, %(contract)s, %(code)s, %(reason)s, %(total)s, %(currency)s, %(now)s)
on conflict (customer_id, run_id, contract_id)
do update set code = excluded.code, reason = excluded.reason, total = excluded.total, currency = excluded.currency,
    held_at = excluded.held_at, released_at = null,
    accepted_total = case when {STANDS} then h.accepted_total end,
    accepted_at = case when {STANDS} then h.accepted_at end,
    accepted_by_person_id = case when {STANDS} then h.accepted_by_person_id end,
    accepted_note = case when {STANDS} then h.accepted_note end
"""
RELEASE = """
update billing_hold set released_at = %(now)s
where run_id = %(run)s and contract_id = any(%(contracts)s::bigint[]) and released_at is null
"""
# Bills that count from or to a day and were not taken back; telling it again writes nothing.
NOTE_CORRECTION = """
insert into correction_due (customer_id, contract_id, invoice_id, reading_id, day, noted_at)
select i.customer_id, i.contract_id, i.id, :reading, :day, :now
from invoice i
where i.contract_id = any(cast(:contracts as bigint[])) and i.kind <> 'CREDIT'
  and i.period_from <= :day and i.period_to >= :day
  and not exists (
    select from invoice c
    where c.customer_id = i.customer_id and c.corrects_invoice_id = i.id and c.kind = 'CREDIT'
  )
order by i.id
on conflict (customer_id, contract_id, invoice_id, reading_id) do nothing
"""
# Bills over days that a file told otherwise, each with the first such day; telling it again writes nothing.
NOTE_CORRECTED = f"""
insert into correction_due (customer_id, contract_id, invoice_id, import_id, day, noted_at)
select i.customer_id, i.contract_id, i.id, :import, min(told.day), :now
{lookups.OVER_DAYS}
where not exists (
  select from invoice c
  where c.customer_id = i.customer_id and c.corrects_invoice_id = i.id and c.kind = 'CREDIT'
)
group by i.customer_id, i.contract_id, i.id
order by i.id
on conflict (customer_id, contract_id, invoice_id, import_id) do nothing
"""
# Bills of a house that stand beside those that were issued now: the shares of all of them are to be compared.
NOTE_HOUSES = f"""
insert into correction_due (customer_id, contract_id, invoice_id, day, noted_at)
select i.customer_id, i.contract_id, i.id, i.period_from, %(now)s
from rating_group g join invoice i on i.rating_group_id = g.id
where g.building_id = any(%(buildings)s::bigint[]) and g.adapter = %(adapter)s
  and g.period_from < %(to)s and g.period_to > %(from)s
  and i.kind <> 'CREDIT' and i.contract_id <> all(%(issued)s::bigint[]) and {NOT_TAKEN_BACK}
order by i.id
on conflict do nothing
"""


class NobodyInvoices(Exception):
    """Nobody is registered to invoice for the utility on the day of issue."""


class PeriodNotOver(Exception):
    """A period is billed after its last day, when all readings can be there."""


def start_run(
    connection: Connection, *, request: RunRequest, rules: InvoicingRules = USUAL_INVOICING_RULES
) -> tuple[Run, RunSeller]:
    """Start a run, or find the one there is: it goes on where it was, and what was held is tried again.

    Chunks are planned by one process at a time, and only while none is waiting. The utility's rules say by when its
    invoices were to be issued; a run that is later says so, and is no less done.
    """
    if request.issued_on < request.period.end:
        raise PeriodNotOver(f"the period ends on {request.period.end}; issue its invoices on that day or later")
    seller = seller_on(connection, adapter=request.adapter, on=request.issued_on)
    with connection.transaction():
        days = {"from": request.period.start, "to": request.period.end}
        new = {"adapter": request.adapter, "issued_on": request.issued_on, "now": request.now, **days}
        new["issue_by"] = issue_by(request.period, rules=rules)
        connection.execute(INSERT_RUN, new)
        run = queries.lock_run(connection, adapter=request.adapter, period=request.period)
        if not queries.has_waiting_chunks(connection, run_id=run.id):
            _plan(connection, run=run, contracts_max=request.contracts_per_chunk)
    return run, seller


def seller_on(connection: Connection, *, adapter: str, on: date) -> RunSeller:
    """Find who invoices for a utility on a day; raises `NobodyInvoices`."""
    seller = queries.seller_on(connection, adapter=adapter, on=on)
    if seller is None:
        raise NobodyInvoices(f"nobody is registered to invoice for {adapter} on {on}")
    return seller


def finish_chunk(connection: Connection, *, chunk_id: int, invoiced: int, held: int, now: datetime) -> None:
    """Write down that a chunk is done; it is so only if its transaction succeeds."""
    connection.execute(CHUNK_DONE, {"chunk": chunk_id, "invoiced": invoiced, "held": held, "now": now})


def finish_run(connection: Connection, *, run: Run, now: datetime) -> None:
    """Write down that a run is done, unless a chunk is still waiting or somebody works on one."""
    with connection.transaction():
        connection.execute(RUN_DONE, {"run": run.id, "now": now})


def hold_contracts(connection: Connection, *, run: Run, holds: Iterable[Hold], now: datetime) -> None:
    """Write down the contracts that could not be billed, with the latest reason; what was accepted was another bill."""
    rows = [
        {
            "customer": hold.customer_id,
            "run": run.id,
            "contract": hold.contract_id,
            "code": hold.code,
            "reason": hold.reason,
            "total": hold.total,
            "currency": hold.currency,
            "now": now,
        }
        for hold in holds
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(HOLD, rows)


def release_contracts(connection: Connection, *, run: Run, contracts: Sequence[int], now: datetime) -> None:
    """Release contracts that were held before and are billed now."""
    if contracts:
        connection.execute(RELEASE, {"run": run.id, "contracts": list(contracts), "now": now})


def note_houses(
    connection: Connection, *, run: Run, houses: Collection[int], issued: Collection[int], now: datetime
) -> None:
    """Note the bills that stand of houses of which only some premises were billed now, such as one that was taken back.

    What was known of the house may have changed meanwhile (an area, a reading). A correction compares the house whole,
    so that its premises add up to it again; where nothing changed it finds nothing.
    """
    if houses:
        days = {"from": run.period.start, "to": run.period.end}
        asked = {"adapter": run.adapter, "buildings": list(houses), "issued": list(issued), "now": now}
        connection.execute(NOTE_HOUSES, {**asked, **days})


async def note_correction(
    session: AsyncSession, *, contracts: Collection[int], day: date, reading_id: int, now: datetime
) -> None:
    """Write down that bills counting from or to a day are wrong, since a true reading came for an estimated one.

    The metering room calls it through whoever submits a reading, in the transaction in which the estimate gives way.
    A correction that was rated before the reading is waited for, so that its replacement is noted as due again.
    """
    await lookups.hold_billed(session, contracts=contracts, day=day)
    asked = {"contracts": sorted(contracts), "day": day, "reading": reading_id, "now": now}
    await session.execute(text(NOTE_CORRECTION), asked)


async def note_corrected(
    session: AsyncSession, *, days: Sequence[tuple[int, date]], import_id: int, now: datetime
) -> None:
    """Write down that bills over days of supply points are wrong, since a file told what smart meters counted anew.

    The intervals room calls it through whoever takes files in, in the transaction in which the days change.
    """
    over = {"points": [point for point, _ in days], "days": [day for _, day in days]}
    await lookups.hold_billed_over(session, days=days)
    await session.execute(text(NOTE_CORRECTED), {**over, "import": import_id, "now": now})


def _plan(connection: Connection, *, run: Run, contracts_max: int) -> None:
    due = queries.unbilled(connection, adapter=run.adapter, period=run.period)
    chunks = [{"run": run.id, "contracts": chunk} for chunk in _chunks(due, contracts_max=contracts_max)]
    if chunks:
        with connection.cursor() as cursor:
            cursor.executemany(INSERT_CHUNK, chunks)
        connection.execute(RUN_AGAIN, {"run": run.id})


def _chunks(due: Iterable[tuple[int, int | None]], *, contracts_max: int) -> Iterator[list[int]]:
    """Cut contracts into chunks; a building stays whole, also where that makes a chunk larger."""
    chunk: list[int] = []
    last_building: int | None = None
    for contract, building in due:
        is_same_building = building is not None and building == last_building
        if len(chunk) >= contracts_max and not is_same_building:
            yield chunk
            chunk = []
        chunk.append(contract)
        last_building = building
    if chunk:
        yield chunk
