"""Finds out whose new movements are, receives what is sure as payments, and queues the rest, so many at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.contracts.records import NumberedContract
from mains_server.contracts.statements import contracts_by_plain_numbers
from mains_server.customers.queries import customers_by_ids, customers_by_names, customers_by_plain_numbers
from mains_server.db.conflicts import do_again, is_conflict
from mains_server.db.copying import copy_rows, draw_ids
from mains_server.db.cycles import no_search_for_cycles
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.queries import open_amounts, payable_invoices
from mains_server.invoices.rules import parse_document_number
from mains_server.ledger.operations import post_many
from mains_server.payments.receiving import receive_many
from mains_server.payments.records import PaymentMethod, PaymentRequest, Settle
from mains_server.statements import queries, rules
from mains_server.statements.evidence import Evidence, contract_of_reference, evidence_of, invoice_of_reference
from mains_server.statements.judging import Known, judge
from mains_server.statements.operations import set_payouts_aside, write_states
from mains_server.statements.records import BankLine, CustomerFound, LineState, NewLine, QueueReason, Verdict
from mains_server.statements.reversing import reverse_sure

log = structlog.get_logger()
LINES_AT_ONCE = 2_000
NO_PAYOUTS: Mapping[str, str] = {}
CURRENCY = "EUR"
PART_COLUMNS = (
    "id", "customer_id", "line_id", "payment_id", "amount", "currency", "rule", "confidence", "matched_at",
)  # fmt: skip
SUGGESTION_COLUMNS = ("customer_id", "line_id", "rank", "rule", "confidence", "contract_id", "invoice_id")
Judged = Sequence[tuple[NewLine, Verdict]]


async def match_new_lines(
    engine: AsyncEngine, *, now: datetime, payouts: Mapping[str, str] = NO_PAYOUTS, at_once: int = LINES_AT_ONCE
) -> int:
    """Match every movement that is new, so many in each transaction, and count them; again it does nothing.

    `payouts` names the payment provider of each account, by IBAN, from which one pays out to us.

    A transaction that the database broke off for another's sake is done again. Where a bundle fails for any other
    reason its movements are taken one by one, so that one that cannot be received keeps none of the others waiting.
    """
    count, payouts = 0, rules.plain_payouts(payouts)
    while True:
        try:
            done = await do_again(lambda: _match_bundle(engine, now=now, payouts=payouts, count=at_once))
        except Exception as error:
            if is_conflict(error):
                raise
            log.exception("bank lines not matched together")
            done = await _match_singly(engine, now=now, payouts=payouts, count=at_once)
        if not done:
            return count
        count += done


async def _match_bundle(engine: AsyncEngine, *, now: datetime, payouts: Mapping[str, str], count: int) -> int:
    with no_search_for_cycles():
        async with unit_of_work(engine) as session:
            lines = await queries.lock_new_lines(session, count=count)
            await match_lines(session, lines=lines, now=now, payouts=payouts)
    return len(lines)


async def _match_singly(engine: AsyncEngine, *, now: datetime, payouts: Mapping[str, str], count: int) -> int:
    async with read_session(engine) as session:
        ids = await queries.new_line_ids(session, count=count)
    for id_ in ids:
        try:
            await do_again(partial(_match_one, engine, line_id=id_, now=now, payouts=payouts))
        except Exception as error:
            if is_conflict(error):
                raise
            log.exception("bank line not matched", line=id_)
            await _queue_one(engine, line_id=id_)
    return len(ids)


async def _match_one(engine: AsyncEngine, *, line_id: int, now: datetime, payouts: Mapping[str, str]) -> None:
    async with unit_of_work(engine) as session:
        lines = await queries.lock_new_lines(session, count=1, line_id=line_id)
        await match_lines(session, lines=lines, now=now, payouts=payouts)


async def _queue_one(engine: AsyncEngine, *, line_id: int) -> None:
    """Have somebody look at a movement that no program can receive; if even that fails the database is to blame."""
    async with unit_of_work(engine) as session:
        if await queries.lock_new_lines(session, count=1, line_id=line_id):
            await write_states(session, states=[(line_id, LineState.QUEUED, QueueReason.DOUBTFUL)])


async def match_lines(
    session: AsyncSession, *, lines: Sequence[NewLine], now: datetime, payouts: Mapping[str, str] = NO_PAYOUTS
) -> None:
    """Match movements that are held, as one after the other would be: receive what is sure, and queue the rest.

    They are taken together as far as none depends on what became of an earlier one; a stretch that had to be broken off
    early makes the next one short, so that a file that quotes itself all the time is not judged over and over.
    """
    await queries.look_up_by_index(session)
    rest, length = lines, len(lines)
    while rest:
        done = await _match_stretch(session, lines=rest[:length], now=now, payouts=payouts)
        rest, length = rest[done:], 2 * done


async def _match_stretch(
    session: AsyncSession, *, lines: Sequence[NewLine], now: datetime, payouts: Mapping[str, str]
) -> int:
    """Match the first of some movements, up to where one depends on an earlier one, and count them."""
    quoted = [
        (new.line, evidence_of(reference=new.line.reference, text=new.line.text, end_to_end_id=new.line.end_to_end_id))
        for new in lines
    ]
    known = replace(await _known(session, quoted=quoted), payouts=payouts)
    verdicts = [judge(line, evidence=evidence, known=known) for line, evidence in quoted]
    count = rules.independent_count([new.line for new in lines], verdicts=verdicts)
    judged = list(zip(lines[:count], verdicts[:count], strict=True))
    await _receive(session, judged=[one for one in judged if one[1].sure is not None], now=now)
    paid_out = [(new, verdict.payout_of) for new, verdict in judged if verdict.payout_of is not None]
    await set_payouts_aside(session, payouts=paid_out, now=now)
    await _queue(session, judged=[one for one in judged if one[1].sure is None and one[1].payout_of is None])
    last = lines[count - 1]
    if rules.takes_back(last.line):
        await reverse_sure(session, line_id=last.id, now=now)
    return count


async def _receive(session: AsyncSession, *, judged: Judged, now: datetime) -> None:
    """Receive what is sure: the payment, its part of the line, what both post, and the line's state, at once."""
    if not judged:
        return
    requests = [payment_of(new, verdict=verdict) for new, verdict in judged]
    payments = await receive_many(session, requests=requests, now=now)
    ids = await draw_ids(session, sequence="statement_part_id_seq", count=len(judged))
    rows, bookings = [], []
    for id_, payment_id, (new, verdict) in zip(ids, payments, judged, strict=True):
        best, line = verdict.sure, new.line
        assert best is not None
        rows.append(
            (id_, best.customer_id, new.id, payment_id, line.amount, new.currency, best.rule.name,
             best.confidence.name, now)
        )  # fmt: skip
        bookings.append(
            rules.booking_of_match(part_id=id_, currency=new.currency, amount=line.amount, effective_on=line.booked_on)
        )
    await copy_rows(session, table="statement_part", columns=PART_COLUMNS, rows=rows)
    await post_many(session, bookings=bookings, now=now)
    await write_states(session, states=[(new.id, LineState.MATCHED, None) for new, _ in judged])


