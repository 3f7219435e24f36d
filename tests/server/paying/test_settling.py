"""Events that wait for a person: booked, taking a payment back, or set aside, each once; and disputes that we won."""

import asyncio
from decimal import Decimal as D

import pytest
from mains_server.access.records import StaffRole, Viewer
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import unit_of_work
from mains_server.paying import settling
from mains_server.paying.flow import take_event
from mains_server.paying.records import EventOutcome
from mains_server.paying.settling import EventDecision, settle_event
from mains_spi import ProviderEvent, ProviderOutcome, ProviderReport
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
P = ProviderOutcome


async def told(desk, name, outcome, *, reference, amount="121.00", currency="EUR"):
    """Let the sandbox tell something; give what it did."""
    report = ProviderReport(
        outcome=outcome, reference=reference, amount=None if amount is None else D(amount), currency=currency
    )
    event = ProviderEvent(id=name, kind=outcome.name.lower(), occurred_at=desk.counter.clock(), report=report)
    return await take_event(desk.counter, provider="sandbox", event=event)


async def number_of(desk, name):
    return await desk.utility.run("select id from payment_event where event_id = :name", name=name)


async def decide(desk, name, *, engine=None, key=None, reason="the provider wrote", **what):
    viewer = Viewer(person_id=desk.person_id, language="en", staff=frozenset({StaffRole.BILLING_CLERK}))
    decision = EventDecision(event_id=await number_of(desk, name), reason=reason, key=key or name, **what)
    async with unit_of_work(engine or desk.utility.engine) as session:
        roads = desk.counter.terminals.roads
        await settle_event(session, viewer=viewer, decision=decision, roads=roads, now=desk.counter.clock())


async def stands(desk, name):
    wanted = "select outcome, settlement, settled_because, payment_id from payment_event where event_id = :name"
    async with unit_of_work(desk.utility.engine) as session:
        return tuple((await session.execute(text(wanted), {"name": name})).one())


async def paid(desk):
    """Pay an invoice of 121.00; give the customer, our reference and the payment."""
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    assert await told(desk, "paid", P.CAPTURED, reference=intent.reference) is EventOutcome.APPLIED
    return customer, intent.reference, await desk.utility.run("select max(id) from payment")


PAID = ([], "0.00", {"clearing:sandbox": "121.00"})


async def test_money_of_nobodys_is_booked_for_a_customer_once(desk):
    customer, _, _ = await desk.owned("100.00")
    assert await told(desk, "e", P.CAPTURED, reference="not ours", amount="150.00") is EventOutcome.UNMATCHED

    await decide(desk, "e", customer_id=customer)
    await decide(desk, "e", customer_id=customer)

    # 150.00 - 121.00 is credit
    booked = ([], "29.00", {"clearing:sandbox": "150.00", "receivable": "-29.00"})
    assert await desk.owed(customer) == booked
    assert (await stands(desk, "e"))[:3] == ("SETTLED", "BOOKED", "the provider wrote")
    assert await told(desk, "e", P.CAPTURED, reference="not ours", amount="150.00") is None
    with pytest.raises(settling.EventNotWaiting):
        await decide(desk, "e", key="again", customer_id=customer)
    assert await desk.owed(customer) == booked


async def test_money_of_nobodys_is_held_by_a_levelled_contract(desk):
    customer, contract, _ = await desk.owned()
    await desk.utility.run("update contract set settlement = 'LEVELLED' where id = :id", id=contract)
    await told(desk, "e", P.CAPTURED, reference="not ours", amount="50.00")

    await decide(desk, "e", customer_id=customer, contract_id=contract, amount=D("20.00"))

    assert await desk.owed(customer) == ([], "0.00", {"clearing:sandbox": "20.00", "prepaid": "-20.00"})


