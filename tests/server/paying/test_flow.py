"""A payment from the hosted page to the books: each road it can take, and each way in which it can be told badly."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.records import CreditRequest
from mains_server.paying import desk as paying
from mains_server.paying import flow, queries
from mains_server.paying.records import IntentStatus
from mains_server.paying.rules import PaymentCapturedBefore, PaymentNotAuthorized, PaymentVoided
from mains_server.payments import operations as payments
from mains_server.routes import payments as routes

pytestmark = pytest.mark.asyncio
WHOLE = ([], "0.00", {"clearing:sandbox": "121.00"})


async def stands(desk, intent):
    async with unit_of_work(desk.utility.engine) as session:
        found = await queries.intent_by_id(session, intent_id=intent.id)
    return found.status


async def test_a_payment_at_the_bank_settles_its_invoice(desk):
    customer, _, (invoice,) = await desk.owned("100.00")

    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    assert (intent.status, str(intent.amount)) == (IntentStatus.PENDING, "121.00")
    desk.decide(intent)
    answer = await desk.post(desk.event("payment.captured"))

    assert answer == (200, "APPLIED")
    assert await stands(desk, intent) is IntentStatus.CAPTURED
    assert await desk.owed(customer) == WHOLE


async def test_a_card_is_reserved_and_then_captured(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), provider="sandbox_card", invoices=((invoice.id, None),))
    desk.decide(intent)

    assert await desk.post(desk.event("payment.authorized"), provider="sandbox_card") == (200, "APPLIED")

    assert await stands(desk, intent) is IntentStatus.CAPTURED
    assert await desk.owed(customer) == ([], "0.00", {"clearing:sandbox_card": "121.00"})
    assert await desk.post(desk.event("payment.captured"), provider="sandbox_card") == (200, "STALE")
    assert desk.shop("/v1/captures") == {"captures": [{"reference": intent.reference, "amount": "121.00"}]}


async def test_reserved_money_is_let_go_of_where_the_invoice_was_credited_meanwhile(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), provider="sandbox_card", invoices=((invoice.id, None),))
    desk.decide(intent)
    await credited(desk, invoice)

    await desk.post(desk.event("payment.authorized"), provider="sandbox_card")

    assert await stands(desk, intent) is IntentStatus.VOIDED
    assert desk.shop("/v1/captures") == {"captures": []}
    assert await desk.owed(customer) == ([], "0.00", {})


async def credited(desk, invoice):
    request = CreditRequest(document_number=invoice.document_number, issued_on=invoice.issued_on)
    async with unit_of_work(desk.utility.engine) as session:
        await payments.credit_invoice(session, request=request, now=desk.utility.now)


async def test_money_for_an_invoice_that_was_credited_meanwhile_pays_the_others(desk):
    customer, _, (first, second) = await desk.owned("100.00", "50.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((first.id, None),))
    desk.decide(intent)
    await credited(desk, first)

    await desk.post(desk.event("payment.captured"))

    # 121.00 came; 60.50 pay the second invoice, 60.50 are credit.
    accounts = {"clearing:sandbox": "121.00", "receivable": "-60.50"}
    assert await desk.owed(customer) == ([], "60.50", accounts)
    assert second.total == Decimal("60.50")


async def test_a_decline_leaves_everything_as_it_was(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    desk.decide(intent, "decline")

    assert await desk.post(desk.event("payment.failed")) == (200, "APPLIED")

    assert await stands(desk, intent) is IntentStatus.FAILED
    assert await desk.owed(customer) == (["121.00"], "0.00", {"receivable": "121.00"})


async def test_an_event_told_twice_or_twice_at_once_is_booked_once(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    desk.decide(intent, manner="twice")
    body = desk.event("payment.captured")

    answers = await asyncio.gather(*(desk.post(body) for _ in range(6)))

    assert sorted(answers) == [(200, "APPLIED"), *[(200, "KNOWN")] * 5]
    assert await desk.owed(customer) == WHOLE


async def test_a_dispute_told_before_the_capture_waits_for_it(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    desk.decide(intent)
    captured = desk.event("payment.captured")
    desk.shop(f"/v1/payments/{intent.provider_id}/disputes", {"amount": "121.00"})

    assert await desk.post(desk.event("payment.disputed")) == (200, "WAITING")
    assert await desk.owed(customer) == (["121.00"], "0.00", {"receivable": "121.00"})
    assert await desk.post(captured) == (200, "APPLIED")

    assert await desk.owed(customer) == (["121.00"], "0.00", {"receivable": "121.00"})


async def test_a_dispute_of_a_part_opens_that_part_once(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    desk.decide(intent)
    await desk.post(desk.event("payment.captured"))
    desk.shop(f"/v1/payments/{intent.provider_id}/disputes", {"amount": "21.00"})
    body = desk.event("payment.disputed")

    assert [await desk.post(body) for _ in range(2)] == [(200, "APPLIED"), (200, "KNOWN")]

    assert await desk.owed(customer) == (["21.00"], "0.00", {"receivable": "21.00", "clearing:sandbox": "100.00"})


async def test_what_failed_and_was_captured_after_all_is_booked(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    desk.decide(intent)
    captured = json.loads(desk.event("payment.captured"))
    failed = {**captured, "id": "evt_other", "payment": {**captured["payment"], "status": "failed"}}

    assert await desk.post(json.dumps(failed).encode()) == (200, "APPLIED")
    assert await desk.post(json.dumps(captured).encode()) == (200, "APPLIED")
    assert await desk.post(json.dumps({**failed, "id": "evt_late"}).encode()) == (200, "STALE")

    assert await desk.owed(customer) == WHOLE


async def test_more_or_less_than_was_asked_is_booked_as_it_came(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    desk.decide(intent)
    captured = json.loads(desk.event("payment.captured"))
    captured["payment"]["amount"] = "130.00"

    assert await desk.post(json.dumps(captured).encode()) == (200, "APPLIED")

    accounts = {"clearing:sandbox": "130.00", "receivable": "-9.00"}
    assert await desk.owed(customer) == ([], "9.00", accounts)
    captured["id"], captured["payment"]["amount"] = "evt_again", "40.00"
    assert await desk.post(json.dumps(captured).encode()) == (200, "HELD")
    assert await desk.owed(customer) == ([], "9.00", accounts)


async def test_two_payments_of_one_invoice_leave_the_second_as_credit(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    viewer = desk.viewer(customer)
    intents = [await desk.begun(viewer, key=key, invoices=((invoice.id, None),)) for key in ("a", "b")]
    for intent in intents:
        desk.decide(intent)

    answers = await asyncio.gather(*[desk.post(desk.event("payment.captured")) for _ in intents])

    assert answers == [(200, "APPLIED")] * 2
    accounts = {"clearing:sandbox": "242.00", "receivable": "-121.00"}
    assert await desk.owed(customer) == ([], "121.00", accounts)


async def test_an_unknown_outcome_is_asked_about_until_it_is_known(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    desk.decide(intent, manner="unknown")

    await later(desk)
    assert await stands(desk, intent) is IntentStatus.UNKNOWN
    assert await desk.owed(customer) == (["121.00"], "0.00", {"receivable": "121.00"})
    desk.sandbox.till.by_reference(intent.reference).is_unknown = False
    await later(desk)

    assert await stands(desk, intent) is IntentStatus.CAPTURED
    assert await desk.owed(customer) == WHOLE
    assert await flow.resolve(desk.counter) == 0


async def test_a_demonstration_asks_by_itself_and_goes_on_after_a_fault(desk, monkeypatch):
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    desk.decide(intent, manner="unknown")
    desk.sandbox.till.by_reference(intent.reference).is_unknown = False
    desk.moments.append(desk.moments[-1] + timedelta(minutes=30))
    faults, asked = [OSError("the database is away")], asyncio.Event()

    async def faulty(counter):
        if faults:
            raise faults.pop()
        await flow.resolve(counter)
        asked.set()

    monkeypatch.setattr(routes, "resolve", faulty)
    monkeypatch.setattr(routes, "PAUSE_SECONDS", 0)
    async with routes.resolving(desk.counter):
        await asyncio.wait_for(asked.wait(), timeout=60)

    assert await stands(desk, intent) is IntentStatus.CAPTURED
    assert await desk.owed(customer) == WHOLE


async def test_where_workers_ask_the_server_does_not(desk):
    tasks = len(asyncio.all_tasks())

    async with routes.resolving(None):
        assert len(asyncio.all_tasks()) == tasks


async def later(desk, minutes=30):
    desk.moments.append(desk.moments[-1] + timedelta(minutes=minutes))
    return await flow.resolve(desk.counter)


async def test_a_provider_that_is_down_is_asked_again_for_the_same_payment(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    viewer = desk.viewer(customer)
    desk.shop("/v1/behaviour", {"down": True})
    intent = await desk.begun(viewer, invoices=((invoice.id, None),))
    assert (intent.status, intent.page_url) == (IntentStatus.UNKNOWN, None)

    await later(desk)
    assert await stands(desk, intent) is IntentStatus.UNKNOWN
    desk.shop("/v1/behaviour", {"down": False})
    again = await desk.begun(viewer, invoices=((invoice.id, None),))

    assert (again.id, again.status) == (intent.id, IntentStatus.PENDING)
    desk.decide(again)
    await desk.post(desk.event("payment.captured"))
    assert await desk.owed(customer) == WHOLE


async def test_a_provider_that_does_not_answer_in_time_is_unknown_and_asked_again(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    viewer = desk.viewer(customer)
    async with deaf() as address:
        terminals = desk.counter.terminals
        slow = {"sandbox": replace(terminals.access["sandbox"], address=address)}
        counter = replace(desk.counter, terminals=replace(terminals, access=slow, answer_within_seconds=0.01))
        asked = paying.PaymentAsked(provider="sandbox", key="k1", invoices=((invoice.id, None),))
        intent = await paying.create_payment(counter, viewer=viewer, asked=asked, instalment=None)

    assert (intent.status, intent.page_url) == (IntentStatus.UNKNOWN, None)
    assert await desk.owed(customer) == (["121.00"], "0.00", {"receivable": "121.00"})
    again = await desk.begun(viewer, invoices=((invoice.id, None),))
    assert (again.id, again.status) == (intent.id, IntentStatus.PENDING)


@asynccontextmanager
async def deaf():
    """Serve an address that takes every call and answers none."""
    over = asyncio.Event()

    async def keep(reader, writer):
        await over.wait()
        writer.close()

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        over.set()
        server.close()


async def test_a_payment_that_never_came_to_the_provider_has_failed(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    desk.shop("/v1/behaviour", {"down": True})
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    desk.shop("/v1/behaviour", {"down": False})

    await later(desk)

    assert await stands(desk, intent) is IntentStatus.FAILED


async def test_a_payment_that_its_provider_forgot_is_unknown_and_not_failed(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    intent = await desk.begun(desk.viewer(customer), invoices=((invoice.id, None),))
    desk.sandbox.till._by_reference.clear()

    await later(desk)

    assert await stands(desk, intent) is IntentStatus.UNKNOWN


async def test_what_is_of_two_phases_is_refused_by_name(desk):
    customer, _, (invoice,) = await desk.owned("100.00")
    viewer = desk.viewer(customer)
    desk.shop("/v1/behaviour", {"silent": True})
    first, second = [
        await desk.begun(viewer, key=key, provider="sandbox_card", invoices=((invoice.id, None),)) for key in "ab"
    ]
    with pytest.raises(PaymentNotAuthorized):
        await flow.capture(desk.counter, intent_id=first.id)
    for intent in (first, second):
        desk.decide(intent)

    assert (await flow.refresh(desk.counter, intent=first)).status is IntentStatus.CAPTURED
    for deed in (flow.capture, flow.void):
        with pytest.raises(PaymentCapturedBefore):
            await deed(desk.counter, intent_id=first.id)
    # The invoice is paid by the first, so that the second is let go of.
    assert (await flow.refresh(desk.counter, intent=second)).status is IntentStatus.VOIDED
    with pytest.raises(PaymentVoided):
        await flow.capture(desk.counter, intent_id=second.id)

    assert desk.shop("/v1/captures") == {"captures": [{"reference": first.reference, "amount": "121.00"}]}
    assert await desk.owed(customer) == ([], "0.00", {"clearing:sandbox_card": "121.00"})
