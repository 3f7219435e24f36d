"""Contracts are concluded by customers and staff, over one or several places, or refused by name."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.access.records import Permission, StaffRole
from mains_server.contracts import concluding, life
from mains_server.contracts.admission import ChannelNotAllowed, ProductNotOffered, SettlementNotAllowed
from mains_server.contracts.concluding import WantedContract, conclude, plan_contract
from mains_server.contracts.desk import NotPermitted
from mains_server.contracts.ending import terminate
from mains_server.contracts.operations import (
    SupplyPointTaken,
    SupplyPointUnknown,
    TermsVersionExists,
    load_terms_documents,
)
from mains_server.contracts.records import Delivery, NewTermsDocument, Settlement
from mains_server.customers.operations import CustomerUnknown
from mains_server.db.unit_of_work import unit_of_work
from sqlalchemy import text

pytestmark = pytest.mark.asyncio


@pytest.fixture
def wanted(customers):
    return WantedContract(
        customer_id=customers[0],
        adapter="electricity_retail",
        product="izdevigais_200",
        supply_points=("HOME", "COTTAGE", "GARAGE"),
        starts=date(2023, 4, 1),
        is_from_other_utility=True,
    )


async def test_home_cottage_and_garage_come_onto_one_contract(town, wanted):
    contract = await town.contract(await town.do(conclude, wanted=wanted))

    assert (contract.number, contract.product, contract.settlement) == (
        "ER-000001",
        "izdevigais_200",
        Settlement.INVOICE,
    )
    assert (contract.starts, contract.signed_on, contract.price_fixed_until) == (
        date(2023, 4, 1),
        date(2023, 3, 10),
        date(2025, 4, 1),
    )
    assert len(contract.covers) == 3 and contract.is_distance
    assert await town.rows("select step, day, person_id from contract_event") == [("CONCLUDED", date(2023, 4, 1), 1)]


async def test_a_preview_is_the_contract_without_its_number(town, wanted):
    planned = await town.do(plan_contract, wanted=wanted)
    concluded = await town.contract(await town.do(conclude, wanted=wanted))

    assert planned.contract.number == ""
    for name in ("product", "starts", "price_fixed_until", "settlement", "delivery", "signed_on"):
        assert getattr(planned.contract, name) == getattr(concluded, name)


async def test_a_contract_keeps_the_terms_it_was_concluded_on(town, wanted):
    """Other terms are laid down for the same product on 12 March: who concluded on the 10th keeps those of January."""
    for version, starts in (("2023-01", date(2023, 1, 1)), ("2023-03", date(2023, 3, 12))):
        await lay_down(town, version=version, starts=starts)

    first = await town.do(conclude, wanted=replace(wanted, supply_points=("HOME",)))
    second = await town.on(date(2023, 3, 12)).do(conclude, wanted=replace(wanted, supply_points=("GARAGE",)))

    found = await town.rows(
        "select c.id, t.version from contract c join terms_document t on t.id = c.terms_document_id order by c.id"
    )
    assert found == [(first, "2023-01"), (second, "2023-03")]


async def test_terms_of_a_version_are_laid_down_once(town):
    await lay_down(town, version="2023-01", starts=date(2023, 1, 1))

    with pytest.raises(TermsVersionExists):
        await lay_down(town, version="2023-01", starts=date(2023, 2, 1))

    assert await town.rows("select version, starts, text_en from terms_document where product = 'izdevigais_200'") == [
        ("2023-01", date(2023, 1, 1), "Terms of 2023-01")
    ]


async def test_a_number_that_was_given_by_hand_is_passed_over(town, wanted):
    await town.do(conclude, wanted=replace(wanted, supply_points=("HOME",)))
    async with unit_of_work(town.engine) as session:
        await session.execute(text("insert into taken_contract_number values ('ER-000002'), ('ER-000003')"))

    contract = await town.contract(await town.do(conclude, wanted=replace(wanted, supply_points=("GARAGE",))))

    assert contract.number == "ER-000004"


async def test_a_move_in_may_start_inside_a_month(town, wanted):
    moved = replace(wanted, starts=date(2023, 3, 12), is_from_other_utility=False, product="universalais")

    contract = await town.contract(await town.do(conclude, wanted=moved))

    # The month begun and twelve whole ones.
    assert (contract.starts, contract.price_fixed_until) == (date(2023, 3, 12), date(2024, 4, 1))


async def test_who_chose_nothing_gets_the_universal_service(town, wanted, desks):
    moved = replace(wanted, product=None, starts=date(2023, 2, 1), is_from_other_utility=False)

    planned = await town.as_(desks.staff()).do(plan_contract, wanted=moved)

    assert (planned.contract.product, planned.warnings) == ("universalais", ("UNIVERSAL_SERVICE",))


@pytest.mark.parametrize(("usage", "warnings"), [("150", ("USAGE_OUTSIDE_RECOMMENDED",)), ("300", ()), (None, ())])
async def test_the_usage_of_all_places_together_decides_the_advice(town, wanted, usage, warnings):
    planned = await town.do(
        plan_contract, wanted=replace(wanted, monthly_usage=None if usage is None else Decimal(usage))
    )

    assert planned.warnings == warnings


@pytest.mark.parametrize(
    ("changes", "refusal", "next_allowed"),
    [
        ({"starts": date(2023, 3, 15)}, life.StartsTooEarly, date(2023, 4, 1)),
        ({"starts": date(2023, 4, 2)}, life.StartsInsideMonth, date(2023, 5, 1)),
        ({"starts": date(2023, 3, 9), "is_from_other_utility": False}, life.StartsTooEarly, date(2023, 3, 10)),
        ({"starts": date(2024, 4, 1)}, life.DayOutside, None),
        ({"product": "nothing"}, ProductNotOffered, None),
        ({"adapter": "nobody"}, ProductNotOffered, None),
        ({"product": "dinamiskais", "settlement": Settlement.LEVELLED}, SettlementNotAllowed, None),
        ({"product": "ekonomiskais", "delivery": Delivery.POST}, ChannelNotAllowed, None),
        ({"supply_points": ("HOME", "NOWHERE")}, SupplyPointUnknown, None),
        ({"supply_points": ("HOME", "HOME")}, concluding.SupplyPointsWrong, None),
        ({"supply_points": ()}, concluding.SupplyPointsWrong, None),
        ({"attributes": (("protected", "large_family"),)}, concluding.AttributeWrong, None),
        ({"attributes": (("zones", "3"),)}, concluding.AttributeWrong, None),
        ({"attributes": (("zones", "1"), ("zones", "2"))}, concluding.AttributeWrong, None),
        ({"customer_id": 404}, CustomerUnknown, None),
    ],
)
async def test_a_contract_that_cannot_be_is_refused(town, wanted, changes, refusal, next_allowed):
    with pytest.raises(refusal) as refused:
        await town.do(conclude, wanted=replace(wanted, **changes))

    assert getattr(refused.value, "next_allowed", None) == next_allowed
    assert await town.rows("select count(*) from contract") == [(0,)]
    assert await town.rows("select count(*) from contract_series where last_number > 0") == [(0,)]


async def test_told_after_the_fifteenth_it_starts_a_month_later(town, wanted):
    with pytest.raises(life.StartsTooEarly) as refused:
        await town.on(date(2023, 3, 16)).do(conclude, wanted=wanted)

    assert refused.value.next_allowed == date(2023, 5, 1)


async def test_a_place_has_one_contract_a_day(town, wanted, customers, desks):
    await town.do(conclude, wanted=replace(wanted, supply_points=("HOME",)))
    other = town.as_(desks.owner(customers[1]))

    with pytest.raises(SupplyPointTaken, match="HOME already; it has no end"):
        await other.do(conclude, wanted=replace(wanted, customer_id=customers[1], supply_points=("GARAGE", "HOME")))

    assert await town.rows("select count(*) from contract") == [(1,)]


async def test_a_place_that_will_be_free_is_refused_with_the_day(town, wanted, customers, desks):
    first = await town.do(conclude, wanted=replace(wanted, supply_points=("HOME",)))
    await town.do(terminate, contract_id=first, ends=date(2023, 9, 16))
    other = town.as_(desks.owner(customers[1]))
    mine = replace(wanted, customer_id=customers[1], supply_points=("HOME",), is_from_other_utility=False)

    with pytest.raises(SupplyPointTaken, match="it is free from 2023-09-16") as refused:
        await other.do(conclude, wanted=mine)

    assert refused.value.next_allowed == date(2023, 9, 16)
    assert await town.rows("select count(*) from contract") == [(1,)]
    assert await other.do(conclude, wanted=replace(mine, starts=refused.value.next_allowed))


async def test_of_two_who_take_one_place_at_once_one_gets_it(town, wanted, customers, desks):
    other = town.as_(desks.owner(customers[1]))

    answers = await asyncio.gather(
        town.do(conclude, wanted=wanted),
        other.do(conclude, wanted=replace(wanted, customer_id=customers[1])),
        return_exceptions=True,
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["SupplyPointTaken", "int"]
    assert await town.rows("select number from contract") == [("ER-000001",)]
    assert await town.rows("select last_number from contract_series") == [(1,)]


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        (lambda desks, c: desks.owner(c[1]), CustomerUnknown),
        (lambda desks, c: desks.owner(c[0], permissions=frozenset({Permission.VIEW, Permission.PAY})), NotPermitted),
        (lambda desks, c: desks.owner(c[0], contracts=frozenset({1})), NotPermitted),
        (lambda desks, c: desks.staff(StaffRole.BILLING_CLERK), NotPermitted),
    ],
)
async def test_who_may_not_contract_is_refused(town, wanted, customers, desks, who, refusal):
    with pytest.raises(refusal):
        await town.as_(who(desks, customers)).do(conclude, wanted=wanted)

    assert await town.rows("select count(*) from contract") == [(0,)]


async def lay_down(town, *, version: str, starts: date) -> None:
    document = NewTermsDocument(
        adapter="electricity_retail", product="izdevigais_200", version=version, starts=starts,
        text_lv=f"Noteikumi {version}", text_en=f"Terms of {version}", text_ru=f"Условия {version}",
    )  # fmt: skip
    async with unit_of_work(town.engine) as session:
        await load_terms_documents(session, documents=[document])
