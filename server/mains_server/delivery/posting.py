"""Letters that wait are put into one file for the printer: a PDF each, and a table of who gets which."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import Refusal
from mains_server.delivery.operations import note_letter
from mains_server.delivery.queries import waiting_letters
from mains_server.delivery.records import Envelope
from mains_server.delivery.rules import postal_address
from mains_server.delivery.sending import documents_for
from mains_server.delivery.tables import PrintMailing
from mains_server.documents.operations import Press
from mains_server.documents.records import DocumentFile, DocumentKind
from mains_server.documents.rules import neutral

LETTERS_MAX = 500
INDEX = "index.csv"
COLUMNS = ("file", "invoice", "name", "address", "city", "postcode", "country", "language", "delivery")
SAME_AGE = (1980, 1, 1, 0, 0, 0)


class NoLetters(Refusal):
    """No letter waits for the printer."""

    code = "NO_LETTERS"


async def make_mailing(session: AsyncSession, *, press: Press, person_id: int | None) -> int:
    """Put up to 500 letters that wait into one mailing, and give its id; two at once never take the same letter.

    The mailing is closed when it is made: its letters are done, and what comes later goes into another.
    `set_aside_unaddressed` comes first, in a transaction of its own.
    """
    envelopes = [one for one in await waiting_letters(session, most=LETTERS_MAX) if postal_address(one) is not None]
    if not envelopes:
        raise NoLetters("no letter waits for the printer")
    pdfs = [(one, (await documents_for(press, envelope=one, kinds=(DocumentKind.PDF,)))[0]) for one in envelopes]
    content = zipped(pdfs)
    mailing = PrintMailing(
        made_at=press.now,
        made_by_person_id=person_id,
        letters=len(pdfs),
        sha256=sha256(content).hexdigest(),
        size=len(content),
        content=content,
    )
    session.add(mailing)
    await session.flush()
    for envelope, file in pdfs:
        await note_letter(
            session,
            envelope=envelope,
            address=postal_address(envelope),
            mailing_id=mailing.id,
            files=(file.document.file_name,),
            now=press.now,
        )
    return mailing.id


async def set_aside_unaddressed(session: AsyncSession, *, now: datetime) -> int:
    """Note that letters without a street or town have no address, and count them; they are asked for anew later."""
    lacking = [one for one in await waiting_letters(session, most=LETTERS_MAX) if postal_address(one) is None]
    for envelope in lacking:
        await note_letter(session, envelope=envelope, address=None, mailing_id=None, files=(), now=now)
    return len(lacking)


async def forget_mailing_files(session: AsyncSession, *, before: datetime) -> int:
    """Take the ZIPs of mailings away that were made before, and count them; what was in them stays known by receipts.

    They hold names and addresses of people whom an erasure may have taken from everywhere else.
    """
    old = (col(PrintMailing.made_at) < before, col(PrintMailing.content).is_not(None))
    gone = update(PrintMailing).where(*old).values(content=None).returning(col(PrintMailing.id))
    return len((await session.execute(gone)).all())


def zipped(pdfs: Sequence[tuple[Envelope, DocumentFile]]) -> bytes:
    """Pack letters with their index; the same ones make the same file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        _add(archive, name=INDEX, content=_index(pdfs).encode("utf-8-sig"))
        for envelope, file in pdfs:
            _add(archive, name=_name(envelope, file), content=file.content)
    return packed.getvalue()


def _index(pdfs: Sequence[tuple[Envelope, DocumentFile]]) -> str:
    written = io.StringIO()
    rows = csv.writer(written, delimiter=";", lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for envelope, file in pdfs:
        words = (
            _name(envelope, file),
            envelope.document_number,
            envelope.customer_name,
            envelope.address_line,
            envelope.address_city,
            envelope.address_postcode,
            envelope.address_country,
            envelope.language.value,
            str(envelope.delivery_id),
        )
        rows.writerow([neutral(word) for word in words])
    return written.getvalue()


def _name(envelope: Envelope, file: DocumentFile) -> str:
    """Name a letter's file; an invoice that is printed twice has two."""
    return f"{envelope.delivery_id}-{file.document.file_name}"


def _add(archive: zipfile.ZipFile, *, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, date_time=SAME_AGE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)
