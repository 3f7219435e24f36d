"""A contract is priced by other values from a day on: declared ones, which go together."""

from dataclasses import replace
from datetime import date

import pytest
import pytest_asyncio
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import load_adapters
from mains_server.contracts import attributes, operations, queries
from mains_server.contracts.records import DatedAttribute
from mains_server.db.unit_of_work import unit_of_work

DAY = date(2022, 3, 16)
NOBODY = AdapterHost(adapters=(), live={})


@pytest.fixture(scope="module")
def host():
    return load_adapters(on=date(2022, 3, 1))


@pytest_asyncio.fixture
async def change(engine, contract, host):
    """Give what changes attributes of a contract concluded with others."""

    async def changed(values, *, before=(), starts=DAY, of=host):
        agreed = replace(contract, product="ekonomiskais", attributes=before)
        async with unit_of_work(engine) as session:
            await operations.conclude_contract(session, contract=agreed)
        async with unit_of_work(engine) as session:
            found = await queries.contract_by_number(session, number="L-1")
            await attributes.change_attributes(session, contract=found, values=values, starts=starts, host=of)

    return changed


@pytest.fixture
def told(engine):
    """Give what lists the attributes of the contract."""

    async def listed():
        async with unit_of_work(engine) as session:
            found = await queries.contract_by_number(session, number="L-1")
            return [(a.name, a.value, a.starts, a.ends) for a in found.attributes]

    return listed


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), [("2", DAY, date(2023, 1, 1))]),
        (
            (DatedAttribute(name="zones", value="1"),),
            [("1", date(2022, 1, 1), DAY), ("2", DAY, date(2023, 1, 1))],
        ),
        ((DatedAttribute(name="zones", value="2"),), [("2", date(2022, 1, 1), date(2023, 1, 1))]),
        ((DatedAttribute(name="zones", value="1", starts=DAY),), [("2", DAY, date(2023, 1, 1))]),
        (
            (DatedAttribute(name="zones", value="1", starts=date(2022, 9, 1)),),
            [("2", DAY, date(2022, 9, 1)), ("1", date(2022, 9, 1), date(2023, 1, 1))],
        ),
    ],
)
async def test_a_value_holds_from_its_day_until_the_next_one(change, told, before, after):
    await change({"zones": "2"}, before=before)

    assert await told() == [("zones", *stretch) for stretch in after]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"zone": "2"}, attributes.AttributeUnknown),
        ({"amperes": "25"}, attributes.AttributeUnknown),
        ({"protected": "low_income"}, attributes.AttributeUnknown),
        ({"zones": "3"}, attributes.AttributeValueWrong),
        ({"zones": ""}, attributes.AttributeValueWrong),
        ({"zones": "2", "kind": "business"}, attributes.AttributeUnknown),
    ],
)
async def test_what_the_adapter_does_not_declare_is_refused_and_changes_nothing(change, told, values, refusal):
    with pytest.raises(refusal):
        await change(values)

    assert await told() == []


@pytest.mark.asyncio
async def test_without_its_adapter_nothing_of_a_contract_changes(change, told):
    with pytest.raises(attributes.AttributesRefused):
        await change({"zones": "2"}, of=NOBODY)

    assert await told() == []
