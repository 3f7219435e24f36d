"""Methods are announced by who may, for days that are free, and taken back whole; refusals change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from mains_server.access.records import Refusal
from mains_server.adapters.host import AdapterHost
from mains_server.allocation.operations import ValidFromBilled, correct_area
from mains_server.allocation.records import NewArea
from mains_server.contracts.operations import end_contract
from mains_server.db.unit_of_work import unit_of_work
from mains_spi import Period

from tests.journeys.small_house import bill_month
from tests.server.allocation.voting import BY_AREA, FEBRUARY, JANUARY, MARCH, NOW, House, choices

pytestmark = pytest.mark.asyncio


async def test_a_vote_holds_from_its_day_and_keeps_its_decision(house: House) -> None:
    method = await house.announce(choices=choices(("circulation_sharing", "area"), ("circulation", "none")))

    assert await house.agreed() == [("area", JANUARY, None, "Minutes 4/2023")]
    assert await house.agreed("circulation") == [
        ("constant", date(2023, 12, 1), JANUARY, None),
        ("none", JANUARY, None, "Minutes 4/2023"),
    ]
    wanted = "select id, starts, decided_on, decision_reference, announced_as, announced_by from allocation_method"
    assert await house.rows(wanted) == [
        (method, JANUARY, date(2023, 12, 15), "Minutes 4/2023", "MANAGER", "House managers")
    ]
    values = await house.rows("select name, value, has_replaced from allocation_value order by name")
    assert values == [("circulation", "none", True), ("circulation_sharing", "area", False)]


async def test_the_utility_announces_for_a_house_too(house: House) -> None:
    await house.announce(by="operator@demo.example")

    assert await house.rows("select announced_as, announced_by from allocation_method") == [("STAFF", None)]


async def test_the_same_request_again_does_it_once(house: House) -> None:
    first = await house.announce()

    assert await house.announce() == first
    assert (await house.counts())[:2] == [1, 1]
    with pytest.raises(Refusal) as refused:
        await house.announce(valid_from=FEBRUARY)
    assert refused.value.code == "IDEMPOTENCY_KEY_REUSED"


NOT_ANNOUNCED: Sequence[tuple[dict[str, Any], str]] = [
    ({"by": "owner@demo.example"}, "CONTRACT_NOT_MANAGED"),
    ({"by": "clerk@demo.example"}, "CONTRACT_NOT_MANAGED"),
    ({"contract_id": 999_999}, "CONTRACT_NOT_MANAGED"),
    ({"choices": ()}, "CHOICES_MISSING"),
    ({"choices": BY_AREA * 2}, "CHOICES_MISSING"),
    ({"choices": choices(("colour", "red"))}, "CHOICE_UNKNOWN"),
    ({"choices": choices(("season", "summer"))}, "CHOICE_UNKNOWN"),
    ({"choices": choices(("area", "50"))}, "CHOICE_UNKNOWN"),
    ({"choices": choices(("circulation_sharing", "m3"))}, "CHOICE_UNKNOWN"),
    ({"choices": choices(("heating_fixed_share", "1/3"))}, "CHOICE_UNKNOWN"),
    ({"choices": choices(("heating_fixed_share", "1e-1"))}, "CHOICE_UNKNOWN"),
    ({"choices": choices(("heating_sharing", "allocators"))}, "METHOD_INCOMPLETE"),
    ({"choices": choices(("heating_fixed_share", "1.5"))}, "METHOD_INCOMPLETE"),
    ({"choices": choices(("unmetered_water", "norm"))}, "METHOD_INCOMPLETE"),
    ({"decision_reference": ""}, "DECISION_REFERENCE_WRONG"),
    ({"decision_reference": " 4/2023"}, "DECISION_REFERENCE_WRONG"),
    ({"decision_reference": "4\n2023"}, "DECISION_REFERENCE_WRONG"),
    ({"decision_reference": "4" * 201}, "DECISION_REFERENCE_WRONG"),
    ({"decided_on": date(2023, 12, 21)}, "DECIDED_ON_WRONG"),
    ({"decided_on": date(1999, 12, 31)}, "DECIDED_ON_WRONG"),
    ({"valid_from": date(2023, 11, 30)}, "VALID_FROM_WRONG"),
    ({"key": ""}, "IDEMPOTENCY_KEY_MALFORMED"),
]


async def test_what_cannot_be_announced_changes_nothing(house: House) -> None:
    before, agreed = await house.counts(), await house.agreed("circulation")

    for changed, code in NOT_ANNOUNCED:
        with pytest.raises(Refusal) as refused:
            await house.announce(**changed)
        assert refused.value.code == code, changed

    assert await house.counts() == before
    assert await house.agreed("circulation") == agreed


async def test_a_contract_of_a_flat_cannot_be_voted_about(house: House) -> None:
    with pytest.raises(Refusal) as refused:
        await house.announce(contract_id=await house.contract("F-1"), by="owner@demo.example")

    assert refused.value.code == "CONTRACT_NOT_MANAGED"


async def test_a_day_that_was_billed_is_refused_with_the_next_that_is_free(
    house: House, psycopg_dsn: str, heat_host: AdapterHost
) -> None:
    await asyncio.to_thread(bill_month, psycopg_dsn, host=heat_host, month=Period(date(2023, 12, 1), JANUARY))
    before = await house.counts()

    with pytest.raises(Refusal) as refused:
        await house.announce(valid_from=date(2023, 12, 15))

    assert refused.value.code == "VALID_FROM_BILLED"
    assert isinstance(refused.value, ValidFromBilled) and refused.value.allowed_from == JANUARY
    assert await house.counts() == before
    await house.announce(valid_from=JANUARY)


async def test_a_contract_that_was_withdrawn_from_names_no_day_that_is_not_there(
    house: House, psycopg_dsn: str, heat_host: AdapterHost
) -> None:
    """The manager withdrew in January, so that no first of a month after December's bills is a day of the contract."""
    await asyncio.to_thread(bill_month, psycopg_dsn, host=heat_host, month=Period(date(2023, 12, 1), JANUARY))
    contract = await house.contract()
    async with unit_of_work(house.engine) as session:
        await end_contract(session, contract_id=contract, ends=JANUARY)
    before = await house.counts()

    for day in (date(2023, 12, 15), JANUARY, FEBRUARY, date(2023, 11, 30)):
        with pytest.raises(Refusal) as refused:
            await house.announce(valid_from=day)
        assert refused.value.code == "VALID_FROM_WRONG"
        assert str(refused.value) == (
            "no day of this contract is left to choose, since it ends on 2024-01-01;"
            " announce it on the next contract over the house"
        )

    assert await house.counts() == before


