"""An authenticator app beside the password: set up, asked for when signing in, turned off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from typing import TypeVar

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.notifications.sealing import Seal
from mains_server.signin import second_factor as room
from mains_server.signin.queries import factor_state
from mains_server.signin.records import NewSession, SessionMode, SigninRefused

from mains_schema.declaring.context import Context, Info
from mains_schema.declaring.errors import forbidden, unauthenticated
from mains_schema.declaring.mapping import described
from mains_schema.declaring.payload import USER_ERROR_PATH, USER_ERRORS, made_error, user_error
from mains_schema.declaring.resolve import Reads
from mains_schema.parties.session import ONLY_OURS, SessionCreatePayload, begun, no_session, refused_error

T = TypeVar("T")

CODE_OF_APP = "The six digits that the app shows; spaces do not matter."
ANY_CODE = "The six digits that the app shows, or a recovery code; spaces, hyphens and capitals do not matter."
RECOVERY_CODES = "Ten codes, each good once where the app is lost; shown this once. Empty if it was refused."


class SecondFactorErrorCode(Enum):
    """Why nothing was changed about the second factor."""

    REAUTHENTICATION_NEEDED = "REAUTHENTICATION_NEEDED"
    SECOND_FACTOR_ON = "SECOND_FACTOR_ON"
    SECOND_FACTOR_OFF = "SECOND_FACTOR_OFF"
    CODE_WRONG = "CODE_WRONG"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"


described(
    SecondFactorErrorCode,
    "Why nothing was changed about the second factor.",
    {
        "REAUTHENTICATION_NEEDED": "The viewer proved who they are longer than five minutes ago: `sessionProve` first.",
        "SECOND_FACTOR_ON": "There is a second factor already; turn it off first.",
        "SECOND_FACTOR_OFF": "There is no second factor, or none that waits to be confirmed.",
        "CODE_WRONG": "The code is wrong, was used, or is too old; which of them is not told.",
        "TOO_MANY_ATTEMPTS": "Too many codes were tried; try again later.",
    },
)


@strawberry.type(description="Why nothing was changed about the second factor.")
class SecondFactorUserError:
    """A refusal."""

    code: SecondFactorErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description="The same for people, in English.")
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")


@strawberry.type(description="The app whose codes the viewer signs in with, beside the password.")
class SecondFactor:
    """Since when, and what is left for when it is lost."""

    confirmed_at: datetime = strawberry.field(description="Since when signing in needs a code.")
    recovery_codes_left: int = strawberry.field(description="How many of the ten recovery codes were not used yet.")


@strawberry.input(description="A code of the app that is being set up.")
class SecondFactorConfirmInput:
    """A code."""

    code: str = strawberry.field(description=CODE_OF_APP)


@strawberry.input(description="A code that proves who asks.")
class SecondFactorCodeInput:
    """A code."""

    code: str = strawberry.field(description=ANY_CODE)


@strawberry.input(description="The sign-in that waits for a code, and the code.")
class SessionConfirmInput:
    """A challenge and its answer."""

    challenge: str = strawberry.field(description="What `sessionCreate` gave; it takes one right code.")
    code: str = strawberry.field(description=ANY_CODE)


@strawberry.type(description="What an authenticator app is set up with, or why it is not.")
class SecondFactorBeginPayload:
    """The secret is shown this once."""

    uri: str | None = strawberry.field(
        description="`otpauth:` address to show as a QR code; keep it secret. Null if it was refused."
    )
    secret: str | None = strawberry.field(
        description="The same secret in base 32, for typing into the app. Null if it was refused."
    )
    user_errors: list[SecondFactorUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="Recovery codes, or why there are none.")
class SecondFactorCodesPayload:
    """The codes are shown this once."""

    recovery_codes: list[str] = strawberry.field(description=RECOVERY_CODES)
    user_errors: list[SecondFactorUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="Whether the second factor is off.")
class SecondFactorDisablePayload:
    """The outcome."""

    is_disabled: bool = strawberry.field(description="Whether the password is enough from now on.")
    user_errors: list[SecondFactorUserError] = strawberry.field(description=USER_ERRORS)


async def second_factor(reads: Reads, person: int) -> SecondFactor | None:
    """Read the state of the viewer's own second factor."""
    async with read_session(reads.engine) as session:
        found = await factor_state(session, person_id=person)
    if found is None:
        return None
    return SecondFactor(confirmed_at=found.confirmed_at, recovery_codes_left=found.recovery_codes_left)


