"""Questions to the intake room: whose upload is this, and what became of its rows."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.intake.records import MessageAnswer, RowReport, SmsCode, UploadReport
from mains_server.intake.rules import token_hash
from mains_server.intake.tables import ReadingLink, ReadingUpload, ReadingUploadRow, SmsInbound


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


async def link_by_token(session: AsyncSession, *, token: str) -> ReadingLink | None:
    """Find a link by its token, for a look inside this room; one that is unknown costs the same look."""
    return await session.scalar(select(ReadingLink).where(col(ReadingLink.token_hash) == token_hash(token)))


async def lock_link_by_token(session: AsyncSession, *, token: str) -> ReadingLink | None:
    """Take hold of a link until the transaction ends, for a change inside this room."""
    return await session.scalar(
        select(ReadingLink).where(col(ReadingLink.token_hash) == token_hash(token)).with_for_update()
    )


async def lock_link(session: AsyncSession, *, link_id: int) -> ReadingLink | None:
    """Take hold of a link by its number until the transaction ends."""
    return await session.scalar(select(ReadingLink).where(col(ReadingLink.id) == link_id).with_for_update())


async def lock_message(session: AsyncSession, *, gateway: str, message_id: str) -> None:
    """Let deliveries of the same message come one after another until the transaction ends."""
    named = func.hashtextextended(f"{gateway}:{message_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(named)))


async def message_answer(session: AsyncSession, *, gateway: str, message_id: str) -> MessageAnswer | None:
    """Give how a message was answered that came before."""
    row = await session.scalar(
        select(SmsInbound).where(col(SmsInbound.gateway) == gateway, col(SmsInbound.message_id) == message_id)
    )
    return None if row is None or row.code is None else MessageAnswer(code=SmsCode[row.code], answer=row.answer)
