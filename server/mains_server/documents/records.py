"""What leaves the documents room: documents, and the sheets that they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from mains_server.customers.records import CustomerKind
from mains_server.invoices.records import InvoiceKind, LineQuality

CHART_MONTHS = 13


class DocumentKind(Enum):
    """What somebody can take away of an invoice."""

    PDF = "PDF"
    XML = "XML"
    CSV = "CSV"


class DocumentLanguage(Enum):
    """In which language a document speaks."""

    LV = "lv"
    EN = "en"
    RU = "ru"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentWanted:
    """One document of one invoice."""

    invoice_id: int
    kind: DocumentKind
    language: DocumentLanguage


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """A document as it was stored; `sha256` is that of its content, in hexadecimal digits."""

    invoice_id: int
    kind: DocumentKind
    language: DocumentLanguage
    file_name: str
    sha256: str
    size: int
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFile:
    """A document with its content."""

    document: StoredDocument
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceOwned:
    """Whose an invoice is, and the language that the customer is written to in."""

    invoice_id: int
    customer_id: int
    contract_id: int
    adapter: str
    language: DocumentLanguage


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A label in each language that documents speak."""

    lv: str
    en: str
    ru: str

    def in_language(self, language: DocumentLanguage) -> str:
        """Say it in a language."""
        spoken: str = getattr(self, language.value)
        return spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetSeller:
    """Who invoices, as registered on the day of issue."""

    name: str
    registration_number: str
    vat_number: str
    address: str
    iban: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetBuyer:
    """Who is billed: what the invoice copied, and what identifies the customer."""

    number: str
    kind: CustomerKind
    name: str
    address: str
    country: str
    registration_number: str | None
    vat_number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterUse:
    """What a meter counted for a line; without readings where intervals were summed, and `source` tells how.

    `place` is the identifier of its supply point where the invoice is over several.
    """

    serial: str
    first: Decimal | None
    last: Decimal | None
    quantity: Decimal
    unit: str
    is_estimated: bool
    source: str
    place: str = ""


class Cause(Enum):
    """Why an invoice was taken back or replaced, as documents word it.

    The first four are an employee's reasons. READ and RESTS are corrections that were due by themselves: a true reading
    came for a day that was billed on an estimate, or another bill that this one rests on came out otherwise. INTEREST:
    a note charged interest that comes out otherwise, since its debt was paid on another day or is another. STRANDED: a
    difference waited for a next bill, and the contract has none.
    """

    READING = "READING"
    PRICE = "PRICE"
    ATTRIBUTE = "ATTRIBUTE"
    MISTAKE = "MISTAKE"
    READ = "READ"
    RESTS = "RESTS"
    INTEREST = "INTEREST"
    STRANDED = "STRANDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why an invoice was taken back or replaced; `note` has an employee's own words, empty where there are none.

    `is_house` where a whole house was billed anew, for whatever one of its premises gave reason to.
    """

    cause: Cause
    note: str
    is_house: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What an earlier bill, by its number, should have charged and what had been charged; a line is the difference.

    `why` it was corrected is told by the first line of each bill that does. Where `taken_back` names a bill, `document`
    has a difference of that one, which is taken off with it.
    """

    document: str
    due: Decimal
    billed: Decimal
    why: Why | None = None
    taken_back: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLine:
    """One charge with how it came about; `explanation` is empty where that could not be told.

    `place` is the identifier of the supply point that it is charged for by itself, on an invoice over several; it is
    empty for what is charged for the whole contract. `settles` is what it puts right of an earlier bill, `about` the
    number of the invoice that it is charged for, such as interest.
    """

    position: int
    code: str
    label: Words
    period_from: date
    period_to: date
    quantity: Decimal
    unit: str
    unit_price: Decimal
    price_unit: str
    net: Decimal
    tax_code: str
    tax_rate: Decimal
    is_after_tax: bool
    quality: LineQuality
    explanation: str
    meters: tuple[MeterUse, ...]
    place: str = ""
    settles: Settled | None = None
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPlace:
    """One of the supply points that an invoice is over."""

    identifier: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetTax:
    """The tax at one rate, which is a share of one."""

    code: str
    rate: Decimal
    base: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What was used in a month, by its first day; None where it is not known."""

    month: date
    value: Decimal | None
    is_estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The use of one quantity by month, at most 13 of them, the invoice's last."""

    label: Words
    unit: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """The invoice that another one takes back or replaces."""

    number: str
    issued_on: date
    is_interest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that stands on the documents of an invoice, in no language yet; written once, so that each is made alike.

    `total` is what the invoice comes to, `prepaid` what had been paid on it when it was issued, `levelled` what the
    contract's levelled payment has taken over. `places` are its supply points where it is over several. `why` is
    why a credit note takes back and a new bill replaces what `corrects` names.
    """

    invoice_id: int
    customer_id: int
    contract_id: int
    language: DocumentLanguage
    number: str
    kind: InvoiceKind
    period_from: date
    period_to: date
    issued_on: date
    due_on: date
    currency: str
    net: Decimal
    tax: Decimal
    support: Decimal
    total: Decimal
    prepaid: Decimal
    levelled: Decimal
    payment_reference: str
    utility: Words
    seller: SheetSeller
    buyer: SheetBuyer
    contract_number: str
    product: Words
    supply_address: str
    supply_points: tuple[str, ...]
    corrects: Corrected | None
    lines: tuple[SheetLine, ...]
    taxes: tuple[SheetTax, ...]
    notes: tuple[Words, ...]
    charts: tuple[Chart, ...]
    places: tuple[SheetPlace, ...] = ()
    why: Why | None = None

    @property
    def meters(self) -> tuple[MeterUse, ...]:
        """What all meters counted, each stretch once."""
        return tuple(dict.fromkeys(meter for line in self.lines for meter in line.meters))

    def address_of(self, place: str) -> str:
        """Give the address of a supply point by its identifier; empty where the invoice names none of that name."""
        return next((one.address for one in self.places if one.identifier == place), "")

    @property
    def days(self) -> tuple[date, date]:
        """The days that it is for, the second one excluded: of an interest note those on which the interest grew.

        So it is of the credit note that takes one back.
        """
        if self.kind is not InvoiceKind.INTEREST and not (self.corrects is not None and self.corrects.is_interest):
            return self.period_from, self.period_to
        return min(line.period_from for line in self.lines), max(line.period_to for line in self.lines)

    @property
    def payable(self) -> Decimal:
        """What is still to be paid; negative for what the customer has to the good."""
        return self.total - self.prepaid - self.levelled
