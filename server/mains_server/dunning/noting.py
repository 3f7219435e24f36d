"""Charges after the last bill: interest and fees of reminders that no bill takes in go onto notes of their own."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from mains_spi import Period
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.billing.interest_notes import InterestNote, NotedSum, issue_interest_note
from mains_server.billing.operations import NobodyInvoices
from mains_server.contracts.charging import FeePrice, price_of_fee
from mains_server.db.unit_of_work import read_session
from mains_server.dunning import queries
from mains_server.dunning.interest import charged_until
from mains_server.dunning.queries import WaitingInterest, WaitingReminder
from mains_server.dunning.reminding import Dunner

_DAY = timedelta(days=1)


@dataclass(slots=True)
class Waiting:
    """What waits on a contract: interest, and fees of reminders, each with its price."""

    interest: list[WaitingInterest] = field(default_factory=list)
    reminders: list[tuple[WaitingReminder, FeePrice]] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """Add up what waits; below nothing is interest that stood on the last bill and is not owed any more."""
        interest = sum((one.amount for one in self.interest), Decimal(0))
        return interest + sum((price.value for _, price in self.reminders), Decimal(0))

    def is_due(self, *, since: date | None) -> bool:
        """Say whether a note is to be issued: for interest, or for reminders of before the last day of charging.

        What comes to nothing, or less, waits on: it offsets what is charged later.
        """
        is_late = since is not None and any(one.day < since for one, _ in self.reminders)
        return self.total > 0 and (any(one.amount > 0 for one in self.interest) or is_late)

    def sums(self) -> tuple[NotedSum, ...]:
        """Give the lines of the note: interest by invoice, then reminders by day."""
        return (*map(_interest, self.interest), *(_reminder(one, price=price) for one, price in self.reminders))


async def issue_notes(dunner: Dunner) -> Counter[str]:
    """Issue a note for every contract on which something waits that no bill takes in, each once, and count.

    Interest is charged when it is owed; reminders go along with it, or alone on the policy's day of charging. Where
    nobody is registered to invoice for the utility all of it waits. Counted as `unbillable`, until somebody looks, are
    reminders without a price, and contracts to which more interest was charged than is owed.
    """
    counts: Counter[str] = Counter()
    async with read_session(dunner.engine) as session:
        waiting, counts["unbillable"] = await _waiting(session, dunner=dunner)
        policy = await queries.policy_in_force(session, adapter=dunner.adapter.code, on=dunner.today)
    since = None if policy is None else charged_until(policy, today=dunner.today)
    counts["unbillable"] += sum(found.total < 0 for found in waiting.values())
    for contract_id, found in sorted(waiting.items()):
        if not found.is_due(since=since):
            continue
        note = InterestNote(contract_id=contract_id, sums=found.sums(), issued_on=dunner.today, now=dunner.now)
        try:
            issued = await issue_interest_note(dunner.engine, adapter=dunner.adapter, note=note)
        except NobodyInvoices:
            break
        counts["noted"] += issued is not None
    return +counts


async def _waiting(session: AsyncSession, *, dunner: Dunner) -> tuple[dict[int, Waiting], int]:
    """Read what waits by contract, and count the fees that have no price."""
    found: defaultdict[int, Waiting] = defaultdict(Waiting)
    for one in await queries.interest_for_note(session, adapter=dunner.adapter.code, today=dunner.today):
        found[one.contract_id].interest.append(one)
    prices: dict[tuple[str, date], FeePrice | None] = {}
    unpriced = 0
    for fee in await queries.reminders_for_note(session, adapter=dunner.adapter.code, today=dunner.today):
        if (fee.code, fee.day) not in prices:
            prices[fee.code, fee.day] = await price_of_fee(
                session, adapter=dunner.adapter, code=fee.code, on=fee.day, now=dunner.now
            )
        price = prices[fee.code, fee.day]
        if price is None:
            unpriced += 1
        else:
            found[fee.contract_id].reminders.append((fee, price))
    return found, unpriced


def _interest(one: WaitingInterest) -> NotedSum:
    return NotedSum(
        fee_id=one.fee_id,
        code=one.code,
        sign=one.sign,
        period=Period(one.starts, one.ends),
        document_number=one.document_number,
    )


def _reminder(one: WaitingReminder, *, price: FeePrice) -> NotedSum:
    return NotedSum(
        fee_id=one.fee_id,
        code=one.code,
        sign=1,
        period=Period(one.day, one.day + _DAY),
        document_number=one.document_number,
        unit_price=price.value,
        base=1 + (price.tax_included or Decimal(0)),
    )
