"""Contracts concluded, refused and ended on the real database."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from mains_server.access.operations import create_person
from mains_server.access.queries import viewer_of_person
from mains_server.access.records import NewDelegate, NewPerson, Permission
from mains_server.contracts import operations, queries
from mains_server.contracts.records import Coverage, DatedAttribute, NewSupplyPoint
from mains_server.customers.records import Address
from mains_server.db.unit_of_work import unit_of_work
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
HOME = Address(line="Lielā iela 1-2", city="Jelgava", postcode="LV-3001", country="LV")
POINT = NewSupplyPoint(commodity="electricity", scheme="EIC", identifier="43Z-1", address=HOME, time_zone="Europe/Riga")


async def load(engine, *contracts):
    async with unit_of_work(engine) as session:
        return await operations.load_contracts(session, contracts=contracts)


async def found(engine, number="L-1"):
    async with unit_of_work(engine) as session:
        return await queries.contract_by_number(session, number=number)


async def count(engine, table):
    async with unit_of_work(engine) as session:
        return await session.scalar(text(f"select count(*) from {table}"))


async def test_a_concluded_contract_says_what_was_agreed(engine, contract, customers, point):
    attributes = (
        DatedAttribute(name="zones", value="1", ends=date(2022, 6, 1)),
        DatedAttribute(name="zones", value="2", starts=date(2022, 6, 1)),
    )
    (contract_id,) = await load(engine, replace(contract, attributes=attributes))

    seen = await found(engine)

    assert (seen.id, seen.customer_id, seen.signed_on) == (contract_id, customers[0], date(2022, 1, 1))
    assert seen.covers == (Coverage(supply_point_id=point, starts=date(2022, 1, 1), ends=date(2023, 1, 1)),)
    assert [(a.value, a.starts, a.ends) for a in seen.attributes] == [
        ("1", date(2022, 1, 1), date(2022, 6, 1)),
        ("2", date(2022, 6, 1), date(2023, 1, 1)),
    ]


async def test_a_supply_point_may_go_from_one_contract_to_the_next(engine, contract, concluded, customers):
    after = replace(contract, number="L-2", customer_id=customers[1], starts=date(2023, 1, 1), ends=None)

    (second,) = await load(engine, after)

    assert second != concluded
    assert (await found(engine, "L-2")).ends is None


@pytest.mark.parametrize(
    ("starts", "ends"),
    [(date(2022, 12, 31), None), (date(2021, 1, 1), date(2022, 1, 2)), (date(2022, 5, 1), date(2022, 6, 1))],
)
async def test_a_supply_point_has_one_contract_a_day(engine, contract, concluded, customers, starts, ends):
    other = replace(contract, number="L-2", customer_id=customers[1], starts=starts, ends=ends)

    with pytest.raises(operations.SupplyPointTaken, match="contract L-1 has supply point 43Z-1 of contract L-2"):
        await load(engine, other)

    assert await found(engine, "L-2") is None
    assert await count(engine, "contract_supply_point") == 1


async def test_one_contract_does_not_cover_a_place_twice(engine, contract, point):
    twice = (Coverage(supply_point_id=point), Coverage(supply_point_id=point, starts=date(2022, 6, 1)))

    with pytest.raises(operations.SupplyPointTaken):
        await load(engine, replace(contract, covers=twice))

    assert await count(engine, "contract") == 0


async def test_of_two_contracts_at_once_on_one_place_one_is_refused(engine, contract, customers):
    other = replace(contract, number="L-2", customer_id=customers[1])

    answers = await asyncio.gather(load(engine, contract), load(engine, other), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["SupplyPointTaken", "tuple"]
    assert await count(engine, "contract") == 1
    assert await count(engine, "contract_supply_point") == 1


@pytest.mark.parametrize("customer", [0, 1])
async def test_a_contract_number_is_given_once(engine, contract, concluded, customers, customer):
    async with unit_of_work(engine) as session:
        other = await operations.create_supply_point(session, point=replace(POINT, identifier="43Z-2"))
    same = replace(contract, customer_id=customers[customer], covers=(Coverage(supply_point_id=other),))

    with pytest.raises(operations.ContractNumberTaken):
        await load(engine, same)

    assert await count(engine, "contract") == 1


async def test_of_two_loads_at_once_with_one_number_one_is_refused(engine, contract, customers):
    """Each customer has a place of their own, so that nothing but the number stands between the two."""
    async with unit_of_work(engine) as session:
        other = await operations.create_supply_point(session, point=replace(POINT, identifier="43Z-2"))
    same = replace(contract, customer_id=customers[1], covers=(Coverage(supply_point_id=other),))

    answers = await asyncio.gather(load(engine, contract), load(engine, same), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["ContractNumberTaken", "tuple"]
    assert (await count(engine, "contract"), await count(engine, "taken_contract_number")) == (1, 1)


async def test_a_number_is_taken_while_another_load_holds_it(engine, contract, customers):
    """The second load waits for the first one's end: taken back, the number is free, and kept it is taken."""
    async with unit_of_work(engine) as session:
        other = await operations.create_supply_point(session, point=replace(POINT, identifier="43Z-2"))
    same = replace(contract, customer_id=customers[1], covers=(Coverage(supply_point_id=other),))

    with pytest.raises(LookupError):
        async with unit_of_work(engine) as session:
            await operations.load_contracts(session, contracts=[contract])
            waiting = asyncio.create_task(load(engine, same))
            await asyncio.sleep(0)
            raise LookupError

    assert len(await waiting) == 1
    assert (await found(engine)).customer_id == customers[1]


