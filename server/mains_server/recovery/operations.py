"""Changes in the recovery room: ways back opened and approved by administrators, and stopped by whoever is told."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import person_by_email
from mains_server.access.records import Refusal, Viewer
from mains_server.audit.operations import append
from mains_server.audit.records import NewEntry, Subject
from mains_server.notifications.sealing import Seal
from mains_server.recovery import queries, rules
from mains_server.recovery.records import Moments, RecoveryPolicy, RecoveryState, StoppedBy, WantedRecovery
from mains_server.recovery.tables import AccountRecovery
from mains_server.recovery.telling import tell_everywhere
from mains_server.signin.queries import has_factor, person_of
from mains_server.signin.rules import is_storable, token_hash
from mains_server.signin.sessions import require_proof

STOP_USE = "stop"


class AccountUnknown(Refusal):
    """Nobody signs in by this address."""

    code = "ACCOUNT_UNKNOWN"
    path = "email"


class NothingLost(Refusal):
    """The account has no second factor, so a password that is reset is way enough."""

    code = "NOTHING_LOST"
    path = "email"


class ReasonMissing(Refusal):
    """An administrator says why, and what proved to them who asks."""

    code = "REASON_MISSING"


class RecoveryOpen(Refusal):
    """There is a way back into this account already."""

    code = "RECOVERY_OPEN"
    path = "email"


class OneselfNotPermitted(Refusal):
    """Nobody opens or approves the way back into their own account, or approves what they opened."""

    code = "ONESELF_NOT_PERMITTED"


class RecoveryUnknown(Refusal):
    """There is no such way back, or it has ended, or does not hold yet."""

    code = "RECOVERY_UNKNOWN"


class NotToBeApproved(Refusal):
    """It was approved already, or needs nobody's approval."""

    code = "NOT_TO_BE_APPROVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every act needs: how the utility wants it, the seal of messages, and the time."""

    policy: RecoveryPolicy
    seal: Seal
    now: datetime


async def open_recovery(session: AsyncSession, *, viewer: Viewer, wanted: WantedRecovery, desk: Desk) -> int:
    """Open a way back into an account, which acts after the wait, and tell everybody on file how to stop it.

    Raises `ReauthenticationNeeded`, `ReasonMissing`, `AccountUnknown`, `NothingLost`, `OneselfNotPermitted`,
    `RecoveryOpen`.
    """
    now, policy = desk.now, desk.policy
    await require_proof(session, viewer=viewer, now=now)
    reason, proof = rules.plain_words(wanted.reason), rules.plain_words(wanted.proof)
    if reason is None or proof is None:
        raise ReasonMissing(f"say why, and what proved it, in {rules.WORDS_MIN} to {rules.WORDS_MAX} characters each")
    person = await person_by_email(session, email=wanted.email if is_storable(wanted.email) else "")
    if person is None:
        raise AccountUnknown("nobody signs in by this address")
    if person.id == viewer.person_id:
        raise OneselfNotPermitted("somebody else opens the way back into your own account")
    if not await has_factor(session, person_id=person.id):
        raise NothingLost("this account has no second factor; a reset of the password is enough")
    await _note_expired(session, person_id=person.id, now=now)
    token, acts_at = secrets.token_urlsafe(32), now + policy.delay
    number: int | None = await session.scalar(
        insert(AccountRecovery)
        .values(
            person_id=person.id,
            opened_by=viewer.person_id,
            reason=reason,
            proof=proof,
            needs_approval=policy.needs_two,
            opened_at=now,
            acts_at=acts_at,
            expires_at=acts_at + rules.LINK_LASTS_FOR,
            stop_hash=token_hash(token),
        )
        .on_conflict_do_nothing(index_elements=["person_id"], index_where=col(AccountRecovery.ended_at).is_(None))
        .returning(col(AccountRecovery.id))
    )
    if number is None:
        raise RecoveryOpen("there is a way back into this account already; withdraw it first")
    link = rules.link(policy.page, use=STOP_USE, token=token)
    occasion = f"recovery opened {number}"
    values, sealed = {"until": acts_at}, {"link": link}
    await tell_everywhere(
        session, person=person, occasion=occasion, values=values, secrets=sealed, seal=desk.seal, now=now
    )
    await _write_down(session, "accountRecoveryOpened", person_id=viewer.person_id, about=(person.id, number), now=now)
    return number


