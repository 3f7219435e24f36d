"""Interest after the last bill: what waits on contracts that are billed to their end goes onto notes of its own."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter

from mains_spi import Period

from mains_server.billing.interest_notes import InterestNote, NotedSum, issue_interest_note
from mains_server.billing.operations import NobodyInvoices
from mains_server.db.unit_of_work import read_session
from mains_server.dunning import queries
from mains_server.dunning.queries import WaitingInterest
from mains_server.dunning.reminding import Dunner


async def issue_notes(dunner: Dunner) -> int:
    """Issue a note for every contract on which interest waits that no bill takes in, each once, and count them.

    What comes to nothing, or less, waits on: it offsets what is charged later. Where nobody is registered to invoice
    for the utility all of it waits.
    """
    async with read_session(dunner.engine) as session:
        waiting = await queries.waiting_for_note(session, adapter=dunner.adapter.code, today=dunner.today)
    issued = 0
    for contract_id, found in groupby(waiting, key=attrgetter("contract_id")):
        sums = tuple(found)
        if sum(one.amount for one in sums) <= 0:
            continue
        note = InterestNote(
            contract_id=contract_id, sums=tuple(map(_noted, sums)), issued_on=dunner.today, now=dunner.now
        )
        try:
            issued += await issue_interest_note(dunner.engine, adapter=dunner.adapter, note=note) is not None
        except NobodyInvoices:
            return issued
    return issued


def _noted(one: WaitingInterest) -> NotedSum:
    return NotedSum(
        fee_id=one.fee_id,
        code=one.code,
        sign=one.sign,
        period=Period(one.starts, one.ends),
        document_number=one.document_number,
    )
