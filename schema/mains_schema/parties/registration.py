"""Registering an account oneself; what is answered never tells whether there is such a customer."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.openid.operations import link_at_registration
from mains_server.registration import rules
from mains_server.registration.operations import begin_registration, confirm_registration
from mains_server.registration.records import RegistrationAsked, RegistrationConfirmed
from mains_server.signin.records import Device, MessageRoad, NewSession, SessionMode
from mains_server.signin.rules import email_hash
from mains_server.signin.throttling import network

from mains_schema.declaring.context import Context, Info
from mains_schema.declaring.errors import forbidden
from mains_schema.declaring.mapping import described
from mains_schema.declaring.payload import USER_ERROR_PATH, USER_ERRORS, made_error, user_error
from mains_schema.parties.passwords import EVERYBODY, claimed
from mains_schema.parties.session import ONLY_OURS, keep


class RegistrationErrorCode(Enum):
    """Why a registration was not begun or confirmed; never whether there is such a customer."""

    EMAIL_MALFORMED = "EMAIL_MALFORMED"
    NAME_MALFORMED = "NAME_MALFORMED"
    PASSWORD_TOO_SHORT = "PASSWORD_TOO_SHORT"
    PASSWORD_TOO_LONG = "PASSWORD_TOO_LONG"
    PASSWORD_TOO_COMMON = "PASSWORD_TOO_COMMON"
    REGISTRATION_NOT_CONFIRMED = "REGISTRATION_NOT_CONFIRMED"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    SIGNIN_BUSY = "SIGNIN_BUSY"


described(
    RegistrationErrorCode,
    "Why a registration was not begun or confirmed; never whether there is such a customer.",
    {
        "EMAIL_MALFORMED": "It is no e-mail address.",
        "NAME_MALFORMED": "It is not 1 to 200 characters that can be shown.",
        "PASSWORD_TOO_SHORT": "It has fewer than 10 characters.",
        "PASSWORD_TOO_LONG": "It has more than 1,000 characters.",
        "PASSWORD_TOO_COMMON": "Many people have it, or it is the name given.",
        "REGISTRATION_NOT_CONFIRMED": "The codes do not fit, were used, or are too old; which of them is not told.",
        "TOO_MANY_ATTEMPTS": "This was tried too often; try again later.",
        "SIGNIN_BUSY": "Very many people sign in right now; try again in a few seconds.",
    },
)


class RegistrationChannel(Enum):
    """By which road a code should come."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    LETTER = "LETTER"


described(
    RegistrationChannel,
    "By which road the code to the contact on file should come.",
    {
        "EMAIL": "By mail; good for an hour.",
        "SMS": "By text message; good for an hour.",
        "LETTER": "By letter to the billing address; good for fourteen days.",
    },
)


@strawberry.type(description="Why a registration was not begun or confirmed.")
class RegistrationUserError:
    """A refusal."""

    code: RegistrationErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description="The same for people, in English.")
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")


@strawberry.input(description="Who wants an account, and as which customer.")
class RegistrationBeginInput:
    """A number, a proof and an address."""

    number: str = strawberry.field(description="Customer or contract number, as an invoice has it.")
    identifier: str = strawberry.field(description="Personal code of a person, or registration number of a firm.")
    email: str = strawberry.field(description="E-mail address to sign in with; at most 254 characters.")
    language: str | None = strawberry.field(
        description="Language of the account: `lv`, `en` or `ru`; that of the request if left out.",
        default=strawberry.UNSET,
    )
    channel: RegistrationChannel | None = strawberry.field(
        description="By which road the code should come. Where no such contact is on file, or none is asked for, it"
        " comes by mail, text message or letter, whichever is there first; the answer never tells which.",
        default=strawberry.UNSET,
    )


@strawberry.input(description="The codes that came, and what the account gets.")
class RegistrationConfirmInput:
    """Two codes, a name and a password."""

    registration: str = strawberry.field(description="What `registrationBegin` answered.")
    code: str = strawberry.field(description="Code that came to the contact on file; dashes do not matter.")
    email_code: str | None = strawberry.field(
        description="Code that came to the address to sign in with; none comes where that is the contact on file.",
        default=strawberry.UNSET,
    )
    name: str = strawberry.field(description="Full name of who will sign in; 1 to 200 characters.")
    password: str = strawberry.field(description="Password: 10 to 1,000 characters, and not a common one.")
    mode: SessionMode | None = strawberry.field(
        description="How the session's tokens are kept; browsers choose COOKIE. BEARER if left out.",
        default=strawberry.UNSET,
    )
    openid_ticket: str | None = strawberry.field(
        description="Ticket of `openidSignInFinish`: links the account to who was proven there, where the provider told"
        " the customer's own personal code.",
        default=strawberry.UNSET,
    )


