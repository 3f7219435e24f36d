"""Signing in and out."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin.operations import create_session, prove_by_password
from mains_server.signin.records import Device, FactorNeeded, NewSession, SessionMode, SigninRefused
from mains_server.signin.rules import PROOF_LASTS_FOR
from mains_server.signin.sessions import refresh_session, revoke_all_sessions, revoke_session

from mains_schema.declaring.context import Context, Info
from mains_schema.declaring.errors import forbidden, unauthenticated
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import USER_ERROR_PATH, USER_ERRORS, made_error, user_error

ONLY_OURS = "A session in a cookie may be used by its own front end only."


class SessionErrorCode(Enum):
    """Why a session was not created or revoked."""

    WRONG_EMAIL_OR_PASSWORD = "WRONG_EMAIL_OR_PASSWORD"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    SIGNIN_BUSY = "SIGNIN_BUSY"
    SESSION_UNKNOWN = "SESSION_UNKNOWN"
    REFRESH_TOKEN_WRONG = "REFRESH_TOKEN_WRONG"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"
    REFRESH_RACED = "REFRESH_RACED"
    SECOND_FACTOR_NEEDED = "SECOND_FACTOR_NEEDED"
    CHALLENGE_WRONG = "CHALLENGE_WRONG"
    CODE_WRONG = "CODE_WRONG"


described(
    SessionErrorCode,
    "Why a session was not created or revoked.",
    {
        "WRONG_EMAIL_OR_PASSWORD": "Nobody has this address and password; which of them is wrong is not told.",
        "TOO_MANY_ATTEMPTS": "Too many attempts failed; try again after `retryAt`.",
        "SIGNIN_BUSY": "Very many people sign in right now; try again in a few seconds.",
        "SESSION_UNKNOWN": "The session has ended already, or is not the viewer's.",
        "REFRESH_TOKEN_WRONG": "There is no such refresh token, or its session has ended; sign in again.",
        "REFRESH_TOKEN_REUSED": "The token was used before, so somebody else may have it: the session has ended.",
        "REFRESH_RACED": "Another tab of the browser refreshed the session a moment ago; repeat the request.",
        "SECOND_FACTOR_NEEDED": "The password is right; send `challenge` and a code of the app by `sessionConfirm`.",
        "CHALLENGE_WRONG": "The sign-in that waited for a code has ended; begin again with `sessionCreate`.",
        "CODE_WRONG": "The code is wrong, was used, or is too old; which of them is not told.",
    },
)


@strawberry.type(description="Why a session was not created or revoked.")
class SessionUserError:
    """A refusal."""

    code: SessionErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description="The same for people, in English.")
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")


@strawberry.input(description="Whom to sign in.")
class SessionCreateInput:
    """An address and a password."""

    email: str = strawberry.field(description="E-mail address; capitals do not matter. At most 254 characters.")
    password: str = strawberry.field(description="Password; at most 1,000 characters.")
    mode: SessionMode | None = strawberry.field(
        description="How the tokens are kept; browsers choose COOKIE. BEARER if left out.", default=strawberry.UNSET
    )
    device: str | None = strawberry.field(
        description="What to call the device in the list of sessions; by default what the request's User-Agent says.",
        default=strawberry.UNSET,
    )


@strawberry.input(description="Which session to refresh.")
class SessionRefreshInput:
    """A refresh token."""

    refresh_token: str | None = strawberry.field(
        description="The session's last refresh token; leave it out in a browser, whose cookie has it.",
        default=strawberry.UNSET,
    )


@strawberry.input(description="Which session to end.")
class SessionEndInput:
    """One session."""

    session_id: strawberry.ID = strawberry.field(description="Global id of one of the viewer's sessions.")


@strawberry.input(description="A proof of who is there.")
class SessionProveInput:
    """A password."""

    password: str = strawberry.field(description="The viewer's password.")


@strawberry.type(description="A session, or why there is none.")
class SessionCreatePayload:
    """The tokens are shown this once."""

    token: str | None = strawberry.field(
        description="Send it as `Authorization: Bearer <token>`; keep it secret. Null if signing in was refused, and"
        " where a cookie has it."
    )
    expires_at: datetime | None = strawberry.field(
        description="Until when the token is valid, at most 60 minutes; null if there is none."
    )
    refresh_token: str | None = strawberry.field(
        description="Good for one `sessionRefresh`; keep it secret. Null if signing in was refused, and where a cookie"
        " has it."
    )
    ends_at: datetime | None = strawberry.field(
        description="Until when the session can be refreshed; each refresh moves it. Null if there is no session."
    )
    retry_at: datetime | None = strawberry.field(
        description="When to try again after too many attempts; null otherwise."
    )
    challenge: str | None = strawberry.field(
        description="With SECOND_FACTOR_NEEDED, what `sessionConfirm` takes together with a code; keep it secret. Null"
        " otherwise.",
        default=None,
    )
    challenge_expires_at: datetime | None = strawberry.field(
        description="Until when the challenge waits for a code, five minutes; null if there is none.", default=None
    )
    user_errors: list[SessionUserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="Whether the viewer's sessions have ended.")
class SessionRevokeAllPayload:
    """The outcome of signing out everywhere."""

    ended: int = strawberry.field(description="How many sessions ended, that of the request among them.")


@strawberry.type(description="Whether the proof was taken.")
class SessionProvePayload:
    """The outcome of a proof."""

    proved_until: datetime | None = strawberry.field(
        description="Until when what needs a fresh proof can be done; null if the proof was refused."
    )
    retry_at: datetime | None = strawberry.field(
        description="When to try again after too many attempts; null otherwise."
    )
    user_errors: list[SessionUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="Whether the session has ended.")
class SessionRevokePayload:
    """The outcome of signing out."""

    is_revoked: bool = strawberry.field(description="Whether the token is worth nothing from now on.")
    user_errors: list[SessionUserError] = strawberry.field(description=USER_ERRORS)


async def session_create(info: Info, given: SessionCreateInput) -> SessionCreatePayload:
    """Sign somebody in; a refused attempt is counted, so its transaction is kept."""
    context = info.context
    device = Device(name=given.device or context.caller.device, mode=given.mode or SessionMode.BEARER)
    if device.mode is SessionMode.COOKIE and not context.caller.is_ours:
        raise forbidden(ONLY_OURS)
    try:
        async with unit_of_work(context.engine) as session:
            made = await create_session(
                session,
                email=given.email,
                password=given.password,
                device=device,
                now=context.now,
                lifetimes=context.services.lifetimes,
            )
    except Refusal as refusal:
        return no_session(user_error(SessionUserError, SessionErrorCode, refusal))
    if isinstance(made, NewSession):
        return begun(context, made)
    if isinstance(made, FactorNeeded):
        return _awaiting_code(made)
    return no_session(refused_error(made), retry_at=made.retry_at)


async def session_refresh(info: Info, given: SessionRefreshInput) -> SessionCreatePayload:
    """Give a session new tokens; a token used twice ends it, so the transaction of a refusal is kept too."""
    context = info.context
    has_cookie = not given.refresh_token
    if has_cookie and not context.caller.is_ours:
        raise forbidden(ONLY_OURS)
    async with unit_of_work(context.engine) as session:
        made = await refresh_session(
            session,
            refresh_token=given.refresh_token or context.caller.refresh_token or "",
            now=context.now,
            lifetimes=context.services.lifetimes,
        )
    if isinstance(made, NewSession):
        return begun(context, made)
    if has_cookie and not made.is_retryable:
        context.caller.forget()
    code = SessionErrorCode[made.code.name]
    return no_session(made_error(SessionUserError, code, made.message, is_retryable=made.is_retryable))


async def session_revoke(info: Info) -> SessionRevokePayload:
    """End the session that the request came with."""
    return await _end(info, session_id=_session_of(info.context))


async def session_end(info: Info, given: SessionEndInput) -> SessionRevokePayload:
    """End one of the viewer's sessions."""
    _session_of(info.context)
    return await _end(info, session_id=number_of(given.session_id, type_name="Session"))


