"""Documents as jobs: made after invoices were issued, some at a time, so that a killed worker loses little."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mains_server.adapters.loading import load_adapters
from mains_server.db.unit_of_work import read_session
from mains_server.db.work import Task, Work
from mains_server.documents import queries
from mains_server.documents.operations import AdapterSilent, Press, make_documents
from mains_server.documents.records import InvoiceOwned
from mains_server.documents.rules import wanted_at_issue
from mains_server.invoices.rules import DOCUMENTS_TASK

INVOICES_AT_ONCE = 25
INVOICES_LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class MadeMissing:
    """What was made, and how many invoices wait since the words of their utility are not known now, by the reason."""

    documents: int
    waiting: Mapping[str, int]


async def make(work: Work, *, first: int, last: int) -> int:
    """Make what is missing of the invoices from one id to another, in their customers' languages, and count it.

    Raises `AdapterSilent`, so that the queue tries again, once it has made what the other adapters have words for.
    """
    found = await _make_between(work, first=first, last=last)
    for reason in found.waiting:
        raise AdapterSilent(reason)
    return found.documents


async def make_missing(work: Work) -> MadeMissing:
    """Make what every invoice lacks, some at a time, and tell what had to be left.

    Invoices are gone through by their ids once, so that what fails is not tried for ever.
    """
    made = first = 0
    waiting: Counter[str] = Counter()
    while True:
        async with read_session(work.engine) as session:
            last = await queries.last_invoice_of(session, first=first, most=INVOICES_LOOKED_AT)
        if last is None:
            return MadeMissing(made, waiting)
        found = await _make_between(work, first=first, last=last)
        made += found.documents
        waiting.update(found.waiting)
        first = last + 1


async def _make_between(work: Work, *, first: int, last: int) -> MadeMissing:
    async with read_session(work.engine) as session:
        lacking = await queries.invoices_without_documents(session, first=first, last=last)
    if not lacking:
        return MadeMissing(0, {})
    press = Press(engine=work.engine, host=load_adapters(on=work.now.date()), now=work.now)
    made = 0
    waiting: Counter[str] = Counter()
    for owned in _by_adapter(lacking):
        for start in range(0, len(owned), INVOICES_AT_ONCE):
            invoices = owned[start : start + INVOICES_AT_ONCE]
            try:
                made += await make_documents(press, wanted=[one for own in invoices for one in wanted_at_issue(own)])
            except AdapterSilent as silent:
                waiting[str(silent)] += len(invoices)
    return MadeMissing(made, waiting)


def _by_adapter(invoices: Iterable[InvoiceOwned]) -> Iterable[Sequence[InvoiceOwned]]:
    """Keep utilities apart, so that one whose adapter is set aside keeps no other's customers waiting."""
    found: defaultdict[str, list[InvoiceOwned]] = defaultdict(list)
    for invoice in invoices:
        found[invoice.adapter].append(invoice)
    return found.values()


TASKS: dict[str, Task] = {DOCUMENTS_TASK: make}
