"""Passkeys: made for an account, signed in with, used as a proof, named and removed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.sealing import Seal
from mains_server.passkeys import flow, operations, rules
from mains_server.passkeys.records import Options, Transport
from mains_server.passkeys.tables import Passkey as PK
from mains_server.signin.records import Device, SessionMode, SigninRefused
from mains_server.signin.rules import PROOF_LASTS_FOR
from mains_server.signin.throttling import network

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Context, Info
from mains_schema.declaring.errors import forbidden, unauthenticated
from mains_schema.declaring.mapping import column, computed, described, key, mapped
from mains_schema.declaring.node import Node, number_of
from mains_schema.declaring.payload import (
    IN_ENGLISH,
    RETRYABLE,
    USER_ERROR_PATH,
    USER_ERRORS,
    made_error,
    user_error,
)
from mains_schema.declaring.resolve import Reads
from mains_schema.declaring.scope import oneself
from mains_schema.parties.passwords import EVERYBODY, claimed
from mains_schema.parties.session import ONLY_OURS, keep

AS_IN_SESSION_CREATE = "As in `sessionCreate`; null if there is none."
CREDENTIAL = "`JSON.stringify(credential)` of what the browser gave; at most 20,000 characters."
NAME = "What to call it, 1 to 60 characters"
WHICH = "Global id of one of the viewer's passkeys."
UNNAMED = "Passkey"


class PasskeyErrorCode(Enum):
    """Why nothing came of a passkey."""

    PASSKEYS_OFF = "PASSKEYS_OFF"
    REAUTHENTICATION_NEEDED = "REAUTHENTICATION_NEEDED"
    SECOND_FACTOR_NEEDED = "SECOND_FACTOR_NEEDED"
    CODE_WRONG = "CODE_WRONG"
    PASSKEYS_TOO_MANY = "PASSKEYS_TOO_MANY"
    PASSKEY_MALFORMED = "PASSKEY_MALFORMED"
    CHALLENGE_WRONG = "CHALLENGE_WRONG"
    ORIGIN_WRONG = "ORIGIN_WRONG"
    RELYING_PARTY_WRONG = "RELYING_PARTY_WRONG"
    PERSON_UNVERIFIED = "PERSON_UNVERIFIED"
    PASSKEY_REFUSED = "PASSKEY_REFUSED"
    PASSKEY_TAKEN = "PASSKEY_TAKEN"
    PASSKEY_UNKNOWN = "PASSKEY_UNKNOWN"
    NAME_INVALID = "NAME_INVALID"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"


CODES: Mapping[str, str] = {
    "PASSKEYS_OFF": "Passkeys are not set up here; sign in by password.",
    "REAUTHENTICATION_NEEDED": "The viewer proved who they are longer than five minutes ago: `sessionProve` or"
    " `passkeyProveBegin` first.",
    "SECOND_FACTOR_NEEDED": "The account has a second factor: send a code of it too.",
    "CODE_WRONG": "The code is wrong, was used, or is too old; which of them is not told.",
    "PASSKEYS_TOO_MANY": f"There are {rules.PASSKEYS_MAX} passkeys already; remove one first.",
    "PASSKEY_MALFORMED": "This is not what a browser gives, or it answers another question.",
    "CHALLENGE_WRONG": "It was answered before, took longer than five minutes, or is of another session; begin again.",
    "ORIGIN_WRONG": "Passkeys are not set up for the page that asked, or it was inside a page of another site.",
    "RELYING_PARTY_WRONG": "The passkey is of another domain.",
    "PERSON_UNVERIFIED": "The device did not ask for a PIN, a finger or a face.",
    "PASSKEY_REFUSED": "The passkey lets nobody in: it is unknown, removed, suspended or another's, or did not sign"
    " this. Which of these is not told.",
    "PASSKEY_TAKEN": "This passkey is in use already.",
    "PASSKEY_UNKNOWN": "The viewer has no such passkey, or none at all.",
    "NAME_INVALID": "The name is empty, longer than 60 characters, or cannot be shown.",
    "TOO_MANY_ATTEMPTS": "This was tried too often; try again later.",
}
described(PasskeyErrorCode, "Why nothing came of a passkey.", CODES)
described(
    Transport,
    "How a browser reaches what holds a passkey.",
    {
        "USB": "A key in a USB socket.",
        "NFC": "A key held to the device.",
        "BLE": "A key by Bluetooth.",
        "SMART_CARD": "A card in a reader.",
        "INTERNAL": "The device itself, or its password keeper.",
        "HYBRID": "A phone beside it, by a QR code.",
    },
)


@strawberry.type(description="Why nothing came of a passkey.")
class PasskeyUserError:
    """A refusal."""

    code: PasskeyErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


def transports_of(_reads: Reads, words: list[str]) -> list[Transport]:
    """Read how a passkey is reached."""
    return [Transport(word) for word in words]


@mapped(PK, scope=oneself(PK.person_id))
class Passkey(Node):
    """A passkey that the viewer signs in with; remove it by `passkeyRemove`."""

    id: strawberry.ID = key("Global id.", PK.id)
    name: str = column("What its person calls it.", PK.name)
    created_at: datetime = column("When it was added.", PK.created_at)
    last_used_at: datetime | None = column("When it was last used; null if it never was.", PK.last_used_at)
    transports: list[Transport] = computed("How browsers said that it is reached.", transports_of, PK.transports)
    is_synced: bool = column("Whether a password keeper copies it to other devices.", PK.is_synced)
    suspended_at: datetime | None = column(
        "When it was suspended because there may be two of it: its count went backwards. It lets nobody in any more."
        " Null while it counts.",
        PK.suspended_at,
    )


@strawberry.input(description="What making a passkey needs besides a fresh proof.")
class PasskeyRegisterBeginInput:
    """A code."""

    code: str | None = strawberry.field(
        description="A code of the authenticator app or a recovery code, where the account has a second factor; leave"
        " it out where it has none.",
        default=strawberry.UNSET,
    )


@strawberry.input(description="A passkey that a browser made.")
class PasskeyRegisterFinishInput:
    """A credential and a name."""

    credential: str = strawberry.field(description=CREDENTIAL)
    name: str | None = strawberry.field(
        description=f"{NAME}; by default what the request's User-Agent says.", default=strawberry.UNSET
    )


@strawberry.input(description="Where somebody signs in.")
class PasskeySignInBeginInput:
    """A device."""

    mode: SessionMode | None = strawberry.field(
        description="How the tokens are kept; browsers choose COOKIE. BEARER if left out.", default=strawberry.UNSET
    )
    device: str | None = strawberry.field(
        description="What to call the device in the list of sessions; by default what the request's User-Agent says.",
        default=strawberry.UNSET,
    )


@strawberry.input(description="What a browser signed with a passkey.")
class PasskeyFinishInput:
    """A credential."""

    credential: str = strawberry.field(description=CREDENTIAL)


@strawberry.input(description="Another name of a passkey.")
class PasskeyRenameInput:
    """A passkey and a name."""

    passkey_id: strawberry.ID = strawberry.field(description=WHICH)
    name: str = strawberry.field(description=f"{NAME}.")


@strawberry.input(description="A passkey to remove.")
class PasskeyRemoveInput:
    """A passkey."""

    passkey_id: strawberry.ID = strawberry.field(description=WHICH)


@strawberry.type(description="What to hand to the browser, or why nothing.")
class PasskeyBeginPayload:
    """Options."""

    options: str | None = strawberry.field(
        description="JSON of the options, for `PublicKeyCredential.parseCreationOptionsFromJSON` when one is made and"
        " `parseRequestOptionsFromJSON` otherwise; null if it was refused."
    )
    expires_at: datetime | None = strawberry.field(
        description="Until when the answer counts, five minutes; null if it was refused."
    )
    user_errors: list[PasskeyUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="The passkey, or why there is none.")
class PasskeyPayload:
    """The outcome of making or naming one."""

    passkey: Passkey | None = strawberry.field(description="The passkey; null if it was refused.")
    user_errors: list[PasskeyUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="A session, or why there is none.")
class PasskeySignInFinishPayload:
    """The tokens are shown this once."""

    token: str | None = strawberry.field(description=AS_IN_SESSION_CREATE, default=None)
    expires_at: datetime | None = strawberry.field(description=AS_IN_SESSION_CREATE, default=None)
    refresh_token: str | None = strawberry.field(description=AS_IN_SESSION_CREATE, default=None)
    ends_at: datetime | None = strawberry.field(description=AS_IN_SESSION_CREATE, default=None)
    user_errors: list[PasskeyUserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="Whether the proof was taken.")
class PasskeyProvePayload:
    """The outcome of a proof."""

    proved_until: datetime | None = strawberry.field(
        description="Until when what needs a fresh proof can be done; null if the proof was refused."
    )
    user_errors: list[PasskeyUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="Whether the passkey is gone.")
class PasskeyRemovePayload:
    """The outcome of removing one."""

    is_removed: bool = strawberry.field(description="Whether one cannot sign in by it any more.")
    user_errors: list[PasskeyUserError] = strawberry.field(description=USER_ERRORS)


async def passkey_register_begin(info: Info, given: PasskeyRegisterBeginInput) -> PasskeyBeginPayload:
    """Ask for a passkey to be made for the viewer's account."""
    context = _signed_in(info.context)
    seal = Seal(context.services.links.secret)
    try:
        made = await flow.begin_registration(_door(context), viewer=context.viewer, code=given.code or None, seal=seal)
    except Refusal as refusal:
        return _nothing(_error(refusal))
    if isinstance(made, SigninRefused):
        code = PasskeyErrorCode.__members__.get(made.code.name, PasskeyErrorCode.CODE_WRONG)
        is_retryable = made.retry_at is not None
        return _nothing(made_error(PasskeyUserError, code, made.message, path="code", is_retryable=is_retryable))
    return _options(made)


