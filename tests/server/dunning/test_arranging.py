"""Debts paid in parts: by customers where the conditions hold, by employees otherwise; kept, broken, cancelled."""

from datetime import date
from decimal import Decimal

import pytest
from mains_server.access.records import Grant, GrantRole, Permission, Refusal, Viewer
from mains_server.dunning.arranging import arrange, cancel_arrangement
from mains_server.dunning.operations import open_dispute
from mains_server.dunning.queries import arrangements_of, debt_of_building
from mains_server.dunning.records import PartsAsked

pytestmark = pytest.mark.asyncio
D = Decimal
DAY = date(2023, 3, 10)
STATES = "select state, ended_on from debt_arrangement order by id"


def asked(first="20.00", parts=3, day=DAY):
    return PartsAsked(first_amount=D(first), parts=parts, first_due_on=day)


def owner(debtors, contract, *, permissions=frozenset(Permission)):
    customer = debtors.one("select customer_id from contract where id = %s", contract)
    grant = Grant(customer_id=customer, role=GrantRole.OWNER, permissions=permissions)
    return Viewer(person_id=debtors.person_id, grants=(grant,))


async def in_debt(debtors, **change):
    """Have a household that owes 185.37 since March 2nd."""
    contract = debtors.household()
    await debtors.policy(stages=(), **change)
    debtors.bill(1)
    return contract


async def arranged(debtors, contract, *, day=DAY, viewer=None, **given):
    desk = debtors.desk(day, viewer=viewer or owner(debtors, contract))
    return await debtors.do(arrange, desk=desk, contract_id=contract, asked=asked(day=day, **given))


async def test_a_customer_arranges_and_keeps_it(debtors):
    contract = await in_debt(debtors)
    await arranged(debtors, contract)

    # 165.37 in two: 82.69 and 82.68.
    assert debtors.rows("select number, due_on, amount from debt_part order by number") == [
        (1, DAY, D("20.00")), (2, date(2023, 4, 10), D("82.69")), (3, date(2023, 5, 10), D("82.68")),
    ]  # fmt: skip
    await debtors.pay(contract, "20.00", DAY)
    assert await debtors.day(date(2023, 3, 20)) == {}
    await debtors.pay(contract, "82.69", date(2023, 4, 13))
    assert await debtors.day(date(2023, 4, 20)) == {"charged": 1}
    await debtors.pay(contract, "82.68", date(2023, 5, 1))

    assert (await debtors.day(date(2023, 5, 2)))["kept"] == 1
    assert debtors.rows(STATES) == [("KEPT", date(2023, 5, 1))]
    # Interest ran from March 3rd to 9th, seven days: 185.37 x 0.06 x 7 / 365 = 0.2133; it paused while parts were paid.
    assert debtors.rows("select amount from interest_charge") == [(D("0.21"),)]


async def test_a_broken_one_lets_the_rest_be_due_at_once(debtors):
    contract = await in_debt(debtors)
    await arranged(debtors, contract)
    await debtors.pay(contract, "20.00", DAY)
    await debtors.pay(contract, "82.00", date(2023, 4, 10))

    assert await debtors.day(date(2023, 4, 13)) == {"charged": 1}
    assert (await debtors.day(date(2023, 4, 20)))["broken"] == 1

    assert debtors.rows(STATES) == [("BROKEN", date(2023, 4, 14))]
    await debtors.day(date(2023, 5, 1))
    # Seven days on 185.37, and from April 14th to 30th seventeen on 83.37: 2714.88 x 0.06 / 365 = 0.4463.
    assert sum(amount for (amount,) in debtors.rows("select amount from interest_charge")) == D("0.45")
    with pytest.raises(Refusal) as refused:
        await arranged(debtors, contract, day=date(2023, 5, 2))
    assert refused.value.code == "BROKEN_BEFORE"
    staff = debtors.desk(date(2023, 5, 2)).viewer
    await arranged(debtors, contract, day=date(2023, 5, 2), viewer=staff, parts=12)
    assert [state for state, _ in debtors.rows(STATES)] == ["BROKEN", "RUNNING"]


async def test_no_reminder_goes_out_while_it_is_kept(debtors):
    contract = debtors.household()
    await debtors.policy()
    debtors.bill(1)
    await arranged(debtors, contract)
    await debtors.pay(contract, "20.00", DAY)

    assert await debtors.day(date(2023, 4, 1)) == {"charged": 1}
    assert (await debtors.day(date(2023, 4, 20)))["reminded"] == 1


