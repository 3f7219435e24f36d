"""Tables of the applications room: applications, what was answered, and their steps."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from mains_server.applications.records import ApplicationState, StepKind
from mains_server.db.columns import choice, instant, key, money, reference


class Application(SQLModel, table=True):
    """An application as it stands; `result_contract_id` is the contract that came of it."""

    __tablename__ = "application"
    __table_args__ = (
        Index("application_person", "person_id", "created_at", "id"),
        Index("application_customer", "customer_id", "created_at", "id"),
        Index("application_created", "created_at", "id"),
    )

    id: int = key()
    person_id: int = reference("person.id")
    customer_id: int | None = reference("customer.id", nullable=True)
    contract_id: int | None = reference(nullable=True)
    adapter: str
    type: str
    state: ApplicationState = choice(ApplicationState)
    offer_amount: Decimal | None = money(nullable=True)
    offer_currency: str | None = None
    offer_until: date | None = None
    result_contract_id: int | None = reference(nullable=True)
    created_at: datetime = instant()
    changed_at: datetime = instant()


class ApplicationAnswer(SQLModel, table=True):
    """What was answered to a field of the form; never edited."""

    __tablename__ = "application_answer"
    __table_args__ = (
        UniqueConstraint("application_id", "field", name="application_answer_once"),
        Index("application_answer_order", "application_id", "id"),
    )

    id: int = key()
    application_id: int = reference("application.id")
    field: str
    value: str


class ApplicationStep(SQLModel, table=True):
    """A step that was taken: which, when, by whom, and what was written; never edited."""

    __tablename__ = "application_step"
    __table_args__ = (UniqueConstraint("application_id", "number", name="application_step_once"),)

    id: int = key()
    application_id: int = reference("application.id")
    number: int
    kind: StepKind = choice(StepKind)
    at: datetime = instant()
    person_id: int = reference("person.id")
    is_staff: bool
    note: str | None = None


class ApplicationAttachment(SQLModel, table=True):
    """A file that was sent to an application, its type told by its content; `size` is in bytes."""

    __tablename__ = "application_attachment"
    __table_args__ = (
        UniqueConstraint("application_id", "sha256", name="application_attachment_once"),
        Index("application_attachment_order", "application_id", "id"),
    )

    id: int = key()
    application_id: int = reference("application.id")
    person_id: int = reference("person.id")
    name: str
    media_type: str
    size: int
    sha256: str
    content: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = instant()