def payment_of(new: NewLine, *, verdict: Verdict) -> PaymentRequest:
    """Make the payment that a movement is which is surely a customer's."""
    assert verdict.sure is not None
    line = new.line
    return PaymentRequest(
        customer_id=verdict.sure.customer_id,
        amount=line.amount,
        currency=new.currency,
        method=PaymentMethod.BANK_TRANSFER,
        received_on=line.booked_on,
        reference=rules.shown_reference(line),
        payer_name=line.party_name or None,
        idempotency_key=f"statement_line:{new.id}",
        contract_number=verdict.contract_number,
        settles=tuple(Settle(document_number=number) for number in verdict.settles),
    )


async def _queue(session: AsyncSession, *, judged: Judged) -> None:
    if not judged:
        return
    rows = [
        (one.customer_id, new.id, rank, one.rule.name, one.confidence.name, one.contract_id, one.invoice_id)
        for new, verdict in judged
        for rank, one in enumerate(verdict.suggestions, start=1)
    ]
    if rows:
        await copy_rows(session, table="statement_suggestion", columns=SUGGESTION_COLUMNS, rows=rows)
    await write_states(session, states=[(new.id, LineState.QUEUED, verdict.reason) for new, verdict in judged])


async def _known(session: AsyncSession, *, quoted: Sequence[tuple[BankLine, Evidence]]) -> Known:
    """Ask the books once for all that these movements quote; by payer and name only of those without a reference."""
    references = {reference for _, evidence in quoted for reference in evidence.references}
    numbers = {one for reference in references if (one := invoice_of_reference(reference)) is not None}
    numbers |= {number for _, evidence in quoted for number in evidence.invoice_numbers}
    found = await payable_invoices(session, numbers=sorted(numbers)) if numbers else ()
    invoices = {parse_document_number(invoice.document_number): invoice for invoice in found}
    unproved = [
        (line, evidence)
        for line, evidence in quoted
        if line.amount > 0 and not any(invoice_of_reference(one) in invoices for one in evidence.references)
    ]
    plain = {number for _, evidence in unproved for number in evidence.plain_numbers}
    plain |= {number for reference in references if (number := contract_of_reference(reference)) is not None}
    contracts = await _contracts(session, plain=sorted(plain))
    by_number = await _customers_by_number(session, plain=sorted(plain))
    payers = await queries.payers(session, ibans=sorted({line.party_iban for line, _ in unproved if line.party_iban}))
    namesakes = await _namesakes(session, names=sorted({line.party_name for line, _ in unproved if line.party_name}))
    named = {one.customer_id for group in contracts.values() for one in group}
    named |= {id_ for ids in (*by_number.values(), *payers.values(), *namesakes.values()) for id_ in ids}
    return Known(
        invoices=invoices,
        contracts=contracts,
        customers_by_number=by_number,
        customers=await _customers(session, ids=sorted(named)),
        payers=payers,
        namesakes=namesakes,
    )


async def _contracts(session: AsyncSession, *, plain: Sequence[str]) -> dict[str, list[NumberedContract]]:
    contracts: dict[str, list[NumberedContract]] = {}
    for contract in await contracts_by_plain_numbers(session, numbers=plain) if plain else ():
        contracts.setdefault(contract.plain, []).append(contract)
    return contracts


async def _customers_by_number(session: AsyncSession, *, plain: Sequence[str]) -> dict[str, list[int]]:
    by_number: dict[str, list[int]] = {}
    for number, customer in await customers_by_plain_numbers(session, numbers=plain) if plain else ():
        by_number.setdefault(number, []).append(customer.id)
    return by_number


async def _namesakes(session: AsyncSession, *, names: Sequence[str]) -> dict[str, list[int]]:
    namesakes: dict[str, list[int]] = {}
    for customer in await customers_by_names(session, names=names) if names else ():
        namesakes.setdefault(customer.name, []).append(customer.id)
    return namesakes


async def _customers(session: AsyncSession, *, ids: Sequence[int]) -> dict[int, CustomerFound]:
    if not ids:
        return {}
    opened = await open_amounts(session, customer_ids=ids, currency=CURRENCY)
    return {
        customer.id: CustomerFound(
            id=customer.id, number=customer.number, name=customer.name, open_amounts=opened.get(customer.id, ())
        )
        for customer in await customers_by_ids(session, customer_ids=ids)
    }
