"""What leaves the billing room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

from mains_spi import Explanation, Period

from mains_server.invoices.records import InvoiceKind


class RunStatus(Enum):
    """How far a billing run is."""

    RUNNING = "RUNNING"
    DONE = "DONE"


class CorrectionReason(Enum):
    """Why a bill is looked at again: what was read, at which prices, what is known of the contract and its place.

    Or it should not have been issued as it was, whatever its figures.
    """

    READING = "READING"
    PRICE = "PRICE"
    ATTRIBUTE = "ATTRIBUTE"
    MISTAKE = "MISTAKE"


NO_NOTE = "looked at again"
"""What is written down where a command line gave no note; a customer's documents have the reason alone."""


OF_NEIGHBOURS = "something was put right at another premise of the house"
"""What is written down for the other premises of a house in the place of an employee's note of one."""


class CorrectionOutcome(Enum):
    """What came of a correction."""

    REPLACED = "REPLACED"
    NEXT_BILL = "NEXT_BILL"
    UNCHANGED = "UNCHANGED"
    CREDITED = "CREDITED"


class ChunkStatus(Enum):
    """How far a chunk of a run is."""

    WAITING = "WAITING"
    DONE = "DONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What to bill: one utility's period, with the date that stands on the invoices."""

    adapter: str
    period: Period
    issued_on: date
    now: datetime
    contracts_per_chunk: int = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRequest:
    """Which contract's bill to work out, as it would be issued on a day; nothing is booked.

    `is_anew` works it out as if nothing of the period had been billed yet, with the fees that wait for a bill, or with
    those of the bills `of_invoices`.
    """

    contract_id: int
    period: Period
    issued_on: date
    is_anew: bool = False
    of_invoices: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A billing run as it was first started; a second start keeps its date of issue."""

    id: int
    adapter: str
    period: Period
    issued_on: date
    status: RunStatus
    started_at: datetime
    issue_by: date | None = None

    @property
    def is_late(self) -> bool:
        """Tell whether its invoices are dated later than the utility wants them."""
        return self.issue_by is not None and self.issued_on > self.issue_by


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSeller:
    """Who invoices a run, and in which series of numbers."""

    id: int
    series: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """How far a run is: contracts in chunks that are done, contracts in all, invoices, contracts held."""

    run: Run
    contracts: int
    contracts_done: int
    invoiced: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A contract that a run could not bill, with a short stable code and the reason for a person.

    `total` is what its bill would come to where it was worked out, and is unusual.
    """

    customer_id: int
    contract_id: int
    code: str
    reason: str
    total: Decimal | None = field(default=None, compare=False)
    currency: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Beyond these a bill is held for somebody to look at; a mean counts only once it is a mean of several bills.

    `below_nothing` are the contracts whose bill may be below nothing.
    """

    times_mean_max: int = 10
    bills_min: int = 3
    lines_max: int = 60
    below_nothing: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleBill:
    """Which days of one contract to bill by themselves, and as what.

    `known_at` is the civil day at whose end prices and facts are asked as they were known, by itself the day of issue.
    """

    contract_id: int
    period: Period
    kind: InvoiceKind
    issued_on: date
    now: datetime
    known_at: date | None = None
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedSingle:
    """The invoice of one contract's days; `is_new` is false where the same days had been billed so before."""

    invoice_id: int
    customer_id: int
    document_number: str
    kind: InvoiceKind
    period: Period
    issued_on: date
    due_on: date
    currency: str
    total: Decimal
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongBill:
    """An invoice that is looked at again, as far as its correction has to know.

    `priced_at` is the day at whose end its prices were asked as they were known; None where no run worked it out.
    `repriced_at` is the last day on which it was put right to what was known of prices then; None where nobody did.
    `goes_on` tells that the contract has days after its last bill, so that there is a next one. `building_id` and
    `house_period` are those of the house that it was billed with. `written` are the lines on it that are of other
    bills: differences that it settles, or takes back off.
    """

    invoice_id: int
    customer_id: int
    contract_id: int
    document_number: str
    kind: InvoiceKind
    adapter: str
    period: Period
    revision: int
    issued_on: date
    currency: str
    total: Decimal
    is_taken_back: bool
    replaced_by: str | None
    priced_at: date | None
    repriced_at: date | None
    goes_on: bool
    building_id: int | None
    house_period: Period | None
    written: tuple[Mapping[str, Any], ...]

    @property
    def is_below_nothing(self) -> bool:
        """Tell whether its own days came out below nothing; what is written on it of other bills aside."""
        of_others = sum(
            Decimal(line["net"]) * (1 if line["is_after_tax"] else 1 + Decimal(line["tax_rate"]))
            for line in self.written
        )
        return self.total < of_others


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a bill should have charged by one code and tax, and what it did, with what was settled of it since."""

    code: str
    period: Period
    tax_code: str
    tax_rate: Decimal
    is_after_tax: bool
    billed: Decimal
    due: Decimal

    @property
    def net(self) -> Decimal:
        """Give what is still to be charged; below nothing it is given back."""
        return self.due - self.billed


class SettledRow(NamedTuple):
    """A difference of a bill, and the number of the bill on which it stands; None while it waits for one."""

    id: int
    code: str
    period_from: date
    period_to: date
    tax_code: str
    tax_rate: Decimal
    is_after_tax: bool
    net: Decimal
    stands_on: str | None


class Elsewhere(NamedTuple):
    """What corrections of a bill put on other bills: what stands on one, and what waits for one."""

    standing: tuple[SettledRow, ...] = ()
    waiting: tuple[SettledRow, ...] = ()

    @property
    def is_some(self) -> bool:
        """Tell whether anything was put on other bills, or is to be."""
        return bool(self.standing or self.waiting)

    def counted(self, *, goes_on: bool) -> tuple[SettledRow, ...]:
        """Give what has settled something: what waits for a bill that never comes has not."""
        return (*self.standing, *self.waiting) if goes_on else self.standing


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCorrection:
    """A correction that is about to be written down."""

    wrong: WrongBill
    reason: CorrectionReason
    note: str
    person_id: int | None
    on: date
    rating_group_id: int | None = None


class LaterBill(NamedTuple):
    """A bill that stands of days after those of a kept figure: whose it is, its product, and what facts it was told."""

    invoice_id: int
    customer_id: int
    contract_id: int
    starts: date
    ends: date
    subject: str
    product: str
    facts: list[dict[str, Any]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """A bill that went on from a figure that has another value by now, and its first day."""

    customer_id: int
    contract_id: int
    invoice_id: int
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What came of a correction; `difference` is what the customer has to pay more, or less, before it is settled.

    For a replaced or credited bill it is of the totals with tax; for the next bill of the nets before its tax.
    """

    id: int
    document_number: str
    outcome: CorrectionOutcome
    difference: Decimal
    currency: str
    credit_note: str | None = None
    replacement: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueMoment:
    """Days of a contract that are read to their end and not billed; `told_on` is when the last reading came.

    It is None where no reading was needed, since the registers tell themselves.
    """

    contract_id: int
    starts: date
    ends: date
    is_final: bool
    told_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineExplanation:
    """How a line of an issued invoice came about; replaying it gives the stored cents.

    Civil days of the series it rests on begin by the clock of `time_zone`.
    """

    invoice_id: int
    position: int
    code: str
    net: Decimal
    text: str
    why: Explanation
    time_zone: str = "UTC"