async def test_of_a_capture_of_more_what_is_not_booked_is_booked(desk):
    customer, reference, _ = await paid(desk)
    for name in ("more", "more told twice"):
        assert await told(desk, name, P.CAPTURED, reference=reference, amount="130.00") is EventOutcome.HELD
    assert await desk.owed(customer) == PAID

    await decide(desk, "more", customer_id=customer)

    credit = ([], "9.00", {"clearing:sandbox": "130.00", "receivable": "-9.00"})
    assert await desk.owed(customer) == credit
    with pytest.raises(settling.MoreThanTold):
        await decide(desk, "more told twice", customer_id=customer)
    assert await desk.owed(customer) == credit
    await decide(desk, "more told twice", reason="told before")
    assert (await stands(desk, "more told twice"))[1] == "SET_ASIDE"


async def test_a_dispute_of_somebody_elses_reference_takes_the_payment_back(desk):
    customer, _, payment = await paid(desk)
    assert await told(desk, "gone", P.REVERSED, reference="a chargeback") is EventOutcome.UNMATCHED

    await decide(desk, "gone", payment_id=payment, amount=D("21.00"))

    accounts = {"clearing:sandbox": "100.00", "receivable": "21.00"}
    assert await desk.owed(customer) == (["21.00"], "0.00", accounts)
    assert (await stands(desk, "gone"))[1:] == ("TAKEN_BACK", "the provider wrote", payment)


async def test_what_is_set_aside_books_nothing(desk):
    customer, reference, _ = await paid(desk)
    assert await told(desk, "sek", P.CAPTURED, reference=reference, currency="SEK", amount="9.00") is EventOutcome.HELD

    await decide(desk, "sek")

    assert await stands(desk, "sek") == ("SETTLED", "SET_ASIDE", "the provider wrote", None)
    assert await desk.owed(customer) == PAID


@pytest.mark.parametrize(
    ("event", "what", "refusal"),
    [
        ({}, {"customer_id": 999_999}, settling.CustomerUnknown),
        ({}, {"customer_id": 0, "contract_id": 999_999}, settling.ContractUnknown),
        ({}, {"customer_id": 0, "amount": D("121.01")}, settling.MoreThanTold),
        ({}, {"customer_id": 0, "amount": D("0.00")}, settling.AmountWrong),
        ({}, {"customer_id": 0, "amount": D("-1.00")}, settling.AmountWrong),
        ({}, {"customer_id": 0, "amount": D("1.001")}, settling.AmountWrong),
        ({}, {"customer_id": 0, "reason": " "}, settling.ReasonWrong),
        ({}, {"customer_id": 0, "reason": "x" * 1001}, settling.ReasonWrong),
        ({"amount": None}, {"customer_id": 0}, settling.AmountWrong),
        ({"currency": "SEK"}, {"customer_id": 0}, settling.CurrencyNotAccepted),
        ({"outcome": P.REVERSED}, {"customer_id": 0}, settling.EventNotMoney),
        ({"outcome": P.PENDING}, {"payment_id": 0}, settling.EventNotMoney),
        ({"outcome": P.REVERSED}, {"payment_id": 999_999}, settling.PaymentNotThere),
        ({"outcome": P.REVERSED}, {"payment_id": 0, "amount": D("121.01")}, settling.MoreThanTold),
        ({"outcome": P.REVERSED, "amount": "122.00"}, {"payment_id": 0}, settling.MoneyGone),
        ({"outcome": P.REVERSED, "amount": None}, {"payment_id": 0}, settling.AmountWrong),
        ({"outcome": P.REVERSED}, {"payment_id": 0, "amount": D("-5.00")}, settling.AmountWrong),
    ],
)
async def test_what_cannot_be_decided_is_refused_by_name_and_changes_nothing(desk, event, what, refusal):
    customer, _, payment = await paid(desk)
    given = {"outcome": P.CAPTURED, "reference": "not ours", **event}
    assert await told(desk, "e", given.pop("outcome"), **given) is EventOutcome.UNMATCHED
    # 0 stands for the one that there is.
    named = {"customer_id": customer, "payment_id": payment}
    what = {name: named[name] if name in named and value == 0 else value for name, value in what.items()}

    with pytest.raises(refusal):
        await decide(desk, "e", **what)

    assert await stands(desk, "e") == ("UNMATCHED", None, None, None)
    assert await desk.owed(customer) == PAID


