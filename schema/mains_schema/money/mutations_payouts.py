"""Mutations of employees on refunds by bank."""

from __future__ import annotations

from mains_server.access.records import CLERKS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import by
from mains_schema.money.payout_desk import (
    PayoutFilePayload,
    RefundRejectPayload,
    payout_file_cancel,
    payout_file_confirm,
    payout_file_make,
    refund_reject,
)


@section
class PayoutMutations:
    """The utility's own work on refunds by bank."""

    payout_file_make: PayoutFilePayload = by(CLERKS)(
        mutation(
            "Puts up to 500 refunds by bank that wait, and that another employee asked for, into a file for the bank.",
            payout_file_make,
            given="From where.",
        )
    )
    payout_file_confirm: PayoutFilePayload = by(CLERKS)(
        mutation(
            "Books that the bank has sent a file's refunds, but those that were rejected. Again it is"
            " PAYOUT_FILE_OVER.",
            payout_file_confirm,
            given="Which.",
        )
    )
    payout_file_cancel: PayoutFilePayload = by(CLERKS)(
        mutation(
            "Lets the refunds of a file wait for another one. Be sure that it never came to the bank.",
            payout_file_cancel,
            given="Which, and why.",
        )
    )
    refund_reject: RefundRejectPayload = by(CLERKS)(
        mutation(
            "Ends a refund by bank that does not go, such as one that the bank rejected: it is the customer's"
            " credit again.",
            refund_reject,
            given="Which.",
        )
    )
