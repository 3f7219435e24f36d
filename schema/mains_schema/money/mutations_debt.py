"""Mutations about debts."""

from __future__ import annotations

from typing import Annotated

import strawberry

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.money.debt_changes import (
    DebtArrangeInput,
    DebtArrangementCancelInput,
    DebtPayload,
    InvoiceDisputeCloseInput,
    InvoiceDisputeInput,
    InvoiceDisputePayload,
    debt_arrange,
    debt_arrangement_cancel,
    invoice_dispute,
    invoice_dispute_close,
)

OURS = "For the customer's owner, delegates with REQUEST_SERVICES, operators and administrators."
STAFF = "For operators and administrators; NOT_PERMITTED to everybody else."


@section
class DebtMutations:
    """What is done about debts."""

    @resolved(
        "Lets a contract's overdue debt be paid in parts, as `debtArrangementPreview` shows; employees may allow more"
        f" parts, and another attempt. {OURS}"
    )
    async def debt_arrange(
        self, info: Info, given: Annotated[DebtArrangeInput, strawberry.argument(name="input", description="How.")]
    ) -> DebtPayload:
        """Arrange a debt."""
        return await debt_arrange(info, given)

    @resolved(f"Ends what runs on a contract; the rest is due at once. {STAFF}")
    async def debt_arrangement_cancel(
        self,
        info: Info,
        given: Annotated[DebtArrangementCancelInput, strawberry.argument(name="input", description="Whose.")],
    ) -> DebtPayload:
        """End an arrangement."""
        return await debt_arrangement_cancel(info, given)

    @resolved(f"Holds an open invoice to be wrong: no reminder goes out for it until somebody has looked. {OURS}")
    async def invoice_dispute(
        self, info: Info, given: Annotated[InvoiceDisputeInput, strawberry.argument(name="input", description="Which.")]
    ) -> InvoiceDisputePayload:
        """Dispute an invoice."""
        return await invoice_dispute(info, given)

    @resolved(f"Closes the dispute of an invoice with what was found; a credit note is another step. {STAFF}")
    async def invoice_dispute_close(
        self,
        info: Info,
        given: Annotated[InvoiceDisputeCloseInput, strawberry.argument(name="input", description="Which.")],
    ) -> InvoiceDisputePayload:
        """Close a dispute."""
        return await invoice_dispute_close(info, given)
