"""Tables of the bank e-invoices room: accounts agreed on, files for banks, what is in them, and their handing over."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mains_server.db.columns import instant, key, money, owner, reference


class BankEinvoiceAccount(SQLModel, table=True):
    """That a contract's invoices are shown at an account in the customer's internet bank, until another is agreed."""

    __tablename__ = "bank_einvoice_account"
    __table_args__ = (
        Index(
            "bank_einvoice_account_holds",
            "customer_id",
            "contract_id",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
        Index("bank_einvoice_account_contract", "contract_id", "id"),
    )

    id: int = key()
    customer_id: int = owner()
    contract_id: int = reference()
    iban: str
    bank: str
    agreed_at: datetime = instant()
    agreed_by_person_id: int | None = reference(nullable=True)
    ended_at: datetime | None = instant(nullable=True)


class BankEinvoiceFile(SQLModel, table=True):
    """E-invoices of one utility for one bank, as one XML file; closed when it was made, null later. Append-only."""

    __tablename__ = "bank_einvoice_file"
    __table_args__ = (UniqueConstraint("bank", "day", "number", name="bank_einvoice_file_number"),)

    id: int = key()
    adapter: str
    bank: str
    day: date
    number: int
    invoices: int
    total: Decimal = money()
    currency: str
    sha256: str
    size: int
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
    made_at: datetime = instant()
    made_by_person_id: int | None = reference(nullable=True)


class BankEinvoiceEntry(SQLModel, table=True):
    """An invoice in a file for a bank; what is delivered once is in one file. Append-only."""

    __tablename__ = "bank_einvoice_entry"
    __table_args__ = (
        UniqueConstraint("customer_id", "delivery_id", name="bank_einvoice_entry_once"),
        Index("bank_einvoice_entry_file", "file_id", "position"),
    )

    id: int = key()
    customer_id: int = owner()
    file_id: int = reference()
    position: int
    delivery_id: int = reference()
    invoice_id: int = reference()
    iban: str
    to_pay: Decimal = money()


class BankEinvoiceHandover(SQLModel, table=True):
    """That an employee handed a file over to its bank, once. Append-only."""

    __tablename__ = "bank_einvoice_handover"
    __table_args__ = (UniqueConstraint("file_id", name="bank_einvoice_handover_once"),)

    id: int = key()
    file_id: int = reference()
    at: datetime = instant()
    person_id: int | None = reference(nullable=True)