async def test_an_invoice_taken_back_is_paid_of_it(debtors):
    contract = await in_debt(debtors)
    await arranged(debtors, contract)
    await debtors.take_back("S-000001", date(2023, 3, 12))

    assert (await debtors.day(date(2023, 3, 20)))["kept"] == 1


async def test_an_employee_cancels(debtors):
    contract = await in_debt(debtors)
    await arranged(debtors, contract)
    day = date(2023, 3, 12)

    for desk, code in (
        (debtors.desk(day, viewer=owner(debtors, contract)), "NOT_PERMITTED"),
        (debtors.desk(day), None),
    ):
        try:
            await debtors.do(cancel_arrangement, desk=desk, contract_id=contract, note="moved away")
        except Refusal as refusal:
            assert refusal.code == code
        else:
            assert code is None

    assert debtors.rows(STATES) == [("CANCELLED", day)]
    with pytest.raises(Refusal) as refused:
        await debtors.do(cancel_arrangement, desk=debtors.desk(day), contract_id=contract, note="")
    assert refused.value.code == "ARRANGEMENT_UNKNOWN"


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("not due", "NO_DEBT_TO_ARRANGE"),
        ("paid", "NO_DEBT_TO_ARRANGE"),
        ("small", "NO_DEBT_TO_ARRANGE"),
        ("disputed", "NO_DEBT_TO_ARRANGE"),
        ("running", "ARRANGEMENT_RUNS"),
        ("stranger", "CONTRACT_UNKNOWN"),
        ("nobody's", "CONTRACT_UNKNOWN"),
        ("only looks", "NOT_PERMITTED"),
        ("no policy", "NOT_ARRANGEABLE"),
        ("too many", "PARTS_NOT_POSSIBLE"),
    ],
)
async def test_what_cannot_be_arranged_changes_nothing(debtors, case, code):
    contract = debtors.household()
    if case != "no policy":
        await debtors.policy()
    debtors.bill(1)
    viewer, day, parts, before = owner(debtors, contract), DAY, 3, 0
    if case == "not due":
        day = date(2023, 3, 2)
    elif case in ("paid", "small"):
        await debtors.pay(contract, "185.37" if case == "paid" else "175.38", date(2023, 3, 1))
    elif case == "disputed":
        await debtors.do(open_dispute, desk=debtors.desk(day), invoice_id=1, reason="wrong")
    elif case == "running":
        await arranged(debtors, contract)
        before = 1
    elif case == "stranger":
        viewer = owner(debtors, debtors.household())
    elif case == "nobody's":
        contract = 999
    elif case == "only looks":
        viewer = owner(debtors, contract, permissions=frozenset({Permission.VIEW, Permission.PAY}))
    elif case == "too many":
        parts = 7

    with pytest.raises(Refusal) as refused:
        await arranged(debtors, contract, viewer=viewer, day=day, parts=parts)

    assert refused.value.code == code
    assert debtors.one("select count(*) from debt_arrangement") == before


async def test_what_is_paid_is_told(debtors):
    contract = await in_debt(debtors)
    await arranged(debtors, contract)
    await debtors.pay(contract, "50.00", DAY)

    (stored,) = await debtors.do(arrangements_of, contract_ids=[contract])

    assert (stored.arrangement.total, stored.arrangement.paid) == (D("185.37"), D("50.00"))
    assert stored.arrangement.document_numbers == ("S-000001",)


async def test_a_house_tells_its_neighbours_only_the_sum(debtors):
    building, flats = debtors.town.house(areas=("50", "30", "20"))
    await debtors.policy(stages=())
    debtors.bill(1)
    stranger = owner(debtors, debtors.household())
    day = date(2023, 4, 1)

    async def told(viewer):
        return await debtors.do(debt_of_building, building_id=building, viewer=viewer, today=day)

    # 10.1 MWh x 80.00 = 808.00 by area: 404.00, 242.40, 161.60; with 21 % 488.84, 293.30, 195.54.
    (whole,) = await told(owner(debtors, flats[0]))
    assert (whole.overdue, whole.owing_premises) == (D("977.68"), 3)
    await debtors.pay(flats[0], "488.84", date(2023, 3, 1))
    (fewer,) = await told(owner(debtors, flats[1]))
    assert (fewer.overdue, fewer.owing_premises, fewer.ages) == (D("488.84"), None, None)
    assert await told(stranger) is None
    assert await told(Viewer()) is None
    moved = "update contract_supply_point set ends = '2023-03-01' where contract_id = %s"
    debtors.town.connection.execute(moved, [flats[2]])
    assert await told(owner(debtors, flats[2])) is None
