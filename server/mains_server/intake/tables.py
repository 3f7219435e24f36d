"""Tables of the intake room: one-time links, uploads with their rows, and text messages that came in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import SQLModel

from mains_server.db.columns import choice, instant, key, numbers, owner, reference
from mains_server.intake.records import RowOutcome, UploadMode, UploadStatus
from mains_server.metering.records import ReadingSource


class ReadingLink(SQLModel, table=True):
    """A link by which readings of one supply point may be sent in once without signing in; only its hash is kept."""

    __tablename__ = "reading_link"
    __table_args__ = (
        ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
        Index("reading_link_token", "token_hash"),
        Index("reading_link_contract", "contract_id", "created_at", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    supply_point_id: int = reference("supply_point.id")
    register_ids: list[int] = numbers()
    token_hash: str
    opens_at: datetime = instant()
    expires_at: datetime = instant()
    created_at: datetime = instant()
    created_by_person_id: int | None = reference("person.id", nullable=True)
    used_at: datetime | None = instant(nullable=True)
    revoked_at: datetime | None = instant(nullable=True)
    refused_count: int = 0


class LinkTries(SQLModel, table=True):
    """How often somebody at one network address tried links that there are not, since a moment; of it only a hash."""

    __tablename__ = "link_tries"
    __table_args__ = (UniqueConstraint("address_hash"), Index("link_tries_oldest", "starts_at"))

    id: int = key()
    address_hash: str
    starts_at: datetime = instant()
    tries: int


class ReadingUpload(SQLModel, table=True):
    """A file of readings: announced with who may send it and as what, then taken in or refused as a whole."""

    __tablename__ = "reading_upload"
    __table_args__ = (
        Index("reading_upload_token", "token_hash", unique=True),
        Index("reading_upload_person", "person_id", "created_at", "id"),
    )

    id: int = key()
    person_id: int = reference("person.id")
    building_id: int | None = reference("building.id", nullable=True)
    source: ReadingSource = choice(ReadingSource)
    mode: UploadMode = choice(UploadMode)
    status: UploadStatus = choice(UploadStatus)
    token_hash: str
    created_at: datetime = instant()
    expires_at: datetime = instant()
    name: str | None = None
    sha256: str | None = None
    taken_at: datetime | None = instant(nullable=True)
    code: str | None = None
    message: str | None = None


class ReadingUploadRow(SQLModel, table=True):
    """One row of an upload and what became of it; `line` is its line in the file, from 1."""

    __tablename__ = "reading_upload_row"
    __table_args__ = (Index("reading_upload_row_line", "upload_id", "line", "id", unique=True),)

    id: int = key()
    upload_id: int = reference("reading_upload.id")
    line: int
    outcome: RowOutcome = choice(RowOutcome)
    text: str
    code: str | None = None
    message: str | None = None
    reading_id: int | None = reference("reading.id", nullable=True)


class SmsInbound(SQLModel, table=True):
    """A text message that came in, once for each id of the gateway, and how it was answered."""

    __tablename__ = "sms_inbound"
    __table_args__ = (
        Index("sms_inbound_message", "gateway", "message_id", unique=True),
        Index("sms_inbound_newest", "received_at", "id"),
    )

    id: int = key()
    gateway: str
    message_id: str
    sender: str
    body: str
    received_at: datetime = instant()
    code: str | None = None
    reading_id: int | None = reference("reading.id", nullable=True)
    answer: str
