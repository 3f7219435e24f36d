"""Mutations of sessions."""

from __future__ import annotations

from typing import Annotated

import strawberry

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.parties.session import (
    SessionCreateInput,
    SessionCreatePayload,
    SessionEndInput,
    SessionProveInput,
    SessionProvePayload,
    SessionRefreshInput,
    SessionRevokeAllPayload,
    SessionRevokePayload,
    session_create,
    session_end,
    session_prove,
    session_refresh,
    session_revoke,
    session_revoke_all,
)


@section
class SessionMutations:
    """Signing in and out."""

    @resolved("Signs somebody in by e-mail address and password.")
    async def session_create(
        self, info: Info, given: Annotated[SessionCreateInput, strawberry.argument(name="input", description="Who.")]
    ) -> SessionCreatePayload:
        """Sign somebody in."""
        return await session_create(info, given)

    @resolved(
        "Gives a session new tokens for its refresh token, which is good for this once: the old tokens are worth"
        " nothing afterwards, and a refresh token that comes again ends the session. Send no `Authorization` with it."
    )
    async def session_refresh(
        self,
        info: Info,
        given: Annotated[SessionRefreshInput, strawberry.argument(name="input", description="Which.")],
    ) -> SessionCreatePayload:
        """Refresh a session."""
        return await session_refresh(info, given)

    @resolved("Signs out: ends the session that the request came with. UNAUTHENTICATED without one.")
    async def session_revoke(self, info: Info) -> SessionRevokePayload:
        """Sign out."""
        return await session_revoke(info)

    @resolved("Ends one of the viewer's sessions, as on a device that was lost. UNAUTHENTICATED without a session.")
    async def session_end(
        self, info: Info, given: Annotated[SessionEndInput, strawberry.argument(name="input", description="Which.")]
    ) -> SessionRevokePayload:
        """End one session."""
        return await session_end(info, given)

    @resolved("Signs out everywhere: ends all of the viewer's sessions. UNAUTHENTICATED without a session.")
    async def session_revoke_all(self, info: Info) -> SessionRevokeAllPayload:
        """Sign out everywhere."""
        return await session_revoke_all(info)

    @resolved(
        "Proves again who is there, for what is refused with REAUTHENTICATION_NEEDED; it lasts five minutes."
        " UNAUTHENTICATED without a session."
    )
    async def session_prove(
        self, info: Info, given: Annotated[SessionProveInput, strawberry.argument(name="input", description="Proof.")]
    ) -> SessionProvePayload:
        """Prove who is there."""
        return await session_prove(info, given)
