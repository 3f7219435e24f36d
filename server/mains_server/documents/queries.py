"""Questions to the documents room: what a sheet is made of, which documents there are, and whose they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import any_, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import BigInteger
from sqlmodel import col

from mains_server.documents.records import (
    DocumentFile,
    DocumentKind,
    DocumentLanguage,
    DocumentWanted,
    InvoiceOwned,
    Sheet,
    StoredDocument,
)
from mains_server.documents.rules import language_of
from mains_server.documents.tables import InvoiceDocument, InvoiceSheet

SHEETS = TypeAdapter(Sheet)

# What had been paid when the invoice was issued: money that was there on that day.
INVOICES = """
select i.id, i.customer_id, i.contract_id, i.adapter, i.document_number, i.kind, i.period_from, i.period_to,
    i.issued_on, i.due_on, i.currency, i.net, i.tax, i.support, i.total, i.customer_name, i.billing_address,
    i.supply_address,
    i.payment_reference, i.corrects_invoice_id, o.document_number as corrected_number, o.issued_on as corrected_on,
    o.kind as corrected_kind,
    s.name as seller_name, s.registration_number as seller_registration, s.vat_number as seller_vat,
    s.address as seller_address, s.iban as seller_iban,
    c.number as customer_number, c.kind as customer_kind, c.language, c.registration_number, c.vat_number,
    c.address_country, k.number as contract_number, k.product,
    w.reason as correction_reason, w.note as correction_note, w.rating_group_id as correction_group_id,
    case when i.kind = 'CREDIT' then 0 else coalesce((
        select sum(a.amount) from payment_allocation a
        join payment p on p.id = a.payment_id and p.customer_id = a.customer_id
        where a.invoice_id = i.id and a.customer_id = i.customer_id and p.received_on <= i.issued_on), 0)
    end::numeric(14, 2) as prepaid,
    coalesce((select sum(u.amount) from prepaid_use u where u.invoice_id = i.id and u.customer_id = i.customer_id), 0)
        ::numeric(14, 2) as levelled
from invoice i
join seller s on s.id = i.seller_id
join customer c on c.id = i.customer_id
join contract k on k.id = i.contract_id and k.customer_id = i.customer_id
left join invoice o on o.id = i.corrects_invoice_id and o.customer_id = i.customer_id
left join correction w on w.invoice_id = i.corrects_invoice_id and w.customer_id = i.customer_id
    and i.id in (w.credit_note_id, w.replacement_id)
where i.id = any(cast(:ids as bigint[])) order by i.id
"""
LINES = """
select invoice_id, position, code, period_from, period_to, quantity, unit, unit_price, price_unit, net, tax_code,
    tax_rate, is_after_tax, quality, supply_point_id
from invoice_line where invoice_id = any(cast(:ids as bigint[])) order by invoice_id, position
"""
TAXES = """
select invoice_id, tax_code, rate, base, tax from invoice_tax
where invoice_id = any(cast(:ids as bigint[])) order by invoice_id, rate, id
"""
# Why earlier bills were corrected whose differences stand on an invoice, the last correction last.
SETTLEMENTS = """
select s.booked_invoice_id as invoice_id, s.code, o.document_number as document, w.reason as correction_reason,
    w.note as correction_note, w.rating_group_id as correction_group_id
from settlement_line s
join correction w on w.id = s.correction_id and w.customer_id = s.customer_id
join invoice o on o.id = s.invoice_id and o.customer_id = s.customer_id
where s.booked_invoice_id = any(cast(:ids as bigint[])) and s.net <> 0 order by s.booked_invoice_id, s.id
"""
POINTS = """
select i.id as invoice_id, p.id, p.identifier, s.starts, s.ends,
    concat_ws(', ', p.address_line, p.address_city, p.address_postcode) as address,
    (select coalesce(array_agg(m.serial), '{}') from meter m where m.supply_point_id = p.id) as serials
from invoice i
join contract_supply_point s on s.contract_id = i.contract_id and s.customer_id = i.customer_id
    and s.starts < i.period_to and (s.ends is null or s.ends > i.period_from)
join supply_point p on p.id = s.supply_point_id
where i.id = any(cast(:ids as bigint[])) order by i.id, p.id, s.starts
"""
OWNERS = """
select i.id, i.customer_id, i.contract_id, i.adapter, c.language from invoice i join customer c on c.id = i.customer_id
where i.id = any(cast(:ids as bigint[])) order by i.id
"""
UNMADE = """
select i.id, i.customer_id, i.contract_id, i.adapter, c.language from invoice i join customer c on c.id = i.customer_id
where i.id between :first and :last
    and (select count(*) from invoice_document d
         where d.invoice_id = i.id and d.customer_id = i.customer_id
             and (d.kind = 'XML' or d.language = case when lower(substr(c.language, 1, 2)) in ('lv', 'ru')
                 then upper(substr(c.language, 1, 2)) else 'EN' end)) < :kinds
