"""Gathers the sheets of invoices: what was booked, how it came about, what the adapter has to say, what was used."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import structlog
from mains_spi import Labels, Note, NotesRequest, SpiError
from mains_spi.record import Period
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.host import AdapterHost, UnknownAdapter
from mains_server.adapters.queries import labels_of
from mains_server.billing.explain import ExplanationDiffers, NotExplained, Rebuilt, rebuild_invoices
from mains_server.billing.records import LineExplanation
from mains_server.billing.snapshot import SnapshotUnreadable
from mains_server.consumption.queries import consumption_of
from mains_server.consumption.records import (
    Bucket,
    Consumption,
    ConsumptionQuality,
    ConsumptionSeries,
    Granularity,
    Question,
    Sight,
)
from mains_server.customers.records import CustomerKind
from mains_server.documents import queries
from mains_server.documents.reasons import about_of, said_once, settled_of, why_of
from mains_server.documents.records import (
    CHART_MONTHS,
    Bar,
    Chart,
    Corrected,
    MeterUse,
    Sheet,
    SheetBuyer,
    SheetLine,
    SheetPlace,
    SheetSeller,
    SheetTax,
    Words,
)
from mains_server.documents.rules import METER, METER_ONLY, language_of
from mains_server.invoices.records import InvoiceKind, LineQuality

log = structlog.get_logger()

CHARTS_MAX = 2
NOT_TOLD = (ExplanationDiffers, NotExplained, SnapshotUnreadable, UnknownAdapter, AdapterFailed, SpiError)
Vocabulary = Mapping[tuple[str, str], Labels]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What invoices were found to be made of, by invoice."""

    rows: Sequence[Any]
    lines: Mapping[int, Sequence[Any]]
    taxes: Mapping[int, Sequence[Any]]
    points: Mapping[int, Sequence[Any]]
    rebuilt: Mapping[int, Rebuilt]
    used: Mapping[int, Sequence[Consumption]]
    settlements: Mapping[int, Sequence[Any]]


async def gather_sheets(
    session: AsyncSession, *, host: AdapterHost, invoice_ids: Sequence[int], now: datetime
) -> tuple[Sheet, ...]:
    """Gather what is printed of invoices, as it is known now; give it a session that sees one moment.

    An invoice that cannot be explained any more is printed without explanations, and logged.
    """
    rows = await queries.invoice_rows(session, invoice_ids=invoice_ids)
    points = await queries.rows_by_invoice(session, statement=queries.POINTS, invoice_ids=invoice_ids)
    explained = sorted({_explained_by(row) for row in rows})
    found = Found(
        rows=rows,
        lines=await queries.rows_by_invoice(session, statement=queries.LINES, invoice_ids=invoice_ids),
        taxes=await queries.rows_by_invoice(session, statement=queries.TAXES, invoice_ids=invoice_ids),
        points=points,
        rebuilt=await _rebuilt(session, host=host, invoice_ids=explained),
        used=await _used(session, rows=rows, points=points, now=now),
        settlements=await queries.rows_by_invoice(session, statement=queries.SETTLEMENTS, invoice_ids=explained),
    )
    vocabulary = labels_of(host)
    return tuple(_sheet(row, found=found, vocabulary=vocabulary, host=host) for row in rows)


def _explained_by(row: Any) -> int:
    """A credit note has the lines of the invoice it takes back, and is explained by them."""
    is_credit = row.kind == InvoiceKind.CREDIT.name and row.corrects_invoice_id is not None
    return int(row.corrects_invoice_id if is_credit else row.id)


async def _rebuilt(session: AsyncSession, *, host: AdapterHost, invoice_ids: Sequence[int]) -> dict[int, Rebuilt]:
    """Work invoices out again, all together, or, where one of them fails, those that can be."""
    try:
        return await rebuild_invoices(session, host=host, invoice_ids=invoice_ids)
    except NOT_TOLD as reason:
        if len(invoice_ids) == 1:
            log.warning("invoice_not_explained", invoice_id=invoice_ids[0], reason=str(reason))
            return {}
    middle = len(invoice_ids) // 2
    return {
        **await _rebuilt(session, host=host, invoice_ids=invoice_ids[:middle]),
        **await _rebuilt(session, host=host, invoice_ids=invoice_ids[middle:]),
    }