async def approve_recovery(session: AsyncSession, *, viewer: Viewer, recovery_id: int, desk: Desk) -> None:
    """Approve what another administrator opened; it acts after its wait all the same.

    Raises `ReauthenticationNeeded`, `RecoveryUnknown`, `NotToBeApproved`, `OneselfNotPermitted`.
    """
    await require_proof(session, viewer=viewer, now=desk.now)
    row = await queries.lock_recovery(session, recovery_id=recovery_id)
    if row is None or state_of_row(row, now=desk.now) not in rules.OPEN:
        raise RecoveryUnknown("there is no such way back, or it has ended")
    if not row.needs_approval or row.approved_at is not None:
        raise NotToBeApproved("it was approved already, or needs nobody's approval")
    if viewer.person_id in (row.opened_by, row.person_id):
        raise OneselfNotPermitted("another administrator than who opened it approves it, and not for themselves")
    row.approved_by, row.approved_at = viewer.person_id, desk.now
    await session.flush()


async def withdraw_recovery(session: AsyncSession, *, recovery_id: int, desk: Desk) -> None:
    """Stop a way back for the utility. Raises `RecoveryUnknown`."""
    row = await queries.lock_recovery(session, recovery_id=recovery_id)
    await _stop(session, row, by=StoppedBy.STAFF, desk=desk)


async def stop_by_token(session: AsyncSession, *, token: str, desk: Desk) -> int:
    """Stop a way back for whoever has the link that everybody on file was sent. Raises `RecoveryUnknown`."""
    row = await queries.lock_by_stop_token(session, token=token)
    stopped = await _stop(session, row, by=StoppedBy.LINK, desk=desk)
    about = (stopped.person_id, stopped.id)
    await _write_down(session, "accountRecoveryStop", person_id=stopped.person_id, about=about, now=desk.now)
    return stopped.id


async def stop_own(session: AsyncSession, *, viewer: Viewer, desk: Desk) -> int:
    """Stop the way back into the viewer's own account, in any session of theirs. Raises `RecoveryUnknown`."""
    assert viewer.person_id is not None, "who is signed in is somebody"
    row = await queries.lock_open_of_person(session, person_id=viewer.person_id)
    return (await _stop(session, row, by=StoppedBy.SESSION, desk=desk)).id


def state_of_row(row: AccountRecovery, *, now: datetime) -> RecoveryState:
    """Tell how a way back stands."""
    moments = Moments(
        acts_at=row.acts_at,
        expires_at=row.expires_at,
        needs_approval=row.needs_approval,
        approved_at=row.approved_at,
        stopped_at=row.stopped_at,
        done_at=row.done_at,
    )
    return rules.state_of(moments, now=now)


async def write_done_down(session: AsyncSession, row: AccountRecovery, *, now: datetime) -> None:
    """Write on the audit trail that a way back was used, by who used it."""
    about = (row.person_id, row.id)
    await _write_down(session, "accountRecoveryFinish", person_id=row.person_id, about=about, now=now)


async def _stop(session: AsyncSession, row: AccountRecovery | None, *, by: StoppedBy, desk: Desk) -> AccountRecovery:
    if row is None or state_of_row(row, now=desk.now) not in rules.OPEN:
        raise RecoveryUnknown("there is no such way back, or it has ended")
    row.stopped_at = row.ended_at = desk.now
    row.stopped_by, row.sealed = by, None
    await session.flush()
    person = await person_of(session, person_id=row.person_id)
    occasion = f"recovery stopped {row.id}"
    await tell_everywhere(session, person=person, occasion=occasion, seal=desk.seal, now=desk.now)
    return row


async def _note_expired(session: AsyncSession, *, person_id: int, now: datetime) -> None:
    await session.execute(
        update(AccountRecovery)
        .where(
            col(AccountRecovery.person_id) == person_id,
            col(AccountRecovery.ended_at).is_(None),
            col(AccountRecovery.expires_at) <= now,
        )
        .values(ended_at=now, sealed=None)
    )


async def _write_down(
    session: AsyncSession, act: str, *, person_id: int | None, about: tuple[int, int], now: datetime
) -> None:
    """Write down what no input names by its id: whose account it is, or who did it without a session."""
    assert person_id is not None, "an act is somebody's"
    person, number = about
    entry = NewEntry(
        act=act,
        person_id=person_id,
        session_id=None,
        roles=(),
        subjects=(Subject(type_name="Viewer", number=person), Subject(type_name="AccountRecovery", number=number)),
        reason=None,
        address_hash=None,
        at=now,
    )
    await append(session, entry=entry, owners={})


async def forget_recoveries(session: AsyncSession, *, now: datetime) -> None:
    """Delete ways back that were over a year ago; that they were opened, stopped or used stays on the audit trail."""
    await session.execute(delete(AccountRecovery).where(col(AccountRecovery.expires_at) < now - rules.KEPT_FOR))
