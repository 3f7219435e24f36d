"""Mutations about debts."""

from __future__ import annotations

from mains_server.access.records import OPERATORS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import also_by
from mains_schema.money.debt_changes import (
    DebtPayload,
    InvoiceDisputePayload,
    debt_arrange,
    debt_arrangement_cancel,
    invoice_dispute,
    invoice_dispute_close,
)

OURS = "For the customer's owner, and delegates with REQUEST_SERVICES."
STAFF = "NOT_PERMITTED to customers."


@section
class DebtMutations:
    """What is done about debts."""

    debt_arrange: DebtPayload = also_by(OPERATORS)(
        mutation(
            "Lets a contract's overdue debt be paid in parts, as `debtArrangementPreview` shows; employees may allow"
            f" more parts, and another attempt. {OURS}",
            debt_arrange,
            given="How.",
        )
    )
    debt_arrangement_cancel: DebtPayload = also_by(OPERATORS)(
        mutation(
            f"Ends what runs on a contract; the rest is due at once. {STAFF}", debt_arrangement_cancel, given="Whose."
        )
    )
    invoice_dispute: InvoiceDisputePayload = also_by(OPERATORS)(
        mutation(
            f"Holds an open invoice to be wrong: no reminder goes out for it until somebody has looked. {OURS}",
            invoice_dispute,
            given="Which.",
        )
    )
    invoice_dispute_close: InvoiceDisputePayload = also_by(OPERATORS)(
        mutation(
            f"Closes the dispute of an invoice with what was found; a credit note is another step. {STAFF}",
            invoice_dispute_close,
            given="Which.",
        )
    )
