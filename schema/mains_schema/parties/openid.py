"""Signing in with a provider of OpenID Connect, such as an internet bank, and linking one to an account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.openid import flow, operations, rules
from mains_server.openid.records import Begun, Returned, Unlinked, Wanted
from mains_server.openid.tables import OpenidLink as OL
from mains_server.signin.records import Device, FactorNeeded, NewSession, SessionMode
from mains_server.signin.throttling import network

from mains_schema.common.words import in_language
from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Context, Info
from mains_schema.declaring.errors import forbidden, unauthenticated
from mains_schema.declaring.mapping import column, described, key, mapped
from mains_schema.declaring.node import Node, number_of
from mains_schema.declaring.payload import USER_ERROR_PATH, USER_ERRORS, made_error, user_error
from mains_schema.declaring.scope import oneself
from mains_schema.parties.passwords import EVERYBODY, claimed
from mains_schema.parties.session import ONLY_OURS, keep

PROVIDER = "Code of a provider, of `openidProviders`."
REDIRECT = "Page that the provider sends people back to; one of those that the server was set up with, exactly."
MODE = "How the key, and a session that begins, are kept; browsers choose COOKIE. BEARER if left out."
AS_IN_SESSION_CREATE = "As in `sessionCreate`; null if there is none."
NO_LINK = "Nobody signs in as this person of the provider yet: link an account by `openidLink`, or register."
NEEDS_CODE = "the provider proved who it is; a code of the authenticator app is needed too"


class OpenidErrorCode(Enum):
    """Why nothing came of signing in with a provider, or of linking one."""

    PROVIDER_UNKNOWN = "PROVIDER_UNKNOWN"
    REDIRECT_UNKNOWN = "REDIRECT_UNKNOWN"
    PROVIDER_SILENT = "PROVIDER_SILENT"
    OPENID_REFUSED = "OPENID_REFUSED"
    OPENID_UNLINKED = "OPENID_UNLINKED"
    SECOND_FACTOR_NEEDED = "SECOND_FACTOR_NEEDED"
    REAUTHENTICATION_NEEDED = "REAUTHENTICATION_NEEDED"
    LINKED_ELSEWHERE = "LINKED_ELSEWHERE"
    TICKET_WRONG = "TICKET_WRONG"
    LINK_UNKNOWN = "LINK_UNKNOWN"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"


CODES: Mapping[str, str] = {
    "PROVIDER_UNKNOWN": "No such provider is set up.",
    "REDIRECT_UNKNOWN": "The page is not one that the server sends people back to.",
    "PROVIDER_SILENT": "The provider does not answer, or not as one does; try again later, or sign in by password.",
    "OPENID_REFUSED": "What came back proves nothing: it was used, took too long, is of another browser, provider or"
    " client, or is forged. Which of these is not told; begin again.",
    "OPENID_UNLINKED": NO_LINK,
    "SECOND_FACTOR_NEEDED": "Send `challenge` and a code of the app by `sessionConfirm`.",
    "REAUTHENTICATION_NEEDED": "The viewer proved who they are longer than five minutes ago: `sessionProve` first.",
    "LINKED_ELSEWHERE": "Another account is linked to this person of the provider.",
    "TICKET_WRONG": "There is no such ticket, it was used, or it is older than an hour.",
    "LINK_UNKNOWN": "The viewer has no such link.",
    "TOO_MANY_ATTEMPTS": "This was tried too often; try again later.",
}
described(OpenidErrorCode, "Why nothing came of signing in with a provider, or of linking one.", CODES)


@strawberry.type(description="Why nothing came of signing in with a provider, or of linking one.")
class OpenidUserError:
    """A refusal."""

    code: OpenidErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description="The same for people, in English.")
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")


@strawberry.type(description="A provider that one can sign in with.")
class OpenidProvider:
    """One provider."""

    code: str = strawberry.field(description="Its code, for `openidSignInBegin`.")
    label: str = strawberry.field(description="What people call it, in the viewer's language.")


@mapped(OL, scope=oneself(OL.person_id))
class OpenidLink(Node):
    """A provider that the viewer signs in with; remove it by `openidUnlink`."""

    id: strawberry.ID = key("Global id.", OL.id)
    provider: str = column("Code of the provider; `openidProviders` names it while it is set up.", OL.provider)
    created_at: datetime = column("When it was linked.", OL.created_at)
    last_used_at: datetime | None = column("When it was last signed in by; null if it never was.", OL.last_used_at)


@strawberry.input(description="Where somebody goes to prove who they are.")
class OpenidBeginInput:
    """A provider and the way back."""

    provider: str = strawberry.field(description=PROVIDER)
    redirect_uri: str = strawberry.field(description=REDIRECT)
    mode: SessionMode | None = strawberry.field(description=MODE, default=strawberry.UNSET)
    device: str | None = strawberry.field(
        description="What to call the device in the list of sessions; by default what the request's User-Agent says.",
        default=strawberry.UNSET,
    )


@strawberry.input(description="What the provider sent somebody back with.")
class OpenidFinishInput:
    """The parameters of the address, and the key."""

    state: str = strawberry.field(description="Parameter `state` of the address that the provider led to.")
    code: str = strawberry.field(description="Parameter `code` of it.")
    issuer: str | None = strawberry.field(
        description="Parameter `iss` of it; leave it out only if there is none.", default=strawberry.UNSET
    )
    key: str | None = strawberry.field(
        description="What the beginning gave; leave it out in a browser, whose cookie has it.",
        default=strawberry.UNSET,
    )


@strawberry.input(description="A ticket that `openidSignInFinish` gave.")
class OpenidLinkInput:
    """A ticket."""

    ticket: str = strawberry.field(description="The ticket; it is good once.")


@strawberry.input(description="A link to remove.")
class OpenidUnlinkInput:
    """A link."""

    link_id: strawberry.ID = strawberry.field(description="Global id of one of the viewer's links.")


@strawberry.type(description="Where to send the browser, or why nowhere.")
class OpenidBeginPayload:
    """The way to a provider."""

    url: str | None = strawberry.field(description="Address of the provider to send the browser to; null if refused.")
    state: str | None = strawberry.field(
        description="What the provider sends back as `state`, to find `key` by; null if it was refused."
    )
    key: str | None = strawberry.field(
        description="Keep it where no other app or page reads it, and send it when the person is back. Null if it was"
        " refused, and where a cookie has it."
    )
    expires_at: datetime | None = strawberry.field(
        description="Until when the person has to be back, ten minutes; null if it was refused."
    )
    user_errors: list[OpenidUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="A session, or what is needed for one.")
class OpenidSignInFinishPayload:
    """The tokens are shown this once."""

    token: str | None = strawberry.field(description=AS_IN_SESSION_CREATE, default=None)
    expires_at: datetime | None = strawberry.field(description=AS_IN_SESSION_CREATE, default=None)
    refresh_token: str | None = strawberry.field(description=AS_IN_SESSION_CREATE, default=None)
    ends_at: datetime | None = strawberry.field(description=AS_IN_SESSION_CREATE, default=None)
    challenge: str | None = strawberry.field(description=AS_IN_SESSION_CREATE, default=None)
    challenge_expires_at: datetime | None = strawberry.field(description=AS_IN_SESSION_CREATE, default=None)
    link_ticket: str | None = strawberry.field(
        description="With OPENID_UNLINKED, what `openidLink` and `registrationConfirm` take once; keep it secret. Null"
        " otherwise.",
        default=None,
    )
    link_ticket_expires_at: datetime | None = strawberry.field(
        description="Until when the ticket is good, an hour; null if there is none.", default=None
    )
    user_errors: list[OpenidUserError] = strawberry.field(description=USER_ERRORS, default_factory=list)


@strawberry.type(description="The link, or why there is none.")
class OpenidLinkPayload:
    """The outcome of linking."""

    link: OpenidLink | None = strawberry.field(description="The link; null if it was refused.")
    user_errors: list[OpenidUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="Whether the link is gone.")
class OpenidUnlinkPayload:
    """The outcome of removing a link."""

    is_removed: bool = strawberry.field(description="Whether one cannot sign in by it any more.")
    user_errors: list[OpenidUserError] = strawberry.field(description=USER_ERRORS)


def openid_providers(context: Context) -> list[OpenidProvider]:
    """List the providers that are set up."""
    return [
        OpenidProvider(code=one.code, label=in_language(context.reads, one.labels.lv, one.labels.en, one.labels.ru))
        for one in context.services.openid.by_code.values()
    ]


async def openid_sign_in_begin(info: Info, given: OpenidBeginInput) -> OpenidBeginPayload:
    """Begin a sign-in with a provider; bounded, for each is a row."""
    context = info.context
    wanted = _wanted(context, given)
    try:
        await _counted(context)
        begun = await flow.begin(_traveller(context), wanted=wanted)
    except Refusal as refusal:
        return _nowhere(refusal)
    return _away(context, begun, wanted=wanted)


async def openid_sign_in_finish(info: Info, given: OpenidFinishInput) -> OpenidSignInFinishPayload:
    """Sign in who came back."""
    context = info.context
    try:
        made = await flow.finish_sign_in(
            _traveller(context),
            returned=_returned(context, given),
            lifetimes=context.services.lifetimes,
            may_have_cookie=context.caller.is_ours,
        )
    except Refusal as refusal:
        return OpenidSignInFinishPayload(user_errors=[_error(refusal)])
    except flow.CookieNotPermitted:
        raise forbidden(ONLY_OURS) from None
    return _finished(context, made)


async def openid_link_begin(info: Info, given: OpenidBeginInput) -> OpenidBeginPayload:
    """Begin to link a provider to the viewer's account."""
    context = _signed_in(info.context)
    wanted = _wanted(context, given)
    try:
        await _counted(context)
        begun = await flow.begin_link(_traveller(context), viewer=context.viewer, wanted=wanted)
    except Refusal as refusal:
        return _nowhere(refusal)
    return _away(context, begun, wanted=wanted)


