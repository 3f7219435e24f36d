"""Mutations of signing in with providers of OpenID Connect."""

from __future__ import annotations

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.parties.openid import (
    OpenidBeginPayload,
    OpenidLinkPayload,
    OpenidSignInFinishPayload,
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

    openid_sign_in_begin: OpenidBeginPayload = mutation(
        "Gives the address of a provider to send the browser to, for signing in. The person has ten minutes"
        " to be back.",
        openid_sign_in_begin,
        given="Where.",
    )
    openid_sign_in_finish: OpenidSignInFinishPayload = mutation(
        "Signs in who came back from a provider, for the browser or app that began it, once. Whoever is"
        " linked to no account gets a ticket to link one by, and nothing tells whether there is one.",
        openid_sign_in_finish,
        given="What.",
    )
    openid_link_begin: OpenidBeginPayload = mutation(
        "Gives the address of a provider to send the browser to, for linking it to the viewer's account."
        " UNAUTHENTICATED without a session; needs a proof at most five minutes old.",
        openid_link_begin,
        given="Where.",
    )
    openid_link_finish: OpenidLinkPayload = mutation(
        "Links who came back from a provider to the viewer's account, in the session that began it, and tells"
        " the account's address. UNAUTHENTICATED without a session.",
        openid_link_finish,
        given="What.",
    )
    openid_link: OpenidLinkPayload = mutation(
        "Links the person whom a ticket is of to the viewer's account, and tells the account's address."
        " UNAUTHENTICATED without a session; needs a proof at most five minutes old.",
        openid_link,
        given="Ticket.",
    )
    openid_unlink: OpenidUnlinkPayload = mutation(
        "Removes a link, and tells the account's address. UNAUTHENTICATED without a session; needs a proof at"
        " most five minutes old.",
        openid_unlink,
        given="Which.",
    )
