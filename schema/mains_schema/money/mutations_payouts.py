"""Mutations of employees on refunds by bank."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import CLERKS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import by
from mains_schema.money.payout_desk import (
    PayoutFileCancelInput,
    PayoutFileConfirmInput,
    PayoutFileMakeInput,
    PayoutFilePayload,
    RefundRejectInput,
    RefundRejectPayload,
    payout_file_cancel,
    payout_file_confirm,
    payout_file_make,
    refund_reject,
)


@section
class PayoutMutations:
    """The utility's own work on refunds by bank."""

    @by(CLERKS)
    @resolved(
        "Puts up to 500 refunds by bank that wait, and that another employee asked for, into a file for the bank."
    )
    async def payout_file_make(
        self,
        info: Info,
        given: Annotated[PayoutFileMakeInput, strawberry.argument(name="input", description="From where.")],
    ) -> PayoutFilePayload:
        """Make a file."""
        return await payout_file_make(info, given)

    @by(CLERKS)
    @resolved(
        "Books that the bank has sent a file's refunds, but those that were rejected. Again it is PAYOUT_FILE_OVER."
    )
    async def payout_file_confirm(
        self,
        info: Info,
        given: Annotated[PayoutFileConfirmInput, strawberry.argument(name="input", description="Which.")],
    ) -> PayoutFilePayload:
        """Confirm a file."""
        return await payout_file_confirm(info, given)

    @by(CLERKS)
    @resolved("Lets the refunds of a file wait for another one. Be sure that it never came to the bank.")
    async def payout_file_cancel(
        self,
        info: Info,
        given: Annotated[PayoutFileCancelInput, strawberry.argument(name="input", description="Which, and why.")],
    ) -> PayoutFilePayload:
        """Cancel a file."""
        return await payout_file_cancel(info, given)

    @by(CLERKS)
    @resolved(
        "Ends a refund by bank that does not go, such as one that the bank rejected: it is the customer's credit again."
    )
    async def refund_reject(
        self, info: Info, given: Annotated[RefundRejectInput, strawberry.argument(name="input", description="Which.")]
    ) -> RefundRejectPayload:
        """Reject a refund."""
        return await refund_reject(info, given)
