"""Signing in and out."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin.operations import create_session, revoke_session
from mains_server.signin.records import NewSession

from mains_schema.context import Info
from mains_schema.errors import unauthenticated
from mains_schema.mapping import described
from mains_schema.payload import USER_ERROR_PATH, USER_ERRORS, made_error, user_error


class SessionErrorCode(Enum):
    """Why a session was not created or revoked."""

    WRONG_EMAIL_OR_PASSWORD = "WRONG_EMAIL_OR_PASSWORD"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    SIGNIN_BUSY = "SIGNIN_BUSY"
    SESSION_UNKNOWN = "SESSION_UNKNOWN"


described(
    SessionErrorCode,
    "Why a session was not created or revoked.",
    {
        "WRONG_EMAIL_OR_PASSWORD": "Nobody has this address and password; which of them is wrong is not told.",
        "TOO_MANY_ATTEMPTS": "Too many attempts failed; try again after `retryAt`.",
        "SIGNIN_BUSY": "Very many people sign in right now; try again in a few seconds.",
        "SESSION_UNKNOWN": "The session has ended already.",
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
    password: str = strawberry.field(description="Password; at most 200 characters.")


@strawberry.type(description="A session, or why there is none.")
class SessionCreatePayload:
    """The token is shown this once."""

    token: str | None = strawberry.field(
        description="Send it as `Authorization: Bearer <token>`; keep it secret. Null if signing in was refused."
    )
    expires_at: datetime | None = strawberry.field(description="Until when it is valid; null if there is none.")
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
    try:
        async with unit_of_work(context.engine) as session:
            made = await create_session(
                session,
                email=given.email,
                password=given.password,
                now=context.now,
                lifetime=context.services.session_lifetime,
            )
    except Refusal as refusal:
        error = user_error(SessionUserError, SessionErrorCode, refusal)
        return SessionCreatePayload(token=None, expires_at=None, retry_at=None, user_errors=[error])
    if isinstance(made, NewSession):
        return SessionCreatePayload(token=made.token, expires_at=made.expires_at, retry_at=None, user_errors=[])
    code = SessionErrorCode[made.code.name]
    error = made_error(SessionUserError, code, made.message, is_retryable=made.retry_at is not None)
    return SessionCreatePayload(token=None, expires_at=None, retry_at=made.retry_at, user_errors=[error])


async def session_revoke(info: Info) -> SessionRevokePayload:
    """End the session that the request came with."""
    context = info.context
    if context.viewer.session_id is None:
        raise unauthenticated()
    try:
        async with unit_of_work(context.engine) as session:
            await revoke_session(session, viewer=context.viewer, session_id=context.viewer.session_id, now=context.now)
    except Refusal as refusal:
        error = user_error(SessionUserError, SessionErrorCode, refusal)
        return SessionRevokePayload(is_revoked=False, user_errors=[error])
    return SessionRevokePayload(is_revoked=True, user_errors=[])
