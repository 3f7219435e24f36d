"""Questions to the sign-in room: whose token is this, and how often did this address fail."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import grant_of_parts, person_by_email, person_by_id, viewer_of_person
from mains_server.access.records import Person, StaffRole, Viewer
from mains_server.signin.records import CodeLetter, Employee, FactorState, MessageKind, MessageRoad, StoredCredential
from mains_server.signin.rules import FAILURE_WINDOW, as_customer, is_storable, token_hash
from mains_server.signin.tables import (
    Credential,
    Impersonation,
    PasswordReset,
    RecoveryCode,
    RefreshToken,
    SecondFactor,
    Session,
    SigninAttempt,
    SigninChallenge,
    SigninMessage,
)

VIEWER_TEXT = """
select json_build_array(s.id, p.id, p.language,
    (select json_agg(m.role order by m.role) from staff_member m where m.person_id = p.id and m.since <= {now}
        and m.ended_at is null),
    (select json_build_array(i.customer_id, i.ended_at is null and i.ends_at > {now})
     from impersonation i where i.session_id = s.id),
    (select json_agg(json_build_array(g.id, g.customer_id, g.role, g.permissions, g.contract_ids) order by g.id)
     from access_grant g
     where g.person_id = p.id and g.starts_at <= {now} and (g.ends_at is null or g.ends_at > {now})))::text
from session s join person p on p.id = s.person_id
where s.token_hash = {token} and s.expires_at > {now} and (s.revoked_at is null or s.revoked_at > {now})
"""


EMPLOYEES_MAX = 500
EMPLOYEES = f"""
select p.id as person_id, p.name, p.email,
    coalesce(array_agg(m.role order by m.role) filter (where m.ended_at is null), cast('{{}}' as varchar[])) as roles,
    min(m.since) as since, exists (select from credential c where c.person_id = p.id) as has_password,
    (select max(s.last_used_at) from session s where s.person_id = p.id) as last_seen_at
from staff_member m join person p on p.id = m.person_id
where cast(:person as bigint) is null or p.id = :person
group by p.id, p.name, p.email
order by bool_and(m.ended_at is not null), p.name, p.id limit {EMPLOYEES_MAX}
"""
CAN_SIGN_IN = """
select exists (select from credential where person_id = any(cast(:persons as bigint[])))
    or exists (select from passkey where person_id = any(cast(:persons as bigint[])) and suspended_at is null)
    or exists (select from openid_link where person_id = any(cast(:persons as bigint[])))
"""
ONE_MAILING_AT_A_TIME = 7_306_002
# Where to is read when a letter is printed: who moved between asking and printing is written to where they live now.
CODE_LETTERS = """
select m.id, m.kind, m.language, m.customer_id, m.row_id, m.nonce, m.expires_at, coalesce(m.sent_at, :now) as sent_at,
    c.name, c.address_line, c.address_city, c.address_postcode
