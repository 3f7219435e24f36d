"""The rows that a chunk is billed from, as the database gives them; tuples, since there are many."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from mains_spi import Begun, Place, Series, Used


class DueRow(NamedTuple):
    """A contract at one of its supply points, with the days of the period on which it covers it.

    Product and settlement are those of the first of these days, in force since `agreed_on` until `terms_end` (None:
    until others are agreed). The price agreed then holds until `price_fixed_until` (None: each day has its own).
    """

    contract_id: int
    customer_id: int
    product: str
    settlement: str
    delivery: str
    payment_term_days: int
    billing: str
    starts: date
    ends: date
    is_final: bool
    kind: str
    customer_name: str
    billing_address: str
    supply_point_id: int
    identifier: str
    role: str
    covers_from: date
    covers_to: date
    premise_kind: str
    phases: int | None
    amperes: int | None
    area_m2: Decimal | None
    residents: int | None
    supply_address: str
    time_zone: str
    building_id: int | None
    agreed_on: date = date.min
    terms_end: date | None = None
    price_fixed_until: date | None = None


class UsageRow(NamedTuple):
    """What a register counted at a supply point from one civil day to another.

    `micro` is the usage in millionths of the unit where only the two boundary readings are there and the later is no
    lower; None where the rule of the metering room has to look at the readings, or days of intervals are to be summed.
    """

    contract_id: int
    supply_point_id: int
    register_id: int
    serial: str
    quantity: str
    unit: str
    zone: str | None
    starts: date
    ends: date
    micro: int | None
    is_estimated: bool
    source: str | None
    by_intervals: bool = False


class IntervalDayRow(NamedTuple):
    """A register's day as its smart meter told it; the values are there where one is missing, or where they are asked.

    `total` sums what is known, `known` of `expected` values.
    """

    register_id: int
    day: date
    step_seconds: int
    total: Decimal
    known: int
    expected: int
    statuses: str
    values: list[Decimal | None] | None
    id: int


class MeteredDay(NamedTuple):
    """A stored day of a register with its values, and what it counts."""

    id: int
    register_id: int
    serial: str
    quantity: str
    unit: str
    day: date
    step_seconds: int
    values: list[Decimal | None]
    statuses: str


class AttributeRow(NamedTuple):
    """A dated attribute of a contract, with the decision it rests on where there is one."""

    contract_id: int
    name: str
    value: str
    starts: date
    ends: date | None
    decision: str | None


class ReadingRow(NamedTuple):
    """An accepted reading, with what its meter says about it."""

    register_id: int
    counts_for: date
    value: Decimal
    is_estimated: bool
    digits: int
    multiplier: Decimal


class GapRow(NamedTuple):
    """A register that was not read for a contract: what its meter says, and since and until when its customer had it.

    `until` is None while the customer has it; `forecast` is the contract's own text, in units a year.
    """

    contract_id: int
    register_id: int
    is_read_by_people: bool
    removed_on: date | None
    digits: int
    multiplier: Decimal
    time_zone: str
    since: date
    until: date | None
    forecast: str | None


class PastRow(NamedTuple):
    """An accepted reading that an estimate may rest on, of the register itself or one that hung there before it."""

    gap_register_id: int
    register_id: int
    counts_for: date
    value: Decimal
    is_estimated: bool
    digits: int
    multiplier: Decimal


class EstimatedReading(NamedTuple):
    """What a register would show at the start of a civil day, to be booked with the first bill that rests on it."""

    register_id: int
    supply_point_id: int
    counts_for: date
    value: Decimal
    time_zone: str


class HistoryRow(NamedTuple):
    """How many bills a contract had in the twelve months before, and their sum in cents.

    `is_billed_near` tells that something was billed of the days themselves or of the month that they begin in.
    """

    contract_id: int
    bills: int
    cents: int
    is_billed_near: bool


class BilledPart(NamedTuple):
    """A bill of some of the days, or of the month that they begin in, with its stored inputs.

    `charged` are the codes that it charges in that month, each with the place that is charged by itself, or nothing.
    """

    contract_id: int
    invoice_id: int
    document_number: str
    kind: str
    revision: int
    starts: date
    ends: date
    is_taken_back: bool
    inputs: str | None
    charged: list[list[str]] | None = None


class ContractRow(NamedTuple):
    """A contract that is billed alone, as far as somebody has to look at before."""

    contract_id: int
    customer_id: int
    adapter: str
    billing: str
    settlement: str
    starts: date
    ends: date | None


class ContractDays(NamedTuple):
    """The days of a period on which a contract is in force, and its first day of all."""

    contract_id: int
    starts: date
    ends: date
    contract_starts: date


class PremiseRow(NamedTuple):
    """A premise of a building that is rated whole, with the contract that has it; None where nobody does."""

    building_id: int
    supply_point_id: int
    identifier: str
    premise: str | None
    premise_kind: str
    area_m2: Decimal | None
    residents: int | None
    contract_id: int | None


class DatedValue(NamedTuple):
    """What an adapter is told on some days: a name and its value, with the decision it rests on where there is one."""

    name: str
    value: str
    starts: date
    ends: date
    decision: str = ""


class Traits(NamedTuple):
    """All that a contract is told by besides what it used; contracts with equal traits are priced alike."""

    kind: str
    delivery: str | None
    settlement: str | None
    premise_kind: str | None
    phases: int | None
    amperes: int | None
    area_m2: Decimal | None
    residents: int | None
    dated: tuple[DatedValue, ...]


class Measured(NamedTuple):
    """What was used of a quantity over some days: in millionths where it is that exact, else as it is.

    What a smart meter counted is told apart for the days between two changes of prices or attributes.
    """

    quantity: str
    zone: str | None
    unit: str
    starts: date
    ends: date
    micro: int | None
    value: Decimal | None
    is_estimated: bool
    source: str
    place: str
    is_by_intervals: bool = False


class Fee(NamedTuple):
    """A fee that was noted on a contract and is on no bill, or on one that was taken back."""

    id: int
    contract_id: int
    code: str
    quantity: Decimal
    unit: str
    day: date
    reason: str


class Problem(NamedTuple):
    """Why something cannot be billed: a short stable code, and the reason for a person."""

    code: str
    reason: str


class Case(NamedTuple):
    """A contract with all that is known of it; `points` has a row for each of its supply points, `due` is the first.

    `before` is what was used in the month before these days, where somebody looked; None where nothing can have been.
    `series` are the intervals that its tariff prices one by one, made of the stored days `day_ids`. `begun` is what
    bills of earlier days charge in the month that these days begin in.
    """

    due: DueRow
    points: tuple[DueRow, ...]
    traits: Traits
    usage: tuple[Measured, ...]
    problem: Problem | None
    estimates: tuple[EstimatedReading, ...] = ()
    before: tuple[Used, ...] | None = None
    fees: tuple[Fee, ...] = ()
    series: tuple[Series, ...] = ()
    day_ids: tuple[int, ...] = ()
    places: tuple[Place, ...] = ()
    begun: tuple[Begun, ...] = ()


class SettlementRow(NamedTuple):
    """A difference between what a bill should have charged and what it did, to stand on another bill as a line.

    `document_number` names the bill that charged it. What takes such a line back off says of which bill that was taken
    back.
    """

    id: int
    contract_id: int
    code: str
    period_from: date
    period_to: date
    tax_code: str
    tax_rate: Decimal
    is_after_tax: bool
    billed: Decimal
    due: Decimal
    net: Decimal
    document_number: str
    taken_back: str | None = None


class VersionRow(NamedTuple):
    """A price of a price version; without one where the version has no rows."""

    version_id: int
    list: str
    code: str
    starts: date
    ends: date | None
    known_from: date
    decision: str
    name: str | None
    value: Decimal | None
    unit: str | None
    conditions: Any
    tax_included: Decimal | None


class FigureRow(NamedTuple):
    """A figure that was kept as a fact, over civil days."""

    name: str
    subject: str
    starts: date
    ends: date
    value: Decimal
    unit: str
    source: str


class SeriesRow(NamedTuple):
    """A stretch of a series; a correction is a later one of the same stretch."""

    id: int
    name: str
    unit: str
    starts_at: datetime
    step_seconds: int
    values: list[Decimal | None]
    known_at: datetime
    source: str


class StoredLine(NamedTuple):
    """A line as it stands on an issued invoice."""

    invoice_id: int
    position: int
    code: str
    period_from: date
    period_to: date
    quantity: Decimal
    net: Decimal
    tax_rate: Decimal
    is_after_tax: bool


class StoredInvoice(NamedTuple):
    """An issued invoice with its stored inputs, and those of its building where it was billed as a part of one."""

    id: int
    adapter: str
    contract_id: int
    total: Decimal
    inputs: str | None
    rating_group_id: int | None
    house: str | None
