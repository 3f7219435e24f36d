"""The small contract of a notification channel: how a gateway is asked to send, what it answers, which reports are its.

A channel package does no work of its own, as with payment providers: the server calls, waits, tries again and keeps
receipts; the package answers questions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

import pluggy

from mains_spi.hooks import PROJECT
from mains_spi.labels import Labels
from mains_spi.payment_providers import EventRequest, ProviderAccess, ProviderCall
from mains_spi.record import Record
from mains_spi.texting import TextEncoding

NOTIFICATION_CHANNEL_GROUP = "mains.notification_channels"

_hookspec = pluggy.HookspecMarker(PROJECT)


class SendOutcome(Enum):
    """What a gateway answered to a message.

    ACCEPTED: it has it, and will report. REFUSED: it never will, such as for a number that does not exist. PUT_OFF:
    not now, such as too many at once. UNREACHABLE: anything else, such as an error of its server: nobody knows whether
    it has the message, so it is sent again by the same reference.
    """

    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    PUT_OFF = "PUT_OFF"
    UNREACHABLE = "UNREACHABLE"


class DeliveryOutcome(Enum):
    """What a report says. ON_ITS_WAY: the network has it. DELIVERED, FAILED: the end, and which."""

    ON_ITS_WAY = "ON_ITS_WAY"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationChannel(Record):
    """The identity card of a channel, with what it can carry.

    ``road`` is the kind of notice that leaves by it: SMS. ``encodings`` are those that it passes on, and
    ``segments_max`` the longest text. ``segment_cost`` is what one segment costs the utility, before tax, where that is
    always the same; else the gateway's answers say. ``secrets`` name what an operator has to give it. Without
    ``address`` the operator has to give that as well.
    """

    code: str
    spi_major: int
    labels: Labels
    road: str
    encodings: tuple[TextEncoding, ...] = (TextEncoding.GSM7, TextEncoding.UCS2)
    segments_max: int = 10
    segment_cost: Decimal | None = None
    currency: str = "EUR"
    has_reports: bool = True
    secrets: tuple[str, ...] = ()
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest(Record):
    """Asks how to send a message.

    ``reference`` is our own name of the message: the gateway keeps it, the same reference again is the same message,
    and reports name it. ``to`` is a number such as +37120000000, ``sender`` what a phone shows as the sender.
    """

    access: ProviderAccess
    reference: str
    to: str
    text: str
    sender: str
    language: str = "lv"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAnswer(Record):
    """What the gateway answered: status, headers (names in small letters) and body."""

    access: ProviderAccess
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReading(Record):
    """What the answer says; ``message_id`` is the gateway's own name, ``reason`` is for people, in English.

    ``again_in_seconds`` is when a message that was put off may come again, where the gateway says so.
    """

    outcome: SendOutcome
    message_id: str | None = None
    segments: int | None = None
    cost: Decimal | None = None
    currency: str | None = None
    reason: str | None = None
    again_in_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport(Record):
    """One report; ``id`` is the gateway's name of it, the same when it is sent again."""

    id: str
    reference: str
    outcome: DeliveryOutcome
    occurred_at: datetime
    message_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReading(Record):
    """A proven report, or the code of why there is none: SIGNATURE_WRONG, TIMESTAMP_TOO_FAR, EVENT_MALFORMED."""

    report: DeliveryReport | None = None
    refused: str | None = None


class NotificationChannelHooks:
    """The hook specifications of a channel; every one is asked of a single channel and gives its answer directly."""

    @_hookspec(firstresult=True)
    def describe_channel(self) -> NotificationChannel:  # type: ignore[empty-body]
        """Give the identity card. Required."""

    @_hookspec(firstresult=True)
    def plan_send(self, request: SendRequest) -> ProviderCall:  # type: ignore[empty-body]
        """Give the request that asks the gateway to send a message. Required."""

    @_hookspec(firstresult=True)
    def read_send_answer(self, request: SendAnswer) -> SendReading:  # type: ignore[empty-body]
        """Read what the gateway answered, whatever it is; what cannot be read is UNREACHABLE. Required."""

    @_hookspec(firstresult=True)
    def read_report(self, request: EventRequest) -> ReportReading:  # type: ignore[empty-body]
        """Prove and read a delivery report, whatever it is. Required."""


REQUIRED_CHANNEL_HOOKS = ("describe_channel", "plan_send", "read_send_answer", "read_report")