async def openid_link_finish(info: Info, given: OpenidFinishInput) -> OpenidLinkPayload:
    """Link who came back to the viewer's account."""
    context = _signed_in(info.context)
    try:
        returned = _returned(context, given)
        number = await flow.finish_link(_traveller(context), returned=returned, viewer=context.viewer)
    except Refusal as refusal:
        return OpenidLinkPayload(link=None, user_errors=[_error(refusal)])
    return OpenidLinkPayload(link=changed(OpenidLink, number), user_errors=[])


async def openid_link(info: Info, given: OpenidLinkInput) -> OpenidLinkPayload:
    """Link by a ticket."""
    context = _signed_in(info.context)
    try:
        async with unit_of_work(context.engine) as session:
            number = await operations.link_by_ticket(
                session, viewer=context.viewer, ticket=given.ticket, now=context.now
            )
    except Refusal as refusal:
        return OpenidLinkPayload(link=None, user_errors=[_error(refusal)])
    return OpenidLinkPayload(link=changed(OpenidLink, number), user_errors=[])


async def openid_unlink(info: Info, given: OpenidUnlinkInput) -> OpenidUnlinkPayload:
    """Remove a link of the viewer's."""
    context = _signed_in(info.context)
    number = number_of(given.link_id, type_name="OpenidLink")
    try:
        async with unit_of_work(context.engine) as session:
            await operations.unlink(session, viewer=context.viewer, link_id=number, now=context.now)
    except Refusal as refusal:
        return OpenidUnlinkPayload(is_removed=False, user_errors=[_error(refusal)])
    return OpenidUnlinkPayload(is_removed=True, user_errors=[])


