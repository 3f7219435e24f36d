"""Mutations of sessions."""

from __future__ import annotations

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.parties.session import (
    SessionCreatePayload,
    SessionProvePayload,
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

    session_create: SessionCreatePayload = mutation(
        "Signs somebody in by e-mail address and password.", session_create, given="Who."
    )
    session_refresh: SessionCreatePayload = mutation(
        "Gives a session new tokens for its refresh token, which is good for this once: the old tokens are"
        " worth nothing afterwards, and a refresh token that comes again ends the session. Send no"
        " `Authorization` with it.",
        session_refresh,
        given="Which.",
    )
    session_revoke: SessionRevokePayload = mutation(
        "Signs out: ends the session that the request came with. UNAUTHENTICATED without one.", session_revoke
    )
    session_end: SessionRevokePayload = mutation(
        "Ends one of the viewer's sessions, as on a device that was lost. UNAUTHENTICATED without a session.",
        session_end,
        given="Which.",
    )
    session_revoke_all: SessionRevokeAllPayload = mutation(
        "Signs out everywhere: ends all of the viewer's sessions. UNAUTHENTICATED without a session.",
        session_revoke_all,
    )
    session_prove: SessionProvePayload = mutation(
        "Proves again who is there, for what is refused with REAUTHENTICATION_NEEDED; it lasts five minutes."
        " UNAUTHENTICATED without a session.",
        session_prove,
        given="Proof.",
    )
