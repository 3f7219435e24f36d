"""The reading window of a contract: what to read until when, and what is billed if nothing is sent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import strawberry
from mains_server.billing import window as billing
from mains_server.billing.preview import Previewed, Reason
from mains_server.billing.window import AskedRegister, ContractWindow, NotTold, Unsent
from mains_server.invoices.records import InvoiceKind, LineDraft, LineQuality
from mains_server.metering.records import Reading, ReadingQuality, ReadingStatus
from mains_spi import Usage

from mains_schema.billing.explanation import Explanation, explanation_of
from mains_schema.common.words import word
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import encode_id
from mains_schema.declaring.scalars import Money, Period, Quantity, UnitPrice
from mains_schema.metering.reading import PlausibleRange

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

# The bill of a whole house is rated to say what a flat's would be: a tenth of a second (`bench/worst_document.py`).
WINDOW_ROWS = 1_200
described(
    NotTold,
    "Why nobody can say yet what would be billed.",
    {
        "MISSING_READING": "A reading at the start is missing, or nothing is known to estimate from.",
        "NOT_BILLED": "The contract gets no bill of its own for these days.",
        "NOT_RATED": "A price, a fact or an attribute is missing, or the bill would be held; the reason says which.",
    },
)


@strawberry.type(description="A reading that a register has already.")
class KnownReading:
    """What it showed, for which day."""

    id: strawberry.ID = strawberry.field(description="Global id of the reading.")
    value: Quantity = strawberry.field(description="What was shown.")
    counts_for: date = strawberry.field(description="The civil day at whose start it counts.")
    quality: ReadingQuality = strawberry.field(description="Whether somebody saw it.")
    status: ReadingStatus = strawberry.field(description="What became of it: ACCEPTED or FLAGGED.")


@strawberry.type(description="A register that somebody is asked to read.")
class WindowRegister:
    """What it showed, and what it could show now."""

    register_id: strawberry.ID = strawberry.field(description="Global id of the register; `readingSubmit` takes it.")
    serial: str = strawberry.field(description="Serial number on the meter.")
    code: str = strawberry.field(description="Code of the register on the meter.")
    unit: str = strawberry.field(description="Unit it counts in.")
    previous: KnownReading | None = strawberry.field(
        description="What somebody saw last, on a day of this contract; null if nobody has."
    )
    plausible: PlausibleRange = strawberry.field(description="What it could show by its habits.")
    told: KnownReading | None = strawberry.field(
        description="What was sent in for the window's day already; null while nothing was."
    )


@strawberry.type(description="A usage that a bill would rest on.")
class UnsentUsage:
    """How much of what, and how it is known."""

    code: str = strawberry.field(description="Code of what is used, as the utility declares it.")
    zone: str | None = strawberry.field(description="Tariff zone; null where there are none.")
    period: Period = strawberry.field(description="Days it is for.")
    quantity: Quantity = strawberry.field(description="How much; below nothing if an estimate before was too high.")
    quality: LineQuality = strawberry.field(description="How it is known.")
    source: str = strawberry.field(description="The readings, and the rule of an estimate, in words.")


@strawberry.type(description="A charge of a bill that is not issued.")
class UnsentLine:
    """What would be charged."""

    code: str = strawberry.field(description="Code of the charge, as the utility declares it.")
    label: str = strawberry.field(description="What it is for, in the viewer's language, as on the invoice.")
    period: Period = strawberry.field(description="Days it is for.")
    quantity: Quantity = strawberry.field(description="How much would be charged for.")
    quality: LineQuality = strawberry.field(description="How the quantity came about.")
    unit_price: UnitPrice = strawberry.field(description="Price without tax.")
    net: Money = strawberry.field(description="Charge without tax; negative for support.")
    tax_code: str = strawberry.field(description="Code of the tax.")
    tax_rate: Decimal = strawberry.field(description="Tax rate as a share of one: 0.2100 is 21 %.")
    is_after_tax: bool = strawberry.field(
        description="Whether it lowers what is to be paid and not the tax, as support may."
    )
    supply_point_id: strawberry.ID | None = strawberry.field(
        description="Global id of the place that is charged by itself; null for a charge of the whole contract."
    )
    explanation: Explanation = strawberry.field(
        description="How the charge was worked out; repeating its steps gives `net`."
    )


@strawberry.type(description="The bill that comes if nothing more is sent; issued later, by the same calculation.")
class UnsentBill:
    """Its sums, lines and the usage it rests on."""

    kind: InvoiceKind = strawberry.field(description="What kind of invoice it would be.")
    period: Period = strawberry.field(description="Days it is for.")
    usage: list[UnsentUsage] = strawberry.field(description="What was used; a handful.")
    lines: list[UnsentLine] = strawberry.field(description="Its charges; at most 60.")
    tax: Money = strawberry.field(description="The tax on them.")
    cost: Money = strawberry.field(description="What would have to be paid, with tax and after support.")


@strawberry.type(description="What happens if nothing more is sent.")
class IfNothingIsSent:
    """A bill, or why it cannot be told."""

    bill: UnsentBill | None = strawberry.field(description="The bill; null if it cannot be told.")
    not_told: NotTold | None = strawberry.field(description="Why it cannot be told; null if it can.")
    reason: str | None = strawberry.field(description="The same for people, in English; null if it can be told.")


@strawberry.type(description="When somebody is asked to read the meters of a contract.")
class ReadingWindow:
    """Its days, its registers, and what comes without a reading."""

    counts_for: date = strawberry.field(description="The civil day at whose start the readings count.")
    opens_on: date = strawberry.field(description="First day on which readings count for it.")
    closes_on: date = strawberry.field(description="Last day.")
    is_open: bool = strawberry.field(description="Whether today is one of these days.")
    registers: list[WindowRegister] = strawberry.field(description="What is to be read; at most a few dozen.")
    if_nothing_is_sent: IfNothingIsSent = strawberry.field(
        description="What is billed without another reading, estimates included. Nothing is booked by asking."
    )


async def reading_window(reads: Reads, contract_id: int) -> ReadingWindow | None:
    """Ask billing what a contract's customer is to read and what comes otherwise, for one contract after the other."""

    async def run(contracts: list[int]) -> list[ReadingWindow | None]:
        return [await _asked(reads, contract) for contract in contracts]

    window: ReadingWindow | None = await reads.load("reading windows", contract_id, run)
    return window


