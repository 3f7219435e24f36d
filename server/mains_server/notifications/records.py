"""What leaves the notifications room: topics, channels, messages to send, and notices as they were sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from mains_server.delivery.records import ReceiptOutcome


class Topic(Enum):
    """What a notice is about; people choose their channels by it. UTILITY: a topic of a utility's own."""

    INVOICE = "INVOICE"
    PAYMENT = "PAYMENT"
    REMINDER = "REMINDER"
    OUTAGE = "OUTAGE"
    READING_WINDOW = "READING_WINDOW"
    CONTRACT = "CONTRACT"
    OFFERS = "OFFERS"
    ACCOUNT = "ACCOUNT"
    UTILITY = "UTILITY"


class Channel(Enum):
    """By which road a notice goes; PORTAL is the inbox of the portal, where every notice to a customer is shown."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    POST = "POST"
    PORTAL = "PORTAL"


class NoticeState(Enum):
    """How a notice stands. SENT: handed over. DELIVERED: said to have arrived, printed, or shown in the portal."""

    WAITING = "WAITING"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    SUPERSEDED = "SUPERSEDED"


class ReportOutcome(Enum):
    """What a gateway or mail server says of a notice: the words of `DeliveryOutcome`, and PUT_OFF of mail servers."""

    ON_ITS_WAY = "ON_ITS_WAY"
    PUT_OFF = "PUT_OFF"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Money in a message."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Words of somebody's in a message: as they were written, and in the languages they were written in besides."""

    words: str
    lv: str | None = None
    en: str | None = None
    ru: str | None = None

    def said(self, language: str) -> str:
        """Give the words for who reads a language."""
        return {"lv": self.lv, "en": self.en, "ru": self.ru}.get(language) or self.words


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFee:
    """What one text message costs who chose it and accepted that: one of a fee of a contract."""

    contract_id: int
    code: str


Value = str | int | date | datetime | Decimal | Amount | Spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who is told: a customer or a person by the addresses that we have, or an address that somebody gave.

    `language` is asked for only where neither is known, or another language than theirs is wanted.
    """

    customer_id: int | None = None
    person_id: int | None = None
    email: str | None = None
    phone: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to tell somebody once.

    `occasion` names what it is about, such as `invoice ready 17`: the same occasion is told once, however often it is
    asked. `secrets` are values that are sealed until they are sent, and never shown again: codes and links.
    `channels` are tried in this order; without them those of the topic, as the customer prefers. `holds_until` is when
    it becomes pointless, such as a code that has run out. `adapter` is the utility that it is of, which may word it;
    `fee` is what it costs by text message who chose that for the topic and accepted the fee. `own_topic` is the code of
    the utility's own topic where the topic is UTILITY, and `may_refuse` whether nobody has to be told of that.
    """

    occasion: str
    topic: Topic
    template: str
    to: Recipient
    values: Mapping[str, Value] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[Channel, ...] = ()
    holds_until: datetime | None = None
    adapter: str | None = None
    fee: TextFee | None = None
    own_topic: str | None = None
    may_refuse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A notice in words, with the fingerprint of the template that they were made of."""

    subject: str
    body: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Whom a message reaches where: what is known of the recipient. `preferred_own` is by utility and its own topic."""

    customer_id: int | None
    person_id: int | None
    name: str
    language: str
    email: str | None
    phone: str | None
    postal: str | None
    time_zone: str
    preferred: Mapping[Topic, tuple[Channel, ...]]
    accepts_fees: frozenset[Topic] = frozenset()
    preferred_own: Mapping[tuple[str, str], tuple[Channel, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingNotice:
    """A notice that is due, held by whoever sends it."""

    id: int
    customer_id: int | None
    person_id: int | None
    occasion: str
    number: int
    topic: Topic
    template: str
    language: str
    channel: Channel
    others: tuple[Channel, ...]
    address: str
    subject: str
    body: str
    values: Mapping[str, Any]
    sealed: bytes | None
    tries: int
    holds_until: datetime | None
    adapter: str | None = None
    fee_contract_id: int | None = None
    fee_code: str | None = None
    own_topic: str | None = None
    may_refuse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What the other side answered when a notice was handed over.

    `gateway` and what follows are told of text messages: the gateway's name of the message, what it counted and costs
    us before tax, when it may come again, and the words to keep where others than those asked for were sent.
    """

    outcome: ReceiptOutcome
    detail: str
    gateway: str | None = None
    message_id: str | None = None
    segments: int | None = None
    cost: Decimal | None = None
    currency: str | None = None
    again_in: timedelta | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedNotice:
    """A notice that waits for the printer; `has_secret` where a code or link would be printed.

    `adapter` is the utility that it is about, which it is from; None where it is about none.
    """

    id: int
    name: str
    address: str
    language: str
    subject: str
    body: str
    has_secret: bool
    holds_until: datetime | None
    occasion: str
    adapter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtFile:
    """A file that came with a message of a demonstration; `path` is where the server gives it, if it does."""

    name: str
    media_type: str
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtMessage:
    """What a demonstration would have sent, as its addressee reads it."""

    channel: Channel
    to: str
    subject: str
    text: str
    at: datetime
    files: tuple[CaughtFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """Notices that are printed together, without the file itself."""

    id: int
    made_at: datetime
    letters: int
    sha256: str
    size: int
    posted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """By which channels a customer hears of a topic, chosen or as it is usual; UTILITY is one of a utility's own."""

    topic: Topic
    channels: tuple[Channel, ...]
    is_chosen: bool
    is_refusable: bool
    accepts_fees: bool = False
    adapter: str | None = None
    own_topic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """By which channels a customer wants to hear of a topic, and whether what text messages cost is accepted."""

    customer_id: int
    topic: Topic
    channels: tuple[Channel, ...]
    accepts_fees: bool = False
    adapter: str | None = None
    own_topic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUpEvent:
    """An event that nobody could take."""

    id: int
    kind: str
    failure: str
    tries: int
    occurred_at: datetime
    given_up_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, as its room wrote it down."""

    id: int
    kind: str
    customer_id: int | None
    payload: Mapping[str, Any]
    occurred_at: datetime
    tries: int