order by i.id
"""
LAST_OF = "select max(id) from (select id from invoice where id >= :first order by id limit :most) i"
IN_PERIOD = """
select i.id, i.customer_id, i.contract_id, i.adapter, c.language from invoice i join customer c on c.id = i.customer_id
where i.customer_id = any(cast(:customers as bigint[])) and (:contract is null or i.contract_id = :contract)
    and i.issued_on >= :starts and i.issued_on < :ends
order by i.issued_on, i.id
limit :most
"""


async def invoice_rows(session: AsyncSession, *, invoice_ids: Sequence[int]) -> Sequence[Any]:
    """Read invoices with their sellers, customers and contracts."""
    return (await session.execute(text(INVOICES), {"ids": list(invoice_ids)})).all()


async def rows_by_invoice(
    session: AsyncSession, *, statement: str, invoice_ids: Sequence[int]
) -> Mapping[int, Sequence[Any]]:
    """Read rows that belong to invoices by one of the statements above, by invoice."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in await session.execute(text(statement), {"ids": list(invoice_ids)}):
        found[row.invoice_id].append(row)
    return found


async def owners_of(session: AsyncSession, *, invoice_ids: Sequence[int]) -> dict[int, InvoiceOwned]:
    """Tell whose invoices are, by id; an id that no invoice has is left out."""
    rows = await session.execute(text(OWNERS), {"ids": list(invoice_ids)})
    return {row.id: _owned(row) for row in rows}


async def invoices_without_documents(session: AsyncSession, *, first: int, last: int) -> tuple[InvoiceOwned, ...]:
    """List the invoices from one id to another that lack a document in their customer's language."""
    rows = await session.execute(text(UNMADE), {"first": first, "last": last, "kinds": len(DocumentKind)})
    return tuple(_owned(row) for row in rows)


async def last_invoice_of(session: AsyncSession, *, first: int, most: int) -> int | None:
    """Give the last id of so many invoices from one on, in the order of ids; None where there is none any more."""
    found: int | None = await session.scalar(text(LAST_OF), {"first": first, "most": most})
    return found


async def invoices_issued(
    session: AsyncSession, *, customers: Sequence[int], contract_id: int | None, starts: date, ends: date, most: int
) -> tuple[InvoiceOwned, ...]:
    """List what customers were issued on the days from `starts` up to but without `ends`, on one contract or all."""
    asked = {"customers": list(customers), "contract": contract_id, "starts": starts, "ends": ends, "most": most}
    statement = text(IN_PERIOD.replace(":contract", "cast(:contract as bigint)"))
    return tuple(_owned(row) for row in await session.execute(statement, asked))


async def sheets_of(session: AsyncSession, *, invoice_ids: Sequence[int]) -> dict[int, Sheet]:
    """Read the sheets that are written already, by invoice."""
    wanted = select(col(InvoiceSheet.sheet)).where(col(InvoiceSheet.invoice_id) == _among(invoice_ids))
    found = (SHEETS.validate_python(written) for written in await session.scalars(wanted))
    return {sheet.invoice_id: sheet for sheet in found}


async def documents_of(session: AsyncSession, *, invoice_ids: Sequence[int]) -> tuple[StoredDocument, ...]:
    """List the documents that invoices have, without their content."""
    row = InvoiceDocument
    columns = (row.invoice_id, row.kind, row.language, row.file_name, row.sha256, row.size, row.made_at)
    wanted = (
        select(*map(col, columns))
        .where(col(row.invoice_id) == _among(invoice_ids))
        .order_by(col(row.invoice_id), col(row.kind), col(row.language))
    )
    return tuple(_stored(found) for found in await session.execute(wanted))


async def document_file(session: AsyncSession, *, wanted: DocumentWanted) -> DocumentFile | None:
    """Read a document with its content; None where it has not been made."""
    row = await session.scalar(
        select(InvoiceDocument).where(
            col(InvoiceDocument.invoice_id) == wanted.invoice_id,
            col(InvoiceDocument.kind) == wanted.kind,
            col(InvoiceDocument.language) == wanted.language,
        )
    )
    return None if row is None else DocumentFile(document=_stored(row), content=row.content)


def _among(ids: Sequence[int]) -> Any:
    return any_(literal(list(ids), ARRAY(BigInteger())))


def _owned(row: Any) -> InvoiceOwned:
    return InvoiceOwned(
        invoice_id=row.id,
        customer_id=row.customer_id,
        contract_id=row.contract_id,
        adapter=row.adapter,
        language=language_of(row.language),
    )


def _stored(row: Any) -> StoredDocument:
    return StoredDocument(
        invoice_id=row.invoice_id,
        kind=DocumentKind(row.kind),
        language=DocumentLanguage(row.language),
        file_name=row.file_name,
        sha256=row.sha256,
        size=row.size,
        made_at=row.made_at,
    )
