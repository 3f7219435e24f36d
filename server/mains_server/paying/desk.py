"""What payers and employees ask for: a payment begun, looked at again, and credit refunded; each once by its key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from mains_spi import PaymentProvider
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import claim_request
from mains_server.access.records import CLERKS, Permission, Refusal, Viewer
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.delegation.records import PaymentWanted
from mains_server.delegation.spending import ApprovalNeeded, admit_payment, ask_approval, note_begun
from mains_server.money.rules import format_amount
from mains_server.paying import operations, queries, rules, targets
from mains_server.paying.flow import Counter, reach, refresh, send_refund
from mains_server.paying.records import Intent, NewIntent, NewRefund, Refund, Target
from mains_server.paying.targets import Instalment
from mains_server.payments import rules as money_rules
from mains_server.payments.queries import customer_of_payment

STAFF_WHO_REFUND = CLERKS


class TargetNotOne(Refusal):
    """A payment is for invoices, or for a contract, or for what a reference names."""

    code = "TARGET_NOT_ONE"


class IntentUnknown(Refusal):
    """There is no such payment of the viewer's."""

    code = "INTENT_UNKNOWN"
    path = "intentId"


class PaymentUnknown(Refusal):
    """There is no such payment that the viewer may have refunded."""

    code = "PAYMENT_UNKNOWN"
    path = "paymentId"


class RefundNotPossible(Refusal):
    """The payment did not come through a provider that can refund it."""

    code = "REFUND_NOT_POSSIBLE"
    path = "paymentId"


class NotCredit(Refusal):
    """Only what no invoice and no levelled contract uses can be refunded, and at most what came."""

    code = "NOT_CREDIT"
    path = "amount"


class ReasonWrong(Refusal):
    """Money goes back for a reason that is written down."""

    code = "REASON_WRONG"
    path = "reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAsked:
    """A payment as a payer asks for it: one of `invoices`, `contract_id` and `reference` says what it is for."""

    provider: str
    key: str
    invoices: tuple[tuple[int, Decimal | None], ...] = ()
    contract_id: int | None = None
    reference: str | None = None
    amount: Decimal | None = None
    return_url: str | None = None

    def body(self) -> dict[str, object]:
        """Give what is asked as JSON, to tell a repetition from another request."""
        return {
            "provider": self.provider,
            "invoices": [[number, None if amount is None else str(amount)] for number, amount in self.invoices],
            "contract": self.contract_id,
            "reference": self.reference,
            "amount": None if self.amount is None else str(self.amount),
            "returnUrl": self.return_url,
        }


async def create_payment(counter: Counter, *, viewer: Viewer, asked: PaymentAsked, instalment: Instalment) -> Intent:
    """Begin a payment, once by the payer's key, and bring it to its provider; again it is the first as it stands."""
    assert viewer.person_id is not None, "whoever pays is signed in"
    card = counter.terminals.card(asked.provider)
    rules.require_url(asked.return_url)
    mine = {"person_id": viewer.person_id, "operation": "paymentCreate", "key": asked.key}
    now = counter.clock()
    try:
        async with unit_of_work(counter.engine) as session:
            earlier = await claim_request(session, **mine, body=asked.body(), now=now)  # type: ignore[arg-type]
            if earlier is None:
                target = await _target(session, viewer=viewer, asked=asked, instalment=instalment)
                intent = await _begun(session, viewer=viewer, asked=asked, target=target, card=card, now=now)
                await keep_answer(session, **mine, answer={"intent": intent.id})  # type: ignore[arg-type]
            else:
                found = await queries.intent_by_id(session, intent_id=int(earlier["intent"]))
                assert found is not None, "intents are never removed"
                intent = found
    except ApprovalNeeded as waiting:
        async with unit_of_work(counter.engine) as session:
            await ask_approval(session, viewer=viewer, wanted=waiting.wanted, now=now)
        raise
    return await reach(counter, intent=intent)


async def refresh_payment(counter: Counter, *, viewer: Viewer, intent_id: int) -> Intent:
    """Ask the provider how a payment stands, for who began it or an employee, as when the payer comes back."""
    async with read_session(counter.engine) as session:
        intent = await queries.intent_by_id(session, intent_id=intent_id)
        payer = await queries.payer_of(session, intent_id=intent_id)
    if intent is None or not (viewer.is_staff or payer == viewer.person_id):
        raise IntentUnknown("there is no such payment of yours")
    return await refresh(counter, intent=intent)