async def test_a_day_outside_is_refused_with_days_that_are_free(
    house: House, psycopg_dsn: str, heat_host: AdapterHost
) -> None:
    await asyncio.to_thread(bill_month, psycopg_dsn, host=heat_host, month=Period(date(2023, 12, 1), JANUARY))
    contract = await house.contract()
    async with unit_of_work(house.engine) as session:
        await end_contract(session, contract_id=contract, ends=MARCH)

    with pytest.raises(Refusal) as refused:
        await house.announce(valid_from=MARCH)

    assert str(refused.value) == "choose a day of the contract, from 2024-01-01 on and before 2024-03-01"
    await house.announce(valid_from=JANUARY)


async def test_announcements_come_one_after_another(house: House) -> None:
    await house.announce(valid_from=FEBRUARY)
    before = await house.counts()

    for day in (JANUARY, FEBRUARY):
        with pytest.raises(Refusal) as refused:
            await house.announce(valid_from=day, key=f"again {day}")
        assert refused.value.code == "ATTRIBUTE_AGREED_LATER"
        assert await house.counts() == before
    await house.announce(
        valid_from=MARCH, key="k2", choices=choices(("circulation_sharing", "premise")), decision_reference="5/2023"
    )

    assert await house.agreed() == [
        ("area", FEBRUARY, MARCH, "Minutes 4/2023"),
        ("premise", MARCH, None, "5/2023"),
    ]


