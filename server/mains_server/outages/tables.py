"""Tables of the outages room: outages, their places and revisions, notices owed, and links to calendars."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import SQLModel

from mains_server.db.columns import choice, instant, key, owner, reference
from mains_server.outages.records import OutageChange, OutageKind, OutageNoticeState, OutageState


class Outage(SQLModel, table=True):
    """A planned interruption as it stands after its last revision."""

    __tablename__ = "outage"
    __table_args__ = (
        UniqueConstraint("reference", name="outage_reference"),
        CheckConstraint("starts < ends", name="outage_window"),
        Index("outage_starts", "starts", "id"),
    )

    id: int = key()
    reference: str
    kind: OutageKind = choice(OutageKind)
    commodity: str
    state: OutageState = choice(OutageState)
    revision: int
    starts: datetime = instant()
    ends: datetime = instant()
    cause: str
    cause_lv: str | None = None
    cause_en: str | None = None
    cause_ru: str | None = None
    note: str | None = None
    note_lv: str | None = None
    note_en: str | None = None
    note_ru: str | None = None
    is_late: bool
    announced_at: datetime = instant()
    changed_at: datetime = instant()


class OutagePlace(SQLModel, table=True):
    """A supply point, or a building, that an outage touches; `starts` is the outage's, for lists of a place."""

    __tablename__ = "outage_place"
    __table_args__ = (
        CheckConstraint("(supply_point_id is null) <> (building_id is null)", name="outage_place_one"),
        UniqueConstraint("outage_id", "supply_point_id", name="outage_place_point_once"),
        UniqueConstraint("outage_id", "building_id", name="outage_place_building_once"),
        Index("outage_place_outage", "outage_id", "id"),
        Index("outage_place_point", "supply_point_id", "starts", "id"),
        Index("outage_place_building", "building_id", "starts", "id"),
        Index("outage_place_starts", "starts", "id"),
    )

    id: int = key()
    outage_id: int = reference("outage.id")
    supply_point_id: int | None = reference("supply_point.id", nullable=True)
    building_id: int | None = reference("building.id", nullable=True)
    starts: datetime = instant()


class OutageRevision(SQLModel, table=True):
    """What was announced once: the window, the reason, by whom, and how many customers were to be told. Append-only."""

    __tablename__ = "outage_revision"
    __table_args__ = (UniqueConstraint("outage_id", "number", name="outage_revision_once"),)

    id: int = key()
    outage_id: int = reference("outage.id")
    number: int
    change: OutageChange = choice(OutageChange)
    starts: datetime = instant()
    ends: datetime = instant()
    note: str | None = None
    note_lv: str | None = None
    note_en: str | None = None
    note_ru: str | None = None
    is_late: bool
    notices: int
    at: datetime = instant()
    person_id: int | None = reference(nullable=True)


class OutageNotice(SQLModel, table=True):
    """That a customer must be told of a revision, once; taken by whoever sends it, unless superseded before."""

    __tablename__ = "outage_notice"
    __table_args__ = (
        UniqueConstraint("customer_id", "outage_id", "revision", name="outage_notice_once"),
        Index("outage_notice_outage", "outage_id", "id"),
        Index("outage_notice_owed", "id", postgresql_where=text("state = 'OWED'")),
    )

    id: int = key()
    customer_id: int = owner()
    outage_id: int = reference()
    revision: int
    change: OutageChange = choice(OutageChange)
    state: OutageNoticeState = choice(OutageNoticeState)
    is_late: bool
    created_at: datetime = instant()
    taken_at: datetime | None = instant(nullable=True)


class OutageCalendar(SQLModel, table=True):
    """A secret link to a person's outages; the secret is kept as a hash."""

    __tablename__ = "outage_calendar"
    __table_args__ = (
        UniqueConstraint("token_hash", name="outage_calendar_token"),
        Index("outage_calendar_person", "person_id", "id"),
    )

    id: int = key()
    person_id: int = reference("person.id")
    token_hash: str
    created_at: datetime = instant()
    revoked_at: datetime | None = instant(nullable=True)