async def session_revoke_all(info: Info) -> SessionRevokeAllPayload:
    """End all sessions of the viewer."""
    context = info.context
    _session_of(context)
    assert context.viewer.person_id is not None, "who has a session is somebody"
    async with unit_of_work(context.engine) as session:
        ended = await revoke_all_sessions(session, person_id=context.viewer.person_id, now=context.now)
    context.caller.forget_own()
    return SessionRevokeAllPayload(ended=ended)


async def session_prove(info: Info, given: SessionProveInput) -> SessionProvePayload:
    """Take a proof of who the viewer is; a refused one is counted, so its transaction is kept."""
    context = info.context
    _session_of(context)
    try:
        async with unit_of_work(context.engine) as session:
            refused = await prove_by_password(session, viewer=context.viewer, password=given.password, now=context.now)
    except Refusal as refusal:
        error = user_error(SessionUserError, SessionErrorCode, refusal)
        return SessionProvePayload(proved_until=None, retry_at=None, user_errors=[error])
    if refused is not None:
        return SessionProvePayload(proved_until=None, retry_at=refused.retry_at, user_errors=[refused_error(refused)])
    return SessionProvePayload(proved_until=context.now + PROOF_LASTS_FOR, retry_at=None, user_errors=[])


def begun(context: Context, made: NewSession) -> SessionCreatePayload:
    """Hand over a session's tokens."""
    token, refresh_token = keep(context, made)
    return SessionCreatePayload(
        token=token,
        expires_at=made.expires_at,
        refresh_token=refresh_token,
        ends_at=made.ends_at,
        retry_at=None,
        user_errors=[],
    )


