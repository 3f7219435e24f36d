"""Money that goes back: taken back by a bank, or refunded; invoices that lose their money are open again."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.contracts.queries import contract_by_id, lock_contract
from mains_server.contracts.records import Settlement
from mains_server.db.outbox import NewsEvent, append_news
from mains_server.invoices.queries import lock_customer_invoices
from mains_server.ledger.operations import post
from mains_server.payments import queries, rules
from mains_server.payments.allocating import unsettle
from mains_server.payments.operations import apply_credit
from mains_server.payments.prepaid import prepay, release
from mains_server.payments.records import PrepaidOwner, ReceivedPayment, ReturnedPayment, ReturnKind, ReturnRequest
from mains_server.payments.tables import PaymentReturn

REVERSAL_KEY = "reversal"


async def reverse_payment(
    session: AsyncSession,
    *,
    payment_id: int,
    reason: str,
    now: datetime,
    amount: Decimal | None = None,
    key: str = REVERSAL_KEY,
) -> ReturnedPayment:
    """Take back a payment that a bank took back, once by `key`, wholly or by an amount.

    What is credit goes first, then what it settled last, then what a levelled contract holds. Invoices are open again
    unless other credit of the customer settles them. PaymentNotFound, NothingLeftToReturn and ReturnKeyReused refuse.
    """
    request = ReturnRequest(payment_id=payment_id, kind=ReturnKind.REVERSAL, reason=reason, key=key, amount=amount)
    payment, earlier = await _hold_all(session, request=request)
    if earlier is not None:
        return earlier
    amount = rules.require_returnable(request, payment=payment)
    await _release(session, payment=payment, amount=amount, now=now)
    returned = await _write(session, request=request, payment=payment, amount=amount, now=now)
    await apply_credit(session, customer_ids=[payment.customer_id], now=now)
    return returned


async def restore_payment(
    session: AsyncSession, *, payment_id: int, reason: str, now: datetime, amount: Decimal | None, key: str
) -> ReturnedPayment:
    """Give a payment back what a bank had taken of it and has given again, once by `key`, wholly or by an amount.

    It is credit and pays what is open, but what was taken from a levelled contract is held by it again.
    NothingTakenBack refuses more than was taken.
    """
    request = ReturnRequest(payment_id=payment_id, kind=ReturnKind.REVERSAL, reason=reason, key=key, amount=amount)
    payment, earlier = await _hold_all(session, request=request)
    if earlier is not None:
        return earlier
    taken = await queries.taken_back_of(session, payment_id=payment_id)
    amount = taken if amount is None else amount
    if not 0 < amount <= taken:
        raise rules.NothingTakenBack(f"{taken} of payment {payment_id} was taken back; {amount} cannot come again")
    await _hold_again(session, payment=payment, amount=amount, now=now)
    back = await _write(session, request=request, payment=payment, amount=-amount, now=now)
    await apply_credit(session, customer_ids=[payment.customer_id], now=now)
    return back


async def reserve_refund(session: AsyncSession, *, request: ReturnRequest, now: datetime) -> ReturnedPayment:
    """Set credit of a payment aside to be refunded, once by its key, so that nothing else uses it meanwhile.

    Two at once take turns at the payment's row: NotCredit refuses the second where the first left too little.
    """
    payment = await queries.lock_payment(session, payment_id=request.payment_id)
    if payment is None:
        raise rules.PaymentNotFound(f"there is no payment {request.payment_id}")
    earlier = await _earlier(session, request=request)
    if earlier is not None:
        return earlier
    amount = rules.require_returnable(request, payment=payment)
    return await _write(session, request=request, payment=payment, amount=amount, now=now)


async def confirm_refund(session: AsyncSession, *, returned: ReturnedPayment, on: date, now: datetime) -> None:
    """Book that a refund has left the account where its payment's money lay; twice is once."""
    payment = await queries.payment_by_id(session, customer_id=returned.customer_id, payment_id=returned.payment_id)
    account = rules.money_account(payment.method, payment.provider)
    await post(session, booking=rules.booking_of_arrival(returned, account=account, effective_on=on), now=now)


async def confirm_refund_of(
    session: AsyncSession, *, returned: ReturnedPayment, amount: Decimal, reason: str, key: str, now: datetime
) -> None:
    """Book that another amount has left than was set aside, once by `key`: less is credit again, more is taken back.

    A refund that was confirmed whole before is put right in the same way. NothingLeftToReturn refuses more than is
    left of the payment.
    """
    if amount > returned.amount:
        more = amount - returned.amount
        await reverse_payment(session, payment_id=returned.payment_id, reason=reason, now=now, amount=more, key=key)
    else:
        request = ReturnRequest(payment_id=returned.payment_id, kind=ReturnKind.REFUND, reason=reason, key=key)
        payment, earlier = await _hold_all(session, request=request)
        if earlier is None and amount < returned.amount:
            rest = amount - returned.amount
            back = await _write(session, request=request, payment=payment, amount=rest, now=now)
            await confirm_refund(session, returned=back, on=now.date(), now=now)
            await apply_credit(session, customer_ids=[payment.customer_id], now=now)
    await confirm_refund(session, returned=returned, on=now.date(), now=now)


