"""The hooks of an adapter, version 1, and the records that only they use. Each hook takes one frozen request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

import pluggy

from mains_spi.applications import ApplicationType, Contacts
from mains_spi.contracts import USUAL_CONTRACT_RULES, ContractRules, FeeFall
from mains_spi.invoicing import USUAL_INVOICING_RULES, InvoicingRules
from mains_spi.labels import Labels
from mains_spi.levelled import USUAL_LEVELLED_RULES, LevelledRules
from mains_spi.notices import NoticeText, NoticeTopic
from mains_spi.prices import ChargeTax
from mains_spi.readings import USUAL_READING_RULES, ReadingRules
from mains_spi.record import Period, Record
from mains_spi.requests import Attribute, FactValue, Group, Quality, RatingRequest, Usage
from mains_spi.results import Bill
from mains_spi.tariff import Tariff
from mains_spi.terms import Price

SPI_VERSION = "1.0.0"
SPI_MAJOR = 1
PROJECT = "mains"
ENTRY_POINT_GROUP = "mains.adapters"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Capability(StrEnum):
    """What a utility offers beyond a bill; the server shows or hides parts of the portal by it."""

    SUBMIT_READINGS = "SUBMIT_READINGS"
    BUILDINGS = "BUILDINGS"
    TWO_ZONES = "TWO_ZONES"
    SPOT_PRICE = "SPOT_PRICE"
    LEVELLED = "LEVELLED"
    INTERVALS = "INTERVALS"
    INSTANT_INVOICE = "INSTANT_INVOICE"


class Settlement(StrEnum):
    """How a contract is settled."""

    INVOICE = "INVOICE"
    LEVELLED = "LEVELLED"


class Channel(StrEnum):
    """How a product is served."""

    PORTAL = "PORTAL"
    EMAIL = "EMAIL"
    POST = "POST"
    BANK = "BANK"
    PHONE = "PHONE"


@dataclass(frozen=True, slots=True)
class QuantityKind(Record):
    """A quantity the utility bills; ``scope`` says whether a contract, a premise or a whole building has it."""

    name: str
    unit: str
    places: int = 3
    scope: Literal["contract", "premise", "building"] = "contract"
    labels: Labels | None = None


@dataclass(frozen=True, slots=True)
class ChargeCode(Record):
    """A charge: its tax code, revenue account and name on the bill."""

    code: str
    tax: str
    account: str
    labels: Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractAttribute(Record):
    """An attribute that contracts or premises carry. ``values`` empty: a number in ``unit``, or free text.

    Where a contract says nothing the host passes ``default``; without a default the attribute is required.
    ``value_labels`` name the values, in their order. ``is_voted``: the owners of a building decide it, and their
    manager may announce what they decided.
    """

    name: str
    labels: Labels
    values: tuple[str, ...] = ()
    unit: str | None = None
    default: str | None = None
    scope: Literal["contract", "premise", "building"] = "contract"
    value_labels: tuple[Labels, ...] = ()
    is_voted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing(Record):
    """What products are compared by: a quantity, and where they may count it in two zones, the codes of these.

    ``zones`` names the attribute that says how many zones there are. ``protected`` names the attribute that says
    who is a protected customer, ``allowance`` the dated row that says how much these get a month at the support price.
    """

    quantity: str
    zones: str | None = None
    day: str | None = None
    night: str | None = None
    protected: str | None = None
    allowance: Price | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Utility(Record):
    """The identity card of an adapter.

    ``correction`` is the policy for wrong bills: rate the period anew, or settle on the next bill. ``reading_rules``
    say when readings are taken and which ones somebody looks at, ``contract_rules`` when contracts may start,
    ``invoicing_rules`` when invoices are sent and how long there is to pay them, ``levelled_rules`` when levelled
    payments are due. Without ``comparing`` products are not compared. ``applications`` add to what every utility
    takes, or word one of it otherwise by the same code; ``contacts`` are whom people call, also about faults.
    ``notice_texts`` word notices about the utility's contracts in the place of the server's own text;
    ``notice_topics`` are topics of its own, for announcements.
    ``text_reminder_fee`` names the quantity, charged now and then, of which a customer who chose reminders of what is
    due by text message owes one for each; without it such messages are free.
    """

    code: str
    spi_major: int
    labels: Labels
    quantities: tuple[QuantityKind, ...]
    charges: tuple[ChargeCode, ...]
    price_lists: tuple[str, ...]
    attributes: tuple[ContractAttribute, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    correction: Literal["rerate", "next_bill"] = "rerate"
    reading_rules: ReadingRules = USUAL_READING_RULES
    contract_rules: ContractRules = USUAL_CONTRACT_RULES
    comparing: Comparing | None = None
    invoicing_rules: InvoicingRules = USUAL_INVOICING_RULES
    levelled_rules: LevelledRules = USUAL_LEVELLED_RULES
    applications: tuple[ApplicationType, ...] = ()
    contacts: Contacts | None = None
    notice_texts: tuple[NoticeText, ...] = ()
    text_reminder_fee: str | None = None
    notice_topics: tuple[NoticeTopic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Record):
    """Something a customer can have. ``price_list`` is what the list ``product`` of its tariff is bound to.

    ``rated`` products are priced by the hook ``rate`` instead of a tariff. The recommended range is advice only.
    ``exit_fee`` and ``switch_fee`` are owed by who ends the contract, or changes to another product, while the agreed
    price still runs; the exit fee gets less by ``exit_fee_falls``.
    """

    code: str
    labels: Labels
    tariff: str
    price_list: str
    rated: bool = False
    term_months: int | None = None
    price_fixed_months: int | None = None
    exit_fee: Decimal | None = None
    exit_fee_falls: FeeFall | None = None
    switch_fee: Decimal | None = None
    settlements: tuple[Settlement, ...] = (Settlement.INVOICE,)
    channels: tuple[Channel, ...] = tuple(Channel)
    recommended_from: Decimal | None = None
    recommended_upto: Decimal | None = None
    recommended_unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge(Record):
    """One charge of ``rate``: amount = quantity * unit_price / base; ``key`` tells alike ones apart."""

    code: str
    period: Period
    quantity: Decimal
    unit: str
    unit_price: Decimal
    base: Decimal = Decimal(1)
    key: str = ""


@dataclass(frozen=True, slots=True)
class Problem(Record):
    """Why something cannot be done or should be looked at; ``path`` names the input."""

    code: str
    labels: Labels
    path: str = ""
    severity: Literal["refuse", "warn"] = "refuse"


@dataclass(frozen=True, slots=True)
class RatingResult(Record):
    """What the escape hatch gives back."""

    charges: tuple[Charge, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Note(Record):
    """A sentence printed on the invoice."""

    code: str
    labels: Labels


@dataclass(frozen=True, slots=True)
class FactNeed(Record):
    """A fact or series a bill will need."""

    name: str
    unit: str
    period: Period


@dataclass(frozen=True, slots=True)
class ProductsRequest(Record):
    """Asks for the products offered on a day."""

    on: date


@dataclass(frozen=True, slots=True)
class TariffRequest(Record):
    """Asks for the tariff of a product on a day; never sees a contract."""

    product: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCheck(Record):
    """Asks whether a contract may be like this."""

    product: str
    on: date
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadingPoint(Record):
    """A reading and the civil date at whose start it counts."""

    counts_for: date
    value: Decimal
    quality: Quality = Quality.ACTUAL
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReadings(Record):
    """A register's readings while it was installed at one place."""

    quantity: str
    unit: str
    readings: tuple[ReadingPoint, ...]
    installed: Period
    digits: int | None = None
    multiplier: Decimal = Decimal(1)
    zone: str | None = None
    place: str = ""
    serial: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingCheck(Record):
    """Asks whether a reading is plausible beside those before it."""

    register: RegisterReadings
    reading: ReadingPoint
    on: date
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRequest(Record):
    """Asks for the usage of a period from readings; in a building, by premise id in ``members``."""

    period: Period
    registers: tuple[RegisterReadings, ...]
    attributes: tuple[Attribute, ...] = ()
    group: Group | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateRequest(Record):
    """Asks for usage where readings are missing, from what was used before."""

    period: Period
    missing: tuple[str, ...]
    history: tuple[Usage, ...]
    attributes: tuple[Attribute, ...] = ()
    facts: tuple[FactValue, ...] = ()
    group: Group | None = None


