"""The steps of a passkey: asked for and answered, when it is made, when it signs somebody in, when it proves them.

A challenge is used up by the first answer to it, whatever that is worth: what is refused is refused in a transaction
that ends well, and raised afterwards.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.access.records import Refusal, Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.sealing import Seal
from mains_server.passkeys import operations, queries, rules
from mains_server.passkeys.records import Asked, Options, Purpose, RelyingParty
from mains_server.signin.queries import person_of
from mains_server.signin.records import Device, Lifetimes, NewSession, SessionMode, SigninRefused, SigninWay
from mains_server.signin.second_factor import insist_on_code
from mains_server.signin.sessions import begin_session, note_proof, require_proof

LOG = structlog.get_logger("mains_server.passkeys")
CHALLENGE_BYTES = 32
HANDLE_BYTES = 32


class PasskeysOff(Refusal):
    """Passkeys are not set up here."""

    code = "PASSKEYS_OFF"


class CookieNotPermitted(Exception):
    """A session in a cookie was asked for, and who answers may not have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What all steps need: the database, whom passkeys are made for, and the time."""

    engine: AsyncEngine
    party: RelyingParty | None
    now: datetime

    @property
    def owner(self) -> RelyingParty:
        """Give whom passkeys are made for, or refuse where nobody set that up."""
        if self.party is None:
            raise PasskeysOff("passkeys are not set up here")
        return self.party


async def begin_registration(door: Door, *, viewer: Viewer, code: str | None, seal: Seal) -> Options | SigninRefused:
    """Ask for a passkey to be made; needs a fresh proof, and a code where the account has a second factor.

    A passkey is two factors by itself, so with less than both nobody makes one. A wrong code is returned, as it is
    counted. Raises `PasskeysOff`, `ReauthenticationNeeded`, `CodeNeeded` and `PasskeysTooMany`.
    """
    party, person_id = door.owner, _person_id(viewer)
    async with unit_of_work(door.engine) as session:
        await require_proof(session, viewer=viewer, now=door.now)
        refused = await insist_on_code(session, viewer=viewer, code=code, seal=seal, now=door.now)
        if refused is not None:
            return refused
        await operations.insist_on_room(session, person_id=person_id)
        person = await person_of(session, person_id=person_id)
        known = await queries.passkeys_of(session, person_id=person_id)
        handle = await queries.handle_of(session, person_id=person_id) or secrets.token_bytes(HANDLE_BYTES)
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        asked = Asked(purpose=Purpose.REGISTER, session_id=viewer.session_id, handle=handle)
        expires_at = await operations.add_challenge(session, asked=asked, challenge=challenge, now=door.now)
    json = rules.creation_options(party, person=person, handle=handle, challenge=challenge, known=known)
    return Options(json=json, expires_at=expires_at)


async def finish_registration(door: Door, *, viewer: Viewer, credential: str, name: str) -> int:
    """Keep a passkey that was made in the session that asked for it, and give its number.

    Raises `PasskeysOff`, `NameInvalid`, `PasskeyMalformed`, `ChallengeWrong`, what `insist_on_place` does,
    `PasskeyRefused`, `PasskeyTaken` and `PasskeysTooMany`.
    """
    party, person_id = door.owner, _person_id(viewer)
    plain, answer = operations.insist_on_name(name), rules.read_made(credential)
    async with _used_up(door) as session:
        taken = await operations.take_challenge(
            session,
            challenge=answer.challenge,
            purpose=Purpose.REGISTER,
            session_id=viewer.session_id,
            now=door.now,
        )
        rules.insist_on_place(answer, party=party)
        made = rules.made_by(answer, party=party)
        assert taken.handle is not None, "who registers is known by a handle"
        person = await person_of(session, person_id=person_id)
        return await operations.add_passkey(
            session, person=person, made=made, handle=taken.handle, name=plain, now=door.now
        )
    raise AssertionError("what is refused is raised")


async def begin_sign_in(door: Door, *, device: Device) -> Options:
    """Ask whoever is there to sign with a passkey of theirs; nobody is looked up. Raises `PasskeysOff`."""
    party, challenge = door.owner, secrets.token_bytes(CHALLENGE_BYTES)
    async with unit_of_work(door.engine) as session:
        asked = Asked(purpose=Purpose.SIGN_IN, device=device)
        expires_at = await operations.add_challenge(session, asked=asked, challenge=challenge, now=door.now)
    return Options(json=rules.request_options(party, challenge=challenge), expires_at=expires_at)


async def finish_sign_in(door: Door, *, credential: str, lifetimes: Lifetimes, may_have_cookie: bool) -> NewSession:
    """Begin a session of whoever signed; no code of an app is asked for, as a passkey is two factors.

    Raises `PasskeysOff`, `PasskeyMalformed`, `ChallengeWrong`, what `insist_on_place` does, `PasskeyRefused` and
    `CookieNotPermitted`.
    """
    party, answer = door.owner, rules.read_signed(credential)
    async with _used_up(door) as session:
        taken = await operations.take_challenge(
            session, challenge=answer.challenge, purpose=Purpose.SIGN_IN, session_id=None, now=door.now
        )
        if taken.device.mode is SessionMode.COOKIE and not may_have_cookie:
            raise CookieNotPermitted
        rules.insist_on_place(answer, party=party)
        person = await operations.use_passkey(session, answer=answer, party=party, person_id=None, now=door.now)
        return await begin_session(
            session, person=person, device=taken.device, now=door.now, lifetimes=lifetimes, way=SigninWay.PASSKEY
        )
    raise AssertionError("what is refused is raised")


async def begin_proof(door: Door, *, viewer: Viewer) -> Options:
    """Ask the viewer to sign with a passkey of theirs, to prove in their session who they are."""
    party, challenge = door.owner, secrets.token_bytes(CHALLENGE_BYTES)
    async with unit_of_work(door.engine) as session:
        known = await queries.passkeys_of(session, person_id=_person_id(viewer))
        if not known:
            raise operations.PasskeyUnknown("you have no passkey; prove who you are by your password")
        asked = Asked(purpose=Purpose.PROVE, session_id=viewer.session_id)
        expires_at = await operations.add_challenge(session, asked=asked, challenge=challenge, now=door.now)
    return Options(json=rules.request_options(party, challenge=challenge, known=known), expires_at=expires_at)


async def finish_proof(door: Door, *, viewer: Viewer, credential: str) -> None:
    """Note in the viewer's session that they have just proved who they are. Raises what `finish_sign_in` does."""
    party, answer = door.owner, rules.read_signed(credential)
    assert viewer.session_id is not None, "who proves something is signed in"
    async with _used_up(door) as session:
        await operations.take_challenge(
            session,
            challenge=answer.challenge,
            purpose=Purpose.PROVE,
            session_id=viewer.session_id,
            now=door.now,
        )
        rules.insist_on_place(answer, party=party)
        await operations.use_passkey(session, answer=answer, party=party, person_id=_person_id(viewer), now=door.now)
        await note_proof(session, session_id=viewer.session_id, now=door.now)


@asynccontextmanager
async def _used_up(door: Door) -> AsyncIterator[AsyncSession]:
    """Open a transaction that ends well also where something is refused, so that nothing is tried twice."""
    refused = None
    async with unit_of_work(door.engine) as session:
        try:
            yield session
        except Refusal as refusal:
            refused = refusal
    if refused is not None:
        LOG.warning("passkey_refused", reason=refused.code, cause=type(refused.__cause__).__name__)
        raise refused


def _person_id(viewer: Viewer) -> int:
    assert viewer.person_id is not None, "who is signed in is somebody"
    return viewer.person_id
