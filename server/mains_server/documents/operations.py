"""Makes documents: writes the sheet of an invoice once, and from it each document once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.util import find_spec

import orjson
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.access.records import Refusal
from mains_server.adapters.host import AdapterHost
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.documents import queries
from mains_server.documents.gathering import gather_sheets
from mains_server.documents.printing import print_invoice
from mains_server.documents.records import DocumentFile, DocumentKind, DocumentLanguage, DocumentWanted, Sheet
from mains_server.documents.rules import file_name
from mains_server.documents.spreadsheet import spreadsheet
from mains_server.documents.tables import InvoiceDocument, InvoiceSheet
from mains_server.documents.ubl import e_invoice
from mains_server.payments.operations import apply_credit

NEEDS = ("facturx", "fontpkg_source_sans_3", "segno", "typst")
Documents = Sequence[tuple[Sheet, DocumentWanted, bytes]]


class DocumentsExtraMissing(Exception):
    """The libraries that print are not installed."""

    def __init__(self) -> None:
        super().__init__("install `mains[documents]` to make documents")


class AdapterSilent(Refusal):
    """The utility's adapter is set aside, so nobody knows its words; what is printed now would stay without them."""

    code = "ADAPTER_SILENT"
    is_retryable = True


class InvoiceUnknown(LookupError):
    """There is no such invoice to print."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What documents are made with: the database, the adapters, and the moment."""

    engine: AsyncEngine
    host: AdapterHost
    now: datetime


async def document_of(press: Press, *, wanted: DocumentWanted) -> DocumentFile:
    """Give a document, making it if nobody has yet."""
    async with read_session(press.engine) as session:
        found = await queries.document_file(session, wanted=wanted)
    if found is None:
        await make_documents(press, wanted=[wanted])
        async with read_session(press.engine) as session:
            found = await queries.document_file(session, wanted=wanted)
    assert found is not None, "what was made is there"
    return found


async def make_documents(press: Press, *, wanted: Sequence[DocumentWanted]) -> int:
    """Make documents that are not there yet, and count what this call added; two at once add each only once.

    An e-invoice is one document for everybody: ask for it in its customer's language.
    """
    require_libraries()
    sheets = await sheets_of_invoices(press, invoice_ids=sorted({one.invoice_id for one in wanted}))
    made = await asyncio.to_thread(_make_all, sheets, wanted)
    async with unit_of_work(press.engine) as session:
        return await _store(session, documents=made, now=press.now)


async def sheets_of_invoices(press: Press, *, invoice_ids: Sequence[int]) -> Mapping[int, Sheet]:
    """Give the sheets of invoices, writing those that are not written yet; of two at once the first one's stays.

    Raises `InvoiceUnknown`, and `AdapterSilent` where an adapter is broken. Customers' credit is put on their invoices
    first, as the billing run does, so that the sheet says what is to be paid.
    """
    async with read_session(press.engine) as session:
        written = await queries.sheets_of(session, invoice_ids=invoice_ids)
        owners = await queries.owners_of(session, invoice_ids=invoice_ids)
    lacking = [invoice_id for invoice_id in invoice_ids if invoice_id not in written]
    unknown = [invoice_id for invoice_id in lacking if invoice_id not in owners]
    if unknown:
        raise InvoiceUnknown(f"there is no invoice with the id {unknown[0]}")
    if not lacking:
        return written
    _require_words(press.host, adapters={owners[invoice_id].adapter for invoice_id in lacking})
    async with unit_of_work(press.engine) as session:
        customers = sorted({owners[invoice_id].customer_id for invoice_id in lacking})
        await apply_credit(session, customer_ids=customers, now=press.now)
    async with read_session(press.engine) as session:
        gathered = await gather_sheets(session, host=press.host, invoice_ids=lacking, now=press.now)
    async with unit_of_work(press.engine) as session:
        await _write_sheets(session, sheets=gathered, now=press.now)
    async with read_session(press.engine) as session:
        return await queries.sheets_of(session, invoice_ids=invoice_ids)


def _require_words(host: AdapterHost, *, adapters: Collection[str]) -> None:
    """Refuse where an adapter is broken; the invoices of one that is gone for good are printed with its codes."""
    for adapter in host.adapters:
        if adapter.name in adapters and not adapter.is_active:
            raise AdapterSilent(f"adapter {adapter.name} is set aside: {adapter.reason}; try again once it works")


def require_libraries() -> None:
    """Refuse to begin where the extra `documents` is not installed."""
    if any(find_spec(name) is None for name in NEEDS):
        raise DocumentsExtraMissing


def make_document(sheet: Sheet, *, kind: DocumentKind, language: DocumentLanguage) -> bytes:
    """Make one document of a sheet; the same sheet, kind and language give the same bytes."""
    makers: Mapping[DocumentKind, Callable[[], bytes]] = {
        DocumentKind.XML: lambda: e_invoice(sheet),
        DocumentKind.CSV: lambda: spreadsheet([sheet], language=language),
        DocumentKind.PDF: lambda: print_invoice(sheet, language=language, e_invoice=e_invoice(sheet)),
    }
    return makers[kind]()


def _make_all(sheets: Mapping[int, Sheet], wanted: Iterable[DocumentWanted]) -> Documents:
    return [
        (sheets[one.invoice_id], one, make_document(sheets[one.invoice_id], kind=one.kind, language=one.language))
        for one in wanted
    ]


async def _write_sheets(session: AsyncSession, *, sheets: Iterable[Sheet], now: datetime) -> None:
    rows = [
        {
            "customer_id": sheet.customer_id,
            "invoice_id": sheet.invoice_id,
            "sheet": orjson.loads(queries.SHEETS.dump_json(sheet)),
            "written_at": now,
        }
        for sheet in sheets
    ]
    statement = postgresql.insert(InvoiceSheet).on_conflict_do_nothing(constraint="invoice_sheet_once")
    await session.execute(statement, rows)


async def _store(session: AsyncSession, *, documents: Documents, now: datetime) -> int:
    added = 0
    statement = postgresql.insert(InvoiceDocument).on_conflict_do_nothing(constraint="invoice_document_once")
    for sheet, one, content in documents:
        row = {
            "customer_id": sheet.customer_id,
            "invoice_id": sheet.invoice_id,
            "contract_id": sheet.contract_id,
            "kind": one.kind,
            "language": one.language,
            "file_name": file_name(sheet, kind=one.kind, language=one.language),
            "sha256": sha256(content).hexdigest(),
            "size": len(content),
            "content": content,
            "made_at": now,
        }
        added += (await session.execute(statement.values(row))).rowcount  # type: ignore[attr-defined]
    return added