async def _used(
    session: AsyncSession, *, rows: Sequence[Any], points: Mapping[int, Sequence[Any]], now: datetime
) -> dict[int, list[Consumption]]:
    """Ask what was used at the invoices' supply points in the months before, on the days of their contracts alone."""
    asked: dict[date, dict[int, Sequence[Sight]]] = defaultdict(dict)
    for row in rows:
        sights = [_sight(point, row=row) for point in points.get(row.id, ())]
        if sights:
            asked[row.period_to][row.id] = sights
    found: dict[int, list[Consumption]] = defaultdict(list)
    for ends, groups in asked.items():
        question = Question(granularity=Granularity.MONTH, period=Period(_months_before(ends), ends))
        for invoice_id, consumption in (
            await consumption_of(session, question=question, groups=groups, now=now)
        ).items():
            found[invoice_id].append(consumption)
    return found


def _sight(point: Any, *, row: Any) -> Sight:
    ends = min(point.ends or row.period_to, row.period_to)
    days = (Period(point.starts, ends),) if point.starts < ends else ()
    return Sight(supply_point_id=point.id, days=days, contract_ids=frozenset({row.contract_id}))


def _months_before(ends: date) -> date:
    months = ends.year * 12 + ends.month - 1 - (CHART_MONTHS if ends.day == 1 else CHART_MONTHS - 1)
    return date(months // 12, months % 12 + 1, 1)


def _sheet(row: Any, *, found: Found, vocabulary: Vocabulary, host: AdapterHost) -> Sheet:
    rebuilt = found.rebuilt.get(_explained_by(row))
    is_credit = row.kind == InvoiceKind.CREDIT.name
    places = _places(found.points.get(row.id, ()))
    product = rebuilt.product if rebuilt else row.product
    return Sheet(
        invoice_id=row.id,
        customer_id=row.customer_id,
        contract_id=row.contract_id,
        language=language_of(row.language),
        number=row.document_number,
        kind=InvoiceKind[row.kind],
        period_from=row.period_from,
        period_to=row.period_to,
        issued_on=row.issued_on,
        due_on=row.due_on,
        currency=row.currency,
        net=row.net,
        tax=row.tax,
        support=row.support,
        total=row.total,
        prepaid=row.prepaid,
        levelled=row.levelled,
        payment_reference=row.payment_reference,
        utility=_utility(row.adapter, host=host),
        seller=_seller(row),
        buyer=_buyer(row),
        contract_number=row.contract_number,
        product=_words(vocabulary, adapter=row.adapter, code=product),
        supply_address=row.supply_address,
        supply_points=tuple(dict.fromkeys(point.identifier for point in found.points.get(row.id, ()))),
        corrects=_corrected(row),
        why=why_of(row),
        lines=_lines(row, found=found, places=places, vocabulary=vocabulary),
        taxes=tuple(
            SheetTax(code=tax.tax_code, rate=tax.rate, base=tax.base, tax=tax.tax)
            for tax in found.taxes.get(row.id, ())
        ),
        notes=() if rebuilt is None or is_credit else _notes(row, rebuilt=rebuilt, host=host),
        charts=() if is_credit else _charts(row, used=found.used.get(row.id, ()), host=host),
        places=tuple(SheetPlace(identifier=one.identifier, address=one.address) for one in places.values()),
    )


def _seller(row: Any) -> SheetSeller:
    return SheetSeller(
        name=row.seller_name,
        registration_number=row.seller_registration,
        vat_number=row.seller_vat,
        address=row.seller_address,
        iban=row.seller_iban,
    )


def _buyer(row: Any) -> SheetBuyer:
    return SheetBuyer(
        number=row.customer_number,
        kind=CustomerKind[row.customer_kind],
        name=row.customer_name,
        address=row.billing_address,
        country=row.address_country,
        registration_number=row.registration_number,
        vat_number=row.vat_number,
    )


def _corrected(row: Any) -> Corrected | None:
    if row.corrected_number is None:
        return None
    is_interest = row.corrected_kind == InvoiceKind.INTEREST.name
    return Corrected(number=row.corrected_number, issued_on=row.corrected_on, is_interest=is_interest)


def _lines(row: Any, *, found: Found, places: Mapping[int, Any], vocabulary: Vocabulary) -> tuple[SheetLine, ...]:
    rebuilt = found.rebuilt.get(_explained_by(row))
    told = {line.position: line for line in rebuilt.lines} if rebuilt else {}
    settlements = found.settlements.get(_explained_by(row), ())
    lines = (
        _placed(
            _line(line, row=row, told=told, settlements=settlements, vocabulary=vocabulary),
            at=line.supply_point_id,
            places=places,
        )
        for line in found.lines.get(row.id, ())
    )
    return tuple(said_once(lines))


def _line(
    line: Any,
    *,
    row: Any,
    told: Mapping[int, LineExplanation],
    settlements: Sequence[Any],
    vocabulary: Vocabulary,
) -> SheetLine:
    why = told.get(line.position)
    return SheetLine(
        position=line.position,
        code=line.code,
        label=_words(vocabulary, adapter=row.adapter, code=line.code),
        period_from=line.period_from,
        period_to=line.period_to,
        quantity=line.quantity,
        unit=line.unit,
        unit_price=line.unit_price,
        price_unit=line.price_unit,
        net=line.net,
        tax_code=line.tax_code,
        tax_rate=line.tax_rate,
        is_after_tax=line.is_after_tax,
        quality=LineQuality[line.quality],
        explanation=why.text if why else "",
        meters=_meters(why.why["inputs"]) if why else (),
        settles=settled_of(why, settlements=settlements) if why else None,
        about=about_of(why) if why else "",
    )


def _places(points: Sequence[Any]) -> dict[int, Any]:
    """Tell an invoice's supply points apart by id, where there are several."""
    found = {point.id: point for point in points}
    return found if len(found) > 1 else {}


def _placed(line: SheetLine, *, at: int | None, places: Mapping[int, Any]) -> SheetLine:
    """Say of a line, and of each meter that it counts by, at which of several supply points it is."""
    if not places:
        return line
    where = {serial: place.identifier for place in places.values() for serial in place.serials}
    meters = tuple(replace(meter, place=where.get(meter.serial, "")) for meter in line.meters)
    own = None if at is None else places.get(at)
    return replace(line, meters=meters, place="" if own is None else own.identifier)


def _meters(inputs: Sequence[Mapping[str, Any]]) -> tuple[MeterUse, ...]:
    """Pick the figures of an explanation that a meter counted; the tariff and other figures are not."""
    found = []
    for part in inputs:
        read = METER.fullmatch(part["source"])
        named = read or METER_ONLY.fullmatch(part["source"])
        if named is None or isinstance(part["value"], list):
            continue
        found.append(
            MeterUse(
                serial=named["serial"],
                first=Decimal(read["first"]) if read else None,
                last=Decimal(read["last"]) if read else None,
                quantity=Decimal(part["value"]),
                unit=part["unit"],
                is_estimated=re.search("ESTIMATED", str(part["quality"])) is not None,
                source=part["source"],
            )
        )
    return tuple(dict.fromkeys(found))


def _notes(row: Any, *, rebuilt: Rebuilt, host: AdapterHost) -> tuple[Words, ...]:
    """Ask the adapter what to print on the bill; one that fails prints nothing, and is logged."""
    notes: dict[str, Note] = {}
    try:
        for bill in rebuilt.bills:
            asked = NotesRequest(product=rebuilt.product, bill=bill, request=rebuilt.request)
            notes |= {note.code: note for note in host.adapter(row.adapter).invoice_notes(asked)}
    except AdapterFailed as reason:
        log.warning("invoice_without_notes", invoice_id=row.id, reason=str(reason))
    return tuple(_spoken(note.labels, code=note.code) for note in notes.values())


def _charts(row: Any, *, used: Sequence[Consumption], host: AdapterHost) -> tuple[Chart, ...]:
    """Draw what was used month by month from the first month that is known, if there are two to compare."""
    live = host.live.get(row.adapter)
    counted = {} if live is None else {quantity.name: quantity.labels for quantity in live.utility.quantities}
    found = []
    for consumption in used:
        for series in consumption.series:
            bars = _bars(series)
            if series.zone is None and sum(bar.value is not None for bar in bars) > 1:
                label = _spoken(counted.get(series.quantity), code=series.quantity)
                found.append(Chart(label=label, unit=series.unit, bars=bars))
    return tuple(found[:CHARTS_MAX])


def _bars(series: ConsumptionSeries) -> tuple[Bar, ...]:
    bars = [_bar(bucket) for bucket in series.buckets]
    first = next((place for place, bar in enumerate(bars) if bar.value is not None), len(bars))
    return tuple(bars[first:])


def _bar(bucket: Bucket) -> Bar:
    is_estimated = bucket.quality in (ConsumptionQuality.ESTIMATED, ConsumptionQuality.MIXED)
    is_whole = bucket.coverage == 1
    return Bar(month=bucket.slot.period.start, value=bucket.value if is_whole else None, is_estimated=is_estimated)


def _utility(adapter: str, *, host: AdapterHost) -> Words:
    live = host.live.get(adapter)
    return _spoken(None if live is None else live.utility.labels, code=adapter)


def _words(vocabulary: Vocabulary, *, adapter: str, code: str) -> Words:
    return _spoken(vocabulary.get((adapter, code)), code=code)


def _spoken(labels: Labels | None, *, code: str) -> Words:
    """Give the words for a code; where a language has none the English ones do, else the code itself."""
    english = (labels.en if labels else "") or code
    return Words(lv=(labels.lv if labels else "") or english, en=english, ru=(labels.ru if labels else "") or english)
