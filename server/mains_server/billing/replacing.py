"""Takes a wrong bill back and issues the one that comes out now in its place; what stood on the first moves along."""

from __future__ import annotations

from datetime import datetime

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.adapters.live import LiveAdapter
from mains_server.billing import correcting, withdrawing
from mains_server.billing.records import Corrected, Elsewhere, NewCorrection
from mains_server.billing.rerating import RatedAnew, with_taken_off
from mains_server.db.outbox import append_event
from mains_server.invoices.records import CreditRequest, IssueRequest
from mains_server.payments.operations import replace_invoice


async def replace_bill(
    session: AsyncSession,
    *,
    adapter: LiveAdapter,
    correction: NewCorrection,
    anew: RatedAnew,
    elsewhere: Elsewhere,
    now: datetime,
) -> Corrected:
    """Replace a bill by documents; what other bills have of it is taken off again by lines of the new one.

    The new bill says in full what is due for its days. It is issued also where these lines leave it below nothing.
    """
    wrong = correction.wrong
    anew = with_taken_off(anew, rows=withdrawing.lines_off(elsewhere, wrong=wrong), adapter=adapter)
    issue = IssueRequest(
        draft=correcting.in_place_of(wrong, bill=anew.bill),
        issued_on=correction.on,
        payment_term_days=anew.payment_term_days,
        accounts=adapter.accounts(),
        inputs=orjson.loads(anew.inputs),
        rating_group_id=correction.rating_group_id,
    )
    credit = CreditRequest(document_number=wrong.document_number, issued_on=correction.on)
    note, replacement = await replace_invoice(session, request=credit, replacement=issue, now=now)
    await correcting.mark_replaced(session, replacement=replacement, fees=anew.fees, settles=anew.settles)
    payload = {"invoice_id": replacement.id, "contract_id": replacement.contract_id}
    append_event(session, kind="invoice.issued", payload=payload, customer_id=replacement.customer_id, now=now)
    corrected = await correcting.note_replaced(
        session, correction=correction, note=note, replacement=replacement, now=now
    )
    taken = withdrawing.Taken(corrected.id, replacement.id)
    await withdrawing.take_off(session, wrong=wrong, elsewhere=elsewhere, taken=taken)
    return corrected
