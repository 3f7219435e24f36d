"""The steps of a sign-in: away to a provider, and back; no transaction is open while the provider is asked."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.access.records import Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.openid import operations, rules
from mains_server.openid.calling import CodeRefused, Known, Providers, ProviderSilent
from mains_server.openid.operations import AGAIN, OpenidRefused
from mains_server.openid.records import Begun, Proven, Provider, Purpose, Returned, Taken, Unlinked, Wanted
from mains_server.signin.records import FactorNeeded, Lifetimes, NewSession, SessionMode
from mains_server.signin.sessions import require_proof

LOG = structlog.get_logger("mains_server.openid")


class CookieNotPermitted(Exception):
    """A session in a cookie was asked for, and who came back may not have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traveller:
    """What all steps need: the database, the providers, the server's secret, and the time."""

    engine: AsyncEngine
    providers: Providers
    secret: bytes = field(repr=False)
    now: datetime


async def begin_link(traveller: Traveller, *, viewer: Viewer, wanted: Wanted) -> Begun:
    """Give the address to go to for who wants to link an account; needs a fresh proof, and raises what `begin` does."""
    async with unit_of_work(traveller.engine) as session:
        await require_proof(session, viewer=viewer, now=traveller.now)
    return await begin(traveller, wanted=replace(wanted, purpose=Purpose.LINK, session_id=viewer.session_id))


async def begin(traveller: Traveller, *, wanted: Wanted) -> Begun:
    """Give the address of a provider to go to.

    Raises `ProviderUnknown`, `RedirectUnknown`, and `ProviderSilent` where it does not say how it is reached.
    """
    provider = traveller.providers.provider(wanted.provider)
    traveller.providers.insist_on_redirect(wanted.redirect_uri)
    known = await _ask(traveller, provider)
    state = secrets.token_urlsafe(32)
    key = wanted.key if wanted.key is not None and rules.is_key(wanted.key) else secrets.token_urlsafe(32)
    async with unit_of_work(traveller.engine) as session:
        expires_at = await operations.begin_flow(session, wanted=wanted, state=state, key=key, now=traveller.now)
    url = rules.authorization_url(
        provider,
        endpoints=known.endpoints,
        redirect_uri=wanted.redirect_uri,
        state=state,
        key=key,
        language=wanted.language,
    )
    return Begun(url=url, state=state, key=key, expires_at=expires_at)


async def finish_sign_in(
    traveller: Traveller, *, returned: Returned, lifetimes: Lifetimes, may_have_cookie: bool
) -> NewSession | FactorNeeded | Unlinked:
    """Sign in whoever came back and is linked to an account.

    Raises `OpenidRefused` whatever is wrong with what came back, `ProviderSilent`, and `CookieNotPermitted`.
    """
    taken, proven = await _proven(traveller, returned=returned, purpose=Purpose.SIGN_IN)
    if taken.device.mode is SessionMode.COOKIE and not may_have_cookie:
        raise CookieNotPermitted
    async with unit_of_work(traveller.engine) as session:
        return await operations.sign_in(
            session,
            proven=proven,
            device=taken.device,
            secret=traveller.secret,
            now=traveller.now,
            lifetimes=lifetimes,
        )


async def finish_link(traveller: Traveller, *, returned: Returned, viewer: Viewer) -> int:
    """Link whoever came back to the account of the session that began it, and give the link.

    Raises `OpenidRefused`, `ProviderSilent` and `LinkedElsewhere`.
    """
    _, proven = await _proven(traveller, returned=returned, purpose=Purpose.LINK, session_id=viewer.session_id)
    async with unit_of_work(traveller.engine) as session:
        return await operations.link_proven(session, viewer=viewer, proven=proven, now=traveller.now)


async def _proven(
    traveller: Traveller, *, returned: Returned, purpose: Purpose, session_id: int | None = None
) -> tuple[Taken, Proven]:
    """Use up the way first, so that a code comes to the provider once, and have the provider say whom it proved."""
    async with unit_of_work(traveller.engine) as session:
        taken = await operations.take_flow(
            session, returned=returned, purpose=purpose, session_id=session_id, now=traveller.now
        )
    if taken is None:
        raise OpenidRefused(AGAIN)
    provider = traveller.providers.provider(taken.provider)
    known = await _ask(traveller, provider)
    try:
        if not rules.is_from(returned, provider=provider, endpoints=known.endpoints):
            raise rules.TokenRefused("another provider sent them back")
        return taken, await _redeemed(traveller, provider, known=known, taken=taken, returned=returned)
    except (CodeRefused, rules.TokenRefused) as refused:
        LOG.warning("openid_refused", provider=provider.code, reason=str(refused))
        raise OpenidRefused(AGAIN) from None


async def _redeemed(
    traveller: Traveller, provider: Provider, *, known: Known, taken: Taken, returned: Returned
) -> Proven:
    key, state = returned.key, returned.state
    answer = await traveller.providers.redeem(
        provider,
        endpoints=known.endpoints,
        code=returned.code,
        verifier=rules.verifier_of(key=key, state=state),
        redirect_uri=taken.redirect_uri,
    )
    read = partial(
        rules.proven_by,
        answer.get("id_token"),
        provider=provider,
        nonce=rules.nonce_of(key=key, state=state),
        access_token=answer.get("access_token"),
        now=traveller.now,
    )
    try:
        proven = read(keys=known.keys)
    except rules.KeyUnknown:
        fresh = await traveller.providers.ask_anew(provider, now=traveller.now)
        proven = read(keys=fresh.keys)
    return await _completed(traveller, provider, known=known, proven=proven, access_token=answer.get("access_token"))


async def _completed(
    traveller: Traveller, provider: Provider, *, known: Known, proven: Proven, access_token: Any
) -> Proven:
    """Ask for the personal code where the token lacks it; a provider that does not answer proved somebody all the same.

    Without the code nobody is linked at registering, and whoever is linked already signs in.
    """
    if not rules.lacks_personal_code(proven, provider=provider, endpoints=known.endpoints):
        return proven
    if not isinstance(access_token, str):
        return proven
    try:
        claims = await traveller.providers.userinfo(provider, endpoints=known.endpoints, access_token=access_token)
    except ProviderSilent as silent:
        LOG.warning("openid_silent", provider=provider.code, reason=str(silent))
        return proven
    return rules.with_userinfo(proven, claims=claims, provider=provider)


async def _ask(traveller: Traveller, provider: Provider) -> Known:
    try:
        return await traveller.providers.ask(provider, now=traveller.now)
    except ProviderSilent as silent:
        LOG.warning("openid_silent", provider=provider.code, reason=str(silent))
        raise
