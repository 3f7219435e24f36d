"""Changes of the statements room: files announced and taken in, and what movements have come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import BinaryIO

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.queries import viewer_of_person
from mains_server.access.records import ANONYMOUS, CLERKS, Refusal, Viewer
from mains_server.invoices.queries import sellers
from mains_server.ledger.operations import post_many
from mains_server.statements import queries, rules
from mains_server.statements.importing import take_in
from mains_server.statements.records import (
    AsideBooking,
    AsideReason,
    FileSource,
    LineState,
    NewLine,
    NewStatementUpload,
    QueueReason,
    StatementUploadReport,
    StatementUploadStatus,
    TakenStatement,
)
from mains_server.statements.refusals import BankFileRefused
from mains_server.statements.tables import StatementUpload

STAFF_WHO_BOOK = CLERKS
WRITE_STATES = text("""
update statement_line l set state = s.state, reason = s.reason
from unnest(cast(:ids as bigint[]), cast(:states as varchar[]), cast(:reasons as varchar[])) s (id, state, reason)
where l.id = s.id
""")
WRITE_PAYOUTS = text("""
update statement_line l set state = 'SET_ASIDE', aside = 'PROVIDER_PAYOUT', payout_provider = s.provider,
    payout_fee = 0, decisions = decisions + 1
from unnest(cast(:ids as bigint[]), cast(:providers as varchar[])) s (id, provider) where l.id = s.id
""")


class UploadNotAllowed(Refusal):
    """The viewer may not send in bank statements, or may not any more."""

    code = "UPLOAD_NOT_ALLOWED"


class UploadUnknown(Refusal):
    """Nobody was given this address."""

    code = "UPLOAD_UNKNOWN"


class UploadExpired(Refusal):
    """The address was not used in time."""

    code = "UPLOAD_EXPIRED"


class UploadUsed(Refusal):
    """Another file was sent to this address."""

    code = "UPLOAD_USED"


async def create_upload(session: AsyncSession, *, viewer: Viewer, now: datetime) -> NewStatementUpload:
    """Give out an address to which one file of bank statements may be sent, for a quarter of an hour."""
    _check_road(viewer)
    token = rules.new_token()
    assert viewer.person_id is not None
    row = StatementUpload(
        person_id=viewer.person_id,
        status=StatementUploadStatus.WAITING,
        token_hash=rules.token_hash(token),
        created_at=now,
        expires_at=now + rules.UPLOAD_LASTS,
    )
    session.add(row)
    await session.flush()
    return NewStatementUpload(id=row.id, token=token, expires_at=row.expires_at)


async def take_upload(
    session: AsyncSession, *, token: str, file: BinaryIO, sha256: str, ibans: Iterable[str], now: datetime
) -> StatementUploadReport:
    """Take a file of bank statements in, once; the same bytes again get the same report.

    Who announced it must still be allowed to. Matching its movements is another step (`matching`), in transactions of
    its own. `ibans` are our accounts besides those of the sellers.
    """
    upload = await queries.lock_upload(session, token_hash=rules.token_hash(token))
    if upload is None:
        raise UploadUnknown("there is no such address; ask for a new one by bankStatementUploadCreate")
    if upload.status is not StatementUploadStatus.WAITING:
        if upload.sha256 != sha256:
            raise UploadUsed("another file was sent to this address; ask for a new one by bankStatementUploadCreate")
        return await queries.upload_report(session, upload=upload)
    if now >= upload.expires_at:
        raise UploadExpired("this address has expired; ask for a new one by bankStatementUploadCreate")
    _check_road(await viewer_of_person(session, person_id=upload.person_id, now=now) or ANONYMOUS)
    ours = await our_ibans(session, more=ibans)
    source = FileSource(ibans=ours, now=now, upload_id=upload.id)
    taken: tuple[TakenStatement, ...] = ()
    refused: BankFileRefused | None = None
    try:
        taken = await take_in(session, file=file, source=source)
    except BankFileRefused as refusal:
        refused = refusal
    upload.status = StatementUploadStatus.TAKEN if refused is None else StatementUploadStatus.REFUSED
    upload.sha256, upload.taken_at = sha256, now
    upload.code, upload.message = (None, None) if refused is None else (refused.code, refused.message)
    await session.flush()
    return StatementUploadReport(
        upload_id=upload.id, status=upload.status, statements=taken, code=upload.code, message=upload.message
    )


async def our_ibans(session: AsyncSession, *, more: Iterable[str]) -> frozenset[str]:
    """List our accounts: those that sellers print on invoices, and those that settings add."""
    known = [seller.iban for seller in await sellers(session)]
    return frozenset(rules.plain_iban(iban) for iban in (*known, *more))


async def write_states(session: AsyncSession, *, states: Sequence[tuple[int, LineState, QueueReason | None]]) -> None:
    """Write how far movements have come, and why somebody must look at them."""
    await session.execute(
        WRITE_STATES,
        {
            "ids": [id_ for id_, _, _ in states],
            "states": [state.name for _, state, _ in states],
            "reasons": [None if reason is None else reason.name for _, _, reason in states],
        },
    )


async def set_payouts_aside(session: AsyncSession, *, payouts: Sequence[tuple[NewLine, str]], now: datetime) -> None:
    """Book new movements as what payment providers paid out; a fee that was kept is for the desk to tell."""
    if not payouts:
        return
    bookings = [
        rules.booking_of_aside(
            AsideBooking(
                line_id=new.id,
                turn=0,
                amount=new.line.amount,
                currency=new.currency,
                effective_on=new.line.booked_on,
                provider=provider,
            ),
            reason=AsideReason.PROVIDER_PAYOUT,
        )
        for new, provider in payouts
    ]
    await post_many(session, bookings=bookings, now=now)
    values = {"ids": [new.id for new, _ in payouts], "providers": [provider for _, provider in payouts]}
    await session.execute(WRITE_PAYOUTS, values)


def _check_road(viewer: Viewer) -> None:
    if not viewer.staff & STAFF_WHO_BOOK:
        raise UploadNotAllowed("billing clerks and administrators of the utility send in bank statements")