async def second_factor_begin(info: Info) -> SecondFactorBeginPayload:
    """Begin to set an app up."""
    context = _signed_in(info.context)
    try:
        async with unit_of_work(context.engine) as session:
            made = await room.begin_enrolment(session, viewer=context.viewer, seal=_seal(context), now=context.now)
    except Refusal as refusal:
        return SecondFactorBeginPayload(uri=None, secret=None, user_errors=[_error(refusal)])
    return SecondFactorBeginPayload(uri=made.uri, secret=made.secret, user_errors=[])


async def second_factor_confirm(info: Info, given: SecondFactorConfirmInput) -> SecondFactorCodesPayload:
    """Turn the second factor on."""
    return await _codes(info.context, room.confirm_enrolment, given.code)


async def second_factor_recovery_codes_renew(info: Info, given: SecondFactorCodeInput) -> SecondFactorCodesPayload:
    """Replace the recovery codes."""
    return await _codes(info.context, room.renew_recovery_codes, given.code)


async def second_factor_disable(info: Info, given: SecondFactorCodeInput) -> SecondFactorDisablePayload:
    """Turn the second factor off."""
    done = await _with_code(info.context, room.disable, given.code)
    if isinstance(done, SecondFactorUserError):
        return SecondFactorDisablePayload(is_disabled=False, user_errors=[done])
    return SecondFactorDisablePayload(is_disabled=True, user_errors=[])


async def session_confirm(info: Info, given: SessionConfirmInput) -> SessionCreatePayload:
    """Begin the session that waited for a code; a refused code is counted, so its transaction is kept."""
    context = info.context
    async with unit_of_work(context.engine) as session:
        made = await room.answer_challenge(
            session,
            challenge=given.challenge,
            code=given.code,
            seal=_seal(context),
            now=context.now,
            lifetimes=context.services.lifetimes,
        )
        if isinstance(made, NewSession) and made.mode is SessionMode.COOKIE and not context.caller.is_ours:
            raise forbidden(ONLY_OURS)
    if isinstance(made, NewSession):
        return begun(context, made)
    return no_session(refused_error(made), retry_at=made.retry_at)


async def _codes(
    context: Context, change: Callable[..., Awaitable[tuple[str, ...] | SigninRefused]], code: str
) -> SecondFactorCodesPayload:
    made = await _with_code(context, change, code)
    if isinstance(made, SecondFactorUserError):
        return SecondFactorCodesPayload(recovery_codes=[], user_errors=[made])
    return SecondFactorCodesPayload(recovery_codes=list(made), user_errors=[])


async def _with_code(
    context: Context, change: Callable[..., Awaitable[T | SigninRefused]], code: str
) -> T | SecondFactorUserError:
    _signed_in(context)
    try:
        async with unit_of_work(context.engine) as session:
            made = await change(session, viewer=context.viewer, code=code, seal=_seal(context), now=context.now)
    except Refusal as refusal:
        return _error(refusal)
    if isinstance(made, SigninRefused):
        found = SecondFactorErrorCode.__members__.get(made.code.name, SecondFactorErrorCode.SECOND_FACTOR_OFF)
        is_retryable = made.retry_at is not None
        return made_error(SecondFactorUserError, found, made.message, path="code", is_retryable=is_retryable)
    return made


def _seal(context: Context) -> Seal:
    return Seal(context.services.links.secret)


def _signed_in(context: Context) -> Context:
    if context.viewer.session_id is None:
        raise unauthenticated()
    return context


def _error(refusal: Refusal) -> SecondFactorUserError:
    return user_error(SecondFactorUserError, SecondFactorErrorCode, refusal)
