"""Mutations of passkeys."""

from __future__ import annotations

from typing import Annotated

import strawberry

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.parties.passkeys import (
    PasskeyBeginPayload,
    PasskeyFinishInput,
    PasskeyPayload,
    PasskeyProvePayload,
    PasskeyRegisterBeginInput,
    PasskeyRegisterFinishInput,
    PasskeyRemoveInput,
    PasskeyRemovePayload,
    PasskeyRenameInput,
    PasskeySignInBeginInput,
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

    @resolved(
        "Gives the options for `navigator.credentials.create()`. UNAUTHENTICATED without a session; needs a proof at"
        " most five minutes old, and a code where the account has a second factor."
    )
    async def passkey_register_begin(
        self,
        info: Info,
        given: Annotated[PasskeyRegisterBeginInput, strawberry.argument(name="input", description="Code.")],
    ) -> PasskeyBeginPayload:
        """Ask for a passkey."""
        return await passkey_register_begin(info, given)

    @resolved(
        "Keeps a passkey that the browser made in the session that asked for it, once, and tells the account's address."
        " UNAUTHENTICATED without a session."
    )
    async def passkey_register_finish(
        self,
        info: Info,
        given: Annotated[PasskeyRegisterFinishInput, strawberry.argument(name="input", description="What.")],
    ) -> PasskeyPayload:
        """Keep a passkey."""
        return await passkey_register_finish(info, given)

    @resolved(
        "Gives the options for `navigator.credentials.get()`, by which anybody signs in who has a passkey of ours. It"
        " needs no address, and nothing tells whether there is an account."
    )
    async def passkey_sign_in_begin(
        self,
        info: Info,
        given: Annotated[PasskeySignInBeginInput, strawberry.argument(name="input", description="Device.")],
    ) -> PasskeyBeginPayload:
        """Begin a sign-in."""
        return await passkey_sign_in_begin(info, given)

    @resolved(
        "Begins a session of who signed, once. A passkey is two factors, so no code of an app is asked for. One whose"
        " count went backwards is suspended, and its person told."
    )
    async def passkey_sign_in_finish(
        self, info: Info, given: Annotated[PasskeyFinishInput, strawberry.argument(name="input", description="What.")]
    ) -> PasskeySignInFinishPayload:
        """Finish a sign-in."""
        return await passkey_sign_in_finish(info, given)

    @resolved(
        "Gives the options by which the viewer proves with a passkey of theirs who they are, in the place of"
        " `sessionProve`. UNAUTHENTICATED without a session."
    )
    async def passkey_prove_begin(self, info: Info) -> PasskeyBeginPayload:
        """Begin a proof."""
        return await passkey_prove_begin(info)

    @resolved(
        "Takes what the viewer signed for a proof of who they are, in the session that asked. UNAUTHENTICATED without a"
        " session."
    )
    async def passkey_prove_finish(
        self, info: Info, given: Annotated[PasskeyFinishInput, strawberry.argument(name="input", description="What.")]
    ) -> PasskeyProvePayload:
        """Finish a proof."""
        return await passkey_prove_finish(info, given)

    @resolved("Names a passkey. UNAUTHENTICATED without a session.")
    async def passkey_rename(
        self, info: Info, given: Annotated[PasskeyRenameInput, strawberry.argument(name="input", description="Name.")]
    ) -> PasskeyPayload:
        """Name a passkey."""
        return await passkey_rename(info, given)

    @resolved(
        "Removes a passkey, and tells the account's address. UNAUTHENTICATED without a session; needs a proof at most"
        " five minutes old."
    )
    async def passkey_remove(
        self, info: Info, given: Annotated[PasskeyRemoveInput, strawberry.argument(name="input", description="Which.")]
    ) -> PasskeyRemovePayload:
        """Remove a passkey."""
        return await passkey_remove(info, given)
