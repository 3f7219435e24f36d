"""Mutations that issue bills."""

from __future__ import annotations

from mains_server.access.records import CLERKS, OFFICE

from mains_schema.billing.billing_corrections import (
    CorrectionsSettlePayload,
    InvoiceCorrectPayload,
    corrections_settle,
    invoice_correct,
)
from mains_schema.billing.billing_crediting import InvoiceCreditPayload, invoice_credit
from mains_schema.billing.billing_holds import BillingHoldAcceptPayload, billing_hold_accept
from mains_schema.billing.billing_moments import (
    InvoiceInstantCreatePayload,
    invoice_instant_create,
)
from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import also_by, by


@section
class BillingMutations:
    """Bills that somebody asks for."""

    invoice_instant_create: InvoiceInstantCreatePayload = also_by(OFFICE)(
        mutation(
            "Bills a contract at once, from where its last bill ended up to a reading; the month's bill goes"
            " on from there. At the end of a contract it is the last bill. UNAUTHENTICATED without a session.",
            invoice_instant_create,
            given="What.",
        )
    )
    invoice_correct: InvoiceCorrectPayload = by(CLERKS)(
        mutation(
            "Looks at an invoice again: rates its days anew on what is known now, and puts right what comes"
            " out otherwise, by a credit note and a new invoice or by a line on the next bill. A house is"
            " corrected whole.",
            invoice_correct,
            given="What.",
        )
    )
    invoice_credit: InvoiceCreditPayload = by(CLERKS)(
        mutation(
            "Takes an invoice back by a credit note, and issues nothing in its place. What had been paid on"
            " it is credit and pays what else is open. Its days are billed again by the next start of their"
            " run; those of a last bill and of a levelled contract by the next morning; what an interest note"
            " charged is waived.",
            invoice_credit,
            given="What.",
        )
    )
    billing_hold_accept: BillingHoldAcceptPayload = by(CLERKS)(
        mutation(
            "Accepts the bill of a held contract that is unusual and right: below nothing, unusually high, or"
            " with many lines. It holds for exactly that total: the run issues the bill if it comes to it, and"
            " holds it again otherwise. The run is started again at once.",
            billing_hold_accept,
            given="What.",
        )
    )
    corrections_settle: CorrectionsSettlePayload = by(CLERKS)(
        mutation(
            "Makes the corrections that are due, each by itself; what cannot be corrected stays due."
            " Repeated, it goes on with what is left.",
            corrections_settle,
            given="How many.",
        )
    )
