"""Explains issued invoices: asks the stored question again, and believes the answer only if it is the stored cents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from mains_spi import Bill, Explanation, Line, PriceVersion, RatingRequest, bill_charges, evaluate
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.adapters.host import AdapterHost
from mains_server.adapters.live import LiveAdapter
from mains_server.billing import queries
from mains_server.billing.charges import read_charges, tariff_of
from mains_server.billing.draft import CENTS_PLACES, MICRO_PLACES
from mains_server.billing.drafting import cents, taxes_of
from mains_server.billing.due import MeteredDay, SeriesRow, StoredInvoice, StoredLine
from mains_server.billing.interval_series import weighing_of
from mains_server.billing.prices import series_of, versions_of
from mains_server.billing.records import LineExplanation
from mains_server.billing.settling import explained as explained_difference
from mains_server.billing.settling import taxes_with, written_in
from mains_server.billing.snapshot import Stored, read_inputs, whole_request
from mains_server.money.rules import round_half_up


class ExplanationDiffers(Exception):
    """The stored question does not give the stored cents any more, so nothing is explained; the message says where."""


class NotExplained(Exception):
    """An invoice was not issued by a billing run, so no question is stored with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """An issued invoice worked out again, to the stored cents: its explanation, its bills, and the question asked.

    A contract has several bills of one period where it has several premises of a house.
    """

    lines: tuple[LineExplanation, ...]
    bills: tuple[Bill, ...]
    product: str
    request: RatingRequest


