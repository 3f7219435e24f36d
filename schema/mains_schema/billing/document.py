"""Documents of invoices and archives of periods: links that hold for a quarter of an hour, made for who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import strawberry
from mains_server.consumption.rules import FIRST_DAY, LAST_DAY
from mains_server.db.unit_of_work import read_session
from mains_server.documents.archive import DAYS_MAX, INVOICES_MAX
from mains_server.documents.links import ArchiveAsked, ArchiveForm, DocumentAsked, DocumentLinks, expires_at
from mains_server.documents.queries import documents_of, owners_of
from mains_server.documents.records import DocumentKind, DocumentLanguage, InvoiceOwned, StoredDocument
from mains_server.documents.rules import MEDIA_TYPES, language_of, wanted

from mains_schema.declaring.errors import bad_input
from mains_schema.declaring.given import Given
from mains_schema.declaring.mapping import described
from mains_schema.declaring.resolve import Reads
from mains_schema.metering.consumption import PeriodInput

DOCUMENTS = "/documents/{token}"
DOCUMENT_ROWS_ABOUT = 3
ARCHIVE_ROWS_ABOUT = 10

described(
    DocumentKind,
    "What somebody can take away of an invoice.",
    {
        "PDF": "To read and print: PDF/A-3 with the e-invoice attached.",
        "XML": "E-invoice: UBL 2.1 by EN 16931 with the identifiers of Peppol BIS Billing 3.0.",
        "CSV": "For spreadsheets: one row a line; decimal comma and `;` but in English.",
    },
)
described(
    DocumentLanguage,
    "In which language a document speaks.",
    {"LV": "Latvian.", "EN": "English.", "RU": "Russian."},
)


@strawberry.type(description="A document of an invoice, as a link that its asker can open for a quarter of an hour.")
class InvoiceDocument:
    """One file."""

    kind: DocumentKind = strawberry.field(description="What it is.")
    language: DocumentLanguage = strawberry.field(
        description="The language it speaks. The e-invoice is one for everybody, in the customer's language."
    )
    media_type: str = strawberry.field(description="Such as `application/pdf`.")
    url: str = strawberry.field(
        description="Path on this server, to GET without a token. Whoever opens it must still be allowed to see the "
        "invoice, and the session that asked must still hold; else 404 `DOCUMENT_UNKNOWN`."
    )
    expires_at: datetime = strawberry.field(description="When the link ends; ask again for a new one.")
    sha256: str | None = strawberry.field(
        description="SHA-256 of the file in hexadecimal digits; it never changes. Null until the document is made, "
        "which happens after issue or when it is first opened."
    )
    size: int | None = strawberry.field(description="Bytes of the file; null until it is made.")
    made_at: datetime | None = strawberry.field(description="When it was made; null until then.")


@strawberry.type(description="All invoices of a period, as links that their asker can open for a quarter of an hour.")
class InvoiceArchive:
    """Two files."""

    zip_url: str = strawberry.field(
        description="Path to a ZIP with PDF, e-invoice and spreadsheet of each invoice. 503 `ARCHIVE_NOT_READY` where "
        f"much is still to be made: ask again. 422 `ARCHIVE_TOO_LARGE` beyond {INVOICES_MAX} invoices."
    )
    csv_url: str = strawberry.field(description="Path to one spreadsheet with a row for each line of all invoices.")
    expires_at: datetime = strawberry.field(description="When the links end; ask again for new ones.")


LANGUAGE = Given("language", DocumentLanguage | None, "In which language; the request's where none is given.")
DOCUMENT_GIVEN = (LANGUAGE,)
ARCHIVE_GIVEN = (
    Given("period", PeriodInput, f"Days of issue, from `from` up to but without `to`; at most {DAYS_MAX} of them."),
    LANGUAGE,
)


@dataclass(frozen=True, slots=True)
class _Documented:
    """What is known of an invoice's documents."""

    owner: InvoiceOwned
    made: tuple[StoredDocument, ...]