@strawberry.type(description="A registration that waits for its codes; it looks alike whether or not any are sent.")
class RegistrationBeginPayload:
    """The registration, or a refusal."""

    registration: str | None = strawberry.field(
        description="Keep it for `registrationConfirm`; null if it was refused."
    )
    expires_at: datetime | None = strawberry.field(
        description="Until when a code of a letter is good; codes by mail and text message are good for an hour."
        " Null if it was refused."
    )
    user_errors: list[RegistrationUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="An account with its first session, or why there is none.")
class RegistrationConfirmPayload:
    """The tokens are shown this once."""

    token: str | None = strawberry.field(description="As in `sessionCreate`; null if there is none.")
    expires_at: datetime | None = strawberry.field(description="As in `sessionCreate`; null if there is none.")
    refresh_token: str | None = strawberry.field(description="As in `sessionCreate`; null if there is none.")
    ends_at: datetime | None = strawberry.field(description="As in `sessionCreate`; null if there is no session.")
    is_openid_linked: bool = strawberry.field(
        description="Whether `openidTicket` was used up. If not, it is good for `openidLink`, as long as it is one."
    )
    user_errors: list[RegistrationUserError] = strawberry.field(description=USER_ERRORS)


async def registration_begin(info: Info, given: RegistrationBeginInput) -> RegistrationBeginPayload:
    """Begin a registration."""
    context = info.context
    asked = RegistrationAsked(
        number=given.number,
        identifier=given.identifier,
        email=given.email,
        language=given.language or context.reads.language,
        channel=MessageRoad[given.channel.name] if given.channel else None,
    )
    tries = (
        (rules.OF_NUMBER, rules.plain_number(asked.number)),
        (rules.OF_EMAIL, email_hash(asked.email[:1_000]).hex()),
        (rules.OF_NETWORK, network(context.reads.address)),
        (rules.OF_ALL, EVERYBODY),
    )
    try:
        await claimed(context, *tries)
        async with unit_of_work(context.engine) as session:
            begun = await begin_registration(session, asked=asked, now=context.now)
    except Refusal as refusal:
        return RegistrationBeginPayload(registration=None, expires_at=None, user_errors=[_error(refusal)])
    return RegistrationBeginPayload(registration=begun.token, expires_at=begun.expires_at, user_errors=[])


async def registration_confirm(info: Info, given: RegistrationConfirmInput) -> RegistrationConfirmPayload:
    """Confirm a registration; a refused try is counted, so its transaction is kept."""
    context = info.context
    device = Device(name=context.caller.device, mode=given.mode or SessionMode.BEARER)
    if device.mode is SessionMode.COOKIE and not context.caller.is_ours:
        raise forbidden(ONLY_OURS)
    asked = RegistrationConfirmed(
        token=given.registration,
        code=given.code,
        email_code=given.email_code or "",
        name=given.name,
        password=given.password,
        device=device,
    )
    try:
        made, is_linked = await _confirmed(context, asked, ticket=given.openid_ticket or None)
    except Refusal as refusal:
        return _none(_error(refusal))
    if isinstance(made, str):
        code = RegistrationErrorCode.REGISTRATION_NOT_CONFIRMED
        return _none(made_error(RegistrationUserError, code, made, path="code"))
    token, refresh_token = keep(context, made)
    return RegistrationConfirmPayload(
        token=token,
        expires_at=made.expires_at,
        refresh_token=refresh_token,
        ends_at=made.ends_at,
        is_openid_linked=is_linked,
        user_errors=[],
    )


async def _confirmed(
    context: Context, asked: RegistrationConfirmed, *, ticket: str | None
) -> tuple[NewSession | str, bool]:
    """Give the session, or the words of a refusal, and whether a provider was linked in the same transaction."""
    secret, is_linked = context.services.links.secret, False
    await claimed(context, (rules.CONFIRMED_OF_NETWORK, network(context.reads.address)))
    async with unit_of_work(context.engine) as session:
        made = await confirm_registration(
            session,
            given=asked,
            key=secret,
            now=context.now,
            lifetimes=context.services.lifetimes,
        )
        if isinstance(made, NewSession) and ticket is not None:
            is_linked = await link_at_registration(
                session, person=made.person, ticket=ticket, secret=secret, now=context.now
            )
    return made if isinstance(made, NewSession) else made.message, is_linked


def _none(error: RegistrationUserError) -> RegistrationConfirmPayload:
    return RegistrationConfirmPayload(
        token=None, expires_at=None, refresh_token=None, ends_at=None, is_openid_linked=False, user_errors=[error]
    )


def _error(refusal: Refusal) -> RegistrationUserError:
    return user_error(RegistrationUserError, RegistrationErrorCode, refusal)
