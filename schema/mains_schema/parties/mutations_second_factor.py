"""Mutations of the second factor."""

from __future__ import annotations

from typing import Annotated

import strawberry

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.parties.second_factor import (
    SecondFactorBeginPayload,
    SecondFactorCodeInput,
    SecondFactorCodesPayload,
    SecondFactorConfirmInput,
    SecondFactorDisablePayload,
    SessionConfirmInput,
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

    @resolved(
        "Begins the session that `sessionCreate` refused with SECOND_FACTOR_NEEDED, by a code of the app or a recovery"
        " code. A code is good once; ten tries in a quarter of an hour, thirty in a day."
    )
    async def session_confirm(
        self, info: Info, given: Annotated[SessionConfirmInput, strawberry.argument(name="input", description="Code.")]
    ) -> SessionCreatePayload:
        """Confirm a sign-in."""
        return await session_confirm(info, given)

    @resolved(
        "Makes the secret of an authenticator app, which counts once `secondFactorConfirm` was sent a code of it."
        " UNAUTHENTICATED without a session; needs a proof at most five minutes old."
    )
    async def second_factor_begin(self, info: Info) -> SecondFactorBeginPayload:
        """Begin to set an app up."""
        return await second_factor_begin(info)

    @resolved(
        "Turns the second factor on by a code of the new app, gives recovery codes and ends the viewer's other"
        " sessions. UNAUTHENTICATED without a session; needs a proof at most five minutes old."
    )
    async def second_factor_confirm(
        self,
        info: Info,
        given: Annotated[SecondFactorConfirmInput, strawberry.argument(name="input", description="Code.")],
    ) -> SecondFactorCodesPayload:
        """Turn the second factor on."""
        return await second_factor_confirm(info, given)

    @resolved(
        "Makes other recovery codes; those before are worth nothing then. UNAUTHENTICATED without a session; needs a"
        " proof at most five minutes old."
    )
    async def second_factor_recovery_codes_renew(
        self,
        info: Info,
        given: Annotated[SecondFactorCodeInput, strawberry.argument(name="input", description="Code.")],
    ) -> SecondFactorCodesPayload:
        """Make other recovery codes."""
        return await second_factor_recovery_codes_renew(info, given)

    @resolved(
        "Turns the second factor off. UNAUTHENTICATED without a session; needs a proof at most five minutes old, and a"
        " code."
    )
    async def second_factor_disable(
        self,
        info: Info,
        given: Annotated[SecondFactorCodeInput, strawberry.argument(name="input", description="Code.")],
    ) -> SecondFactorDisablePayload:
        """Turn the second factor off."""
        return await second_factor_disable(info, given)