async def documents(
    reads: Reads, invoice_id: int, *, language: DocumentLanguage | None = None
) -> list[InvoiceDocument]:
    """Give links to an invoice's documents, those of a request together; none without a session to come back with."""
    if reads.viewer.session_id is None or reads.document_links is None:
        return []

    async def run(invoices: list[int]) -> list[_Documented]:
        return await _documented(reads, invoices)

    found: _Documented = await reads.load("documents", invoice_id, run)
    spoken = language or language_of(reads.language)
    return [_linked(reads, reads.document_links, found=found, kind=kind, language=spoken) for kind in DocumentKind]


async def _documented(reads: Reads, invoices: Sequence[int]) -> list[_Documented]:
    async with read_session(reads.engine) as session:
        owners = await owners_of(session, invoice_ids=invoices)
        made = await documents_of(session, invoice_ids=invoices)
    return [
        _Documented(owners[invoice], tuple(document for document in made if document.invoice_id == invoice))
        for invoice in invoices
    ]


def _linked(
    reads: Reads, links: DocumentLinks, *, found: _Documented, kind: DocumentKind, language: DocumentLanguage
) -> InvoiceDocument:
    assert reads.viewer.session_id is not None
    one = wanted(found.owner, kind=kind, language=language)
    made = next((part for part in found.made if (part.kind, part.language) == (one.kind, one.language)), None)
    asked = DocumentAsked(
        invoice_id=one.invoice_id, kind=one.kind, language=one.language, session_id=reads.viewer.session_id
    )
    return InvoiceDocument(
        kind=one.kind,
        language=one.language,
        media_type=MEDIA_TYPES[kind],
        url=DOCUMENTS.format(token=links.sign(asked, now=reads.now)),
        expires_at=expires_at(reads.now),
        sha256=None if made is None else made.sha256,
        size=None if made is None else made.size,
        made_at=None if made is None else made.made_at,
    )


async def archive_of_contract(
    reads: Reads, customer_id: int, contract_id: int, *, period: PeriodInput, language: DocumentLanguage | None = None
) -> InvoiceArchive | None:
    """Give links to what was issued on a contract, ended or not."""
    return _archive(reads, customer_id=customer_id, contract_id=contract_id, period=period, language=language)


async def archive_of_customer(
    reads: Reads, customer_id: int, *, period: PeriodInput, language: DocumentLanguage | None = None
) -> InvoiceArchive | None:
    """Give links to what was issued on all contracts of a customer."""
    return _archive(reads, customer_id=customer_id, contract_id=None, period=period, language=language)


def _archive(
    reads: Reads,
    *,
    customer_id: int,
    contract_id: int | None,
    period: PeriodInput,
    language: DocumentLanguage | None,
) -> InvoiceArchive | None:
    if period.end <= period.start:
        raise bad_input(f"PERIOD_REVERSED: the period ends on {period.end}, exclusive; let it begin earlier.")
    if period.start < FIRST_DAY or period.end > LAST_DAY or (period.end - period.start).days > DAYS_MAX:
        raise bad_input(f"PERIOD_TOO_LONG: ask for at most {DAYS_MAX} days from {FIRST_DAY} until {LAST_DAY}.")
    links, session_id = reads.document_links, reads.viewer.session_id
    if links is None or session_id is None:
        return None

    def url(form: ArchiveForm) -> str:
        asked = ArchiveAsked(
            customer_id=customer_id,
            contract_id=contract_id,
            starts=period.start,
            ends=period.end,
            form=form,
            language=language or language_of(reads.language),
            session_id=session_id,
        )
        return DOCUMENTS.format(token=links.sign(asked, now=reads.now))

    return InvoiceArchive(zip_url=url(ArchiveForm.ZIP), csv_url=url(ArchiveForm.CSV), expires_at=expires_at(reads.now))