def keep(context: Context, made: NewSession) -> tuple[str | None, str | None]:
    """Give a session's tokens to the front end, or to its browser's cookies and nobody."""
    if made.mode is SessionMode.COOKIE:
        context.caller.keep(made, now=context.now)
        return None, None
    return made.token, made.refresh_token


def no_session(error: SessionUserError, *, retry_at: datetime | None = None) -> SessionCreatePayload:
    """Say why there is no session."""
    return SessionCreatePayload(
        token=None, expires_at=None, refresh_token=None, ends_at=None, retry_at=retry_at, user_errors=[error]
    )


def _awaiting_code(needed: FactorNeeded) -> SessionCreatePayload:
    words = "the password is right; a code of the authenticator app is needed too"
    payload = no_session(made_error(SessionUserError, SessionErrorCode.SECOND_FACTOR_NEEDED, words))
    payload.challenge, payload.challenge_expires_at = needed.challenge, needed.expires_at
    return payload


def refused_error(refused: SigninRefused) -> SessionUserError:
    """Say why a sign-in or a proof was refused."""
    code = SessionErrorCode[refused.code.name]
    return made_error(SessionUserError, code, refused.message, is_retryable=refused.retry_at is not None)


def _session_of(context: Context) -> int:
    if context.viewer.session_id is None:
        raise unauthenticated()
    return context.viewer.session_id


async def _end(info: Info, *, session_id: int) -> SessionRevokePayload:
    context = info.context
    try:
        async with unit_of_work(context.engine) as session:
            await revoke_session(session, viewer=context.viewer, session_id=session_id, now=context.now)
    except Refusal as refusal:
        error = user_error(SessionUserError, SessionErrorCode, refusal)
        return SessionRevokePayload(is_revoked=False, user_errors=[error])
    if session_id == context.viewer.session_id:
        context.caller.forget_own()
    return SessionRevokePayload(is_revoked=True, user_errors=[])
