"""Meters, their registers, and what these showed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import strawberry
from mains_server.intervals.tables import IntervalDay as ID
from mains_server.metering.records import ReadingCollection, ReadingQuality, ReadingSource, ReadingStatus
from mains_server.metering.tables import Meter as M
from mains_server.metering.tables import Reading as RD
from mains_server.metering.tables import Register as R

from mains_schema.common.scopes import read_while_supplied, supplied
from mains_schema.declaring.connection import Connection
from mains_schema.declaring.mapping import (
    OrderBy,
    ascending,
    at_least,
    before,
    column,
    connection,
    descending,
    described,
    embed,
    filters,
    key,
    looked_up,
    many,
    mapped,
    one,
    one_of,
    orders,
    where,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Period, Quantity
from mains_schema.metering.interval import IntervalDay, IntervalDayFilter, IntervalDayOrder

if TYPE_CHECKING:
    from mains_schema.metering.supply import SupplyPoint


described(
    ReadingCollection,
    "How a register is read.",
    {
        "MANUAL": "By people, who are asked for it.",
        "REMOTE": "By its own telemetry, which tells what it shows.",
        "INTERVALS": "By its own telemetry, which tells what was used by hour or quarter.",
    },
)


@mapped(M, scope=supplied(M.supply_point_id))
class Meter(Node):
    """A meter as it is or was installed at one supply point."""

    id: strawberry.ID = key("Global id.", M.id)
    serial: str = column("Serial number, as printed on it.", M.serial)
    digits: int = column("Whole digits its registers show before they start again at zero.", M.digits)
    multiplier: Decimal = column(
        "What a shown unit counts for; 1 unless it measures through transformers.", M.multiplier
    )
    installed: Period = embed("Days on which it is installed.", Period, start=M.installed_on, end=M.removed_on)
    supply_point: SupplyPoint = one("Where it is installed.", M.supply_point_id)
    registers: list[Register] = many("Its counters, by code; one to four.", R.meter_id, order=(R.code,), about=2)


@orders
class ReadingOrder(OrderBy):
    """Order of readings."""

    NEWEST = descending("Last taken first.", RD.taken_at)
    OLDEST = ascending("First taken first.", RD.taken_at)


@filters
class ReadingFilter:
    """Which readings; conditions add up."""

    status: list[ReadingStatus] | None = where("In one of these states.", one_of(RD.status))
    counts_from: date | None = where("Counting for this day or a later one.", at_least(RD.counts_for))
    counts_before: date | None = where("Counting for an earlier day.", before(RD.counts_for))


@mapped(R, scope=supplied(R.supply_point_id))
class Register(Node):
    """One counter of a meter."""

    id: strawberry.ID = key("Global id; `readingSubmit` takes it.", R.id)
    code: str = column("Code on the meter: `T1`, `T2`, `heat`, `hot_water`.", R.code)
    quantity: str = column(
        "What is counted, as the utility calls it: `energy`, `heat`, `hot_water`, `water`.", R.quantity
    )
    unit: str = column("Unit it counts in: `kWh`, `MWh`, `m3`.", R.unit)
    zone: str | None = column("Tariff zone it counts in, such as `T1` or `T2`; null if it counts always.", R.zone)
    collection: ReadingCollection = column("How it is read; nobody is asked to read what tells itself.", R.collection)
    meter: Meter = one("The meter it is part of.", R.meter_id)
    readings: Connection[Reading] = connection(
        "What it showed, on days of the viewer's contracts.", RD.register_id, orders=ReadingOrder, filters=ReadingFilter
    )
    interval_days: Connection[IntervalDay] = connection(
        "What its smart meter sent by hour or quarter, on days of the viewer's contracts; empty if it has none.",
        ID.register_id,
        orders=IntervalDayOrder,
        filters=IntervalDayFilter,
    )


@mapped(RD, scope=read_while_supplied())
class Reading(Node):
    """What a register showed at a moment. Never edited: a correction supersedes it."""

    id: strawberry.ID = key("Global id.", RD.id)
    taken_at: datetime = column("When somebody looked, or the meter sent it.", RD.taken_at)
    counts_for: date = column("The civil day at whose start it counts for billing.", RD.counts_for)
    value: Quantity = embed("What was shown.", Quantity, value=RD.value, unit=looked_up(R.unit, R.id == RD.register_id))
    source: ReadingSource = column("By which road it came.", RD.source)
    quality: ReadingQuality = column("Whether somebody saw it.", RD.quality)
    status: ReadingStatus = column("What became of it.", RD.status)
    received_at: datetime = column("When it came in.", RD.received_at)
    reasons: list[str] | None = column(
        "Why somebody should look at it, by code: HIGH, HIGH_FOR_SEASON, LOW, ZERO, LOOKS_MULTIPLIED, LOOKS_SWAPPED,"
        " SECOND_TODAY, ADAPTER_SILENT, or ADAPTER_ with a code of the utility's own; null if nothing was odd.",
        RD.reasons,
    )
    decided_at: datetime | None = column(
        "When the utility accepted or rejected it; null if nobody had to.", RD.decided_at
    )
    decision_note: str | None = column(
        "What the utility said about it then; null if it said nothing.", RD.decision_note
    )
    register: Register = one("The register.", RD.register_id)
    superseded_by: Reading | None = one("The reading that took its place; null while it stands.", RD.superseded_by)
