"""Books a rated chunk by COPY: lines, taxes, postings and events first, the numbers late, the invoices last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from struct import Struct

import orjson
from mains_spi import InvoicingRules, Period
from psycopg import Connection

from mains_server.billing import queries
from mains_server.billing.binary import NULL, bigint, day, instant, integer, jsonb, numeric, table_of, text, word
from mains_server.billing.draft import CENTS_PLACES, MICRO_PLACES, Draft, kind_of
from mains_server.billing.due import DueRow, EstimatedReading
from mains_server.billing.fees import mark_billed
from mains_server.billing.rate import RatedHouse
from mains_server.billing.records import RunSeller
from mains_server.billing.rows import LineRows
from mains_server.billing.settling import mark_settled
from mains_server.db.ids import next_ids
from mains_server.db.jobs import defer_jobs
from mains_server.invoices.numbering import draw_numbers
from mains_server.invoices.rules import (
    DOCUMENTS_TASK,
    document_jobs,
    document_number,
    due_on,
    entries_of_invoice,
    payment_reference,
    payment_term,
)
from mains_server.ledger.records import BookingKind
from mains_server.ledger.rules import document_key
from mains_server.metering.records import ReadingQuality, ReadingSource, ReadingStatus
from mains_server.metering.rules import day_start
from mains_server.payments.giving import give_new

INVOICE_ISSUED = "invoice.issued"
INVOICE_COLUMNS = (
    "id, customer_id, contract_id, number, net, tax, support, total, period_from, period_to, due_on, kind,"
    " document_number, payment_reference, customer_name, billing_address, supply_address, currency, rounding,"
    " inputs, rating_group_id, revision, corrects_invoice_id, adapter, seller_id, series, issued_on, run_id, issued_at"
)
TRANSACTION_COLUMNS = "id, customer_id, document_id, key, kind, effective_on, booked_at"
ENTRY_COLUMNS = "transaction_id, customer_id, amount, account, currency"
READING_COLUMNS = "register_id, supply_point_id, taken_at, counts_for, value, source, quality, status, received_at"
EVENT_COLUMNS = "customer_id, payload, kind, occurred_at"

SETTLED_WITHIN = timedelta(minutes=1)

COPY = "copy {table} ({columns}) from stdin (format binary)"
INSERT_HOUSE = """
insert into rating_group (id, run_id, adapter, building_id, period_from, period_to, inputs)
values (%(id)s, %(run)s, %(adapter)s, %(building)s, %(from)s, %(to)s, %(inputs)s::jsonb)
"""

_invoice_head = Struct("!hiqiqiqiq").pack
_transaction_head = Struct("!hiqiqiq").pack
_entry_head = Struct("!hiqiq").pack
_event_head = Struct("!hiq").pack
_reading_head = Struct("!hiqiq").pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What invoices that are booked together have in common; without a run they were asked for one by one."""

    adapter: str
    issued_on: date
    run_id: int | None
    seller: RunSeller
    rules: InvoicingRules
    now: datetime


class BilledMeanwhile(Exception):
    """Somebody else billed days of these contracts while they were being rated; nothing of it may be kept."""

    def __init__(self, contracts: frozenset[int]) -> None:
        super().__init__(f"contracts {sorted(contracts)[:10]} were billed meanwhile")
        self.contracts = contracts


