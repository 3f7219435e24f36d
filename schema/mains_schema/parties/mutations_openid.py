"""Mutations of signing in with providers of OpenID Connect."""

from __future__ import annotations

from typing import Annotated

import strawberry

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.parties.openid import (
    OpenidBeginInput,
    OpenidBeginPayload,
    OpenidFinishInput,
    OpenidLinkInput,
    OpenidLinkPayload,
    OpenidSignInFinishPayload,
    OpenidUnlinkInput,
    OpenidUnlinkPayload,
    openid_link,
    openid_link_begin,
    openid_link_finish,
    openid_sign_in_begin,
    openid_sign_in_finish,
    openid_unlink,
)


@section
class OpenidMutations:
    """Signing in with an internet bank or another provider."""

    @resolved(
        "Gives the address of a provider to send the browser to, for signing in. The person has ten minutes to be back."
    )
    async def openid_sign_in_begin(
        self, info: Info, given: Annotated[OpenidBeginInput, strawberry.argument(name="input", description="Where.")]
    ) -> OpenidBeginPayload:
        """Begin a sign-in."""
        return await openid_sign_in_begin(info, given)

    @resolved(
        "Signs in who came back from a provider, for the browser or app that began it, once. Whoever is linked to no"
        " account gets a ticket to link one by, and nothing tells whether there is one."
    )
    async def openid_sign_in_finish(
        self, info: Info, given: Annotated[OpenidFinishInput, strawberry.argument(name="input", description="What.")]
    ) -> OpenidSignInFinishPayload:
        """Finish a sign-in."""
        return await openid_sign_in_finish(info, given)

    @resolved(
        "Gives the address of a provider to send the browser to, for linking it to the viewer's account."
        " UNAUTHENTICATED without a session; needs a proof at most five minutes old."
    )
    async def openid_link_begin(
        self, info: Info, given: Annotated[OpenidBeginInput, strawberry.argument(name="input", description="Where.")]
    ) -> OpenidBeginPayload:
        """Begin to link."""
        return await openid_link_begin(info, given)

    @resolved(
        "Links who came back from a provider to the viewer's account, in the session that began it, and tells the"
        " account's address. UNAUTHENTICATED without a session."
    )
    async def openid_link_finish(
        self, info: Info, given: Annotated[OpenidFinishInput, strawberry.argument(name="input", description="What.")]
    ) -> OpenidLinkPayload:
        """Link."""
        return await openid_link_finish(info, given)

    @resolved(
        "Links the person whom a ticket is of to the viewer's account, and tells the account's address. UNAUTHENTICATED"
        " without a session; needs a proof at most five minutes old."
    )
    async def openid_link(
        self, info: Info, given: Annotated[OpenidLinkInput, strawberry.argument(name="input", description="Ticket.")]
    ) -> OpenidLinkPayload:
        """Link by a ticket."""
        return await openid_link(info, given)

    @resolved(
        "Removes a link, and tells the account's address. UNAUTHENTICATED without a session; needs a proof at most five"
        " minutes old."
    )
    async def openid_unlink(
        self, info: Info, given: Annotated[OpenidUnlinkInput, strawberry.argument(name="input", description="Which.")]
    ) -> OpenidUnlinkPayload:
        """Remove a link."""
        return await openid_unlink(info, given)
