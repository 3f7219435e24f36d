"""The small contract of a payment provider: what to ask it over HTTP, what its answers say, which events are its own.

A provider package does no work of its own: the server calls, waits, keeps and books; the package answers questions. So
a call that dies half-way, an answer that never comes and an event that comes twice are the server's to handle, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum

import pluggy

from mains_spi.hooks import PROJECT
from mains_spi.labels import Labels
from mains_spi.record import Record

PAYMENT_PROVIDER_GROUP = "mains.payment_providers"
EVENT_BYTES_MAX = 1_000_000
ANSWER_BYTES_MAX = 1_000_000
CLOCKS_DIFFER_MAX = timedelta(seconds=300)

_hookspec = pluggy.HookspecMarker(PROJECT)


class ProviderAct(Enum):
    """What the server wants of a provider. Each is safe to ask again: the reference says that it is the same."""

    CREATE = "CREATE"
    CAPTURE = "CAPTURE"
    VOID = "VOID"
    QUERY = "QUERY"
    REFUND = "REFUND"
    QUERY_REFUND = "QUERY_REFUND"


class ProviderOutcome(Enum):
    """What became of a payment or a refund, as far as the provider says.

    PENDING: the payer has not decided, or a refund is under way. AUTHORIZED: reserved, to be captured or voided.
    CAPTURED, FAILED, VOIDED, REFUNDED: done, and what. REVERSED: a bank took captured money back. RESTORED:
    a bank gave again what it had taken back, such as after a dispute that we won. MISSING: the provider
    knows nothing by that reference. UNKNOWN: it does not say; the server asks again, and never takes it for FAILED.
    """

    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    FAILED = "FAILED"
    VOIDED = "VOIDED"
    REFUNDED = "REFUNDED"
    REVERSED = "REVERSED"
    RESTORED = "RESTORED"
    MISSING = "MISSING"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentProvider(Record):
    """The identity card of a provider.

    ``is_two_phase``: a payer's consent only reserves the money, and the server captures or voids it. ``pays_by`` is the
    road of the money, CARD or BANK_TRANSFER. ``secrets`` name what an operator has to give it, such as a key. Without
    ``address`` the operator has to give that as well.
    """

    code: str
    spi_major: int
    labels: Labels
    pays_by: str
    is_two_phase: bool
    can_refund: bool
    currencies: tuple[str, ...] = ("EUR",)
    amount_min: Decimal = Decimal("0.01")
    amount_max: Decimal = Decimal("10000.00")
    secrets: tuple[str, ...] = ()
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAccess(Record):
    """Where the provider is reached, and the secrets that the operator set for it, by name."""

    address: str
    secrets: tuple[tuple[str, str], ...] = ()

    def secret(self, name: str) -> str:
        """Give a secret; the server has made sure that those on the card are there."""
        return dict(self.secrets)[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest(Record):
    """Asks how to ask the provider something.

    ``reference`` is our own name of the payment, and ``refund_reference`` of the refund: the provider keeps them, and
    the same reference again is the same payment or refund. ``provider_id`` is its own name of the payment, where known.
    """

    act: ProviderAct
    access: ProviderAccess
    reference: str
    amount: Decimal
    currency: str
    provider_id: str | None = None
    refund_reference: str | None = None
    description: str = ""
    language: str = "lv"
    return_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall(Record):
    """One HTTP request that the server should make, to the provider's address or below it."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAnswer(Record):
    """What the provider answered a call: status, headers (names in small letters) and body."""

    act: ProviderAct
    access: ProviderAccess
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReport(Record):
    """What a provider says of a payment, or of one refund of it where ``refund_reference`` names it.

    ``amount`` is what was captured, refunded or taken back. ``page_url`` is where the payer decides. ``reason`` is for
    people, in English.
    """

    outcome: ProviderOutcome
    provider_id: str | None = None
    reference: str | None = None
    refund_reference: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    page_url: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRequest(Record):
    """Asks whether a webhook is the provider's own, and what it says; ``received_at`` is when it came."""

    access: ProviderAccess
    headers: tuple[tuple[str, str], ...]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent(Record):
    """One event; ``id`` is the provider's name of it, the same when it is sent again. No report: nothing of ours."""

    id: str
    kind: str
    occurred_at: datetime
    report: ProviderReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReading(Record):
    """A proven event, or the code of why there is none: SIGNATURE_WRONG, TIMESTAMP_TOO_FAR, EVENT_MALFORMED."""

    event: ProviderEvent | None = None
    refused: str | None = None


class PaymentProviderHooks:
    """The hook specifications of a provider; every one is asked of a single provider and gives its answer directly."""

    @_hookspec(firstresult=True)
    def describe_provider(self) -> PaymentProvider:  # type: ignore[empty-body]
        """Give the identity card. Required."""

    @_hookspec(firstresult=True)
    def plan_call(self, request: CallRequest) -> ProviderCall:  # type: ignore[empty-body]
        """Give the request that asks the provider for an act. Required."""

    @_hookspec(firstresult=True)
    def read_answer(self, request: ProviderAnswer) -> ProviderReport:  # type: ignore[empty-body]
        """Read what the provider answered, whatever it is; what cannot be read is UNKNOWN. Required."""

    @_hookspec(firstresult=True)
    def read_event(self, request: EventRequest) -> EventReading:  # type: ignore[empty-body]
        """Prove and read a webhook, whatever it is. Required."""


REQUIRED_PROVIDER_HOOKS = ("describe_provider", "plan_call", "read_answer", "read_event")
