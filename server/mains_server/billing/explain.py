"""Explains issued invoices: asks the stored question again, and believes the answer only if it is the stored cents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from mains_spi import Bill, Line, PriceVersion, RatingRequest, bill_charges, evaluate
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.adapters.host import AdapterHost
from mains_server.adapters.live import LiveAdapter
from mains_server.billing import queries
from mains_server.billing.charges import read_charges, tariff_of
from mains_server.billing.draft import MICRO_PLACES
from mains_server.billing.due import MeteredDay, SeriesRow, StoredInvoice, StoredLine
from mains_server.billing.interval_series import weighing_of
from mains_server.billing.prices import series_of, versions_of
from mains_server.billing.records import LineExplanation
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
    stored = await queries.stored_invoices(session, invoice_ids=invoice_ids)
    lines = await queries.stored_lines(session, invoice_ids=invoice_ids)
    questions = {invoice.id: _question(invoice) for invoice in stored}
    shelf = await _shelf(session, questions=questions.values())
    return {
        invoice.id: _rebuilt(
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


def _rebuilt(
    invoice: StoredInvoice, *, question: Stored, lines: Sequence[StoredLine], shelf: _Shelf, adapter: LiveAdapter
) -> Rebuilt:
    bills, request = _bills(invoice, question=question, shelf=shelf, adapter=adapter)
    answered = [line for bill in bills for line in bill.lines]
    by = f"adapter {adapter.code} {adapter.version}, billed by {question.priced_by.adapter_version}"
    if len(answered) != len(lines) or sum(bill.payable for bill in bills) != invoice.total:
        raise ExplanationDiffers(f"invoice {invoice.id} has another total or other lines now ({by})")
    for line, kept in zip(answered, lines, strict=True):
        if _told(line) != kept[2:]:
            raise ExplanationDiffers(f"invoice {invoice.id}, line {kept.position} `{kept.code}` is another now ({by})")
    explained = tuple(
        LineExplanation(
            invoice_id=invoice.id,
            position=kept.position,
            code=kept.code,
            net=kept.net,
            text=line.text,
            why=line.why,
            time_zone=request.tz,
        )
        for line, kept in zip(answered, lines, strict=True)
    )
    return Rebuilt(lines=explained, bills=bills, product=question.priced_by.product, request=request)


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


def _told(line: Line) -> tuple[Any, ...]:
    """Give what a line says as it is stored."""
    period, quantity = line.period, round_half_up(line.quantity, places=MICRO_PLACES)
    return line.code, period.start, period.end, quantity, line.net, line.rate, line.after_tax
