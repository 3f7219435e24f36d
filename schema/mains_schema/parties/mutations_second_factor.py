"""Mutations of the second factor."""

from __future__ import annotations

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.parties.second_factor import (
    SecondFactorBeginPayload,
    SecondFactorCodesPayload,
    SecondFactorDisablePayload,
    second_factor_begin,
    second_factor_confirm,
    second_factor_disable,
    second_factor_recovery_codes_renew,
    session_confirm,
)
from mains_schema.parties.session import SessionCreatePayload


@section
class SecondFactorMutations:
    """An authenticator app beside the password."""

    session_confirm: SessionCreatePayload = mutation(
        "Begins the session that `sessionCreate` refused with SECOND_FACTOR_NEEDED, by a code of the app or a"
        " recovery code. A code is good once; ten tries in a quarter of an hour, thirty in a day.",
        session_confirm,
        given="Code.",
    )
    second_factor_begin: SecondFactorBeginPayload = mutation(
        "Makes the secret of an authenticator app, which counts once `secondFactorConfirm` was sent a code of"
        " it. UNAUTHENTICATED without a session; needs a proof at most five minutes old.",
        second_factor_begin,
    )
    second_factor_confirm: SecondFactorCodesPayload = mutation(
        "Turns the second factor on by a code of the new app, gives recovery codes and ends the viewer's"
        " other sessions. UNAUTHENTICATED without a session; needs a proof at most five minutes old.",
        second_factor_confirm,
        given="Code.",
    )
    second_factor_recovery_codes_renew: SecondFactorCodesPayload = mutation(
        "Makes other recovery codes; those before are worth nothing then. UNAUTHENTICATED without a session;"
        " needs a proof at most five minutes old.",
        second_factor_recovery_codes_renew,
        given="Code.",
    )
    second_factor_disable: SecondFactorDisablePayload = mutation(
        "Turns the second factor off. UNAUTHENTICATED without a session; needs a proof at most five minutes"
        " old, and a code.",
        second_factor_disable,
        given="Code.",
    )
