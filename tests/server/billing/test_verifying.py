"""An issued invoice is asked again: it is the same to the cent, or it is told where not, and nothing is raised."""

from decimal import Decimal as D

import pytest
from mains_server.adapters.loading import load_adapters
from mains_server.billing.verifying import VerificationOutcome, VerifiedDifference, verify_invoice
from mains_server.db.unit_of_work import read_session


@pytest.fixture
def verify(engine, small, connection):
    async def run(number="S-000001", *, host=None):
        rows = connection.execute("select id from invoice where document_number = %s", [number]).fetchall()
        async with read_session(engine) as session:
            return await verify_invoice(session, host=host or small.host_of(), invoice_id=rows[0][0])

    return run


@pytest.fixture
def tamper(connection):
    """Change what is never changed."""

    def run(statement):
        connection.execute("set session_replication_role = replica")
        connection.execute(statement)
        connection.execute("reset session_replication_role")

    return run


@pytest.mark.asyncio
async def test_an_invoice_comes_out_equal(town, bill, verify):
    town.household(used="100")
    _, flats = town.house()
    bill()

    found = [await verify(f"S-00000{number}") for number in range(1, 2 + len(flats))]

    assert {one.outcome for one in found} == {VerificationOutcome.EQUAL}
    assert {one.differences for one in found} == {()}


@pytest.mark.asyncio
async def test_what_differs_is_told(town, bill, verify, tamper):
    town.household(used="100")
    bill()
    tamper("update invoice_line set net = 15.01 where code = 'energy'")
    tamper("update invoice set net = 18.21, total = 22.03")

    found = await verify()

    assert found.outcome is VerificationOutcome.DIFFERENT
    assert found.differences == (
        VerifiedDifference(position=1, code="energy", stored=D("15.01"), now=D("15.00")),
        VerifiedDifference(position=None, code=None, stored=D("22.03"), now=D("22.02")),
    )


@pytest.mark.asyncio
async def test_a_line_that_is_missing_is_told(town, bill, verify, tamper):
    town.household(used="100")
    bill()
    tamper("delete from invoice_line where code = 'paper'")

    found = await verify()

    assert found.differences == (VerifiedDifference(position=4, code="paper", stored=None, now=D("0.00")),)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "change",
    [
        "update invoice set inputs = null",
        "update invoice set inputs = jsonb_set(inputs, '{v}', '2')",
        "update invoice set inputs = jsonb_set(inputs, '{price_versions}', '[999]')",
        "update invoice set inputs = jsonb_set(inputs, '{product}', '\"gone\"')",
    ],
)
async def test_what_cannot_be_asked_again_is_told_and_not_raised(town, bill, verify, tamper, change):
    town.household(used="100")
    bill()
    tamper(change)

    found = await verify()

    assert found.outcome is VerificationOutcome.NOT_VERIFIABLE
    assert found.reason


@pytest.mark.asyncio
async def test_without_its_adapter_it_cannot_be_asked(town, bill, verify, small):
    town.household(used="100")
    bill()

    found = await verify(host=load_adapters(on=small.FIRST, plugins=[]))

    assert found.outcome is VerificationOutcome.NOT_VERIFIABLE
