"""The end of the way back: the link is sent when the wait is over, and a new app takes the place of all that was lost.

The account never stands without a second factor: what was there counts until a code of the new app came.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.sealing import Seal, Unsealable
from mains_server.passkeys.operations import remove_all_passkeys
from mains_server.recovery import queries, rules
from mains_server.recovery.operations import Desk, RecoveryUnknown, state_of_row, write_done_down
from mains_server.recovery.records import Enrolled, RecoveryPolicy, RecoveryState
from mains_server.recovery.tables import AccountRecovery
from mains_server.recovery.telling import tell_everywhere, tell_link
from mains_server.signin import totp
from mains_server.signin.queries import person_of
from mains_server.signin.records import SigninRefused
from mains_server.signin.rules import token_hash
from mains_server.signin.second_factor import claim_code_tries, replace_factor, wrong_code
from mains_server.signin.sessions import revoke_all_sessions

USE = "recover"
WORDS = "this link was used or stopped, or is too old; ask the utility again"


async def send_links(engine: AsyncEngine, *, policy: RecoveryPolicy, seal: Seal, now: datetime) -> int:
    """Send the links of all ways back whose wait is over, each in a transaction of its own, and count them."""
    async with unit_of_work(engine) as session:
        due = await queries.due_links(session, now=now)
    sent = 0
    for number in due:
        async with unit_of_work(engine) as session:
            row = await queries.lock_recovery(session, recovery_id=number)
            if row is None or row.link_sent_at is not None or state_of_row(row, now=now) is not RecoveryState.READY:
                continue
            token = secrets.token_urlsafe(32)
            row.link_hash, row.link_sent_at = token_hash(token), now
            await session.flush()
            person = await person_of(session, person_id=row.person_id)
            await tell_link(
                session,
                person=person,
                occasion=f"recovery ready {row.id}",
                until=row.expires_at,
                link=rules.link(policy.page, use=USE, token=token),
                seal=seal,
                now=now,
            )
            sent += 1
    return sent


async def begin_use(session: AsyncSession, *, token: str, desk: Desk) -> Enrolled:
    """Give the secret of a new app to who has the link; beginning again gives another. Raises `RecoveryUnknown`."""
    row = await _ready(session, token=token, now=desk.now)
    person = await person_of(session, person_id=row.person_id)
    secret = totp.new_secret()
    row.sealed = desk.seal.close({"secret": secret}, occasion=_occasion(row))
    await session.flush()
    return Enrolled(secret=secret, uri=totp.enrolment_uri(secret=secret, account=person.email))


async def finish_use(session: AsyncSession, *, token: str, code: str, desk: Desk) -> tuple[str, ...] | SigninRefused:
    """Put the new app in the place of the old one, once a code of it came, and give other recovery codes.

    Every session ends, every passkey goes, and everybody on file is told. No session begins: the password is asked for
    as ever. A wrong code is returned, as it is counted. Raises `RecoveryUnknown`.
    """
    row = await _ready(session, token=token, now=desk.now)
    refused = await claim_code_tries(session, person_id=row.person_id, now=desk.now)
    if refused is not None:
        return refused
    secret = _secret_of(row, seal=desk.seal)
    step = None if secret is None else totp.matching_step(code, secret=secret, now=desk.now, after=None)
    if secret is None or step is None:
        return wrong_code()
    codes = await replace_factor(
        session, person_id=row.person_id, secret=secret, step=step, seal=desk.seal, now=desk.now
    )
    await remove_all_passkeys(session, person_id=row.person_id)
    await revoke_all_sessions(session, person_id=row.person_id, now=desk.now)
    row.done_at = row.ended_at = desk.now
    row.sealed = None
    await session.flush()
    await write_done_down(session, row, now=desk.now)
    person = await person_of(session, person_id=row.person_id)
    await tell_everywhere(session, person=person, occasion=f"recovery done {row.id}", seal=desk.seal, now=desk.now)
    return codes


async def _ready(session: AsyncSession, *, token: str, now: datetime) -> AccountRecovery:
    row = await queries.lock_by_link_token(session, token=token)
    if row is None or state_of_row(row, now=now) is not RecoveryState.READY:
        raise RecoveryUnknown(WORDS)
    return row


def _secret_of(row: AccountRecovery, *, seal: Seal) -> str | None:
    if row.sealed is None:
        return None
    try:
        return str(seal.open(row.sealed, occasion=_occasion(row))["secret"])
    except Unsealable:
        return None


def _occasion(row: AccountRecovery) -> str:
    return f"second factor by recovery {row.id}"
