"""A dispute over money that a levelled contract held is won: the contract holds it again, as if nothing had been."""

from datetime import timedelta
from decimal import Decimal as D

import pytest
import pytest_asyncio
from mains_server.db.unit_of_work import unit_of_work
from mains_server.payments.operations import apply_credit
from mains_server.payments.prepaid import release
from mains_server.payments.records import PrepaidOwner
from mains_spi import ProviderOutcome as P

from tests.server.paying.test_settling import told

pytestmark = pytest.mark.asyncio
HELD = ([], "0.00", {"clearing:sandbox": "80.00", "prepaid": "-80.00"})


@pytest_asyncio.fixture
async def held(desk):
    """Pay 80.00 ahead on a levelled contract; give the customer, the contract and the provider's reference."""
    customer, contract, _ = await desk.owned()
    await desk.utility.run("update contract set settlement = 'LEVELLED' where id = :id", id=contract)
    intent = await desk.begun(desk.viewer(customer), contract_id=contract, amount=D("80.00"))
    await told(desk, "paid", P.CAPTURED, reference=intent.reference, amount="80.00")
    assert await desk.owed(customer) == HELD
    return customer, contract, intent.reference


async def test_what_comes_again_is_held_again_also_in_parts(desk, held):
    customer, _, reference = held

    await told(desk, "gone", P.REVERSED, reference=reference, amount="80.00")
    gone = await desk.owed(customer)
    await told(desk, "won", P.RESTORED, reference=reference, amount="30.00")
    part = await desk.owed(customer)
    await told(desk, "all", P.RESTORED, reference=reference, amount="50.00")

    assert gone == ([], "0.00", {})
    assert part == ([], "0.00", {"clearing:sandbox": "30.00", "prepaid": "-30.00"})
    assert await desk.owed(customer) == HELD


async def test_of_a_part_that_was_disputed_the_part_is_held_again(desk, held):
    customer, _, reference = held

    await told(desk, "gone", P.REVERSED, reference=reference, amount="25.00")
    await told(desk, "won", P.RESTORED, reference=reference, amount="25.00")

    assert await desk.owed(customer) == HELD


async def test_of_a_contract_that_is_levelled_no_longer_it_is_credit(desk, held):
    customer, contract, reference = held
    await told(desk, "gone", P.REVERSED, reference=reference, amount="80.00")
    await desk.utility.run("update contract set settlement = 'INVOICE' where id = :id", id=contract)

    await told(desk, "won", P.RESTORED, reference=reference, amount="80.00")

    assert await desk.owed(customer) == ([], "80.00", {"clearing:sandbox": "80.00", "receivable": "-80.00"})


async def test_what_the_contract_had_let_go_of_pays_what_is_open_though_it_is_levelled_again(desk, held):
    """The plan is closed: 80.00 are credit, which pays 80.00 of another bill's 121.00. Then the next plan begins."""
    customer, contract, reference = held
    utility = desk.utility
    async with unit_of_work(utility.engine) as session:
        owner = PrepaidOwner(customer_id=customer, contract_id=contract, currency="EUR")
        await release(session, owner=owner, now=utility.now + timedelta(minutes=1))
    await utility.invoice(customer, contract, month=4)
    async with unit_of_work(utility.engine) as session:
        await apply_credit(session, customer_ids=[customer], now=utility.now)
    paid = (["41.00"], "0.00", {"clearing:sandbox": "80.00", "receivable": "41.00"})
    assert await desk.owed(customer) == paid

    await told(desk, "gone", P.REVERSED, reference=reference, amount="80.00")
    gone = await desk.owed(customer)
    await told(desk, "won", P.RESTORED, reference=reference, amount="80.00")

    assert gone == (["121.00"], "0.00", {"receivable": "121.00"})
    assert await desk.owed(customer) == paid
