"""Tables of the notifications room: notices, each with the words that were sent, and what customers prefer."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mains_server.db.columns import choice, document, instant, key, owner, reference, unit_price, words
from mains_server.notifications.records import Channel, NoticeState, ReportOutcome, Topic


class Notice(SQLModel, table=True):
    """One notice by one channel; number 1 was the first choice, later ones followed where it did not get through.

    A notice to an address that belongs to nobody yet, such as one that registers, has neither customer nor person.
    `superseded_by_id` is the notice of the last word on what it is about, whether or not it had left before that.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("occasion", "number", name="notice_once"),
        Index("notice_customer", "customer_id", "created_at", "id"),
        Index("notice_person", "person_id", "created_at", "id"),
        Index("notice_created", "created_at", "id"),
        Index("notice_mailing_letters", "mailing_id", postgresql_where=text("mailing_id is not null")),
        Index("notice_waiting", "channel", "next_try_at", "id", postgresql_where=text("state = 'WAITING'")),
    )

    id: int = key()
    customer_id: int | None = reference(nullable=True)
    person_id: int | None = reference(nullable=True)
    occasion: str
    number: int
    topic: Topic = choice(Topic)
    template: str
    template_version: str
    adapter: str | None = None
    language: str
    channel: Channel = choice(Channel)
    others: list[str] = words()
    address: str | None = None
    subject: str
    body: str
    values: Any = document()
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    state: NoticeState = choice(NoticeState)
    detail: str | None = None
    tries: int = 0
    next_try_at: datetime | None = instant(nullable=True)
    holds_until: datetime | None = instant(nullable=True)
    created_at: datetime = instant()
    sent_at: datetime | None = instant(nullable=True)
    delivered_at: datetime | None = instant(nullable=True)
    gateway: str | None = None
    message_id: str | None = None
    segments: int | None = None
    cost: Decimal | None = unit_price(nullable=True)
    currency: str | None = None
    reported_at: datetime | None = instant(nullable=True)
    mailing_id: int | None = reference(nullable=True)
    superseded_by_id: int | None = reference(nullable=True)
    fee_contract_id: int | None = reference(nullable=True)
    fee_code: str | None = None
    own_topic: str | None = None
    may_refuse: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})


class NoticeMailing(SQLModel, table=True):
    """Notices that are printed together, as one ZIP; closed when it was made, and posted when an employee says so.

    The ZIP is null some time later.
    """

    __tablename__ = "notice_mailing"

    id: int = key()
    made_at: datetime = instant()
    made_by_person_id: int = reference()
    letters: int
    sha256: str
    size: int
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
    posted_at: datetime | None = instant(nullable=True)
    posted_by_person_id: int | None = reference(nullable=True)


class NoticeReport(SQLModel, table=True):
    """What a gateway reported of a text message or a mail server (`gateway` is `mail`) answered, each once."""

    __tablename__ = "notice_report"
    __table_args__ = (
        UniqueConstraint("gateway", "report_id", name="notice_report_once"),
        Index("notice_report_notice", "notice_id", "id"),
    )

    id: int = key()
    notice_id: int = reference()
    customer_id: int | None = reference(nullable=True)
    person_id: int | None = reference(nullable=True)
    gateway: str
    report_id: str
    outcome: ReportOutcome = choice(ReportOutcome)
    reason: str | None = None
    occurred_at: datetime = instant()
    received_at: datetime = instant()


class NoticePreference(SQLModel, table=True):
    """By which channels a customer wants to hear of a topic, the first first; none: of what may be refused, nothing.

    `adapter` and `own_topic` are empty except for a topic of a utility's own.
    """

    __tablename__ = "notice_preference"
    __table_args__ = (UniqueConstraint("customer_id", "topic", "adapter", "own_topic", name="notice_preference_once"),)

    id: int = key()
    customer_id: int = owner()
    topic: Topic = choice(Topic)
    channels: list[str] = words()
    changed_at: datetime = instant()
    fees_accepted_at: datetime | None = instant(nullable=True)
    adapter: str = Field(default="", sa_column_kwargs={"server_default": ""})
    own_topic: str = Field(default="", sa_column_kwargs={"server_default": ""})


class Announcement(SQLModel, table=True):
    """What employees tell customers of a utility, about one of its own topics, in three languages."""

    __tablename__ = "announcement"
    __table_args__ = (Index("announcement_made", "made_at", "id"),)

    id: int = key()
    adapter: str
    topic: str
    is_refusable: bool
    channels: list[str] = words()
    words: Any = document()
    city: str | None = None
    postcode: str | None = None
    street: str | None = None
    contracts: int | None = None
    customers: int
    made_at: datetime = instant()
    made_by_person_id: int = reference()


class AnnouncementRecipient(SQLModel, table=True):
    """A customer whom an announcement is for, and when the notice was made."""

    __tablename__ = "announcement_recipient"
    __table_args__ = (
        UniqueConstraint("announcement_id", "customer_id", name="announcement_recipient_once"),
        Index("announcement_recipient_waiting", "id", postgresql_where=text("told_at is null")),
        Index("announcement_recipient_customer", "customer_id"),
    )

    id: int = key()
    announcement_id: int = reference()
    customer_id: int = owner()
    told_at: datetime | None = instant(nullable=True)
