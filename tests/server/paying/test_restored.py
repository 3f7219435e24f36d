"""A dispute over money that a levelled contract held is won: the contract holds it again, as if nothing had been."""

from decimal import Decimal as D

import pytest
import pytest_asyncio
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