async def test_a_cancelled_method_leaves_the_house_as_it_was(house: House) -> None:
    before = await house.agreed("circulation")
    method = await house.announce(choices=choices(("circulation", "none"), ("circulation_sharing", "area")))

    assert await house.cancel(method) == method
    assert await house.cancel(method, key="once more") == method

    assert await house.agreed("circulation") == before
    assert await house.agreed() == []
    assert await house.rows("select count(*) from allocation_method where cancelled_at = :now", now=NOW) == [(1,)]
    await house.announce(key="anew")


async def test_the_first_of_two_announcements_can_be_cancelled(house: House) -> None:
    first = await house.announce(valid_from=FEBRUARY, choices=choices(("circulation", "none")))
    second = await house.announce(valid_from=MARCH, key="k2", choices=choices(("circulation", "last_summer")))

    await house.cancel(first)
    after_first = await house.agreed("circulation")
    await house.cancel(second, key="c2")

    assert after_first == [
        ("constant", date(2023, 12, 1), MARCH, None),
        ("last_summer", MARCH, None, "Minutes 4/2023"),
    ]
    assert await house.agreed("circulation") == [("constant", date(2023, 12, 1), None, None)]


async def test_what_holds_already_is_not_cancelled(house: House) -> None:
    method = await house.announce()
    before = await house.agreed()

    with pytest.raises(Refusal) as refused:
        await house.cancel(method, now=datetime(2023, 12, 31, 22, 30, tzinfo=UTC))  # in Riga it is January

    assert refused.value.code == "METHOD_STARTED"
    assert await house.agreed() == before


async def test_only_who_may_announce_cancels(house: House) -> None:
    method = await house.announce()

    for by in ("owner@demo.example", "neighbour@demo.example", "clerk@demo.example"):
        for number in (method, 999_999):
            with pytest.raises(Refusal) as refused:
                await house.cancel(number, by=by)
            assert refused.value.code == "METHOD_UNKNOWN"
    assert await house.agreed() == [("area", JANUARY, None, "Minutes 4/2023")]


async def correct(house: House, area: str, *, reason: str = "measured anew", point: int | None = None) -> int:
    ((found,),) = await house.rows("select id from supply_point where identifier = 'flat 1'")
    viewer = await house.viewer("operator@demo.example")
    new = NewArea(supply_point_id=point or found, area_m2=Decimal(area), reason=reason)
    async with unit_of_work(house.engine) as session:
        return await correct_area(session, viewer=viewer, area=new, key="area", now=NOW)


async def test_a_true_area_is_kept_with_the_one_it_replaces(house: House) -> None:
    point = await correct(house, "48.75")

    assert await correct(house, "48.75") == point
    assert await house.rows("select area_m2 from supply_point where id = :id", id=point) == [(Decimal("48.75"),)]
    assert await house.rows("select supply_point_id, area_before, area_after, reason from area_correction") == [
        (point, Decimal("50"), Decimal("48.75"), "measured anew")
    ]


NOT_CORRECTED: Sequence[tuple[dict[str, Any], str]] = [
    ({"area": "0"}, "AREA_WRONG"),
    ({"area": "-1"}, "AREA_WRONG"),
    ({"area": "100000.01"}, "AREA_WRONG"),
    ({"area": "NaN"}, "AREA_WRONG"),
    ({"area": "48", "reason": " "}, "AREA_WRONG"),
    ({"area": "48", "reason": "x" * 1001}, "AREA_WRONG"),
    ({"area": "48", "point": 999_999}, "SUPPLY_POINT_UNKNOWN"),
]


async def test_an_area_that_cannot_be_changes_nothing(house: House) -> None:
    before = await house.counts()

    for given, code in NOT_CORRECTED:
        with pytest.raises(Refusal) as refused:
            await correct(house, **given)
        assert refused.value.code == code, given

    assert await house.counts() == before
    assert (await house.rows("select area_m2 from supply_point where identifier = 'flat 1'")) == [(Decimal(50),)]
