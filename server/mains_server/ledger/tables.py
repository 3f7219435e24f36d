"""Tables of the ledger: immutable transactions whose entries sum to zero per currency. Append-only by trigger."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mains_server.db.columns import instant, key, money, owner, reference


class LedgerTransaction(SQLModel, table=True):
    """One booking, done once by its key: what happened (kind, document), when it takes effect, when it was booked."""

    __tablename__ = "ledger_transaction"
    __table_args__ = (UniqueConstraint("customer_id", "key", name="ledger_booked_once"),)

    id: int = key()
    customer_id: int = owner()
    key: str
    kind: str
    document_id: int = reference()
    effective_on: date
    booked_at: datetime = instant()


class LedgerEntry(SQLModel, table=True):
    """One amount on one account; debits are positive, credits negative."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        Index("ledger_entry_transaction", "transaction_id"),
        Index("ledger_entry_receivable", "customer_id", postgresql_where=text("account = 'receivable'")),
    )

    id: int = key()
    customer_id: int = owner()
    transaction_id: int = reference()
    account: str
    currency: str
    amount: Decimal = money()


class CustomerBalance(SQLModel, table=True):
    """The view of what a customer owes by the ledger, in one currency; negative is the customer's credit."""

    __tablename__ = "customer_balance"
    __table_args__ = ({"info": {"view_of": "ledger_entry"}},)

    customer_id: int = owner()
    currency: str = Field(primary_key=True)
    balance: Decimal = money()