async def passkey_register_finish(info: Info, given: PasskeyRegisterFinishInput) -> PasskeyPayload:
    """Keep a passkey that was made."""
    context = _signed_in(info.context)
    name = given.name if isinstance(given.name, str) else context.caller.device[: rules.NAME_CHARACTERS_MAX] or UNNAMED
    try:
        number = await flow.finish_registration(
            _door(context), viewer=context.viewer, credential=given.credential, name=name
        )
    except Refusal as refusal:
        return PasskeyPayload(passkey=None, user_errors=[_error(refusal)])
    return PasskeyPayload(passkey=changed(Passkey, number), user_errors=[])


async def passkey_sign_in_begin(info: Info, given: PasskeySignInBeginInput) -> PasskeyBeginPayload:
    """Ask whoever is there to sign; bounded, for each is a row."""
    context = info.context
    device = Device(name=given.device or context.caller.device, mode=given.mode or SessionMode.BEARER)
    if device.mode is SessionMode.COOKIE and not context.caller.is_ours:
        raise forbidden(ONLY_OURS)
    try:
        await claimed(
            context, (rules.BEGUN_OF_NETWORK, network(context.reads.address)), (rules.BEGUN_OF_ALL, EVERYBODY)
        )
        return _options(await flow.begin_sign_in(_door(context), device=device))
    except Refusal as refusal:
        return _nothing(_error(refusal))


