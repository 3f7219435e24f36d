"""Questions to the intake room: whose upload is this, and what became of its rows."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.intake.records import RowReport, UploadReport
from mains_server.intake.rules import token_hash
from mains_server.intake.tables import ReadingUpload, ReadingUploadRow


async def is_upload_known(session: AsyncSession, *, token: str) -> bool:
    """Tell whether an upload has this token, before its file is read."""
    known = select(col(ReadingUpload.id)).where(col(ReadingUpload.token_hash) == token_hash(token))
    return await session.scalar(known) is not None


async def lock_upload(session: AsyncSession, *, token: str) -> ReadingUpload | None:
    """Take hold of an upload until the transaction ends, for a change inside this room."""
    return await session.scalar(
        select(ReadingUpload).where(col(ReadingUpload.token_hash) == token_hash(token)).with_for_update()
    )


async def upload_report(session: AsyncSession, *, upload: ReadingUpload) -> UploadReport:
    """Give the report of an upload as it was when the file came."""
    rows = await session.scalars(
        select(ReadingUploadRow)
        .where(col(ReadingUploadRow.upload_id) == upload.id)
        .order_by(col(ReadingUploadRow.line), col(ReadingUploadRow.id))
    )
    return UploadReport(
        upload_id=upload.id,
        mode=upload.mode,
        status=upload.status,
        rows=tuple(_report(row) for row in rows),
        code=upload.code,
        message=upload.message,
    )


def _report(row: ReadingUploadRow) -> RowReport:
    return RowReport(
        line=row.line,
        text=row.text,
        outcome=row.outcome,
        code=row.code,
        message=row.message,
        reading_id=row.reading_id,
    )
