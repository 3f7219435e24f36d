"""What delegates pay: within their caps also at once, with the owner's word, and counted no longer once it failed."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import pytest_asyncio
from mains_server.access.operations import end_grant, grant_delegate, grant_owner
from mains_server.access.queries import viewer_of_person
from mains_server.access.records import NewDelegate, PaymentLimits, Permission, StaffRole
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delegation.queries import spent_in_month
from mains_server.delegation.rules import AboveCapPerMonth, AboveCapPerPayment, month_of
from mains_server.delegation.spending import (
    ApprovalNeeded,
    ApprovalRefused,
    ApprovalUnknown,
    DelegationEnded,
    decide_approval,
)
from mains_server.paying.calling import NOT_ANSWERED
from mains_server.paying.desk import PaymentAsked, create_payment, create_refund
from mains_server.paying.flow import Counter
from mains_server.paying.operations import take_told
from mains_server.paying.records import Told
from mains_server.paying.settling import EventDecision, settle_event
from mains_server.paying.targets import ContractNotPayable
from mains_spi import Labels, PaymentProvider, ProviderOutcome, ProviderReport
from sqlalchemy import text

from tests.server.paying.conftest import no_instalment

pytestmark = pytest.mark.asyncio
CARD = PaymentProvider(
    code="card", spi_major=1, labels=Labels(lv="K", en="C", ru="K"), pays_by="CARD", is_two_phase=False, can_refund=True
)
PAY = frozenset({Permission.VIEW, Permission.PAY})


class Till:
    """A provider that never answers, so that every payment stays begun until a test tells what became of it."""

    codes = ("card",)

    def card(self, _code):
        return CARD

    async def ask(self, **_request):
        return NOT_ANSWERED


class Flat:
    """A flat whose owner has a delegate with limits, and what the delegate pays in advance on its contract."""

    def __init__(self, utility, customer_id, contract_id, persons):
        self.utility, self.customer_id, self.contract_id, self.persons = utility, customer_id, contract_id, persons
        self.now = utility.now
        self.counter = Counter(engine=utility.engine, terminals=Till(), clock=lambda: self.now)

    async def allow(self, permissions=PAY, **limits):
        delegate = NewDelegate(
            customer_id=self.customer_id,
            person_id=self.persons["delegate"],
            permissions=permissions,
            limits=PaymentLimits(**{name: Decimal(value) for name, value in limits.items()}),
        )
        async with unit_of_work(self.utility.engine) as session:
            return await grant_delegate(session, delegate=delegate, now=self.now)

    async def viewer(self, name="delegate"):
        async with unit_of_work(self.utility.engine) as session:
            return await viewer_of_person(session, person_id=self.persons[name], now=self.now)

    async def pay(self, amount, *, key, by="delegate", viewer=None):
        asked = PaymentAsked(provider="card", key=key, contract_id=self.contract_id, amount=Decimal(amount))
        viewer = viewer or await self.viewer(by)
        return await create_payment(self.counter, viewer=viewer, asked=asked, instalment=no_instalment)

    async def spent(self):
        async with unit_of_work(self.utility.engine) as session:
            return await spent_in_month(
                session,
                customer_id=self.customer_id,
                person_id=self.persons["delegate"],
                month=month_of(self.now),
            )

    async def tell(self, intent, outcome, *, event, amount=None, refund_reference=None):
        report = ProviderReport(
            outcome=outcome, provider_id="p1", reference=intent.reference, amount=amount,
            refund_reference=refund_reference,
        )  # fmt: skip
        told = Told(provider="card", event_id=event, kind="t", occurred_at=self.now, report=report)
        async with unit_of_work(self.utility.engine) as session:
            return await take_told(session, told=told, now=self.now)

    async def decide(self, is_approved, *, by="owner"):
        viewer = await self.viewer(by)
        async with unit_of_work(self.utility.engine) as session:
            number = await session.scalar(text("select max(id) from payment_approval"))
            await decide_approval(
                session, viewer=viewer, approval_id=int(number), is_approved=is_approved, now=self.now
            )

    async def refund(self, amount):
        """Ask for a refund of the last payment, of which the provider says nothing yet; give its reference."""
        payment_id, viewer = await self.newest("payment"), await self.viewer("owner")
        refund = await create_refund(
            self.counter, viewer=viewer, payment_id=payment_id, amount=Decimal(amount), reason="moved", key="r1"
        )
        return refund.reference

    async def settle(self, event, **what):
        """Let an employee decide on an event that waits."""
        clerk = replace(await self.viewer("neighbour"), staff=frozenset({StaffRole.BILLING_CLERK}))
        async with unit_of_work(self.utility.engine) as session:
            found = await session.scalar(text("select id from payment_event where event_id = :name"), {"name": event})
            decision = EventDecision(event_id=found, reason="as told", key=event, **what)
            await settle_event(session, viewer=clerk, decision=decision, roads={"card": "CARD"}, now=self.now)

    async def newest(self, table):
        async with unit_of_work(self.utility.engine) as session:
            return await session.scalar(text(f"select max(id) from {table}"))

    async def log(self):
        async with unit_of_work(self.utility.engine) as session:
            rows = await session.execute(text("select kind, amount from delegation_activity order by id"))
            return [f"{row.kind} {row.amount}" for row in rows]

    async def count(self, table):
        async with unit_of_work(self.utility.engine) as session:
            return await session.scalar(text(f"select count(*) from {table}"))


@pytest_asyncio.fixture
async def flat(utility):
    customer_id = await utility.customer("C-1")
    contract_id = await utility.contract(customer_id, "K-100001")
    persons = {}
    for name in ("owner", "delegate", "neighbour"):
        persons[name] = await utility.run(
            "insert into person (email, name, language, created_at) values (:email, 'A', 'en', :now) returning id",
            email=f"{name}@b.example",
            now=utility.now,
        )
    async with unit_of_work(utility.engine) as session:
        await grant_owner(session, customer_id=customer_id, person_id=persons["owner"], now=utility.now)
    return Flat(utility, customer_id, contract_id, persons)


async def test_a_months_cap_holds_under_twenty_payments_at_once(flat):
    """50.00 a month and 20 payments of 7.00: 7 fit (49.00), the 8th would be 56.00."""
    await flat.allow(cap_month="50.00")
    viewer = await flat.viewer()

    done = await asyncio.gather(
        *(flat.pay("7.00", key=f"k{n}", viewer=viewer) for n in range(20)), return_exceptions=True
    )

    refused = [one for one in done if isinstance(one, AboveCapPerMonth)]
    begun = [one for one in done if not isinstance(one, BaseException)]
    assert (len(begun), len(refused)) == (7, 13)
    assert await flat.spent() == Decimal("49.00")
    assert await flat.count("payment_intent") == 7
    assert {str(one) for one in refused} == {"you may pay 1.00 EUR more this month"}


async def test_a_cap_per_payment_is_exact(flat):
    await flat.allow(cap_payment="20.00")

    await flat.pay("20.00", key="a")
    with pytest.raises(AboveCapPerPayment):
        await flat.pay("20.01", key="b")

    assert await flat.spent() == Decimal("20.00")


async def test_the_same_request_counts_once(flat):
    await flat.allow(cap_month="50.00")

    first, again = await flat.pay("30.00", key="a"), await flat.pay("30.00", key="a")

    assert first.id == again.id
    assert await flat.spent() == Decimal("30.00")


@pytest.mark.parametrize("outcome", [ProviderOutcome.FAILED, ProviderOutcome.VOIDED])
async def test_a_payment_that_came_to_nothing_frees_its_cap_and_money_that_comes_after_all_counts_again(flat, outcome):
    await flat.allow(cap_month="50.00")
    intent = await flat.pay("43.10", key="a")

    await flat.tell(intent, outcome, event="e1")
    freed = await flat.spent()
    await flat.tell(intent, ProviderOutcome.CAPTURED, event="e2")

    assert (freed, await flat.spent()) == (Decimal("0.00"), Decimal("43.10"))
    assert await flat.log() == ["PAYMENT_BEGUN 43.10", "PAYMENT_ENDED 43.10", "PAID 43.10"]


async def test_what_comes_back_frees_as_much(flat):
    await flat.allow(cap_month="50.00")
    intent = await flat.pay("40.00", key="a")
    await flat.tell(intent, ProviderOutcome.CAPTURED, event="e1")

    await flat.tell(intent, ProviderOutcome.REVERSED, event="e2", amount=Decimal("15.00"))

    assert await flat.spent() == Decimal("25.00")
    await flat.pay("25.00", key="b")
    with pytest.raises(AboveCapPerMonth):
        await flat.pay("0.01", key="c")


async def test_a_dispute_that_is_won_counts_again(flat):
    """40.00 were paid, taken back and given again: of 50.00 a month 10.00 are left, and not 50.00."""
    await flat.allow(cap_month="50.00")
    intent = await flat.pay("40.00", key="a")
    await flat.tell(intent, ProviderOutcome.CAPTURED, event="e1")
    await flat.tell(intent, ProviderOutcome.REVERSED, event="e2", amount=Decimal("40.00"))
    freed = await flat.spent()

    await flat.tell(intent, ProviderOutcome.RESTORED, event="e3", amount=Decimal("40.00"))

    assert (freed, await flat.spent()) == (Decimal("0.00"), Decimal("40.00"))
    with pytest.raises(AboveCapPerMonth):
        await flat.pay("10.01", key="b")
    await flat.pay("10.00", key="c")
    assert (await flat.log())[:4] == ["PAYMENT_BEGUN 40.00", "PAID 40.00", "PAYMENT_RETURNED 40.00", "PAID 40.00"]


async def test_a_part_that_came_counts_as_a_part(flat):
    """40.00 were asked for and 30.00 taken; 12.00 of those go back, so that 18.00 count."""
    await flat.allow(cap_month="50.00")
    intent = await flat.pay("40.00", key="a")

    await flat.tell(intent, ProviderOutcome.CAPTURED, event="e1", amount=Decimal("30.00"))
    came = await flat.spent()
    await flat.tell(intent, ProviderOutcome.REVERSED, event="e2", amount=Decimal("12.00"))

    assert (came, await flat.spent()) == (Decimal("30.00"), Decimal("18.00"))


async def test_a_refund_that_did_not_go_after_all_counts_again(flat):
    """40.00 were paid and 20.00 of them refunded; it is told later that 15.00 left, or none."""
    await flat.allow(cap_month="50.00")
    intent = await flat.pay("40.00", key="a")
    await flat.tell(intent, ProviderOutcome.CAPTURED, event="e1")
    reference = await flat.refund("20.00")
    await flat.tell(intent, ProviderOutcome.REFUNDED, event="e2", amount=Decimal("20.00"), refund_reference=reference)
    refunded = await flat.spent()

    await flat.tell(intent, ProviderOutcome.REFUNDED, event="e3", amount=Decimal("15.00"), refund_reference=reference)
    await flat.settle("e3", books_refund=True)

    assert (refunded, await flat.spent()) == (Decimal("20.00"), Decimal("25.00"))


async def test_what_an_employee_takes_back_by_an_event_frees_as_much(flat):
    await flat.allow(cap_month="50.00")
    intent = await flat.pay("40.00", key="a")
    await flat.tell(intent, ProviderOutcome.CAPTURED, event="e1")
    payment = await flat.newest("payment")
    stranger = replace(intent, reference="of nobody")
    await flat.tell(stranger, ProviderOutcome.REVERSED, event="e2", amount=Decimal("15.00"))

    await flat.settle("e2", payment_id=payment)

    assert await flat.spent() == Decimal("25.00")


async def test_a_new_month_begins_anew(flat):
    await flat.allow(cap_month="50.00")
    await flat.pay("50.00", key="a")

    flat.now += timedelta(days=31)

    await flat.pay("50.00", key="b")
    assert await flat.count("payment_intent") == 2


async def test_a_new_delegation_does_not_begin_the_month_anew(flat):
    grant = await flat.allow(cap_month="50.00")
    await flat.pay("50.00", key="a")
    async with unit_of_work(flat.utility.engine) as session:
        await end_grant(session, grant_id=grant, now=flat.now)
    await flat.allow(cap_month="50.00")

    with pytest.raises(AboveCapPerMonth):
        await flat.pay("0.01", key="b")


async def test_the_owner_and_who_has_no_limit_pay_as_before(flat):
    await flat.allow()

    await flat.pay("900.00", key="a", by="owner")
    await flat.pay("900.00", key="b")

    assert await flat.spent() == Decimal("900.00")


async def test_who_was_revoked_since_the_request_began_pays_nothing(flat):
    grant = await flat.allow(cap_month="50.00")
    viewer = await flat.viewer()
    async with unit_of_work(flat.utility.engine) as session:
        await end_grant(session, grant_id=grant, now=flat.now)

    with pytest.raises(DelegationEnded):
        await flat.pay("1.00", key="a", viewer=viewer)

    assert await flat.count("payment_intent") == 0


async def test_who_may_only_look_pays_nothing(flat):
    await flat.allow(permissions=frozenset({Permission.VIEW}))

    with pytest.raises(ContractNotPayable):
        await flat.pay("1.00", key="a")


async def test_above_an_amount_the_owner_has_to_agree_and_then_the_same_request_goes_on(flat):
    await flat.allow(approval_above="20.00")
    await flat.pay("20.00", key="a")
    for _ in range(2):
        with pytest.raises(ApprovalNeeded):
            await flat.pay("20.01", key="b")
    waited = await flat.count("payment_approval"), await flat.count("payment_intent")

    await flat.decide(True)
    intent = await flat.pay("20.01", key="b")

    assert waited == (1, 1)
    assert (intent.amount, await flat.spent()) == (Decimal("20.01"), Decimal("40.01"))
    assert (await flat.log())[1:] == ["APPROVAL_ASKED 20.01", "APPROVED 20.01", "PAYMENT_BEGUN 20.01"]
    with pytest.raises(ApprovalNeeded):
        await flat.pay("20.01", key="c")


async def test_what_the_owner_refuses_is_not_paid(flat):
    await flat.allow(approval_above="20.00")
    with pytest.raises(ApprovalNeeded):
        await flat.pay("43.10", key="a")

    await flat.decide(False)

    with pytest.raises(ApprovalRefused):
        await flat.pay("43.10", key="a")
    assert await flat.count("payment_intent") == 0


async def test_only_the_owner_agrees(flat):
    await flat.allow(approval_above="20.00")
    with pytest.raises(ApprovalNeeded):
        await flat.pay("43.10", key="a")

    for name in ("delegate", "neighbour"):
        with pytest.raises(ApprovalUnknown):
            await flat.decide(True, by=name)
    await flat.decide(True)
    with pytest.raises(ApprovalUnknown):
        await flat.decide(False)


async def test_the_owners_word_does_not_lift_a_cap(flat):
    await flat.allow(approval_above="20.00", cap_month="50.00")
    with pytest.raises(ApprovalNeeded):
        await flat.pay("40.00", key="a")
    await flat.decide(True)
    await flat.pay("15.00", key="b")

    with pytest.raises(AboveCapPerMonth):
        await flat.pay("40.00", key="a")