def book(
    connection: Connection, *, booking: Booking, drafts: Sequence[Draft], houses: Iterable[RatedHouse], seen: int
) -> list[int]:
    """Write invoices with all that belongs to them, in the transaction of the chunk, and give their ids.

    A bill below nothing gives its customer credit.

    The series is locked only once everything but the invoices themselves is written, since all who number wait for it.
    `seen` is its last number from before anybody was gathered: what was numbered since may have billed the same days,
    and raises `BilledMeanwhile`.
    """
    if not drafts:
        return []
    groups = _write_houses(connection, booking=booking, houses=houses, wanted={draft.house for draft in drafts})
    invoice_ids = next_ids(connection, sequence="invoice_id_seq", count=len(drafts))
    lines = LineRows(adapter=booking.adapter)
    numbered = list(zip(invoice_ids, drafts, strict=True))
    copy_rows(
        connection, "invoice_line", lines.COLUMNS, (r for i, draft in numbered for r in lines.of(draft, invoice_id=i))
    )
    copy_rows(
        connection,
        "invoice_tax",
        lines.TAX_COLUMNS,
        (r for i, draft in numbered for r in lines.taxes(draft, invoice_id=i)),
    )
    _post(connection, booking=booking, numbered=numbered)
    copy_rows(connection, "outbox_event", EVENT_COLUMNS, _events(numbered, booking=booking))
    mark_billed(connection, billed=((i, draft.due.customer_id, draft.fees) for i, draft in numbered if draft.fees))
    settling = [(i, draft) for i, draft in numbered if draft.settles]
    mark_settled(connection, billed=((i, draft.due.customer_id, draft.settles) for i, draft in settling))
    _queue_documents(connection, booking=booking, invoice_ids=invoice_ids)
    numbers = draw_numbers(connection, series=booking.seller.series, count=len(drafts))
    _require_still_due(connection, booking=booking, drafts=drafts, seen=seen, first=numbers[0])
    rows = _invoices(numbered, booking=booking, numbers=numbers, groups=groups)
    copy_rows(connection, "invoice", INVOICE_COLUMNS, rows)
    below = [i for i, draft in numbered if draft.total < 0]
    if below:
        give_new(connection, invoice_ids=below, now=booking.now)
    return list(invoice_ids)


def _queue_documents(connection: Connection, *, booking: Booking, invoice_ids: Sequence[int]) -> None:
    """Have documents made; of what was asked for by itself a little later, once its asker has settled it by credit."""
    at = booking.now + SETTLED_WITHIN if booking.run_id is None else None
    defer_jobs(connection, task=DOCUMENTS_TASK, arguments=document_jobs(invoice_ids), at=at)


def book_estimates(connection: Connection, *, readings: Sequence[EstimatedReading], now: datetime) -> None:
    """Write the readings that bills rest on though nobody took them, in the transaction of these bills."""
    if readings:
        copy_rows(connection, "reading", READING_COLUMNS, _estimated(readings, now=now))


def _require_still_due(
    connection: Connection, *, booking: Booking, drafts: Sequence[Draft], seen: int, first: int
) -> None:
    since = queries.billed_since(
        connection, series=booking.seller.series, seen=seen, first=first, run_id=booking.run_id
    )
    if since:
        billed = overlapping(drafts, billed=since)
        if billed:
            raise BilledMeanwhile(billed)


def overlapping(drafts: Iterable[Draft], *, billed: Iterable[tuple[int, Period]]) -> frozenset[int]:
    """Find the contracts of drafts whose days somebody has billed in part or whole."""
    days: dict[int, list[Period]] = defaultdict(list)
    for contract, period in billed:
        days[contract].append(period)
    return frozenset(
        draft.due.contract_id
        for draft in drafts
        if any(period.meets(Period(draft.due.starts, draft.due.ends)) for period in days.get(draft.due.contract_id, ()))
    )


def copy_rows(connection: Connection, table: str, columns: str, rows: Iterable[bytes]) -> None:
    """Write rows that were encoded already; their fields stand in the order of the columns."""
    statement = COPY.format(table=table, columns=columns)
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.write(table_of(rows))


def _write_houses(
    connection: Connection, *, booking: Booking, houses: Iterable[RatedHouse], wanted: set[int | None]
) -> dict[int, int]:
    """Store the questions of the buildings that get invoices, and give their ids by building."""
    needed = [house for house in houses if house.building_id in wanted]
    ids = next_ids(connection, sequence="rating_group_id_seq", count=len(needed)) if needed else []
    for group_id, house in zip(ids, needed, strict=True):
        row = {"id": group_id, "run": booking.run_id, "adapter": booking.adapter, "building": house.building_id}
        days = {"from": house.period.start, "to": house.period.end}
        connection.execute(INSERT_HOUSE, {**row, **days, "inputs": house.inputs.decode()})
    return {house.building_id: group_id for group_id, house in zip(ids, needed, strict=True)}