from signin_message m join customer c on c.id = m.customer_id
where m.road = 'LETTER' and m.row_id is not null and m.expires_at > :now and {condition}
"""
WAITING_LETTERS = CODE_LETTERS.format(
    condition="m.next_try_at <= :now order by m.id limit :most for update of m skip locked"
)
LETTERS_OF_MAILING = CODE_LETTERS.format(condition="m.mailing = :mailing order by m.id for update of m")


@dataclass(slots=True, kw_only=True)
class HeldToken:
    """A refresh token and its session, both held until the transaction ends; for changes inside this room."""

    token: RefreshToken
    session: Session


async def viewer_of_token(session: AsyncSession, *, token: str, now: datetime) -> Viewer | None:
    """Resolve a session token into its viewer; None for a token that is unknown, expired or revoked."""
    found = await session.execute(
        select(col(Session.id), col(Session.person_id)).where(
            col(Session.token_hash) == token_hash(token),
            col(Session.expires_at) > now,
            col(Session.revoked_at).is_(None) | (col(Session.revoked_at) > now),
        )
    )
    row = found.one_or_none()
    if row is None:
        return None
    return await _viewer(session, person_id=row.person_id, session_id=row.id, now=now)


async def viewer_of_session(session: AsyncSession, *, session_id: int, now: datetime) -> Viewer | None:
    """Resolve a session by its number, as a link that we signed names it; None if it has ended."""
    person_id = await session.scalar(
        select(col(Session.person_id)).where(
            col(Session.id) == session_id,
            col(Session.ends_at) > now,
            col(Session.revoked_at).is_(None) | (col(Session.revoked_at) > now),
        )
    )
    if person_id is None:
        return None
    return await _viewer(session, person_id=person_id, session_id=session_id, now=now)


async def lock_impersonation(session: AsyncSession, *, impersonation_id: int) -> Impersonation | None:
    """Take hold of an impersonation until the transaction ends."""
    return await session.scalar(
        select(Impersonation)
        .where(col(Impersonation.id) == impersonation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def viewer_text_sql(*, token: str, now: str) -> str:
    """Give the SELECT of all that a session's viewer is, as one text; a session that does not hold has none.

    `token` and `now` are the places of the token's hash and of the moment. Equal texts mean the same viewer.
    """
    return VIEWER_TEXT.format(token=f"{token}::bytea", now=f"{now}::timestamptz")


async def viewer_text_by_token(connection: Any, *, token: str, now: datetime) -> str | None:
    """Read a session token's viewer as text, in one statement on the driver's own connection, without the ORM."""
    found: str | None = await connection.fetchval(_VIEWER_BY_TOKEN, token_hash(token), now)
    return found


def viewer_of_text(text: str) -> Viewer | None:
    """Make the viewer that a text of `viewer_text_sql` describes, as `viewer_of_token` would."""
    session_id, person_id, language, roles, looks, grants = orjson.loads(text)
    viewer = Viewer(
        person_id=person_id,
        session_id=session_id,
        language=language,
        grants=tuple(grant_of_parts(*parts) for parts in grants or ()),
        staff=frozenset(StaffRole[role] for role in roles or ()),
    )
    return viewer if looks is None else as_customer(viewer, customer_id=looks[0], is_on=looks[1])


async def person_of(session: AsyncSession, *, person_id: int) -> Person:
    """Give the person whom a row of ours is of; there is one, as the database sees to it."""
    person = await person_by_id(session, person_id=person_id)
    assert person is not None, "what is somebody's is of a person"
    return person


async def credential_by_email(session: AsyncSession, *, email: str) -> StoredCredential | None:
    """Find the person with this address and the hash of their password."""
    person = await person_by_email(session, email=email) if is_storable(email) else None
    if person is None:
        return None
    stored = await session.scalar(select(col(Credential.password_hash)).where(col(Credential.person_id) == person.id))
    return None if stored is None else StoredCredential(person=person, password_hash=stored)


async def lock_refresh_token(session: AsyncSession, *, token: str) -> HeldToken | None:
    """Take hold of a refresh token and its session until the transaction ends."""
    found = await session.execute(
        select(RefreshToken, Session)
        .join(Session, col(Session.id) == col(RefreshToken.session_id))
        .where(col(RefreshToken.token_hash) == token_hash(token))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = found.one_or_none()
    return None if row is None else HeldToken(token=row[0], session=row[1])


async def proved_at(session: AsyncSession, *, session_id: int | None) -> datetime | None:
    """Give when the person of a session last proved who they are."""
    return await session.scalar(select(col(Session.proved_at)).where(col(Session.id) == session_id))


async def lock_reset(session: AsyncSession, *, token: str) -> PasswordReset | None:
    """Take hold of a password reset by its token until the transaction ends."""
    return await session.scalar(
        select(PasswordReset)
        .where(col(PasswordReset.token_hash) == token_hash(token))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def have_password(session: AsyncSession, *, person_ids: Collection[int]) -> frozenset[int]:
    """Tell which of these persons have a password to sign in with."""
    return frozenset(
        await session.scalars(select(col(Credential.person_id)).where(col(Credential.person_id).in_(person_ids)))
    )


async def employees(session: AsyncSession, *, person_id: int | None = None) -> tuple[Employee, ...]:
    """List everybody who works with the server or did, those who do first, by name; or one of them."""
    found = await session.execute(text(EMPLOYEES), {"person": person_id})
    return tuple(Employee(**{**row._mapping, "roles": tuple(StaffRole[role] for role in row.roles)}) for row in found)


async def has_factor(session: AsyncSession, *, person_id: int) -> bool:
    """Tell whether a person signs in with a code of an app too."""
    confirmed = select(col(SecondFactor.confirmed_at)).where(col(SecondFactor.person_id) == person_id)
    return await session.scalar(confirmed) is not None


async def factor_state(session: AsyncSession, *, person_id: int) -> FactorState | None:
    """Say since when a person has a second factor, and how many recovery codes are left; None without one."""
    left = select(func.count()).where(col(RecoveryCode.person_id) == person_id, col(RecoveryCode.used_at).is_(None))
    found = await session.execute(
        select(col(SecondFactor.confirmed_at), left.scalar_subquery()).where(
            col(SecondFactor.person_id) == person_id, col(SecondFactor.confirmed_at).is_not(None)
        )
    )
    row = found.one_or_none()
    if row is None or row[0] is None:
        return None
    return FactorState(confirmed_at=row[0], recovery_codes_left=row[1])


async def lock_factor(session: AsyncSession, *, person_id: int) -> SecondFactor | None:
    """Take hold of a person's app until the transaction ends, so that no code of it is taken twice at once."""
    return await session.scalar(
        select(SecondFactor)
        .where(col(SecondFactor.person_id) == person_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def lock_challenge(session: AsyncSession, *, token: str) -> SigninChallenge | None:
    """Take hold of a sign-in that waits for a code until the transaction ends."""
    return await session.scalar(
        select(SigninChallenge)
        .where(col(SigninChallenge.token_hash) == token_hash(token))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def somebody_can_sign_in(session: AsyncSession, *, person_ids: Collection[int]) -> bool:
    """Tell whether any of these can sign in now: by a password, a passkey that counts, or a linked provider."""
    return bool(await session.scalar(text(CAN_SIGN_IN), {"persons": sorted(person_ids)}))


async def next_message(
    session: AsyncSession, *, roads: Collection[MessageRoad], now: datetime, skipped: Sequence[int]
) -> SigninMessage | None:
    """Take the next message of these roads that is due, held until the transaction ends; others take another.

    What may go by letter is taken from any road once its code has ended.
    """
    is_stranded = col(SigninMessage.letter_until).is_not(None) & (col(SigninMessage.expires_at) <= now)
    return await session.scalar(
        select(SigninMessage)
        .where(
            col(SigninMessage.road).in_(roads) | is_stranded,
            col(SigninMessage.next_try_at) <= now,
            col(SigninMessage.id).not_in(skipped),
        )
        .order_by(col(SigninMessage.next_try_at), col(SigninMessage.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )


async def lock_message(session: AsyncSession, *, message_id: int) -> SigninMessage | None:
    """Take hold of a message until the transaction ends, after whoever is sending it."""
    return await session.scalar(select(SigninMessage).where(col(SigninMessage.id) == message_id).with_for_update())


async def waiting_letters(session: AsyncSession, *, now: datetime, most: int) -> Sequence[CodeLetter]:
    """Take letters that wait for the printer, held until the transaction ends, the oldest first."""
    found = await session.execute(text(WAITING_LETTERS), {"now": now, "most": most})
    return [CodeLetter(**row._mapping) for row in found]


async def letters_of_mailing(session: AsyncSession, *, mailing: int, now: datetime) -> Sequence[CodeLetter]:
    """Take the letters of a file for the printer whose codes are still good, held until the transaction ends."""
    found = await session.execute(text(LETTERS_OF_MAILING), {"mailing": mailing, "now": now})
    return [CodeLetter(**row._mapping) for row in found]


async def letter_until(session: AsyncSession, *, kind: MessageKind, row_id: int) -> datetime | None:
    """Tell until when a row's code is good that goes by letter; None where it goes by another road, or to nobody."""
    return await session.scalar(
        select(func.max(col(SigninMessage.expires_at))).where(
            col(SigninMessage.row_id) == row_id,
            col(SigninMessage.kind) == kind,
            col(SigninMessage.road) == MessageRoad.LETTER,
        )
    )


async def letters_posted(session: AsyncSession, *, since: datetime) -> Mapping[int, int]:
    """Count the letters with codes that customers were sent since a moment, by customer."""
    counted = (
        select(col(SigninMessage.customer_id), func.count())
        .where(col(SigninMessage.road) == MessageRoad.LETTER, col(SigninMessage.sent_at) > since)
        .group_by(col(SigninMessage.customer_id))
    )
    return {row[0]: row[1] for row in await session.execute(counted) if row[0] is not None}


async def next_mailing(session: AsyncSession) -> int:
    """Give the number of the next file of letters with codes; one at a time is made."""
    await session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": ONE_MAILING_AT_A_TIME})
    return 1 + await last_mailing(session)


async def last_mailing(session: AsyncSession) -> int:
    """Give the number of the last file of letters with codes; 0 before the first."""
    return await session.scalar(select(func.max(col(SigninMessage.mailing)))) or 0


def session_ids(condition: ColumnElement[bool]) -> Select[int]:
    """Select the ids of some sessions, for a change of what hangs on them."""
    return select(col(Session.id)).where(condition)


async def failures_of_address(session: AsyncSession, *, address: bytes, now: datetime) -> tuple[datetime, ...]:
    """List when sign-ins to this address failed lately."""
    found = await session.scalars(
        select(col(SigninAttempt.at)).where(
            col(SigninAttempt.email_hash) == address, col(SigninAttempt.at) > now - FAILURE_WINDOW
        )
    )
    return tuple(found)


async def lock_address(session: AsyncSession, *, address: bytes) -> bool:
    """Take hold of an address until the transaction ends, or say that another sign-in has it.

    It does not wait: a crowd of guesses at one address must not use up the database's connections.
    """
    number = int.from_bytes(address[:8], "big", signed=True)
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(number))))


async def _viewer(session: AsyncSession, *, person_id: int, session_id: int, now: datetime) -> Viewer | None:
    viewer = await viewer_of_person(session, person_id=person_id, now=now, session_id=session_id)
    looks = await session.scalar(select(Impersonation).where(col(Impersonation.session_id) == session_id))
    if viewer is None or looks is None:
        return viewer
    return as_customer(viewer, customer_id=looks.customer_id, is_on=looks.ended_at is None and looks.ends_at > now)


_VIEWER_BY_TOKEN = viewer_text_sql(token="$1", now="$2")
