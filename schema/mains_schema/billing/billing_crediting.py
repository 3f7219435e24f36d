"""Taking an invoice back without another, by an employee."""

from __future__ import annotations

from typing import Any

import strawberry
from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal
from mains_server.billing.corrections import CorrectionRequest, invoice_number
from mains_server.billing.crediting import credit_within
from mains_server.billing.records import CorrectionReason
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import unit_of_work

from mains_schema.billing.billing_corrections import Correction, CorrectionErrorCode, CorrectionUserError
from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import KEY_WORDS, USER_ERRORS, user_error


@strawberry.input(description="Which invoice is taken back, and why.")
class InvoiceCreditInput:
    """An invoice and a reason."""

    invoice_id: strawberry.ID = strawberry.field(description="Global id of the invoice.")
    reason: CorrectionReason = strawberry.field(description="What was wrong.", default=CorrectionReason.MISTAKE)
    note: str = strawberry.field(description="Why, for the customer to read; 1 to 1,000 characters.")
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
    context = info.context
    person = context.viewer.person_id
    assert person is not None, "a billing clerk is signed in"
    number = number_of(given.invoice_id, type_name="Invoice")
    body = {"invoice": number, "reason": given.reason.name, "note": given.note}
    claim: dict[str, Any] = {"person_id": person, "operation": "invoiceCredit", "key": given.idempotency_key}
    try:
        async with unit_of_work(context.engine) as session:
            answer = await claim_request(session, **claim, body=body, now=context.now)
            if answer is not None:
                return InvoiceCreditPayload(correction=changed(Correction, int(answer["correction"])), user_errors=[])
            request = CorrectionRequest(
                document_number=await invoice_number(session, invoice_id=number),
                reason=given.reason,
                note=given.note,
                issued_on=context.reads.today,
                now=context.now,
                person_id=person,
            )
            made = await credit_within(session, request=request)
            await keep_answer(session, **claim, answer={"correction": made.id})
    except Refusal as refusal:
        error = user_error(CorrectionUserError, CorrectionErrorCode, refusal)
        return InvoiceCreditPayload(correction=None, user_errors=[error])
    return InvoiceCreditPayload(correction=changed(Correction, made.id), user_errors=[])
