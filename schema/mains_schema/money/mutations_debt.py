"""Mutations about debts."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import OPERATORS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import also_by
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

OURS = "For the customer's owner, and delegates with REQUEST_SERVICES."
STAFF = "NOT_PERMITTED to customers."


@section
class DebtMutations:
    """What is done about debts."""

    @also_by(OPERATORS)
    @resolved(
        "Lets a contract's overdue debt be paid in parts, as `debtArrangementPreview` shows; employees may allow more"
        f" parts, and another attempt. {OURS}"
    )
    async def debt_arrange(
        self, info: Info, given: Annotated[DebtArrangeInput, strawberry.argument(name="input", description="How.")]
    ) -> DebtPayload:
        """Arrange a debt."""
        return await debt_arrange(info, given)

    @also_by(OPERATORS)
    @resolved(f"Ends what runs on a contract; the rest is due at once. {STAFF}")
    async def debt_arrangement_cancel(
        self,
        info: Info,
        given: Annotated[DebtArrangementCancelInput, strawberry.argument(name="input", description="Whose.")],
    ) -> DebtPayload:
        """End an arrangement."""
        return await debt_arrangement_cancel(info, given)

    @also_by(OPERATORS)
    @resolved(f"Holds an open invoice to be wrong: no reminder goes out for it until somebody has looked. {OURS}")
    async def invoice_dispute(
        self, info: Info, given: Annotated[InvoiceDisputeInput, strawberry.argument(name="input", description="Which.")]
    ) -> InvoiceDisputePayload:
        """Dispute an invoice."""
        return await invoice_dispute(info, given)

    @also_by(OPERATORS)
    @resolved(f"Closes the dispute of an invoice with what was found; a credit note is another step. {STAFF}")
    async def invoice_dispute_close(
        self,
        info: Info,
        given: Annotated[InvoiceDisputeCloseInput, strawberry.argument(name="input", description="Which.")],
    ) -> InvoiceDisputePayload:
        """Close a dispute."""
        return await invoice_dispute_close(info, given)
