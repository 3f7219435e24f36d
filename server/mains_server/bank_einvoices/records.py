"""What leaves the bank e-invoices room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from mains_server.documents.records import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class EinvoiceAccount:
    """The account that a contract's invoices are shown at, and its bank by BIC."""

    contract_id: int
    iban: str
    bank: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankInvoice:
    """An invoice for a bank: what it says, whom it is shown to, and what is still to be paid, never below 0."""

    sheet: Sheet
    iban: str
    bank: str
    to_pay: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFile:
    """E-invoices that go to one bank together; closed when it was made. `total` is what is to be paid on them."""

    id: int
    adapter: str
    bank: str
    day: date
    number: int
    invoices: int
    total: Decimal
    currency: str
    sha256: str
    size: int
    made_at: datetime
    handed_over_at: datetime | None

    @property
    def name(self) -> str:
        """Name the file as it is downloaded and as receipts say it."""
        return file_name(self.bank, day=self.day, number=self.number)


def file_id(day: date, *, number: int) -> str:
    """Number a file among those that one bank gets, in at most 20 characters."""
    return f"{day:%Y%m%d}-{number:03d}"


def file_name(bank: str, *, day: date, number: int) -> str:
    """Name a file by its bank and number."""
    return f"einvoices-{bank}-{file_id(day, number=number)}.xml"