class AnsweredLine(NamedTuple):
    """A line as it comes out now: what it says as it is stored, and how it came about."""

    told: tuple[Any, ...]
    text: str
    why: Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An issued invoice and what its stored question gives now, not compared yet; `by` says who answers."""

    invoice_id: int
    lines: tuple[AnsweredLine, ...]
    kept: tuple[StoredLine, ...]
    total: Decimal
    stored_total: Decimal
    bills: tuple[Bill, ...]
    product: str
    request: RatingRequest
    by: str


@dataclass(slots=True, kw_only=True)
class _Shelf:
    """What questions refer to, read once for all invoices that are explained together."""

    versions: Mapping[int, PriceVersion]
    series: Mapping[int, SeriesRow]
    days: Mapping[int, MeteredDay]
    houses: dict[int, tuple[Bill, RatingRequest]] = field(default_factory=dict)


async def explain_invoice(session: AsyncSession, *, host: AdapterHost, invoice_id: int) -> tuple[LineExplanation, ...]:
    """Explain every line of an invoice, in the order of its lines."""
    return (await explain_invoices(session, host=host, invoice_ids=[invoice_id]))[invoice_id]


async def explain_invoices(
    session: AsyncSession, *, host: AdapterHost, invoice_ids: Sequence[int]
) -> dict[int, tuple[LineExplanation, ...]]:
    """Explain the lines of invoices, with as many statements for a hundred of them as for one."""
    rebuilt = await rebuild_invoices(session, host=host, invoice_ids=invoice_ids)
    return {invoice_id: invoice.lines for invoice_id, invoice in rebuilt.items()}


async def rebuild_invoices(
    session: AsyncSession, *, host: AdapterHost, invoice_ids: Sequence[int]
) -> dict[int, Rebuilt]:
    """Work issued invoices out again from what is stored with them, for who explains or prints them.

    Raises `NotExplained` for one that no run issued, `ExplanationDiffers` for one that would be another today.
    """
    answered = await answers_of(session, host=host, invoice_ids=invoice_ids)
    return {invoice_id: _rebuilt(found) for invoice_id, found in answered.items()}


async def answers_of(session: AsyncSession, *, host: AdapterHost, invoice_ids: Sequence[int]) -> dict[int, Answered]:
    """Ask the stored questions of invoices again, for who compares; raises `NotExplained` where there is none."""
    stored = await queries.stored_invoices(session, invoice_ids=invoice_ids)
    lines = await queries.stored_lines(session, invoice_ids=invoice_ids)
    questions = {invoice.id: _question(invoice) for invoice in stored}
    shelf = await _shelf(session, questions=questions.values())
    return {
        invoice.id: _answered(
            invoice,
            question=questions[invoice.id],
            lines=lines[invoice.id],
            shelf=shelf,
            adapter=host.adapter(invoice.adapter),
        )
        for invoice in stored
    }


def _question(invoice: StoredInvoice) -> Stored:
    written = invoice.inputs if invoice.house is None else invoice.house
    if written is None:
        raise NotExplained(f"invoice {invoice.id} was not issued by a billing run")
    return read_inputs(orjson.loads(written))


async def _shelf(session: AsyncSession, *, questions: Iterable[Stored]) -> _Shelf:
    asked = list(questions)
    version_ids = {version_id for question in asked for version_id in question.priced_by.version_ids}
    zones = {question.request.tz for question in asked} or {"UTC"}
    rows = await queries.stored_versions(session, ids=version_ids, time_zone=min(zones))
    series = await queries.stored_series(session, ids={i for question in asked for i in question.priced_by.series_ids})
    days = await queries.stored_days(session, ids={i for question in asked for i in question.day_ids})
    return _Shelf(
        versions=versions_of(rows), series={row.id: row for row in series}, days={day.id: day for day in days}
    )


def _answered(
    invoice: StoredInvoice, *, question: Stored, lines: Sequence[StoredLine], shelf: _Shelf, adapter: LiveAdapter
) -> Answered:
    bills, request = _bills(invoice, question=question, shelf=shelf, adapter=adapter)
    lines_now = [_line(line) for bill in bills for line in bill.lines]
    return Answered(
        invoice_id=invoice.id,
        lines=(*_told_about(lines_now, about=question.about), *_settled(invoice)),
        kept=tuple(lines),
        total=_payable(bills, invoice=invoice),
        stored_total=invoice.total,
        bills=bills,
        product=question.priced_by.product,
        request=request,
        by=f"adapter {adapter.code} {adapter.version}, billed by {question.priced_by.adapter_version}",
    )


def _rebuilt(found: Answered) -> Rebuilt:
    if len(found.lines) != len(found.kept) or found.total != found.stored_total:
        raise ExplanationDiffers(f"invoice {found.invoice_id} has another total or other lines now ({found.by})")
    for line, kept in zip(found.lines, found.kept, strict=True):
        if line.told != kept[2:]:
            where = f"invoice {found.invoice_id}, line {kept.position} `{kept.code}`"
            raise ExplanationDiffers(f"{where} is another now ({found.by})")
    explained = tuple(
        LineExplanation(
            invoice_id=found.invoice_id,
            position=kept.position,
            code=kept.code,
            net=kept.net,
            text=line.text,
            why=line.why,
            time_zone=found.request.tz,
        )
        for line, kept in zip(found.lines, found.kept, strict=True)
    )
    return Rebuilt(lines=explained, bills=found.bills, product=found.product, request=found.request)


def _bills(
    invoice: StoredInvoice, *, question: Stored, shelf: _Shelf, adapter: LiveAdapter
) -> tuple[tuple[Bill, ...], RatingRequest]:
    if invoice.rating_group_id is None:
        bill, request = _answer(question, shelf=shelf, adapter=adapter)
        return (bill,), request
    if invoice.rating_group_id not in shelf.houses:
        shelf.houses[invoice.rating_group_id] = _answer(question, shelf=shelf, adapter=adapter)
    house, request = shelf.houses[invoice.rating_group_id]
    return tuple(member for member in house.members if member.contract == str(invoice.contract_id)), request


def _answer(question: Stored, *, shelf: _Shelf, adapter: LiveAdapter) -> tuple[Bill, RatingRequest]:
    priced_by = question.priced_by
    request = whole_request(
        question,
        utility=adapter.utility,
        versions=[shelf.versions[version_id] for version_id in priced_by.version_ids],
        series=(
            *series_of(shelf.series[series_id] for series_id in priced_by.series_ids),
            *weighing_of((shelf.days[i] for i in question.day_ids), time_zone=question.request.tz).series,
        ),
    )
    if question.charges is not None:
        tariff = tariff_of(product=priced_by.product)
        return bill_charges(charges=read_charges(question.charges), tariff=tariff, request=request), request
    return evaluate(adapter.tariff(product=priced_by.product, on=priced_by.tariff_on), request), request


def _line(line: Line) -> AnsweredLine:
    """Give what a line says as it is stored."""
    period, quantity = line.period, round_half_up(line.quantity, places=MICRO_PLACES)
    told = (line.code, period.start, period.end, quantity, line.net, line.rate, line.after_tax)
    return AnsweredLine(told, line.text, line.why)


def _told_about(lines: Sequence[AnsweredLine], *, about: Sequence[str]) -> Sequence[AnsweredLine]:
    """Say of charges what they are for, as it was written down beside the question: the number of an invoice."""
    if not about:
        return lines
    told = []
    for line, document in zip(lines, about, strict=True):
        inputs = [{**given, "source": document} for given in line.why["inputs"]]
        told.append(line._replace(text=f"{document}: {line.text}", why={**line.why, "inputs": inputs}))
    return told


def _settled(invoice: StoredInvoice) -> list[AnsweredLine]:
    """Give the lines that settle earlier bills, as they were written down beside the question."""
    found = []
    for written in written_in(invoice.inputs):
        text, why = explained_difference(written)
        net = Decimal(written["net"])
        days = date.fromisoformat(written["from"]), date.fromisoformat(written["to"])
        quantity = Decimal(1 if net > 0 else -1)
        told = (written["code"], *days, quantity, net, Decimal(written["tax_rate"]), written["is_after_tax"])
        found.append(AnsweredLine(told, text, why))
    return found


def _payable(bills: Sequence[Bill], *, invoice: StoredInvoice) -> Decimal:
    """Add up what a contract's bills come to as they were put on one invoice, with what it settles."""
    added: dict[tuple[str, Decimal], int] = {}
    rest = 0
    for written in written_in(invoice.inputs):
        net = cents(Decimal(written["net"]))
        rest += net
        if not written["is_after_tax"]:
            key = (written["tax_code"], Decimal(written["tax_rate"]))
            added[key] = added.get(key, 0) + net
    taxes = taxes_with(taxes_of(bills), added=added, rounding=bills[0].rounding.name) if bills else ()
    apart = sum(cents(entry.tax) for bill in bills for entry in bill.taxes)
    total = sum(cents(bill.payable) for bill in bills) - apart + sum(tax.tax for tax in taxes) + rest
    return Decimal(total).scaleb(-CENTS_PLACES)
