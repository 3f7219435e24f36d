"""Late interest is charged by a fee that the next bill takes in, and taken off again where it is not owed.

After a contract's last bill an interest note takes the fee in (`noting`), and what is not owed takes the note back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.contracts.charging import QUANTITY_MAX, NewFee, forget_fee, note_fee, release_fees
from mains_server.contracts.queries import contract_by_id
from mains_server.contracts.records import Contract
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.dunning import queries
from mains_server.dunning.interest import charged_until, interest_until, policy_on
from mains_server.dunning.queries import Charged, ChargedOnNote, LateInvoice
from mains_server.dunning.records import Policy
from mains_server.dunning.reminding import Dunner, fee_day, last_day
from mains_server.dunning.rules import INTEREST, INTEREST_BACK
from mains_server.dunning.tables import DunningWatch, InterestCharge
from mains_server.invoices.records import CreditRequest
from mains_server.payments.operations import credit_invoice

INVOICES_AT_ONCE = 200
INVOICES_HELD_MAX = 20
"""How many customers wait at most while interest is charged in one transaction."""
LOOKED_AT_AGAIN = timedelta(days=1)
"""What was booked shortly before the last look is looked at again: its transaction may have ended after it."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)


async def charge_interest(dunner: Dunner) -> Counter[str]:
    """Bring what was charged on late invoices to what is owed today, a few in each transaction, and count.

    Each is held, and looked at again, before anything is written; where nothing changes nobody is held. Open debts
    are charged up to the last day of charging that has come, paid ones at once; an invoice that was taken back owes
    nothing. Repeated, it finds nothing left to do. `unbillable` are those whose utility charges no interest any more.
    """
    async with read_session(dunner.engine) as session:
        policies = await queries.policies_of(session, adapter=dunner.adapter.code)
        seen = await queries.seen_until(session, adapter=dunner.adapter.code)
    counts: Counter[str] = Counter()
    if policy_on(policies, dunner.today) is None:
        return counts
    since, after = EVER if seen is None else seen - LOOKED_AT_AGAIN, 0
    while True:
        async with read_session(dunner.engine) as session:
            found = await queries.chargeable(
                session,
                adapter=dunner.adapter.code,
                today=dunner.today,
                since=since,
                after=after,
                most=INVOICES_AT_ONCE,
            )
            late = await queries.late_invoices(session, invoice_ids=[one for one, _ in found])
        changing = [
            (one.id, one.customer_id) for one in late if _change(one, policies=policies, today=dunner.today) is not None
        ]
        for at in range(0, len(changing), INVOICES_HELD_MAX):
            held = changing[at : at + INVOICES_HELD_MAX]
            async with unit_of_work(dunner.engine) as session:
                counts += await _bring_up_all(session, dunner=dunner, policies=policies, invoices=held)
        if len(found) < INVOICES_AT_ONCE:
            break
        after = found[-1][0]
    async with unit_of_work(dunner.engine) as session:
        await _note_seen(session, dunner=dunner, before=seen)
    return counts


def interest_owed(invoice: LateInvoice, *, policies: Sequence[Policy], today: date) -> Decimal:
    """Give what interest an invoice owes up to today, charged or not; nothing once it was taken back."""
    if invoice.is_credited:
        return Decimal("0.00")
    return interest_until(invoice.debt, policies=policies, until=today)


class _Change(NamedTuple):
    """What is charged more on an invoice, up to a day, or taken off where it is below nothing."""

    until: date
    amount: Decimal


def _change(invoice: LateInvoice, *, policies: Sequence[Policy], today: date) -> _Change | None:
    """Tell what is to be charged on an invoice or taken off; None where what was charged is right.

    What was waived counts as charged, so that it never is again; but nobody paid it, so it is not given back either.
    """
    policy = policy_on(policies, today)
    assert policy is not None, "the utility has a policy today"
    until = charged_until(policy, today=today) if invoice.open_amount > 0 else today
    more = interest_owed(invoice, policies=policies, today=until) - invoice.charged
    if more > 0:
        return _Change(until, more)
    too_much = min(
        invoice.charged - interest_owed(invoice, policies=policies, today=today), invoice.charged - invoice.waived
    )
    return _Change(until, -too_much) if too_much > 0 else None


async def _bring_up_all(
    session: AsyncSession, *, dunner: Dunner, policies: Sequence[Policy], invoices: Sequence[tuple[int, int]]
) -> Counter[str]:
    """Hold some invoices, given with their customers, and bring up what still is to change on each."""
    await queries.hold_for_interest(session, invoices=invoices, today=dunner.today)
    counts: Counter[str] = Counter()
    for invoice in await queries.late_invoices(session, invoice_ids=[one for one, _ in invoices]):
        change = _change(invoice, policies=policies, today=dunner.today)
        if change is not None:
            counts[await _bring_up(session, dunner=dunner, invoice=invoice, change=change)] += 1
    return counts


async def _bring_up(session: AsyncSession, *, dunner: Dunner, invoice: LateInvoice, change: _Change) -> str:
    contract = await contract_by_id(session, contract_id=invoice.contract_id)
    assert contract is not None, "who was invoiced has a contract"
    next_day = await fee_day(session, contract=contract, today=dunner.today)
    day = next_day or last_day(contract)
    if day is None or INTEREST not in dunner.adapter.fee_codes(on=day):
        return "unbillable"
    writer = _Writer(session, dunner=dunner, contract=contract, invoice=invoice, days=(day, change.until))
    writer.is_last_bill_issued = next_day is None
    if change.amount > 0:
        await writer.charge(change.amount)
        return "charged"
    await writer.take_off(-change.amount)
    return "taken off"