async def test_one_load_does_not_give_a_number_twice(engine, contract, customers):
    async with unit_of_work(engine) as session:
        other = await operations.create_supply_point(session, point=replace(POINT, identifier="43Z-2"))
    same = replace(contract, customer_id=customers[1], covers=(Coverage(supply_point_id=other),))

    with pytest.raises(operations.ContractNumberTaken, match="contract number L-1 is taken"):
        await load(engine, contract, same)

    assert (await count(engine, "contract"), await count(engine, "taken_contract_number")) == (0, 0)


async def test_what_contradicts_itself_is_refused(engine, contract):
    value = DatedAttribute(name="zones", value="2")

    with pytest.raises(operations.ContractDatesWrong):
        await load(engine, replace(contract, ends=contract.starts))
    with pytest.raises(operations.AttributeRepeated, match="zones"):
        await load(engine, replace(contract, attributes=(value, value)))
    with pytest.raises(operations.SupplyPointUnknown):
        await load(engine, replace(contract, covers=(Coverage(supply_point_id=404),)))

    assert await count(engine, "contract") == 0


async def test_an_identifier_is_one_place(engine, point):
    with pytest.raises(operations.SupplyPointExists):
        async with unit_of_work(engine) as session:
            await operations.load_supply_points(session, points=[replace(POINT, identifier="43Z-9"), POINT])

    assert await count(engine, "supply_point") == 1


async def test_an_ended_contract_keeps_nothing_after_its_end(engine, contract, point):
    later = DatedAttribute(name="zones", value="2", starts=date(2022, 9, 1))
    (contract_id,) = await load(engine, replace(contract, attributes=(later,), ends=None))

    async with unit_of_work(engine) as session:
        await operations.end_contract(session, contract_id=contract_id, ends=date(2022, 7, 1))

    seen = await found(engine)
    assert seen.ends == date(2022, 7, 1)
    assert seen.attributes == ()
    assert seen.covers == (Coverage(supply_point_id=point, starts=date(2022, 1, 1), ends=date(2022, 7, 1)),)


@pytest.mark.parametrize("ends", [date(2022, 1, 1), date(2023, 1, 2)])
async def test_a_contract_ends_after_its_start_and_not_after_an_agreed_end(engine, concluded, ends):
    with pytest.raises(operations.ContractDatesWrong):
        async with unit_of_work(engine) as session:
            await operations.end_contract(session, contract_id=concluded, ends=ends)
    with pytest.raises(operations.ContractUnknown):
        async with unit_of_work(engine) as session:
            await operations.end_contract(session, contract_id=404, ends=date(2022, 7, 1))

    assert (await found(engine)).ends == date(2023, 1, 1)


async def test_only_a_customers_own_contracts_are_delegated(engine, concluded, customers):
    async with unit_of_work(engine) as session:
        new = NewPerson(email="juris@example.lv", name="Juris", language="lv")
        juris = await create_person(session, person=new, now=NOW)
        delegate = NewDelegate(
            customer_id=customers[0],
            person_id=juris.id,
            permissions=frozenset({Permission.VIEW}),
            contract_ids=frozenset({concluded}),
        )
        await operations.delegate_contracts(session, delegate=delegate, now=NOW)

    with pytest.raises(operations.ContractUnknown):
        async with unit_of_work(engine) as session:
            stolen = replace(delegate, customer_id=customers[1])
            await operations.delegate_contracts(session, delegate=stolen, now=NOW)

    async with unit_of_work(engine) as session:
        seen = await viewer_of_person(session, person_id=juris.id, now=NOW)
    assert [(g.customer_id, g.contract_ids) for g in seen.grants] == [(customers[0], frozenset({concluded}))]