async def _counted(context: Context) -> None:
    await claimed(context, (rules.BEGUN_OF_NETWORK, network(context.reads.address)), (rules.BEGUN_OF_ALL, EVERYBODY))


def _traveller(context: Context) -> flow.Traveller:
    services = context.services
    return flow.Traveller(
        engine=context.engine, providers=services.openid, secret=services.links.secret, now=context.now
    )


def _wanted(context: Context, given: OpenidBeginInput) -> Wanted:
    device = Device(name=given.device or context.caller.device, mode=given.mode or SessionMode.BEARER)
    is_cookie = device.mode is SessionMode.COOKIE
    if is_cookie and not context.caller.is_ours:
        raise forbidden(ONLY_OURS)
    return Wanted(
        provider=given.provider,
        redirect_uri=given.redirect_uri,
        device=device,
        language=context.reads.language,
        key=context.caller.openid_key if is_cookie else None,
    )


def _returned(context: Context, given: OpenidFinishInput) -> Returned:
    of_cookie = context.caller.openid_key if context.caller.is_ours else None
    return Returned(state=given.state, code=given.code, issuer=given.issuer or None, key=given.key or of_cookie or "")


def _away(context: Context, begun: Begun, *, wanted: Wanted) -> OpenidBeginPayload:
    is_cookie = wanted.device.mode is SessionMode.COOKIE
    if is_cookie:
        context.caller.keep_key(begun.key, seconds=int(rules.FLOW_LASTS_FOR.total_seconds()))
    return OpenidBeginPayload(
        url=begun.url,
        state=begun.state,
        key=None if is_cookie else begun.key,
        expires_at=begun.expires_at,
        user_errors=[],
    )


def _finished(context: Context, made: NewSession | FactorNeeded | Unlinked) -> OpenidSignInFinishPayload:
    if isinstance(made, NewSession):
        token, refresh_token = keep(context, made)
        return OpenidSignInFinishPayload(
            token=token, expires_at=made.expires_at, refresh_token=refresh_token, ends_at=made.ends_at
        )
    if isinstance(made, FactorNeeded):
        return OpenidSignInFinishPayload(
            challenge=made.challenge,
            challenge_expires_at=made.expires_at,
            user_errors=[made_error(OpenidUserError, OpenidErrorCode.SECOND_FACTOR_NEEDED, NEEDS_CODE)],
        )
    return OpenidSignInFinishPayload(
        link_ticket=made.ticket,
        link_ticket_expires_at=made.expires_at,
        user_errors=[made_error(OpenidUserError, OpenidErrorCode.OPENID_UNLINKED, NO_LINK)],
    )


def _nowhere(refusal: Refusal) -> OpenidBeginPayload:
    return OpenidBeginPayload(url=None, state=None, key=None, expires_at=None, user_errors=[_error(refusal)])


def _signed_in(context: Context) -> Context:
    if context.viewer.session_id is None:
        raise unauthenticated()
    return context


def _error(refusal: Refusal) -> OpenidUserError:
    return user_error(OpenidUserError, OpenidErrorCode, refusal)
