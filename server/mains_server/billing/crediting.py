"""Taking a bill back without another: a credit note, its money given back as credit, its days open to be billed."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.billing import correcting, withdrawing
from mains_server.billing.corrections import CorrectionRequest, held_bill
from mains_server.billing.differences import hold_elsewhere
from mains_server.billing.records import Corrected, NewCorrection
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.records import CreditRequest
from mains_server.payments.operations import credit_invoice


async def take_back_invoice(engine: AsyncEngine, *, request: CorrectionRequest) -> Corrected:
    """Take a bill back in a transaction of its own, as `credit_within` does."""
    async with unit_of_work(engine) as session:
        return await credit_within(session, request=request)


async def credit_within(session: AsyncSession, *, request: CorrectionRequest) -> Corrected:
    """Take a bill back whole by a credit note, and issue nothing in its place.

    What had been paid on it is credit, which pays what else is open; what a levelled contract had taken over is given
    back to it. Fees and differences that stood on it wait for the next bill, but those of an interest note are waived
    (docs/decisions/0050). What other bills have of it comes off the next bill, and what waits for one is withdrawn
    (docs/decisions/0070). Its days are billed again by the next start of their run, a last bill and a levelled
    contract's by the next morning (docs/decisions/0069). Raises what `held_bill` does, and then leaves nothing behind.
    """
    wrong = await held_bill(session, request=request)
    elsewhere = (await hold_elsewhere(session, bills=[wrong]))[wrong.invoice_id]
    credit = CreditRequest(document_number=wrong.document_number, issued_on=request.issued_on)
    note = await credit_invoice(session, request=credit, now=request.now)
    correction = NewCorrection(
        wrong=wrong, reason=request.reason, note=request.note, person_id=request.person_id, on=request.issued_on
    )
    corrected = await correcting.note_credited(session, correction=correction, note=note, now=request.now)
    taken = withdrawing.Taken(corrected.id)
    await withdrawing.take_off(session, wrong=wrong, elsewhere=elsewhere, taken=taken)
    return corrected
