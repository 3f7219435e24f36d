"""Supply points join and leave a contract, households are protected, and fees are noted."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.access.records import StaffRole
from mains_server.contracts import life
from mains_server.contracts.charging import (
    FeeOutside,
    FeeQuantityWrong,
    FeeUnknown,
    NewFee,
    note_fee,
    require_bill_to_come,
)
from mains_server.contracts.concluding import WantedContract, conclude
from mains_server.contracts.desk import NotPermitted
from mains_server.contracts.ending import terminate
from mains_server.contracts.operations import SupplyPointTaken, SupplyPointUnknown
from mains_server.contracts.points import LastSupplyPoint, NewCoverage, add_point, end_point
from mains_server.contracts.protecting import (
    ContractIsLevelled,
    NotAHousehold,
    ProofMissing,
    grant_protection,
    stop_protection,
)
from mains_server.contracts.records import ContractBilling
from mains_server.customers.operations import CustomerUnknown, ProtectionOverlaps, ProtectionUnknown
from mains_server.customers.records import Protection, ProtectionKind
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
JULY = date(2023, 7, 1)
STATUS = Protection(kind=ProtectionKind.LARGE_FAMILY, starts=JULY, ends=None, proof="G-12345")
COVERS = (
    "select p.identifier, s.starts, s.ends from contract_supply_point s"
    " join supply_point p on p.id = s.supply_point_id order by 1"
)


@pytest.fixture
def june(town):
    return town.on(date(2023, 6, 10))


async def test_a_garage_joins_and_leaves_again(june, running):
    await june.do(add_point, wanted=NewCoverage(contract_id=running, supply_point="GARAGE", starts=date(2023, 6, 12)))
    await june.do(end_point, contract_id=running, supply_point="GARAGE", ends=date(2023, 9, 1))

    assert await june.rows(COVERS) == [
        ("COTTAGE", date(2023, 4, 1), None),
        ("GARAGE", date(2023, 6, 12), date(2023, 9, 1)),
        ("HOME", date(2023, 4, 1), None),
    ]


@pytest.mark.parametrize(
    ("changes", "refusal", "next_allowed"),
    [
        ({"starts": date(2023, 6, 9)}, life.StartsTooEarly, date(2023, 6, 10)),
        ({"starts": date(2023, 3, 1)}, life.DayOutside, date(2023, 4, 1)),
        ({"is_from_other_utility": True}, life.StartsTooEarly, JULY),
        ({"supply_point": "HOME"}, SupplyPointTaken, None),
        ({"supply_point": "NOWHERE"}, SupplyPointUnknown, None),
    ],
)
async def test_a_place_that_cannot_join_is_refused(june, running, changes, refusal, next_allowed):
    wanted = NewCoverage(contract_id=running, supply_point="GARAGE", starts=date(2023, 6, 12))

    with pytest.raises(refusal) as refused:
        await june.do(add_point, wanted=replace(wanted, **changes))

    assert getattr(refused.value, "next_allowed", None) == next_allowed
    assert len(await june.rows(COVERS)) == 2


async def test_a_place_that_will_be_free_joins_on_the_day_that_is_told(june, running, customers, desks):
    neighbour = june.as_(desks.owner(customers[1]))
    theirs = WantedContract(
        customer_id=customers[1], adapter="electricity_retail", supply_points=("GARAGE",), starts=date(2023, 6, 12)
    )
    other = await neighbour.do(conclude, wanted=theirs)
    await neighbour.do(terminate, contract_id=other, ends=date(2023, 8, 16))
    wanted = NewCoverage(contract_id=running, supply_point="GARAGE", starts=JULY)

    with pytest.raises(SupplyPointTaken) as refused:
        await june.do(add_point, wanted=wanted)

    assert refused.value.next_allowed == date(2023, 8, 16)
    await june.do(add_point, wanted=replace(wanted, starts=refused.value.next_allowed))


@pytest.mark.parametrize(
    ("ends", "next_allowed"), [(date(2023, 3, 1), date(2023, 4, 2)), (date(2023, 4, 1), date(2023, 4, 2))]
)
async def test_a_place_cannot_leave_before_it_came(june, running, ends, next_allowed):
    with pytest.raises(life.DayOutside) as refused:
        await june.do(end_point, contract_id=running, supply_point="HOME", ends=ends)

    assert refused.value.next_allowed == next_allowed


async def test_the_last_place_stays(june, running):
    await june.do(end_point, contract_id=running, supply_point="HOME", ends=JULY)

    with pytest.raises(LastSupplyPoint):
        await june.do(end_point, contract_id=running, supply_point="COTTAGE", ends=date(2023, 8, 1))
    with pytest.raises(SupplyPointUnknown):
        await june.do(end_point, contract_id=running, supply_point="HOME", ends=date(2023, 8, 1))


async def test_a_household_is_protected_with_its_proof(june, running, customers, desks):
    at = june.as_(desks.staff())

    await at.do(grant_protection, customer_id=customers[0], protection=STATUS)
    await at.do(stop_protection, customer_id=customers[0], kind=STATUS.kind, ends=date(2023, 12, 1))

    rows = await june.rows("select kind, starts, ends, proof from customer_protection")
    assert rows == [("LARGE_FAMILY", JULY, date(2023, 12, 1), "G-12345")]


@pytest.mark.parametrize(
    ("changes", "billed", "refusal", "next_allowed"),
    [
        ({"proof": " "}, None, ProofMissing, None),
        ({"ends": JULY}, None, life.DayOutside, None),
        ({}, date(2023, 8, 1), life.DaysBilled, date(2023, 8, 1)),
    ],
)
async def test_a_status_that_cannot_be_is_refused(
    june, running, customers, desks, changes, billed, refusal, next_allowed
):
    at = june.on(june.today, billed=billed).as_(desks.staff())

    with pytest.raises(refusal) as refused:
        await at.do(grant_protection, customer_id=customers[0], protection=replace(STATUS, **changes))

    assert getattr(refused.value, "next_allowed", None) == next_allowed
    assert await june.rows("select count(*) from customer_protection") == [(0,)]


async def test_who_is_levelled_settles_by_invoice_first(june, running, customers, desks):
    async with june.engine.begin() as connection:
        await connection.execute(text("update contract set settlement = 'LEVELLED'"))

    with pytest.raises(ContractIsLevelled, match="change it to settlement by invoice first"):
        await june.as_(desks.staff()).do(grant_protection, customer_id=customers[0], protection=STATUS)

    assert await june.rows("select count(*) from customer_protection") == [(0,)]


async def test_a_status_holds_once_and_ends_once(june, running, customers, desks):
    at = june.as_(desks.staff())
    await at.do(grant_protection, customer_id=customers[0], protection=STATUS)

    with pytest.raises(ProtectionOverlaps):
        await at.do(grant_protection, customer_id=customers[0], protection=replace(STATUS, starts=date(2023, 9, 1)))
    with pytest.raises(ProtectionUnknown):
        await at.do(stop_protection, customer_id=customers[0], kind=ProtectionKind.LOW_INCOME, ends=date(2023, 9, 1))
    with pytest.raises(ProtectionUnknown):
        await at.do(stop_protection, customer_id=customers[0], kind=STATUS.kind, ends=JULY)


async def test_only_staff_protect_only_households(june, running, customers, desks):
    given = {"customer_id": customers[0], "protection": STATUS}
    with pytest.raises(NotPermitted):
        await june.do(grant_protection, **given)
    with pytest.raises(NotPermitted):
        await june.as_(desks.staff(StaffRole.BILLING_CLERK)).do(grant_protection, **given)
    with pytest.raises(CustomerUnknown):
        await june.as_(desks.staff()).do(grant_protection, customer_id=404, protection=STATUS)
    async with june.engine.begin() as connection:
        await connection.execute(text("update customer set kind = 'BUSINESS'"))
    with pytest.raises(NotAHousehold):
        await june.as_(desks.staff()).do(grant_protection, **given)


async def fee(town, contract_id, **changes):
    async def note(session, *, desk):
        contract = await desk.held_contract(session, contract_id)
        new = NewFee(
            code="reminder_sms",
            quantity=Decimal(1),
            day=date(2023, 6, 10),
            reason="reminder",
            source="test",
            key="k",
        )
        adapter = desk.adapter(contract.adapter)
        return await note_fee(session, contract=contract, fee=replace(new, **changes), adapter=adapter, now=desk.now)

    return await town.do(note)


async def test_a_fee_is_noted_once_for_its_key(june, running):
    first = await fee(june, running)
    again = await fee(june, running)
    other = await fee(june, running, key="k2")

    assert first == again != other
    rows = await june.rows("select code, quantity, unit, day, invoice_id from contract_fee order by id")
    assert rows == [("reminder_sms", Decimal(1), "pcs", date(2023, 6, 10), None)] * 2


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"code": "energy"}, FeeUnknown),
        ({"code": "tea"}, FeeUnknown),
        ({"quantity": Decimal(0)}, FeeQuantityWrong),
        ({"quantity": Decimal(-1)}, FeeQuantityWrong),
        ({"quantity": Decimal("NaN")}, FeeQuantityWrong),
        ({"quantity": Decimal("Infinity")}, FeeQuantityWrong),
        ({"quantity": Decimal(10_001)}, FeeQuantityWrong),
        ({"quantity": Decimal("0.0000001")}, FeeQuantityWrong),
        ({"day": date(2023, 3, 31)}, FeeOutside),
    ],
)
async def test_a_fee_that_cannot_be_is_refused(june, running, changes, refusal):
    with pytest.raises(refusal):
        await fee(june, running, **changes)

    assert await june.rows("select count(*) from contract_fee") == [(0,)]


async def bill_comes(town, contract_id, **changes):
    async def ask(session, *, desk):
        contract = replace(await desk.held_contract(session, contract_id), **changes)
        await require_bill_to_come(session, contract=contract, billed_until=desk.billed_until)

    await town.do(ask)


async def test_a_fee_needs_a_bill_that_takes_it_in(june, running):
    """The house of flats gets no bill; after the last one there is none either, before it the next one has the fee."""
    ended = {"ends": date(2023, 6, 1)}

    await bill_comes(june.on(june.today, billed=date(2023, 6, 1)), running)
    await bill_comes(june.on(june.today, billed=date(2023, 5, 1)), running, **ended)
    with pytest.raises(FeeOutside, match="the last bill"):
        await bill_comes(june.on(june.today, billed=date(2023, 6, 1)), running, **ended)
    with pytest.raises(FeeOutside, match="note the fee on a flat's contract"):
        await bill_comes(june, running, billing=ContractBilling.BY_MEMBERS)
