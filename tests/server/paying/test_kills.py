"""Killed at each named point, the provider's captures and refunds and the ledger's are equal sets afterwards."""

import asyncio
import json
import signal
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from mains_server.db.unit_of_work import read_session
from mains_server.paying import flow, queries

from tests.server.paying.conftest import KEY

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]
ROOT = Path(__file__).parents[3]
PAYING = [
    ("sandbox", "begin_intent before"),
    ("sandbox", "begin_intent after"),
    ("sandbox", "ask CREATE before"),
    ("sandbox", "ask CREATE after"),
    ("sandbox", "take_told before"),
    ("sandbox", "take_told after"),
]
TELLING = [
    ("sandbox", "CAPTURED", "take_told before"),
    ("sandbox", "CAPTURED", "take_told after"),
    ("sandbox_card", "AUTHORIZED", "take_told after"),
    ("sandbox_card", "AUTHORIZED", "decide before"),
    ("sandbox_card", "AUTHORIZED", "decide after"),
    ("sandbox_card", "AUTHORIZED", "ask CAPTURE before"),
    ("sandbox_card", "AUTHORIZED", "ask CAPTURE after"),
]
REFUNDING = ["request_refund after", "ask REFUND before", "ask REFUND after", "take_told after"]


async def killed(desk, database_url, point, **deed):
    """Let a process do its deed until it dies at a point."""
    arguments = [database_url, desk.sandbox.address, point, json.dumps({"person": desk.person_id, **deed}), KEY]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.server.paying.dying", *arguments, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == -signal.SIGKILL, errors.decode()


async def resolved(desk):
    """Let a worker ask the provider until nothing is due any more."""
    for _ in range(6):
        desk.moments.append(desk.moments[-1] + timedelta(hours=7))
        await flow.resolve(desk.counter)


async def equal_sets(desk, provider):
    """Hold the provider's captures against ours."""
    theirs = {one["reference"]: Decimal(one["amount"]) for one in desk.shop("/v1/captures")["captures"]}
    async with read_session(desk.utility.engine) as session:
        ours = await queries.captured_by(session, provider=provider)
    assert ours == theirs
    return sorted(str(amount) for amount in ours.values())


@pytest.mark.parametrize(("provider", "point"), PAYING)
async def test_killed_while_a_payment_is_begun(desk, database_url, provider, point):
    customer, _, (invoice,) = await desk.owned("100.00")
    desk.shop("/v1/behaviour", {"silent": True})

    await killed(desk, database_url, point, do="pay", customer=customer, provider=provider, invoice=invoice.id)
    # The payer asks again with the same key, pays what the page shows, and no webhook ever comes.
    intent = await desk.begun(desk.viewer(customer), key="k", invoices=((invoice.id, None),))
    desk.decide(intent)
    await resolved(desk)

    assert await equal_sets(desk, provider) == ["121.00"]
    assert await desk.owed(customer) == ([], "0.00", {"clearing:sandbox": "121.00"})


@pytest.mark.parametrize(("provider", "outcome", "point"), TELLING)
async def test_killed_while_the_provider_tells(desk, database_url, provider, outcome, point):
    customer, _, (invoice,) = await desk.owned("100.00")
    desk.shop("/v1/behaviour", {"silent": True})
    intent = await desk.begun(desk.viewer(customer), provider=provider, invoices=((invoice.id, None),))
    desk.decide(intent)
    named = {"reference": intent.reference, "id": intent.provider_id, "outcome": outcome, "provider": provider}

    await killed(desk, database_url, point, do="tell", customer=customer, **named)
    await resolved(desk)

    assert await equal_sets(desk, provider) == ["121.00"]
    assert await desk.owed(customer) == ([], "0.00", {f"clearing:{provider}": "121.00"})


@pytest.mark.parametrize("point", REFUNDING)
async def test_killed_while_credit_is_refunded(desk, database_url, point):
    customer, contract, _ = await desk.owned()
    intent = await desk.begun(desk.viewer(customer), contract_id=contract, amount=Decimal("50.00"))
    desk.decide(intent)
    await desk.post(desk.event("payment.captured"))
    desk.shop("/v1/behaviour", {"silent": True})
    async with read_session(desk.utility.engine) as session:
        payment = (await queries.intent_by_id(session, intent_id=intent.id)).payment_id

    await killed(desk, database_url, point, do="refund", customer=customer, payment=payment)
    await resolved(desk)

    gone = sum(refund.amount for refund in desk.sandbox.till.by_reference(intent.reference).refunds)
    kept = Decimal("50.00") - gone
    assert gone in (Decimal("0.00"), Decimal("9.00")) and (gone == 0) is (point == "request_refund after")
    accounts = {"clearing:sandbox": f"{kept:.2f}", "receivable": f"{-kept:.2f}"}
    assert await desk.owed(customer) == ([], f"{kept:.2f}", accounts)
