"""Mutations of the way back into an account."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import ADMINS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import by
from mains_schema.parties.recovery import (
    AccountRecoveryBeginInput,
    AccountRecoveryBeginPayload,
    AccountRecoveryFinishInput,
    AccountRecoveryFinishPayload,
    AccountRecoveryInput,
    AccountRecoveryOpenInput,
    AccountRecoveryPayload,
    AccountRecoveryStopInput,
    AccountRecoveryStopPayload,
    account_recovery_approve,
    account_recovery_begin,
    account_recovery_finish,
    account_recovery_open,
    account_recovery_stop,
    account_recovery_withdraw,
)


@section
class RecoveryMutations:
    """The way back for who lost app, codes and passkeys."""

    @by(ADMINS)
    @resolved(
        "Opens a way back into the account of somebody who lost the app, its codes and every passkey, and who proved to"
        " the utility who they are. It acts after a wait, and every address and number on file is told at once how to"
        " stop it. Needs a proof at most five minutes old."
    )
    async def account_recovery_open(
        self,
        info: Info,
        given: Annotated[AccountRecoveryOpenInput, strawberry.argument(name="input", description="Whose, and why.")],
    ) -> AccountRecoveryPayload:
        """Open it."""
        return await account_recovery_open(info, given)

    @by(ADMINS)
    @resolved(
        "Approves a way back that another administrator opened, where two are asked for; it waits all the same. Needs a"
        " proof at most five minutes old."
    )
    async def account_recovery_approve(
        self,
        info: Info,
        given: Annotated[AccountRecoveryInput, strawberry.argument(name="input", description="Which.")],
    ) -> AccountRecoveryPayload:
        """Approve it."""
        return await account_recovery_approve(info, given)

    @by(ADMINS)
    @resolved("Stops a way back for the utility; everybody on file is told.")
    async def account_recovery_withdraw(
        self,
        info: Info,
        given: Annotated[AccountRecoveryInput, strawberry.argument(name="input", description="Which.")],
    ) -> AccountRecoveryPayload:
        """Withdraw it."""
        return await account_recovery_withdraw(info, given)

    @resolved(
        "Stops a way back: by the link that everybody on file was sent, without a session, or the one into the viewer's"
        " own account. UNAUTHENTICATED without either."
    )
    async def account_recovery_stop(
        self,
        info: Info,
        given: Annotated[AccountRecoveryStopInput, strawberry.argument(name="input", description="By what.")],
    ) -> AccountRecoveryStopPayload:
        """Stop it."""
        return await account_recovery_stop(info, given)

    @resolved(
        "Gives the secret of a new authenticator app to who has the link that came when the wait was over. The old app"
        " counts until `accountRecoveryFinish`."
    )
    async def account_recovery_begin(
        self,
        info: Info,
        given: Annotated[AccountRecoveryBeginInput, strawberry.argument(name="input", description="Link.")],
    ) -> AccountRecoveryBeginPayload:
        """Begin to use it."""
        return await account_recovery_begin(info, given)

    @resolved(
        "Puts the new app in the place of the old one, by the link and a code of the app, once. All passkeys and"
        " recovery codes of before go, every session ends, and everybody on file is told; sign in by the password then."
    )
    async def account_recovery_finish(
        self,
        info: Info,
        given: Annotated[AccountRecoveryFinishInput, strawberry.argument(name="input", description="Link and code.")],
    ) -> AccountRecoveryFinishPayload:
        """Use it."""
        return await account_recovery_finish(info, given)
