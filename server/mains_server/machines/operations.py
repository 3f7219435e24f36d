"""Changes in the machines room: tokens made, used and revoked."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.operations import create_person
from mains_server.access.queries import person_by_email
from mains_server.access.records import ADMINS, NewPerson, Refusal, Viewer
from mains_server.audit.operations import note_subject
from mains_server.audit.records import Subject
from mains_server.machines import queries, rules
from mains_server.machines.records import MadeToken, NewToken, Partner
from mains_server.machines.tables import MachineToken


class NameInvalid(Refusal):
    """A token without a name cannot be told from others."""

    code = "NAME_INVALID"
    path = "name"


class ScopesMissing(Refusal):
    """A token without a scope opens nothing."""

    code = "SCOPES_MISSING"
    path = "scopes"


class LifetimeInvalid(Refusal):
    """A token ends, within a year or so."""

    code = "LIFETIME_INVALID"
    path = "days"


class LimitInvalid(Refusal):
    """A token reads so many rows a minute, and not without end."""

    code = "LIMIT_INVALID"
    path = "rowsAMinute"


class ReachUnknown(Refusal):
    """What a token should reach is not there, is not the person's own, is nothing or too much."""

    code = "REACH_UNKNOWN"


class ScopeNotByPlace(Refusal):
    """Contracts and invoices are read by the customer or contract, since customers come and go at a place."""

    code = "SCOPE_NOT_BY_PLACE"
    path = "scopes"


class PartnerInvalid(Refusal):
    """A partner has a name, and an address of who answers for its software."""

    code = "PARTNER_INVALID"
    path = "partner"


class TooManyTokens(Refusal):
    """Somebody has so many tokens that nobody keeps an eye on them."""

    code = "TOO_MANY_TOKENS"


class TokenUnknown(Refusal):
    """There is no such token that the viewer could revoke."""

    code = "TOKEN_UNKNOWN"


async def make_own_token(session: AsyncSession, *, viewer: Viewer, new: NewToken, now: datetime) -> MadeToken:
    """Make a token of a person's own software over contracts that are their own, not delegated to them."""
    assert viewer.person_id is not None and viewer.machine is None, "a person who is signed in asks"
    _require_sense(new)
    owned = await queries.customers_of(session, contract_ids=new.reach.contracts)
    is_own = owned.keys() == new.reach.contracts and set(owned.values()) <= viewer.customers_owned
    if new.reach.count != len(new.reach.contracts) or not is_own:
        raise ReachUnknown("name contracts of your own; what was delegated to you cannot be handed on")
    return await _made(session, person_id=viewer.person_id, partner=None, new=new, now=now)


async def make_partner_token(session: AsyncSession, *, partner: Partner, new: NewToken, now: datetime) -> MadeToken:
    """Make a token of a partner's software over what an administrator names; the caller has proved that one asks.

    Who answers for it becomes a person, known by their address, without any right of their own.
    """
    _require_sense(new)
    if not rules.is_partner(partner):
        raise PartnerInvalid("name the partner, and give the e-mail address of who answers for its software")
    if new.reach.is_by_place and not new.scopes <= rules.BY_PLACE:
        raise ScopeNotByPlace("contracts and invoices are read by customer or contract, not by place")
    if not await queries.is_there(session, reach=new.reach):
        raise ReachUnknown("something that the token should reach is not there")
    person = await person_by_email(session, email=partner.email)
    if person is None:
        named = NewPerson(email=partner.email.strip(), name=partner.name.strip(), language="lv")
        person = await create_person(session, person=named, now=now)
    return await _made(session, person_id=person.id, partner=partner.name.strip(), new=new, now=now)


async def revoke_token(session: AsyncSession, *, viewer: Viewer, token_id: int, now: datetime) -> None:
    """End a token of one's own, or as an administrator anybody's, from the next request on; again, it stays so."""
    row = await queries.lock_token(session, token_id=token_id)
    is_theirs = row is not None and row.partner is None and row.person_id == viewer.person_id
    if row is None or not (is_theirs or viewer.staff & ADMINS):
        raise TokenUnknown("there is no such token of yours")
    row.revoked_at = row.revoked_at or now
    await session.flush()


async def admit(session: AsyncSession, *, text: str, now: datetime, today: date) -> Viewer | None:
    """Tell who a token stands for now, and note that it was used, once a minute; None if it is no good."""
    token = await queries.token_in_force(session, given=text, now=now)
    if token is None:
        return None
    if token.last_used_at is None or token.last_used_at <= now - rules.USE_NOTED_EVERY:
        await session.execute(update(MachineToken).where(col(MachineToken.id) == token.id).values(last_used_at=now))
    return await queries.viewer_of(session, token=token, now=now, today=today)


def _require_sense(new: NewToken) -> None:
    if not rules.is_name(new.name):
        raise NameInvalid(f"name it in 1 to {rules.NAME_LENGTH_MAX} characters")
    if not new.scopes:
        raise ScopesMissing("name at least one scope")
    if not 1 <= new.days <= rules.DAYS_MAX:
        raise LifetimeInvalid(f"a token lives for 1 to {rules.DAYS_MAX} days")
    if not 1 <= new.rows_a_minute <= rules.ROWS_A_MINUTE_MAX:
        raise LimitInvalid(f"let it read 1 to {rules.ROWS_A_MINUTE_MAX} rows a minute")
    if not 1 <= new.reach.count <= rules.NAMED_MAX:
        raise ReachUnknown(f"name 1 to {rules.NAMED_MAX} customers, contracts, buildings or supply points")


async def _made(
    session: AsyncSession, *, person_id: int, partner: str | None, new: NewToken, now: datetime
) -> MadeToken:
    if await queries.count_in_force(session, person_id=person_id, now=now) >= rules.TOKENS_EACH_MAX:
        raise TooManyTokens(f"at most {rules.TOKENS_EACH_MAX} tokens hold at a time; revoke one first")
    text = rules.new_text()
    row = MachineToken(
        person_id=person_id,
        partner=partner,
        name=new.name.strip(),
        token_hash=rules.token_hash(text),
        scopes=sorted(scope.name for scope in new.scopes),
        customer_ids=sorted(new.reach.customers),
        contract_ids=sorted(new.reach.contracts),
        building_ids=sorted(new.reach.buildings),
        supply_point_ids=sorted(new.reach.supply_points),
        rows_a_minute=new.rows_a_minute,
        created_at=now,
        expires_at=now + timedelta(days=new.days),
    )
    session.add(row)
    await session.flush()
    note_subject(session, subject=Subject(type_name="MachineToken", number=row.id))
    return MadeToken(id=row.id, text=text, expires_at=row.expires_at)
