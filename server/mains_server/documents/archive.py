"""Archives: all invoices that a customer was issued in a period, as one ZIP or one spreadsheet."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Iterable, Sequence

from mains_server.access.records import Permission, Refusal, Viewer
from mains_server.db.unit_of_work import read_session
from mains_server.documents import queries
from mains_server.documents.links import ArchiveAsked, ArchiveForm
from mains_server.documents.operations import Press, make_documents, sheets_of_invoices
from mains_server.documents.records import DocumentFile, DocumentKind, DocumentWanted, InvoiceOwned
from mains_server.documents.rules import wanted
from mains_server.documents.spreadsheet import spreadsheet

INVOICES_MAX = 400
MADE_AT_ONCE_MAX = 120
DAYS_MAX = 3_660
"""Ten years and a bit, as long as accounting registers are kept."""


class ArchiveTooLarge(Refusal):
    """The period has more invoices than one archive holds."""

    code = "ARCHIVE_TOO_LARGE"


class ArchiveNotReady(Refusal):
    """Many documents of the period have to be made first; each time somebody asks, some more are."""

    code = "ARCHIVE_NOT_READY"
    is_retryable = True


def may_see(viewer: Viewer, *, customer_id: int, contract_id: int | None) -> bool:
    """Tell whether somebody sees the invoices of a contract, or of all contracts of a customer."""
    if viewer.is_staff:
        return True
    if contract_id is None:
        return customer_id in viewer.customers_with(Permission.VIEW)
    return viewer.may(Permission.VIEW, customer_id=customer_id, contract_id=contract_id)


async def archive_of(press: Press, *, asked: ArchiveAsked) -> bytes:
    """Put a period's invoices into one file; the caller has asked whether its reader may see them.

    Raises `ArchiveTooLarge`, and `ArchiveNotReady` where so much has to be made that a reader would wait too long.
    """
    owned = await _issued(press, asked=asked)
    if asked.form is ArchiveForm.CSV:
        sheets = await sheets_of_invoices(press, invoice_ids=[invoice.invoice_id for invoice in owned])
        ordered = [sheets[invoice.invoice_id] for invoice in owned]
        return await asyncio.to_thread(spreadsheet, ordered, language=asked.language)
    needed = [wanted(one, kind=kind, language=asked.language) for one in owned for kind in DocumentKind]
    await _make_missing(press, needed=needed, owned=owned)
    files = []
    for document in needed:
        async with read_session(press.engine) as session:
            found = await queries.document_file(session, wanted=document)
        assert found is not None, "what was made is there"
        files.append(found)
    return await asyncio.to_thread(_zipped, files)


async def _issued(press: Press, *, asked: ArchiveAsked) -> Sequence[InvoiceOwned]:
    async with read_session(press.engine) as session:
        owned = await queries.invoices_issued(
            session,
            customers=[asked.customer_id],
            contract_id=asked.contract_id,
            starts=asked.starts,
            ends=asked.ends,
            most=INVOICES_MAX + 1,
        )
    if len(owned) > INVOICES_MAX:
        raise ArchiveTooLarge(f"the period has more than {INVOICES_MAX} invoices; ask for a shorter one")
    return owned


async def _make_missing(press: Press, *, needed: Sequence[DocumentWanted], owned: Sequence[InvoiceOwned]) -> None:
    ids = [invoice.invoice_id for invoice in owned]
    async with read_session(press.engine) as session:
        there = await queries.documents_of(session, invoice_ids=ids)
    made = {(one.invoice_id, one.kind, one.language) for one in there}
    missing = [one for one in needed if (one.invoice_id, one.kind, one.language) not in made]
    if missing:
        await make_documents(press, wanted=missing[:MADE_AT_ONCE_MAX])
    if len(missing) > MADE_AT_ONCE_MAX:
        left = len(missing) - MADE_AT_ONCE_MAX
        raise ArchiveNotReady(f"{left} documents of this period are still to be made; ask again in a moment")


def _zipped(files: Iterable[DocumentFile]) -> bytes:
    """Pack files so that the same ones give the same archive, whenever it is packed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.document.file_name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.content)
    return packed.getvalue()
