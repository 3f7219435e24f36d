"""Mutations of passkeys."""

from __future__ import annotations

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.parties.passkeys import (
    PasskeyBeginPayload,
    PasskeyPayload,
    PasskeyProvePayload,
    PasskeyRemovePayload,
    PasskeySignInFinishPayload,
    passkey_prove_begin,
    passkey_prove_finish,
    passkey_register_begin,
    passkey_register_finish,
    passkey_remove,
    passkey_rename,
    passkey_sign_in_begin,
    passkey_sign_in_finish,
)


@section
class PasskeyMutations:
    """Signing in with a passkey."""

    passkey_register_begin: PasskeyBeginPayload = mutation(
        "Gives the options for `navigator.credentials.create()`. UNAUTHENTICATED without a session; needs a"
        " proof at most five minutes old, and a code where the account has a second factor.",
        passkey_register_begin,
        given="Code.",
    )
    passkey_register_finish: PasskeyPayload = mutation(
        "Keeps a passkey that the browser made in the session that asked for it, once, and tells the"
        " account's address. UNAUTHENTICATED without a session.",
        passkey_register_finish,
        given="What.",
    )
    passkey_sign_in_begin: PasskeyBeginPayload = mutation(
        "Gives the options for `navigator.credentials.get()`, by which anybody signs in who has a passkey of"
        " ours. It needs no address, and nothing tells whether there is an account.",
        passkey_sign_in_begin,
        given="Device.",
    )
    passkey_sign_in_finish: PasskeySignInFinishPayload = mutation(
        "Begins a session of who signed, once. A passkey is two factors, so no code of an app is asked for."
        " One whose count went backwards is suspended, and its person told.",
        passkey_sign_in_finish,
        given="What.",
    )
    passkey_prove_begin: PasskeyBeginPayload = mutation(
        "Gives the options by which the viewer proves with a passkey of theirs who they are, in the place of"
        " `sessionProve`. UNAUTHENTICATED without a session.",
        passkey_prove_begin,
    )
    passkey_prove_finish: PasskeyProvePayload = mutation(
        "Takes what the viewer signed for a proof of who they are, in the session that asked. UNAUTHENTICATED"
        " without a session.",
        passkey_prove_finish,
        given="What.",
    )
    passkey_rename: PasskeyPayload = mutation(
        "Names a passkey. UNAUTHENTICATED without a session.", passkey_rename, given="Name."
    )
    passkey_remove: PasskeyRemovePayload = mutation(
        "Removes a passkey, and tells the account's address. UNAUTHENTICATED without a session; needs a proof"
        " at most five minutes old.",
        passkey_remove,
        given="Which.",
    )