async def passkey_sign_in_finish(info: Info, given: PasskeyFinishInput) -> PasskeySignInFinishPayload:
    """Sign in whoever signed."""
    context = info.context
    try:
        await _answered(context)
        made = await flow.finish_sign_in(
            _door(context),
            credential=given.credential,
            lifetimes=context.services.lifetimes,
            may_have_cookie=context.caller.is_ours,
        )
    except Refusal as refusal:
        return PasskeySignInFinishPayload(user_errors=[_error(refusal)])
    except flow.CookieNotPermitted:
        raise forbidden(ONLY_OURS) from None
    token, refresh_token = keep(context, made)
    return PasskeySignInFinishPayload(
        token=token, expires_at=made.expires_at, refresh_token=refresh_token, ends_at=made.ends_at
    )


async def passkey_prove_begin(info: Info) -> PasskeyBeginPayload:
    """Ask the viewer to sign."""
    context = _signed_in(info.context)
    try:
        return _options(await flow.begin_proof(_door(context), viewer=context.viewer))
    except Refusal as refusal:
        return _nothing(_error(refusal))


async def passkey_prove_finish(info: Info, given: PasskeyFinishInput) -> PasskeyProvePayload:
    """Take what the viewer signed for a proof."""
    context = _signed_in(info.context)
    try:
        await _answered(context)
        await flow.finish_proof(_door(context), viewer=context.viewer, credential=given.credential)
    except Refusal as refusal:
        return PasskeyProvePayload(proved_until=None, user_errors=[_error(refusal)])
    return PasskeyProvePayload(proved_until=context.now + PROOF_LASTS_FOR, user_errors=[])


async def passkey_rename(info: Info, given: PasskeyRenameInput) -> PasskeyPayload:
    """Name a passkey of the viewer's."""
    context = _signed_in(info.context)
    number = number_of(given.passkey_id, type_name="Passkey")
    try:
        async with unit_of_work(context.engine) as session:
            await operations.rename_passkey(session, viewer=context.viewer, passkey_id=number, name=given.name)
    except Refusal as refusal:
        return PasskeyPayload(passkey=None, user_errors=[_error(refusal)])
    return PasskeyPayload(passkey=changed(Passkey, number), user_errors=[])


async def passkey_remove(info: Info, given: PasskeyRemoveInput) -> PasskeyRemovePayload:
    """Remove a passkey of the viewer's."""
    context = _signed_in(info.context)
    number = number_of(given.passkey_id, type_name="Passkey")
    try:
        async with unit_of_work(context.engine) as session:
            await operations.remove_passkey(session, viewer=context.viewer, passkey_id=number, now=context.now)
    except Refusal as refusal:
        return PasskeyRemovePayload(is_removed=False, user_errors=[_error(refusal)])
    return PasskeyRemovePayload(is_removed=True, user_errors=[])


async def _answered(context: Context) -> None:
    """Count an answer before it is looked at, also one that is none."""
    here = network(context.reads.address)
    await claimed(context, (rules.ANSWERS_OF_NETWORK, here), (rules.ANSWERS_OF_ALL, EVERYBODY))


def _door(context: Context) -> flow.Door:
    return flow.Door(engine=context.engine, party=context.services.passkeys, now=context.now)


def _options(made: Options) -> PasskeyBeginPayload:
    return PasskeyBeginPayload(options=made.json, expires_at=made.expires_at, user_errors=[])


def _nothing(error: PasskeyUserError) -> PasskeyBeginPayload:
    return PasskeyBeginPayload(options=None, expires_at=None, user_errors=[error])


def _signed_in(context: Context) -> Context:
    if context.viewer.session_id is None:
        raise unauthenticated()
    return context


def _error(refusal: Refusal) -> PasskeyUserError:
    return user_error(PasskeyUserError, PasskeyErrorCode, refusal)