def _post(connection: Connection, *, booking: Booking, numbered: Sequence[tuple[int, Draft]]) -> None:
    ids = next_ids(connection, sequence="ledger_transaction_id_seq", count=len(numbered))
    tail = text(BookingKind.INVOICE.name) + day(booking.issued_on) + instant(booking.now)
    transactions = (
        _transaction_head(7, 8, transaction_id, 8, draft.due.customer_id, 8, invoice_id)
        + text(document_key(kind=BookingKind.INVOICE, document_id=invoice_id))
        + tail
        for transaction_id, (invoice_id, draft) in zip(ids, numbered, strict=True)
    )
    copy_rows(connection, "ledger_transaction", TRANSACTION_COLUMNS, transactions)
    entries = (
        row for transaction_id, (_, draft) in zip(ids, numbered, strict=True) for row in _entries(draft, transaction_id)
    )
    copy_rows(connection, "ledger_entry", ENTRY_COLUMNS, entries)


def _entries(draft: Draft, transaction_id: int) -> Iterator[bytes]:
    head = _entry_head(5, 8, transaction_id, 8, draft.due.customer_id)
    currency = word(draft.currency)
    posted = entries_of_invoice(
        total=draft.total,
        lines=[(line.terms.account, line.net, line.terms.is_after_tax) for line in draft.lines],
        taxes=[(tax.code, tax.tax) for tax in draft.taxes],
    )
    for account, amount in posted:
        yield b"".join((head, numeric(amount, CENTS_PLACES), word(account), currency))


def _events(numbered: Iterable[tuple[int, Draft]], *, booking: Booking) -> Iterator[bytes]:
    tail = text(INVOICE_ISSUED) + instant(booking.now)
    for invoice_id, draft in numbered:
        payload = orjson.dumps({"invoice_id": invoice_id, "contract_id": draft.due.contract_id})
        yield _event_head(4, 8, draft.due.customer_id) + jsonb(payload) + tail


def term_of(due: DueRow, *, rules: InvoicingRules) -> int:
    """Work out the days that a contract's customer has to pay an invoice."""
    is_business_by_email = due.kind == "BUSINESS" and due.delivery == "EMAIL"
    return payment_term(due.payment_term_days, is_business_by_email=is_business_by_email, rules=rules)


def _estimated(readings: Iterable[EstimatedReading], *, now: datetime) -> Iterator[bytes]:
    words = (ReadingSource.ESTIMATION.name, ReadingQuality.ESTIMATED.name, ReadingStatus.ACCEPTED.name)
    tail = b"".join((*map(text, words), instant(now)))
    for reading in readings:
        units = int(reading.value.scaleb(MICRO_PLACES))
        yield b"".join(
            (
                _reading_head(9, 8, reading.register_id, 8, reading.supply_point_id),
                *(instant(day_start(reading.counts_for, time_zone=reading.time_zone)), day(reading.counts_for)),
                *(numeric(units, MICRO_PLACES), tail),
            )
        )


def _invoices(
    numbered: Iterable[tuple[int, Draft]], *, booking: Booking, numbers: Iterable[int], groups: dict[int, int]
) -> Iterator[bytes]:
    seller = booking.seller
    run = NULL if booking.run_id is None else bigint(booking.run_id)
    tail = b"".join(
        (
            *(text(booking.adapter), bigint(seller.id), text(seller.series)),
            *(day(booking.issued_on), run, instant(booking.now)),
        )
    )
    first = integer(0) + NULL
    for (invoice_id, draft), number in zip(numbered, numbers, strict=True):
        due = draft.due
        document = document_number(series=seller.series, number=number)
        group = NULL if draft.house is None else bigint(groups[draft.house])
        follows = first if draft.follows is None else integer(draft.revision) + bigint(draft.follows)
        yield b"".join(
            (
                _invoice_head(29, 8, invoice_id, 8, due.customer_id, 8, due.contract_id, 8, number),
                *(numeric(cents, CENTS_PLACES) for cents in (draft.net, draft.tax, draft.support, draft.total)),
                *(day(due.starts), day(due.ends)),
                day(due_on(issued_on=booking.issued_on, payment_term_days=term_of(due, rules=booking.rules))),
                *(word(kind_of(draft).name), text(document), text(payment_reference(document))),
                *(text(due.customer_name), text(due.billing_address), text(due.supply_address)),
                *(word(draft.currency), word(draft.rounding), jsonb(draft.inputs), group, follows, tail),
            )
        )
