"""Mutations of the way back into an account."""

from __future__ import annotations

from mains_server.access.records import ADMINS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import by
from mains_schema.parties.recovery import (
    AccountRecoveryBeginPayload,
    AccountRecoveryFinishPayload,
    AccountRecoveryPayload,
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

    account_recovery_open: AccountRecoveryPayload = by(ADMINS)(
        mutation(
            "Opens a way back into the account of somebody who lost the app, its codes and every passkey, and"
            " who proved to the utility who they are. It acts after a wait, and every address and number on"
            " file is told at once how to stop it. Needs a proof at most five minutes old.",
            account_recovery_open,
            given="Whose, and why.",
        )
    )
    account_recovery_approve: AccountRecoveryPayload = by(ADMINS)(
        mutation(
            "Approves a way back that another administrator opened, where two are asked for; it waits all the"
            " same. Needs a proof at most five minutes old.",
            account_recovery_approve,
            given="Which.",
        )
    )
    account_recovery_withdraw: AccountRecoveryPayload = by(ADMINS)(
        mutation(
            "Stops a way back for the utility; everybody on file is told.", account_recovery_withdraw, given="Which."
        )
    )
    account_recovery_stop: AccountRecoveryStopPayload = mutation(
        "Stops a way back: by the link that everybody on file was sent, without a session, or the one into"
        " the viewer's own account. UNAUTHENTICATED without either.",
        account_recovery_stop,
        given="By what.",
    )
    account_recovery_begin: AccountRecoveryBeginPayload = mutation(
        "Gives the secret of a new authenticator app to who has the link that came when the wait was over."
        " The old app counts until `accountRecoveryFinish`.",
        account_recovery_begin,
        given="Link.",
    )
    account_recovery_finish: AccountRecoveryFinishPayload = mutation(
        "Puts the new app in the place of the old one, by the link and a code of the app, once. All passkeys"
        " and recovery codes of before go, every session ends, and everybody on file is told; sign in by the"
        " password then.",
        account_recovery_finish,
        given="Link and code.",
    )