async def _asked(reads: Reads, contract_id: int) -> ReadingWindow | None:
    host = reads.host
    if host is None:
        return None
    found = await billing.reading_window(
        reads.engine, host=host, contract_id=contract_id, now=reads.now, today=reads.today
    )
    return None if found is None else _window(reads, found)


def _window(reads: Reads, found: ContractWindow) -> ReadingWindow:
    return ReadingWindow(
        counts_for=found.days.counts_for,
        opens_on=found.days.opens_on,
        closes_on=found.days.closes_on,
        is_open=found.is_open,
        registers=[_register(asked) for asked in found.registers],
        if_nothing_is_sent=_unsent(reads, found.unsent),
    )


def _register(asked: AskedRegister) -> WindowRegister:
    register, plausible = asked.register, asked.plausible
    return WindowRegister(
        register_id=encode_id(type_name="Register", number=register.id),
        serial=register.serial,
        code=register.code,
        unit=register.unit,
        previous=_known(asked.previous, unit=register.unit),
        plausible=PlausibleRange(
            lowest=Quantity(value=plausible.lowest, unit=plausible.unit),
            highest=None if plausible.highest is None else Quantity(value=plausible.highest, unit=plausible.unit),
        ),
        told=_known(asked.told, unit=register.unit),
    )


def _known(reading: Reading | None, *, unit: str) -> KnownReading | None:
    if reading is None:
        return None
    return KnownReading(
        id=encode_id(type_name="Reading", number=reading.id),
        value=Quantity(value=reading.value, unit=unit),
        counts_for=reading.counts_for,
        quality=reading.quality,
        status=reading.status,
    )


def _unsent(reads: Reads, unsent: Unsent) -> IfNothingIsSent:
    found = unsent.previewed
    return IfNothingIsSent(
        bill=None if found is None else bill_of(reads, found), not_told=unsent.not_told, reason=unsent.reason
    )


def bill_of(reads: Reads, found: Previewed) -> UnsentBill:
    """Show a bill that is not issued."""
    bill = found.bill
    tax = sum((entry.tax for entry in bill.taxes), Decimal(0))
    cost = sum((line.net for line in bill.lines), tax)
    return UnsentBill(
        kind=bill.kind,
        period=Period(start=bill.period_from, end=bill.period_to),
        usage=[_usage(usage) for usage in found.usage],
        lines=[
            _line(line, label=word(reads, bill.adapter, line.code), currency=bill.currency, reason=reason)
            for line, reason in zip(bill.lines, found.reasons, strict=True)
        ],
        tax=Money(amount=tax, currency=bill.currency),
        cost=Money(amount=cost, currency=bill.currency),
    )


def _usage(usage: Usage) -> UnsentUsage:
    return UnsentUsage(
        code=usage.name,
        zone=usage.zone,
        period=Period(start=usage.period.start, end=usage.period.end),
        quantity=Quantity(value=usage.value, unit=usage.unit),
        quality=LineQuality[usage.quality.name],
        source=usage.source,
    )


def _line(line: LineDraft, *, label: str, currency: str, reason: Reason) -> UnsentLine:
    place = line.supply_point_id
    return UnsentLine(
        code=line.code,
        label=label,
        period=Period(start=line.period_from, end=line.period_to),
        quantity=Quantity(value=line.quantity, unit=line.unit),
        quality=line.quality,
        unit_price=UnitPrice(amount=line.unit_price, unit=line.price_unit),
        net=Money(amount=line.net, currency=currency),
        tax_code=line.tax_code,
        tax_rate=line.tax_rate,
        is_after_tax=line.is_after_tax,
        supply_point_id=None if place is None else encode_id(type_name="SupplyPoint", number=place),
        explanation=explanation_of(text=reason.text, why=reason.why),
    )
