"""The billing run as a job: a worker does what `mains bill` does, and may do it twice without harm."""

from __future__ import annotations

from datetime import date

from mains_server.adapters.loading import load_adapters
from mains_server.billing.corrections import work_off
from mains_server.billing.moments import issue_due
from mains_server.billing.records import RunRequest
from mains_server.billing.rules import period_of
from mains_server.billing.single import CREDIT_TASK
from mains_server.billing.workers import bill_period
from mains_server.db.unit_of_work import unit_of_work
from mains_server.db.work import Task, Work
from mains_server.payments.operations import apply_credit

CORRECTIONS_AT_ONCE = 10_000


async def bill(work: Work, *, adapter: str, period: str, issued_on: str) -> None:
    """Bill a utility's period, `2023-01`, with invoices of a day, `2023-02-10`."""
    days = period_of(period)
    request = RunRequest(adapter=adapter, period=days, issued_on=date.fromisoformat(issued_on), now=work.now)
    await bill_period(work.engine, address=work.address, request=request, host=load_adapters(on=days.start))


async def settle_with_credit(work: Work, *, customer: int) -> None:
    """Put a customer's credit on their open invoices; twice without harm."""
    async with unit_of_work(work.engine) as session:
        await apply_credit(session, customer_ids=[customer], now=work.now)


async def issue_due_bills(work: Work) -> None:
    """Issue the final bills and e-invoices that have become due; run every morning, and twice without harm."""
    today = work.now.date()
    await issue_due(work.engine, host=load_adapters(on=today), now=work.now, today=today)


async def correct_due_bills(work: Work) -> None:
    """Make the corrections that true readings made due; run every morning, and twice without harm."""
    today = work.now.date()
    await work_off(
        work.engine, host=load_adapters(on=today), issued_on=today, now=work.now, at_most=CORRECTIONS_AT_ONCE
    )


TASKS: dict[str, Task] = {
    "bill": bill,
    CREDIT_TASK: settle_with_credit,
    "issue_due_bills": issue_due_bills,
    "correct_due_bills": correct_due_bills,
}
EVERY: dict[str, str] = {"issue_due_bills": "30 4 * * *", "correct_due_bills": "0 5 * * *"}
