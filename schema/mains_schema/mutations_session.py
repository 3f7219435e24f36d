"""Mutations of sessions."""

from __future__ import annotations

from typing import Annotated

import strawberry

from mains_schema.context import Info
from mains_schema.mapping import resolved, section
from mains_schema.session import (
    SessionCreateInput,
    SessionCreatePayload,
    SessionRevokePayload,
    session_create,
    session_revoke,
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

    @resolved("Signs out: ends the session that the request came with. UNAUTHENTICATED without one.")
    async def session_revoke(self, info: Info) -> SessionRevokePayload:
        """Sign out."""
        return await session_revoke(info)