class _Writer:
    """Writes what is charged on one invoice that is held, with the fees that bring it onto a bill."""

    def __init__(
        self,
        session: AsyncSession,
        *,
        dunner: Dunner,
        contract: Contract,
        invoice: LateInvoice,
        days: tuple[date, date],
    ) -> None:
        self.session = session
        self.dunner = dunner
        self.contract = contract
        self.invoice = invoice
        self.day, self.until = days
        self.is_last_bill_issued = False

    async def charge(self, amount: Decimal) -> None:
        """Charge more interest; what is beyond the most that a fee may be comes the next time."""
        charges = await self._charges()
        await self._note(min(amount, QUANTITY_MAX), code=INTEREST, number=len(charges) + 1, sign=1)

    async def take_off(self, amount: Decimal) -> None:
        """Take interest off: what no bill has is forgotten, the rest comes off the next bill.

        After the last one it comes off by taking notes back. What stood on the last bill itself waits: it comes off a
        note, or off that bill once it is taken back and issued anew.
        """
        charges = await self._charges()
        number, left = len(charges), amount
        for charge in charges:
            if not charge.waits or charge.is_taken_back or charge.amount < 0 or left <= 0:
                continue
            assert charge.fee_key is not None, "what waits for a bill is a fee"
            await forget_fee(self.session, contract=self.contract, key=charge.fee_key)
            number += 1
            await self._write(-charge.amount, number=number, fee_key=None, takes_back=charge.id)
            left -= charge.amount
        if left > 0 and self.is_last_bill_issued:
            left = await self._take_notes_back(left)
            number = len(await self._charges())
        if left < 0:
            await self._note(-left, code=INTEREST, number=number + 1, sign=1)
        elif left > 0:
            await self._note(min(left, QUANTITY_MAX), code=INTEREST_BACK, number=number + 1, sign=-1)

    async def _take_notes_back(self, amount: Decimal) -> Decimal:
        """Take back notes that charge too much, the latest first, and give what is still too much.

        A note is taken back whole, so what it charged on other invoices is charged anew, and its reminders wait for the
        next one; so is, by the caller, what this one owes: below nothing is what was taken back too much.
        """
        for note_id, document_number in await queries.notes_on(self.session, invoice=self.invoice):
            if amount <= 0:
                break
            request = CreditRequest(document_number=document_number, issued_on=self.dunner.today)
            await credit_invoice(self.session, request=request, now=self.dunner.now)
            await release_fees(self.session, contract=self.contract, invoice_id=note_id, but=(INTEREST, INTEREST_BACK))
            for charge in await queries.charges_on(self.session, note_id=note_id, customer_id=self.invoice.customer_id):
                is_own = charge.invoice_id == self.invoice.id
                writer = self if is_own else await self._for_other(charge)
                number = len(await writer._charges()) + 1
                await writer._write(-charge.amount, number=number, fee_key=None, takes_back=charge.id)
                if is_own:
                    amount -= charge.amount
                elif charge.amount > 0:
                    await writer._note(charge.amount, code=INTEREST, number=number + 1, sign=1)
                else:
                    await writer._note(-charge.amount, code=INTEREST_BACK, number=number + 1, sign=-1)
        return amount

    async def _for_other(self, charge: ChargedOnNote) -> _Writer:
        (other,) = await queries.late_invoices(self.session, invoice_ids=[charge.invoice_id])
        days = (self.day, charge.until)
        return _Writer(self.session, dunner=self.dunner, contract=self.contract, invoice=other, days=days)

    async def _charges(self) -> tuple[Charged, ...]:
        return await queries.charges_of(self.session, invoice_id=self.invoice.id, customer_id=self.invoice.customer_id)

    async def _note(self, amount: Decimal, *, code: str, number: int, sign: int) -> None:
        key = f"interest {self.invoice.id} {number}"
        fee = NewFee(
            code=code,
            quantity=amount,
            day=self.day,
            reason=f"{self.invoice.document_number} until {self.until.isoformat()}",
            source="dunning",
            key=key,
        )
        await note_fee(self.session, contract=self.contract, fee=fee, adapter=self.dunner.adapter, now=self.dunner.now)
        await self._write(sign * amount, number=number, fee_key=key, takes_back=None)

    async def _write(self, amount: Decimal, *, number: int, fee_key: str | None, takes_back: int | None) -> None:
        row = {
            "customer_id": self.invoice.customer_id,
            "contract_id": self.invoice.contract_id,
            "invoice_id": self.invoice.id,
            "number": number,
            "until": self.until,
            "amount": amount,
            "currency": self.invoice.currency,
            "fee_key": fee_key,
            "takes_back_id": takes_back,
            "made_at": self.dunner.now,
        }
        await self.session.execute(insert(InterestCharge), [row])


async def _note_seen(session: AsyncSession, *, dunner: Dunner, before: datetime | None) -> None:
    """Note up to when was looked, unless a policy for past days came meanwhile, which is to be looked at again."""
    statement = postgresql.insert(DunningWatch).values(adapter=dunner.adapter.code, seen_until=dunner.now)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[col(DunningWatch.adapter)],
            set_={"seen_until": dunner.now},
            where=col(DunningWatch.seen_until) == before,
        )
    )