async def undo_refund(session: AsyncSession, *, returned: ReturnedPayment, reason: str, now: datetime) -> None:
    """Give a refund that did not go back to the customer's credit, once; it settles what is open."""
    key = f"undone:{returned.id}"
    request = ReturnRequest(payment_id=returned.payment_id, kind=ReturnKind.REFUND, reason=reason, key=key)
    payment, earlier = await _hold_all(session, request=request)
    if earlier is not None:
        return
    await _write(session, request=request, payment=payment, amount=-returned.amount, now=now)
    await apply_credit(session, customer_ids=[returned.customer_id], now=now)


async def _hold_all(session: AsyncSession, *, request: ReturnRequest) -> tuple[ReceivedPayment, ReturnedPayment | None]:
    """Lock the contracts that hold money of a payment, the customer's invoices and the payment, in this order."""
    customer_id = await queries.customer_of_payment(session, payment_id=request.payment_id)
    if customer_id is None:
        raise rules.PaymentNotFound(f"there is no payment {request.payment_id}")
    seen = await queries.payment_by_id(session, customer_id=customer_id, payment_id=request.payment_id)
    for contract_id in await queries.contracts_that_held(session, payment_id=seen.id):
        await lock_contract(session, contract_id=contract_id)
    await lock_customer_invoices(session, customer_id=customer_id)
    payment = await queries.lock_payment(session, payment_id=request.payment_id)
    assert payment is not None, "payments are never removed"
    return payment, await _earlier(session, request=request)


async def _earlier(session: AsyncSession, *, request: ReturnRequest) -> ReturnedPayment | None:
    earlier = await queries.return_by_key(session, payment_id=request.payment_id, key=request.key)
    if earlier is not None and earlier.amount > 0:
        rules.require_same_return(earlier=earlier, asked=request)
    return earlier


async def _release(session: AsyncSession, *, payment: ReceivedPayment, amount: Decimal, now: datetime) -> None:
    missing = await unsettle(session, payment=payment, amount=amount, now=now)
    for held in payment.prepaid if missing > 0 else ():
        part = min(held.amount, missing)
        missing -= part
        owner_ = PrepaidOwner(customer_id=payment.customer_id, contract_id=held.contract_id, currency=payment.currency)
        if part > 0:
            await _give_up(session, owner=owner_, payment_id=payment.id, amount=part, now=now)


async def _give_up(
    session: AsyncSession, *, owner: PrepaidOwner, payment_id: int, amount: Decimal, now: datetime
) -> None:
    """Let a levelled contract give up money: what it used beyond the rest is deferred, or due where it is closed."""
    account = await prepay(session, owner=owner, payment_id=payment_id, amount=-amount, now=now)
    contract = await contract_by_id(session, contract_id=owner.contract_id)
    is_levelled = contract is not None and contract.settlement is Settlement.LEVELLED
    if account.balance < 0 and not is_levelled:
        await release(session, owner=owner, now=now)


async def _hold_again(session: AsyncSession, *, payment: ReceivedPayment, amount: Decimal, now: datetime) -> None:
    """Let levelled contracts hold again what a bank took from them; what is beyond that is credit.

    So is what a contract had let go of before, as when its plan was closed, and all where it is levelled no longer.
    """
    for lost in await queries.taken_from_contracts(session, payment_id=payment.id):
        contract = await contract_by_id(session, contract_id=lost.contract_id)
        part = min(lost.amount, amount)
        if contract is not None and contract.settlement is Settlement.LEVELLED and part > 0:
            amount -= part
            owner = PrepaidOwner(customer_id=payment.customer_id, contract_id=contract.id, currency=payment.currency)
            await prepay(session, owner=owner, payment_id=payment.id, amount=part, now=now)


async def _write(
    session: AsyncSession, *, request: ReturnRequest, payment: ReceivedPayment, amount: Decimal, now: datetime
) -> ReturnedPayment:
    row = PaymentReturn(
        customer_id=payment.customer_id,
        payment_id=payment.id,
        kind=request.kind,
        amount=amount,
        currency=payment.currency,
        reason=request.reason,
        idempotency_key=request.key,
        returned_on=now.date(),
        booked_at=now,
    )
    session.add(row)
    await session.flush()
    returned = queries.returned_payment(row, is_new=True)
    account = rules.money_account(payment.method, payment.provider)
    await post(session, booking=rules.booking_of_return(returned, account=account), now=now)
    news = NewsEvent(kind=rules.PAYMENT_CHANGED, customer_id=payment.customer_id, payload={"payment_id": payment.id})
    await append_news(session, news=[news], now=now)
    return returned