@dataclass(frozen=True, slots=True)
class FactsRequest(Record):
    """Asks which facts a ``rated`` product needs for a period."""

    product: str
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class NotesRequest(Record):
    """Asks for the sentences to print on a bill."""

    product: str
    bill: Bill
    request: RatingRequest


class Hooks:
    """The hook specifications; every one is asked of a single adapter and gives its answer directly."""

    @hookspec(firstresult=True)
    def describe_utility(self) -> Utility:  # type: ignore[empty-body]
        """Give the identity card. Required."""

    @hookspec(firstresult=True)
    def products(self, request: ProductsRequest) -> tuple[Product, ...]:  # type: ignore[empty-body]
        """Give what a customer can have. Required."""

    @hookspec(firstresult=True)
    def tariff(self, request: TariffRequest) -> Tariff:  # type: ignore[empty-body]
        """Give a product's tariff. Required unless all products are ``rated``."""

    @hookspec(firstresult=True)
    def rate(self, request: RatingRequest) -> RatingResult:  # type: ignore[empty-body]
        """Give the charges of a product marked ``rated``."""

    @hookspec(firstresult=True)
    def check_contract(self, request: ContractCheck) -> tuple[Problem, ...]:  # type: ignore[empty-body]
        """Give what is wrong with a contract's attributes."""

    @hookspec(firstresult=True)
    def check_reading(self, request: ReadingCheck) -> tuple[Problem, ...]:  # type: ignore[empty-body]
        """Give what is wrong with a reading."""

    @hookspec(firstresult=True)
    def measure(self, request: MeasureRequest) -> tuple[Usage, ...]:  # type: ignore[empty-body]
        """Give usage from readings; without this hook the difference of the registers counts."""

    @hookspec(firstresult=True)
    def estimate(self, request: EstimateRequest) -> tuple[Usage, ...]:  # type: ignore[empty-body]
        """Give usage where readings are missing, marked ESTIMATED."""

    @hookspec(firstresult=True)
    def needed_facts(self, request: FactsRequest) -> tuple[FactNeed, ...]:  # type: ignore[empty-body]
        """Give the facts a ``rated`` product needs; a tariff's are found in its terms."""

    @hookspec(firstresult=True)
    def invoice_notes(self, request: NotesRequest) -> tuple[Note, ...]:  # type: ignore[empty-body]
        """Give sentences to print on the invoice."""


REQUIRED_HOOKS = ("describe_utility", "products", "tariff")


def tax_codes(utility: Utility) -> tuple[ChargeTax, ...]:
    """Give the tax code of each charge, as a rating request wants it."""
    return tuple(ChargeTax(charge.code, charge.tax) for charge in utility.charges)
