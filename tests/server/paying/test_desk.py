"""Who may pay what, once by the key; what a reference tells; and credit that is refunded."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest
from mains_server.access.operations import IdempotencyKeyReused
from mains_server.access.records import Grant, GrantRole, Permission, Viewer
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.rules import payment_reference
from mains_server.paying import desk as paying
from mains_server.paying import flow, guessing, queries, rules, targets
from mains_server.paying.calling import ProviderUnknown
from mains_server.paying.records import IntentStatus, RefundStatus
from mains_server.payments.rules import contract_reference

from tests.server.paying.conftest import CLERK, no_instalment

pytestmark = pytest.mark.asyncio
TODAY = date(2024, 2, 10)


async def paid(desk, viewer, *, key="k1", **what):
    """Begin a payment, agree to it on the page, and let the provider tell."""
    intent = await desk.begun(viewer, key=key, **what)
    desk.decide(intent)
    assert await desk.post(desk.event("payment.captured")) == (200, "APPLIED")
    return intent


async def payment_of(desk, intent):
    async with read_session(desk.utility.engine) as session:
        return (await queries.intent_by_id(session, intent_id=intent.id)).payment_id


async def told(desk, quoted, instalment=no_instalment):
    async with read_session(desk.utility.engine) as session:
        found = await targets.payable(session, quoted=quoted, instalment=instalment, today=TODAY)
    return None if found is None else (found.payee, found.reference, str(found.amount), found.due_on)


async def test_several_invoices_are_paid_at_once_and_in_part(desk):
    customer, _, (first, second) = await desk.owned("100.00", "200.00")

    intent = await paid(desk, desk.viewer(customer), invoices=((second.id, Decimal("200.00")), (first.id, None)))

    assert str(intent.amount) == "321.00"
    assert await desk.owed(customer) == (["42.00"], "0.00", {"clearing:sandbox": "321.00", "receivable": "42.00"})


async def test_what_is_paid_in_advance_is_credit_and_pays_the_next_invoice(desk):
    customer, contract, _ = await desk.owned()
    await paid(desk, desk.viewer(customer), contract_id=contract, amount=Decimal("1452.00"))
    assert await desk.owed(customer) == ([], "1452.00", {"clearing:sandbox": "1452.00", "receivable": "-1452.00"})

    await desk.utility.invoice(customer, contract, nets=("100.00",))
    async with unit_of_work(desk.utility.engine) as session:
        await targets_settle(session, customer, desk.utility.now)

    # 1452.00 - 121.00
    assert await desk.owed(customer) == ([], "1331.00", {"clearing:sandbox": "1452.00", "receivable": "-1331.00"})


async def targets_settle(session, customer, now):
    from mains_server.payments.operations import apply_credit

    await apply_credit(session, customer_ids=[customer], now=now)


async def test_a_levelled_contract_holds_what_is_paid_for_it(desk):
    customer, contract, _ = await desk.owned()
    await desk.utility.run("update contract set settlement = 'LEVELLED' where id = :id", id=contract)

    async def instalment(session, contract_id):
        return date(2024, 2, 20), Decimal("55.10")

    assert await told(desk, "K-10001", instalment) == (
        "Siltums SIA",
        contract_reference("K-10001"),
        "55.10",
        date(2024, 2, 20),
    )
    asked = paying.PaymentAsked(provider="sandbox", key="k", reference="k-10001")
    stranger = desk.viewer()
    intent = await paying.create_payment(desk.counter, viewer=stranger, asked=asked, instalment=instalment)
    desk.decide(intent)
    await desk.post(desk.event("payment.captured"))

    assert await desk.owed(customer) == ([], "0.00", {"clearing:sandbox": "55.10", "prepaid": "-55.10"})


async def test_anybody_pays_by_reference_and_learns_payee_reference_amount_and_day_alone(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    reference = payment_reference(invoice.document_number)
    spaced = f"{reference[:4]} {reference[4:8]} {reference[8:]}".lower()

    assert await told(desk, spaced) == ("Siltums SIA", reference, "121.00", invoice.due_on)
    assert await told(desk, "K-10001") == ("Siltums SIA", contract_reference("K-10001"), "121.00", invoice.due_on)
    await paid(desk, desk.viewer(), reference=spaced)

    assert await desk.owed(customer) == ([], "0.00", {"clearing:sandbox": "121.00"})
    assert (await told(desk, reference))[2] == "0.00"
    assert (await told(desk, "K-10001"))[2:] == ("0.00", None)
    with pytest.raises(targets.NothingToPay):
        await desk.begun(desk.viewer(), key="k2", reference=reference)


@pytest.mark.parametrize(
    "quoted", ["", "RF", "RF18", "RF00T000001", "T-000001", "K-9", "0", "'; drop table", "\x00", "K-10001x", "RF" * 50]
)
async def test_what_is_not_known_is_told_alike(desk, quoted):
    await desk.owned("100.00")

    assert await told(desk, quoted) is None
    with pytest.raises((targets.ReferenceUnknown, paying.TargetNotOne)):
        await desk.begun(desk.viewer(), reference=quoted)


async def test_guesses_are_bounded_for_an_address_and_for_all(desk, monkeypatch):
    engine, now = desk.utility.engine, desk.utility.now

    async def tried(address):
        async with unit_of_work(engine) as session:
            return await guessing.claim_try(session, address=address, now=now)

    assert [await tried("a") for _ in range(21)] == [True] * 20 + [False]
    async with unit_of_work(engine) as session:
        await guessing.give_back(session, address="b")
    monkeypatch.setattr(guessing, "TRIES_OF_ALL_MAX", 20)
    assert [await tried(f"c{n}") for n in range(2)] == [True, False]


def delegate(desk, customer, *permissions, contracts=None):
    grant = Grant(
        customer_id=customer, role=GrantRole.DELEGATE, permissions=frozenset(permissions), contract_ids=contracts
    )
    return Viewer(person_id=desk.person_id, grants=(grant,))


async def test_paying_ones_own_needs_the_right_to_pay(desk):
    customer, contract, (invoice,) = await desk.owned("100.00")
    other, _, (others,) = await desk.owned("100.00", number="C-2")
    for viewer in (delegate(desk, customer, Permission.VIEW), desk.viewer(other), Viewer(person_id=desk.person_id)):
        with pytest.raises(targets.InvoiceNotPayable):
            await desk.begun(viewer, invoices=((invoice.id, None),))
        with pytest.raises(targets.ContractNotPayable):
            await desk.begun(viewer, contract_id=contract, amount=Decimal("5.00"))
    with pytest.raises(targets.InvoicesOfSeveralCustomers):
        await desk.begun(desk.viewer(customer, other), invoices=((invoice.id, None), (others.id, None)))

    allowed = delegate(desk, customer, Permission.PAY, contracts=frozenset({contract}))
    await desk.utility.run(
        "insert into access_grant (customer_id, person_id, role, permissions, contract_ids, starts_at)"
        " values (:customer, :person, 'DELEGATE', '{PAY}', array[cast(:contract as bigint)], :now)",
        customer=customer,
        person=desk.person_id,
        contract=contract,
        now=desk.utility.now,
    )
    assert (await desk.begun(allowed, invoices=((invoice.id, None),))).status is IntentStatus.PENDING


@pytest.mark.parametrize(
    ("what", "refusal"),
    [
        ({"amount": "121.01"}, targets.MoreThanOpen),
        ({"amount": "0.00"}, targets.MoreThanOpen),
        ({"amount": "-1.00"}, targets.MoreThanOpen),
        ({"amount": "1.001"}, rules.AmountNotPayable),
        ({"twice": True}, targets.InvoiceNotPayable),
        ({"invoice": 99}, targets.InvoiceNotPayable),
        ({"provider": "nobody"}, ProviderUnknown),
        ({"return_url": "javascript:alert(1)"}, rules.ReturnUrlNotUsable),
        ({"return_url": "http://portal.example"}, rules.ReturnUrlNotUsable),
        ({"return_url": "https://" + "x" * 500}, rules.ReturnUrlNotUsable),
        ({"contract": True}, paying.TargetNotOne),
    ],
)
async def test_what_cannot_be_paid_is_refused_by_name_and_nothing_is_begun(desk, what, refusal):
    customer, contract, (invoice,) = await desk.owned("100.00")
    one = (what.get("invoice", invoice.id), None if "amount" not in what else Decimal(what["amount"]))
    asked = {name: what[name] for name in ("provider", "return_url") if name in what}
    if what.get("contract"):
        asked["contract_id"] = contract

    with pytest.raises(refusal):
        await desk.begun(desk.viewer(customer), invoices=(one, one) if what.get("twice") else (one,), **asked)

    assert await desk.utility.run("select count(*) from payment_intent") == 0
    assert desk.shop("/v1/captures") == {"captures": []}


@pytest.mark.parametrize("amount", ["0.00", "-5.00", "0.001", "10000.01"])
async def test_an_amount_in_advance_is_to_the_cent_and_within_what_is_taken(desk, amount):
    customer, contract, _ = await desk.owned()

    with pytest.raises(rules.AmountNotPayable):
        await desk.begun(desk.viewer(customer), contract_id=contract, amount=Decimal(amount))


async def test_a_key_has_one_effect_also_at_once(desk):
    customer, _, (first, second) = await desk.owned("100.00", "100.00")
    viewer = desk.viewer(customer)

    intents = await asyncio.gather(*(desk.begun(viewer, invoices=((first.id, None),)) for _ in range(5)))

    assert len({intent.id for intent in intents}) == 1
    assert len({(await desk.begun(viewer, invoices=((first.id, None),))).page_url, intents[0].page_url}) == 1
    with pytest.raises(IdempotencyKeyReused):
        await desk.begun(viewer, invoices=((second.id, None),))


async def test_credit_is_refunded_the_way_it_came_once(desk):
    customer, contract, _ = await desk.owned()
    intent = await paid(desk, desk.viewer(customer), contract_id=contract, amount=Decimal("50.00"))
    payment = await payment_of(desk, intent)
    asked = {"payment_id": payment, "amount": Decimal("20.00"), "reason": "paid twice", "key": "r1"}

    refunds = [await paying.create_refund(desk.counter, viewer=desk.viewer(customer), **asked) for _ in range(2)]

    assert {(one.id, one.status) for one in refunds} == {(refunds[0].id, RefundStatus.REFUNDED)}
    assert await desk.post(desk.event("refund.succeeded")) == (200, "STALE")
    assert await desk.owed(customer) == ([], "30.00", {"clearing:sandbox": "30.00", "receivable": "-30.00"})


async def test_a_refund_that_does_not_go_is_credit_again(desk):
    customer, contract, _ = await desk.owned()
    intent = await paid(desk, desk.viewer(customer), contract_id=contract, amount=Decimal("50.00"))
    asked = {"payment_id": await payment_of(desk, intent), "amount": Decimal("20.13"), "reason": "?", "key": "r1"}

    refund = await paying.create_refund(desk.counter, viewer=desk.viewer(staff=[CLERK]), **asked)

    assert refund.status is RefundStatus.FAILED
    assert await desk.owed(customer) == ([], "50.00", {"clearing:sandbox": "50.00", "receivable": "-50.00"})


async def test_a_refund_of_a_silent_provider_stays_set_aside_until_it_is_known(desk):
    customer, contract, _ = await desk.owned()
    intent = await paid(desk, desk.viewer(customer), contract_id=contract, amount=Decimal("50.00"))
    asked = {"payment_id": await payment_of(desk, intent), "amount": Decimal("50.00"), "reason": "?", "key": "r1"}
    desk.shop("/v1/behaviour", {"down": True})

    refund = await paying.create_refund(desk.counter, viewer=desk.viewer(customer), **asked)

    assert refund.status is RefundStatus.UNKNOWN
    assert await desk.owed(customer) == ([], "0.00", {"clearing:sandbox": "50.00", "refunds": "-50.00"})
    desk.shop("/v1/behaviour", {"down": False})
    desk.moments.append(desk.moments[-1].replace(hour=23))
    assert await flow.resolve(desk.counter) == 1
    assert await desk.owed(customer) == ([], "0.00", {})


async def test_refunds_at_once_never_exceed_what_came(desk):
    customer, contract, _ = await desk.owned()
    intent = await paid(desk, desk.viewer(customer), contract_id=contract, amount=Decimal("50.00"))
    payment = await payment_of(desk, intent)

    async def refund(number):
        asked = {"payment_id": payment, "amount": Decimal("30.00"), "reason": "?", "key": f"r{number}"}
        return await paying.create_refund(desk.counter, viewer=desk.viewer(customer), **asked)

    results = await asyncio.gather(*(refund(n) for n in range(4)), return_exceptions=True)

    assert sorted(type(one).__name__ for one in results) == ["NotCredit", "NotCredit", "NotCredit", "Refund"]
    assert await desk.owed(customer) == ([], "20.00", {"clearing:sandbox": "20.00", "receivable": "-20.00"})


async def test_what_settled_an_invoice_and_what_is_anothers_is_not_refunded(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    payment = await payment_of(desk, await paid(desk, desk.viewer(customer), invoices=((invoice.id, None),)))
    asked = {"payment_id": payment, "amount": Decimal("1.00"), "reason": "?", "key": "r1"}

    with pytest.raises(paying.NotCredit):
        await paying.create_refund(desk.counter, viewer=desk.viewer(customer), **asked)
    for viewer in (desk.viewer(), delegate(desk, customer, Permission.VIEW)):
        with pytest.raises(paying.PaymentUnknown):
            await paying.create_refund(desk.counter, viewer=viewer, **asked)
    with pytest.raises(paying.ReasonWrong):
        await paying.create_refund(desk.counter, viewer=desk.viewer(customer), **{**asked, "reason": " "})
    assert await desk.owed(customer) == ([], "0.00", {"clearing:sandbox": "121.00"})
