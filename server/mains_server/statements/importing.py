"""Takes statements in: each whole or not at all, every movement once, and on the books the moment it is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, BinaryIO

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.db.copying import copy_rows, draw_ids
from mains_server.db.cycles import no_search_for_cycles
from mains_server.ledger.operations import post, post_many
from mains_server.payments.rules import ACCEPTED_CURRENCIES
from mains_server.statements import queries, rules
from mains_server.statements.camt import Event, read_statements
from mains_server.statements.records import (
    BankLine,
    FileSource,
    LineState,
    StatementFoot,
    StatementHead,
    TakenStatement,
)
from mains_server.statements.refusals import BankFileRefused
from mains_server.statements.tables import BankAccount, BankStatement

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

EVENTS_AT_ONCE = 2_000
HELD_BACK_MAX = 5_000
"""Movements that look like known ones and are kept at hand, in case the balances prove them new."""
COPIED = (
    "servicer_reference",
    "end_to_end_id",
    "party_name",
    "party_iban",
    "reference",
    "text",
    "booked_on",
    "amount",
    "is_reversal",
    "is_undetailed",
)
COLUMNS = (
    "id", "bank_account_id", "statement_id", "position", "currency", "fingerprint", "occurrence", "state", *COPIED,
)  # fmt: skip
_said = attrgetter(*COPIED)


@dataclass(kw_only=True)
class _Taking:
    """A statement that is being taken in."""

    head: StatementHead
    account: BankAccount
    statement_id: int
    earlier: BankStatement | None
    before: Decimal
    content: Hash
    moved: Decimal = Decimal(0)
    position: int = 0
    new: int = 0
    turns: dict[tuple[date, str], int] = field(default_factory=dict)
    held_back: list[tuple[int, BankLine]] = field(default_factory=list)
    known: int = 0


async def take_in(session: AsyncSession, *, file: BinaryIO, source: FileSource) -> tuple[TakenStatement, ...]:
    """Take the statements of a file in, all or none: BankFileRefused leaves everything as it was.

    Movements that are known are left alone. New ones are booked as nobody's; matching finds out whose they are.
    """
    taken: list[TakenStatement] = []
    with no_search_for_cycles():
        async with session.begin_nested():
            taking: _Taking | None = None
            for group in _groups(read_statements(file)):
                if isinstance(group, StatementHead):
                    taking = await _begin(session, head=group, source=source)
                    continue
                assert taking is not None, "a head stands before its lines"
                if isinstance(group, StatementFoot):
                    taken.append(await _finish(session, taking=taking, foot=group, source=source))
                else:
                    await _take_lines(session, taking=taking, lines=group, source=source)
    return tuple(taken)


def _groups(events: Iterator[Event]) -> Iterator[StatementHead | StatementFoot | list[BankLine]]:
    """Give heads, feet, and the lines between them so many at a time."""
    while piece := list(islice(events, EVENTS_AT_ONCE)):
        yield from _by_kind(piece)


def _by_kind(events: Sequence[Event]) -> Iterator[StatementHead | StatementFoot | list[BankLine]]:
    lines: list[BankLine] = []
    for event in events:
        if isinstance(event, BankLine):
            lines.append(event)
            continue
        if lines:
            yield lines
            lines = []
        yield event
    if lines:
        yield lines


async def _begin(session: AsyncSession, *, head: StatementHead, source: FileSource) -> _Taking:
    rules.require_possible(head, ibans=source.ibans, currencies=ACCEPTED_CURRENCIES, today=source.now.date())
    account = await queries.hold_account(session, head=head)
    (statement_id,) = await draw_ids(session, sequence="bank_statement_id_seq", count=1)
    return _Taking(
        head=head,
        account=account,
        statement_id=statement_id,
        earlier=await queries.statement_by_ids(session, bank_account_id=account.id, head=head),
        before=account.brought_forward + await queries.sum_of_lines(session, bank_account_id=account.id),
        content=rules.head_hash(head),
    )


async def _take_lines(session: AsyncSession, *, taking: _Taking, lines: Sequence[BankLine], source: FileSource) -> None:
    today = source.now.date()
    prints = [(line.booked_on, rules.fingerprint(line)) for line in lines]
    there = await queries.occurrences(session, bank_account_id=taking.account.id, prints=prints)
    new: list[tuple[int, BankLine, str, int]] = []
    for line, print_ in zip(lines, prints, strict=True):
        rules.require_begun(line.booked_on, today=today, what=f"a movement of {line.amount}")
        taking.position += 1
        taking.moved += line.amount
        taking.content.update(f"{print_[1]}{line.text}".encode("utf-8", "surrogatepass"))
        taking.turns[print_] = turn = taking.turns.get(print_, 0) + 1
        if turn > there.get(print_, 0):
            new.append((taking.position, line, print_[1], turn))
        else:
            taking.known += 1
            if len(taking.held_back) <= HELD_BACK_MAX:
                taking.held_back.append((taking.position, line))
    await _write(session, taking=taking, lines=new, source=source)


async def _write(
    session: AsyncSession, *, taking: _Taking, lines: Sequence[tuple[int, BankLine, str, int]], source: FileSource
) -> None:
    if not lines:
        return
    account, currency = taking.account, taking.head.currency
    ids = await draw_ids(session, sequence="statement_line_id_seq", count=len(lines))
    rows = [
        (id_, account.id, taking.statement_id, position, currency, print_, turn, LineState.NEW.name,
         *_said(line))
        for id_, (position, line, print_, turn) in zip(ids, lines, strict=True)
    ]  # fmt: skip
    await copy_rows(session, table="statement_line", columns=COLUMNS, rows=rows)
    bookings = [
        rules.booking_of_line(line, line_id=id_, iban=account.iban, currency=currency)
        for id_, (_, line, _, _) in zip(ids, lines, strict=True)
    ]
    await post_many(session, bookings=bookings, now=source.now)
    taking.new += len(lines)


async def _finish(session: AsyncSession, *, taking: _Taking, foot: StatementFoot, source: FileSource) -> TakenStatement:
    rules.require_sum(taking.head, moved=taking.moved)
    if taking.earlier is not None and taking.earlier.content_hash != taking.content.hexdigest():
        raise BankFileRefused(
            "MESSAGE_ID_REUSED",
            f"message {taking.head.message_id[:40]} with statement {taking.head.statement_id[:40]} came before with"
            " other content",
        )
    await _bring_forward(session, taking=taking, source=source)
    is_proved = await _prove(session, taking=taking, source=source)
    if taking.earlier is None:
        session.add(_row(taking, foot=foot, source=source, is_proved=is_proved))
        await session.flush()
    return TakenStatement(
        id=taking.statement_id if taking.earlier is None else taking.earlier.id,
        iban=taking.head.iban,
        statement_id=taking.head.statement_id,
        closes_on=taking.head.closes_on,
        closing=taking.head.closing,
        lines_new=taking.new,
        lines_known=taking.known,
        pending=foot.pending,
    )


async def _bring_forward(session: AsyncSession, *, taking: _Taking, source: FileSource) -> None:
    """Book what was on the account before its first statement, and again by the difference where an older one comes."""
    head, account = taking.head, taking.account
    is_first = await queries.latest_proved(session, bank_account_id=account.id) is None
    if not is_first and not head.opens_on < account.opened_on:
        return
    change = head.opening - account.brought_forward
    account.opened_on, account.brought_forward = head.opens_on, head.opening
    await session.flush()
    if change:
        booking = rules.booking_of_opening(
            statement_id=taking.statement_id,
            iban=account.iban,
            currency=head.currency,
            amount=change,
            effective_on=head.opens_on,
        )
        await post(session, booking=booking, now=source.now)


async def _prove(session: AsyncSession, *, taking: _Taking, source: FileSource) -> bool:
    """Hold the closing balance against the books (decision 0024); False where a statement only says what is known."""
    if await _agrees(session, taking=taking):
        return True
    head, latest = taking.head, await queries.latest_proved(session, bank_account_id=taking.account.id)
    is_next = latest is not None and head.closes_on >= latest.closes_on and head.opening == taking.before
    if is_next and taking.earlier is None and 0 < taking.known <= HELD_BACK_MAX:
        await _write_held_back(session, taking=taking, source=source)
        if await _agrees(session, taking=taking):
            return True
    elif not taking.new and latest is not None:
        return False
    raise BankFileRefused(
        "BALANCE_DOES_NOT_CONTINUE",
        f"statement {head.statement_id[:40]} goes from {head.opening} to {head.closing}, and the books stand at"
        f" {taking.before}: a statement in between is missing, or this one contradicts earlier ones",
    )


async def _agrees(session: AsyncSession, *, taking: _Taking) -> bool:
    head, account = taking.head, taking.account
    upto = await queries.sum_of_lines(session, bank_account_id=account.id, upto=head.closes_on)
    if account.brought_forward + upto != head.closing:
        return False
    latest = await queries.latest_proved(session, bank_account_id=account.id)
    if latest is None or latest.closes_on <= head.closes_on:
        return True
    whole = await queries.sum_of_lines(session, bank_account_id=account.id, upto=latest.closes_on)
    return account.brought_forward + whole == latest.closing


async def _write_held_back(session: AsyncSession, *, taking: _Taking, source: FileSource) -> None:
    """Take movements that look like known ones as new: the balances leave no other way."""
    prints = [(line.booked_on, rules.fingerprint(line)) for _, line in taking.held_back]
    there = await queries.occurrences(session, bank_account_id=taking.account.id, prints=prints)
    rows = []
    for (position, line), print_ in zip(taking.held_back, prints, strict=True):
        there[print_] += 1
        rows.append((position, line, print_[1], there[print_]))
    await _write(session, taking=taking, lines=rows, source=source)
    taking.known, taking.held_back = 0, []


def _row(taking: _Taking, *, foot: StatementFoot, source: FileSource, is_proved: bool) -> BankStatement:
    head = taking.head
    return BankStatement(
        id=taking.statement_id,
        bank_account_id=taking.account.id,
        upload_id=source.upload_id,
        message_id=head.message_id,
        statement_id=head.statement_id,
        opens_on=head.opens_on,
        closes_on=head.closes_on,
        currency=head.currency,
        opening=head.opening,
        closing=head.closing,
        content_hash=taking.content.hexdigest(),
        lines_new=taking.new,
        lines_known=taking.known,
        pending=foot.pending,
        is_proved=is_proved,
        imported_at=source.now,
    )
