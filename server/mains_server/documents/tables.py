"""Tables of the documents room: sheets and documents, each written once and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from mains_server.db.columns import choice, document, instant, key, owner, reference
from mains_server.documents.records import DocumentKind, DocumentLanguage


class InvoiceSheet(SQLModel, table=True):
    """All that is printed of an invoice, as it was found when its first document was made."""

    __tablename__ = "invoice_sheet"
    __table_args__ = (
        UniqueConstraint("customer_id", "invoice_id", name="invoice_sheet_once"),
        Index("invoice_sheet_invoice", "invoice_id"),
    )

    id: int = key()
    customer_id: int = owner()
    invoice_id: int = reference()
    sheet: Any = document()
    written_at: datetime = instant()


class InvoiceDocument(SQLModel, table=True):
    """A file of an invoice with its SHA-256, in the database so that books and documents are one backup."""

    __tablename__ = "invoice_document"
    __table_args__ = (
        UniqueConstraint("customer_id", "invoice_id", "kind", "language", name="invoice_document_once"),
        Index("invoice_document_invoice", "invoice_id", "kind", "language"),
    )

    id: int = key()
    customer_id: int = owner()
    invoice_id: int = reference()
    contract_id: int = reference()
    kind: DocumentKind = choice(DocumentKind)
    language: DocumentLanguage = choice(DocumentLanguage)
    file_name: str
    sha256: str
    size: int
    content: bytes = Field(sa_type=LargeBinary)
    made_at: datetime = instant()