async def test_an_event_that_waits_for_nobody_and_one_that_is_not_there(desk):
    customer, _, _ = await paid(desk)

    with pytest.raises(settling.EventNotWaiting):
        await decide(desk, "paid", customer_id=customer)
    decision = EventDecision(event_id=999_999, reason="?", key="k")
    with pytest.raises(settling.EventUnknown):
        async with unit_of_work(desk.utility.engine) as session:
            viewer = Viewer(person_id=desk.person_id, language="en")
            await settle_event(session, viewer=viewer, decision=decision, roads={}, now=desk.utility.now)

    assert await desk.owed(customer) == PAID


async def test_two_employees_at_once_book_money_once(desk, database_url):
    customer, reference, _ = await paid(desk)
    for name in ("a", "b"):
        await told(desk, name, P.CAPTURED, reference=reference, amount="130.00")
    engine = make_engine(address=database_url, connections_max=4)

    deeds = [
        decide(desk, name, key=f"{name}{n}", engine=engine, customer_id=customer) for name in ("a", "b") for n in (1, 2)
    ]
    done = await asyncio.gather(*deeds, return_exceptions=True)
    await engine.dispose()

    refused = {type(one) for one in done if one is not None}
    assert (done.count(None), refused) == (1, {settling.EventNotWaiting, settling.MoreThanTold})
    assert await desk.owed(customer) == ([], "9.00", {"clearing:sandbox": "130.00", "receivable": "-9.00"})


@pytest.mark.parametrize("order", [("gone", "won"), ("won", "gone")], ids=["in order", "the other way round"])
async def test_a_dispute_that_we_won_pays_the_invoice_again(desk, order):
    customer, reference, _ = await paid(desk)
    for name in order:
        outcome = P.REVERSED if name == "gone" else P.RESTORED
        await told(desk, name, outcome, reference=reference, amount="121.00")
        if (name, order[0]) == ("gone", "gone"):
            assert await desk.owed(customer) == (["121.00"], "0.00", {"receivable": "121.00"})

    assert await desk.owed(customer) == PAID
    assert [(await stands(desk, name))[0] for name in order] == ["APPLIED", "APPLIED"]
    assert await told(desk, "won", P.RESTORED, reference=reference) is None
    assert await told(desk, "won once more", P.RESTORED, reference=reference) is EventOutcome.WAITING
    assert await desk.owed(customer) == PAID


async def test_all_that_was_told_before_the_capture_is_applied_after_it_in_its_order(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    for name, outcome in (("won", P.RESTORED), ("gone", P.REVERSED)):
        assert await told(desk, name, outcome, reference=intent.reference) is EventOutcome.WAITING

    await told(desk, "paid", P.CAPTURED, reference=intent.reference)

    assert await desk.owed(customer) == PAID
    assert [(await stands(desk, name))[0] for name in ("won", "gone")] == ["APPLIED", "APPLIED"]


async def test_the_sandbox_tells_of_a_dispute_that_we_won(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    desk.decide(intent)
    await desk.post(desk.event("payment.captured"))
    path = f"/v1/payments/{desk.sandbox.till.by_reference(intent.reference).id}"

    desk.shop(f"{path}/disputes", {"amount": "100.00"})
    assert await desk.post(desk.event("payment.disputed")) == (200, "APPLIED")
    desk.shop(f"{path}/disputes-won", {"amount": "40.00"})
    assert await desk.post(desk.event("payment.dispute_won")) == (200, "APPLIED")

    accounts = {"clearing:sandbox": "61.00", "receivable": "60.00"}
    assert await desk.owed(customer) == (["60.00"], "0.00", accounts)
