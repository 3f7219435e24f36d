"""Documents as jobs: made after invoices were issued, some at a time, so that a killed worker loses little."""

from __future__ import annotations

from mains_server.adapters.loading import load_adapters
from mains_server.db.unit_of_work import read_session
from mains_server.db.work import Task, Work
from mains_server.documents import queries
from mains_server.documents.operations import Press, make_documents
from mains_server.documents.rules import wanted_at_issue
from mains_server.invoices.rules import DOCUMENTS_TASK

INVOICES_AT_ONCE = 25
INVOICES_LOOKED_AT = 1_000


async def make(work: Work, *, first: int, last: int) -> int:
    """Make what is missing of the invoices from one id to another, in their customers' languages, and count it."""
    async with read_session(work.engine) as session:
        owned = await queries.invoices_without_documents(session, first=first, last=last)
    if not owned:
        return 0
    press = Press(engine=work.engine, host=load_adapters(on=work.now.date()), now=work.now)
    made = 0
    for start in range(0, len(owned), INVOICES_AT_ONCE):
        wanted = [one for invoice in owned[start : start + INVOICES_AT_ONCE] for one in wanted_at_issue(invoice)]
        made += await make_documents(press, wanted=wanted)
    return made


async def make_missing(work: Work) -> int:
    """Make what every invoice lacks, some at a time, and count it; raises `AdapterSilent` where one cannot be worded.

    Invoices are gone through by their ids once, so that what fails is not tried for ever.
    """
    made = first = 0
    while True:
        async with read_session(work.engine) as session:
            last = await queries.last_invoice_of(session, first=first, most=INVOICES_LOOKED_AT)
        if last is None:
            return made
        made += await make(work, first=first, last=last)
        first = last + 1


TASKS: dict[str, Task] = {DOCUMENTS_TASK: make}
