"""Changing a password, and resetting one that was forgotten."""

from __future__ import annotations

from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin import passwords
from mains_server.signin.rules import email_hash
from mains_server.signin.throttling import Bound, TooManyAttempts, claim_tries, network

from mains_schema.declaring.context import Context, Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.mapping import described
from mains_schema.declaring.payload import USER_ERROR_PATH, USER_ERRORS, made_error, user_error

EVERYBODY = "*"


class PasswordErrorCode(Enum):
    """Why a password was not changed."""

    REAUTHENTICATION_NEEDED = "REAUTHENTICATION_NEEDED"
    PASSWORD_TOO_SHORT = "PASSWORD_TOO_SHORT"
    PASSWORD_TOO_LONG = "PASSWORD_TOO_LONG"
    PASSWORD_TOO_COMMON = "PASSWORD_TOO_COMMON"
    RESET_CODE_WRONG = "RESET_CODE_WRONG"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    SIGNIN_BUSY = "SIGNIN_BUSY"


described(
    PasswordErrorCode,
    "Why a password was not changed.",
    {
        "REAUTHENTICATION_NEEDED": "The viewer proved who they are longer than five minutes ago: `sessionProve` first.",
        "PASSWORD_TOO_SHORT": "It has fewer than 10 characters.",
        "PASSWORD_TOO_LONG": "It has more than 1,000 characters.",
        "PASSWORD_TOO_COMMON": "Many people have it, or it is the viewer's name or address.",
        "RESET_CODE_WRONG": "The code is wrong, was used, or is older than an hour; which of them is not told.",
        "TOO_MANY_ATTEMPTS": "This was tried too often; try again later.",
        "SIGNIN_BUSY": "Very many people sign in right now; try again in a few seconds.",
    },
)


@strawberry.type(description="Why a password was not changed.")
class PasswordUserError:
    """A refusal."""

    code: PasswordErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description="The same for people, in English.")
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")


@strawberry.input(description="Another password.")
class PasswordChangeInput:
    """A password."""

    password: str = strawberry.field(description="The new password: 10 to 1,000 characters, and not a common one.")


@strawberry.input(description="Whose password was forgotten.")
class PasswordResetRequestInput:
    """An address."""

    email: str = strawberry.field(description="E-mail address that one signs in with.")


@strawberry.input(description="A code that came by mail, and another password.")
class PasswordResetInput:
    """A code and a password."""

    code: str = strawberry.field(description="The code of the mail; spaces and capitals do not matter.")
    password: str = strawberry.field(description="The new password: 10 to 1,000 characters, and not a common one.")


@strawberry.type(description="Whether the password was changed.")
class PasswordChangePayload:
    """The outcome."""

    is_changed: bool = strawberry.field(description="Whether the new password holds from now on.")
    user_errors: list[PasswordUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="Whether the request was taken; it looks alike whether or not somebody has the address.")
class PasswordResetRequestPayload:
    """The outcome of asking."""

    is_taken: bool = strawberry.field(description="Whether a code is on its way, if somebody has this address.")
    user_errors: list[PasswordUserError] = strawberry.field(description=USER_ERRORS)


async def password_change(info: Info, given: PasswordChangeInput) -> PasswordChangePayload:
    """Change the viewer's password."""
    context = info.context
    if context.viewer.session_id is None:
        raise unauthenticated()
    try:
        async with unit_of_work(context.engine) as session:
            await passwords.change_password(session, viewer=context.viewer, password=given.password, now=context.now)
    except Refusal as refusal:
        return PasswordChangePayload(is_changed=False, user_errors=[_error(refusal)])
    return PasswordChangePayload(is_changed=True, user_errors=[])


async def password_reset_request(info: Info, given: PasswordResetRequestInput) -> PasswordResetRequestPayload:
    """Send a code to an address, if somebody has it."""
    context = info.context
    email = given.email[:1_000]
    tries = (
        (passwords.RESETS_OF_EMAIL, email_hash(email).hex()),
        (passwords.RESETS_OF_NETWORK, network(context.reads.address)),
        (passwords.RESETS_OF_ALL, EVERYBODY),
    )
    try:
        await claimed(context, *tries)
        async with unit_of_work(context.engine) as session:
            await passwords.request_reset(session, email=email, key=context.services.links.secret, now=context.now)
    except Refusal as refusal:
        return PasswordResetRequestPayload(is_taken=False, user_errors=[_error(refusal)])
    return PasswordResetRequestPayload(is_taken=True, user_errors=[])


async def password_reset(info: Info, given: PasswordResetInput) -> PasswordChangePayload:
    """Change the password of who has the code."""
    context = info.context
    try:
        await claimed(context, (passwords.RESET_TRIES_OF_NETWORK, network(context.reads.address)))
        async with unit_of_work(context.engine) as session:
            refused = await passwords.reset_password(
                session, token=given.code, password=given.password, now=context.now
            )
    except Refusal as refusal:
        return PasswordChangePayload(is_changed=False, user_errors=[_error(refusal)])
    if refused is not None:
        error = made_error(PasswordUserError, PasswordErrorCode.RESET_CODE_WRONG, refused.message, path="code")
        return PasswordChangePayload(is_changed=False, user_errors=[error])
    return PasswordChangePayload(is_changed=True, user_errors=[])


async def claimed(context: Context, *tries: tuple[Bound, str]) -> None:
    """Count a try in a transaction of its own before anything is looked up, and refuse one too many."""
    async with unit_of_work(context.engine) as session:
        is_allowed = await claim_tries(session, tries=tries, now=context.now)
    if not is_allowed:
        raise TooManyAttempts("this was tried too often; try again in an hour")


def _error(refusal: Refusal) -> PasswordUserError:
    return user_error(PasswordUserError, PasswordErrorCode, refusal)