async def create_refund(
    counter: Counter, *, viewer: Viewer, payment_id: int, amount: Decimal, reason: str, key: str
) -> Refund:
    """Refund credit of a payment through the provider it came by, once by the key of who asks."""
    assert viewer.person_id is not None, "whoever asks for a refund is signed in"
    mine = {"person_id": viewer.person_id, "operation": "refundCreate", "key": key}
    body = {"payment": payment_id, "amount": str(amount), "reason": reason}
    now = counter.clock()
    async with unit_of_work(counter.engine) as session:
        earlier = await claim_request(session, **mine, body=body, now=now)  # type: ignore[arg-type]
        if earlier is None:
            new = NewRefund(
                payment_id=payment_id,
                amount=amount,
                reason=reason,
                person_id=viewer.person_id,
                key=f"refund:{viewer.person_id}:{key}"[: money_rules.KEY_LENGTH_MAX],
            )
            intent = await _refundable(session, counter=counter, viewer=viewer, payment_id=payment_id)
            refund = await _requested(session, new=new, intent=intent, counter=counter)
            await keep_answer(session, **mine, answer={"refund": refund.id})  # type: ignore[arg-type]
        else:
            found = await queries.refund_by_id(session, refund_id=int(earlier["refund"]))
            assert found is not None, "refunds are never removed"
            refund = found
    return await send_refund(counter, refund=refund)


async def _begun(
    session: AsyncSession, *, viewer: Viewer, asked: PaymentAsked, target: Target, card: PaymentProvider, now: datetime
) -> Intent:
    """Write a payment down, a delegate's within what they may pay."""
    assert viewer.person_id is not None, "whoever pays is signed in"
    rules.require_payable(target.amount, currency=target.currency, card=card)
    contracts = {part.contract_id for part in target.parts} | ({target.contract_id} - {None})
    wanted = PaymentWanted(
        customer_id=target.customer_id,
        contract_ids=frozenset(number for number in contracts if number is not None),
        amount=target.amount,
        currency=target.currency,
        key=asked.key,
        shown_reference=target.shown_reference,
        is_by_reference=asked.reference is not None,
    )
    admission = await admit_payment(session, viewer=viewer, wanted=wanted, now=now)
    new = NewIntent(
        target=target,
        person_id=viewer.person_id,
        provider=asked.provider,
        pays_by=card.pays_by,
        return_url=asked.return_url,
        language=viewer.language,
    )
    intent = await operations.begin_intent(session, new=new, now=now)
    if admission is not None:
        await note_begun(session, admission=admission, person_id=viewer.person_id, intent_id=intent.id, now=now)
    return intent


async def _target(session: AsyncSession, *, viewer: Viewer, asked: PaymentAsked, instalment: Instalment) -> Target:
    named = (bool(asked.invoices), asked.contract_id is not None, asked.reference is not None)
    if sum(named) != 1 or (asked.invoices and asked.amount is not None):
        raise TargetNotOne("name invoices with their amounts, or a contract, or a reference; one of them")
    if asked.invoices:
        return await targets.invoices_target(session, viewer=viewer, asked=asked.invoices)
    if asked.contract_id is not None:
        return await targets.contract_target(
            session, viewer=viewer, contract_id=asked.contract_id, amount=asked.amount, instalment=instalment
        )
    assert asked.reference is not None, "one of the three is named"
    return await targets.reference_target(session, quoted=asked.reference, amount=asked.amount, instalment=instalment)


async def _refundable(session: AsyncSession, *, counter: Counter, viewer: Viewer, payment_id: int) -> Intent:
    customer_id = await customer_of_payment(session, payment_id=payment_id)
    is_staff = bool(viewer.staff & STAFF_WHO_REFUND)
    if customer_id is None or not (is_staff or customer_id in viewer.customers_with(Permission.PAY)):
        raise PaymentUnknown("there is no such payment for you to have refunded")
    intent = await queries.intent_of_payment(session, payment_id=payment_id)
    if intent is None or intent.provider not in counter.terminals.codes:
        raise RefundNotPossible("this payment came by no provider that refunds; a bank transfer needs an IBAN to go to")
    if not counter.terminals.card(intent.provider).can_refund:
        raise RefundNotPossible("the provider of this payment does not refund")
    return intent


async def _requested(session: AsyncSession, *, new: NewRefund, intent: Intent, counter: Counter) -> Refund:
    try:
        return await operations.request_refund(session, new=new, intent=intent, now=counter.clock())
    except (money_rules.NotCredit, money_rules.NothingLeftToReturn) as refusal:
        raise NotCredit(str(refusal)) from refusal
    except money_rules.AmountNotPayable as refusal:
        raise rules.AmountNotPayable(f"{format_amount(Decimal('0.01'))} is the least that can be refunded") from refusal
    except money_rules.ReasonMissing as refusal:
        raise ReasonWrong(str(refusal)) from refusal
