"""Taking an invoice back without another, by an employee."""

from __future__ import annotations

import strawberry
from mains_server.access.records import Refusal
from mains_server.billing.corrections import CorrectionRequest
from mains_server.billing.crediting import credit_within
from mains_server.billing.records import Corrected, CorrectionReason
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.billing.billing_corrections import (
    Correction,
    CorrectionUserError,
    correction_error,
    once_corrected,
)
from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.payload import KEY_WORDS, USER_ERRORS


@strawberry.input(description="Which invoice is taken back, and why.")
class InvoiceCreditInput:
    """An invoice and a reason."""

    invoice_id: strawberry.ID = strawberry.field(description="Global id of the invoice.")
    reason: CorrectionReason = strawberry.field(description="What was wrong.", default=CorrectionReason.MISTAKE)
    note: str = strawberry.field(description="Why, as customers read it, also on documents; 1 to 1,000 characters.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="What came of taking an invoice back.")
class InvoiceCreditPayload:
    """A correction with its credit note, or why there is none."""

    correction: Correction | None = strawberry.field(
        description="CREDITED, with the credit note and without a replacement; null if it was refused."
    )
    user_errors: list[CorrectionUserError] = strawberry.field(description=USER_ERRORS)


async def invoice_credit(info: Info, given: InvoiceCreditInput) -> InvoiceCreditPayload:
    """Take an invoice back, once by the key, or say why not."""

    async def credit(session: AsyncSession, request: CorrectionRequest) -> Corrected:
        return await credit_within(session, request=request)

    done = await once_corrected(info, given, operation="invoiceCredit", do=credit)
    if isinstance(done, Refusal):
        return InvoiceCreditPayload(correction=None, user_errors=[correction_error(done)])
    return InvoiceCreditPayload(correction=changed(Correction, done), user_errors=[])
