"""Applications from the first word to the contract that came of them, and that refusals leave nothing behind."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_schema.served import schema
from mains_server.access.records import GrantRole, Refusal, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import load_adapters
from mains_server.applications.operations import AnswersWrong, submit_application, take_step
from mains_server.applications.records import NewApplication, Offer, StepKind, StepRequest
from mains_server.applications.rules import MOVES, USUAL, types_of
from mains_server.db.unit_of_work import unit_of_work
from mains_spi import application_mistakes
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NO_ADAPTERS, Asker
from tests.server.intake.conftest import NOW, House, house

__all__ = ["house"]
TODAY = NOW.date()
ANSWERS = {"address": "Lielā iela 5", "use": "dwelling", "load_kw": "12.5", "day": "2023-06-01"}
NEW = NewApplication(adapter="district_heating", type="new_connection", answers=tuple(ANSWERS.items()))
OFFER = Offer(amount=Decimal("1200.00"), currency="EUR", until=date(2023, 4, 30))


@pytest.fixture(scope="session")
def utilities() -> AdapterHost:
    return load_adapters(on=date(2023, 4, 1))


@dataclass(frozen=True, slots=True)
class Office:
    """Where applications go."""

    engine: AsyncEngine
    host: AdapterHost
    house: House

    async def submit(self, viewer: Viewer, **changes: Any) -> int:
        """Send an application in."""
        async with unit_of_work(self.engine) as session:
            new = replace(NEW, **changes)
            return await submit_application(session, viewer=viewer, new=new, host=self.host, now=NOW)

    async def step(self, viewer: Viewer, number: int, kind: StepKind, *, days: int = 0, **more: Any) -> None:
        """Take a step, some days later."""
        async with unit_of_work(self.engine) as session:
            step = StepRequest(application_id=number, kind=kind, **{"note": "words", **more})
            today = TODAY + timedelta(days=days)
            await take_step(session, viewer=viewer, step=step, now=NOW, today=today)

    async def rows(self, statement: str) -> list[Any]:
        """Read rows."""
        async with self.engine.connect() as connection:
            return [tuple(row) for row in (await connection.execute(text(statement))).all()]

    async def written(self) -> list[Any]:
        """Sum up what the room and the outbox have."""
        tables = ("application", "application_answer", "application_step", "outbox_event")
        count = "select count(*), coalesce(sum(hashtext(t::text)), 0) from {} t"
        return [(await self.rows(count.format(table)))[0] for table in tables]


@pytest_asyncio.fixture
async def office(engine: AsyncEngine, utilities: AdapterHost, house: House) -> Office:
    return Office(engine, utilities, house)


def test_the_usual_forms_have_no_mistakes_and_every_step_a_move():
    assert list(application_mistakes(USUAL)) == []
    assert set(StepKind) - {StepKind.SUBMIT, StepKind.CUSTOMER_CREATE} == set(MOVES)


def test_a_utility_takes_what_it_has_a_use_for_and_what_it_adds(utilities: AdapterHost):
    heat, power = (utilities.adapter(code).utility for code in ("district_heating", "electricity_retail"))
    own = replace(USUAL[0], needs_contract=True)

    assert set(types_of(heat)) ^ set(types_of(power)) == {"allocation_method", "two_zone_meter", "heating_season"}
    assert "two_zone_meter" in types_of(power)
    assert types_of(replace(heat, applications=(own,)))["new_connection"] is own


@pytest.mark.asyncio
async def test_a_new_connection_from_application_to_first_contract(office: Office):
    applicant, staff = office.house.family, office.house.staff
    number = await office.submit(applicant)
    await office.step(staff, number, StepKind.TAKE_UP)
    await office.step(staff, number, StepKind.ASK, note="which flat?")
    await office.step(applicant, number, StepKind.ANSWER, note="the second")
    await office.step(staff, number, StepKind.FORWARD, note=None)
    await office.step(staff, number, StepKind.OPERATOR_ANSWER, note="possible in June")
    await office.step(staff, number, StepKind.OFFER, offer=OFFER)
    await office.step(applicant, number, StepKind.OFFER_ACCEPT, days=29)
    await office.step(staff, number, StepKind.COMPLETE, contract_id=office.house.contracts[1])

    stands = "select state, offer_amount, result_contract_id, customer_id from application"
    steps = await office.rows("select number, kind, is_staff from application_step order by number")
    events = await office.rows("select payload ->> 'state' from outbox_event order by id")

    contract, customer = office.house.contracts[1], office.house.customers[1]
    assert await office.rows(stands) == [("DONE", Decimal("1200.00"), contract, customer)]
    assert [row[0] for row in steps] == list(range(1, 10))
    assert [row[1] for row in steps if not row[2]] == ["SUBMIT", "ANSWER", "OFFER_ACCEPT"]
    assert [row[0] for row in events[-2:]] == ["ACCEPTED", "DONE"]


@pytest.mark.asyncio
async def test_answers_that_do_not_fit_are_all_named_and_nothing_is_written(office: Office):
    before = await office.written()

    with pytest.raises(AnswersWrong) as refused:
        await office.submit(office.house.stranger, answers=(("load_kw", "0"), ("use", "castle"), ("hat", "x")))

    assert {(error.field, error.code) for error in refused.value.errors} == {
        ("hat", "UNKNOWN"),
        ("address", "MISSING"),
        ("day", "MISSING"),
        ("use", "NOT_OF_KIND"),
        ("load_kw", "OUT_OF_RANGE"),
    }
    assert await office.written() == before


@pytest.mark.asyncio
async def test_what_cannot_be_applied_for_leaves_nothing(office: Office):
    house = office.house
    day = (("day", "2023-06-01"),)
    bad = [
        ("TYPE_UNKNOWN", house.family, {"adapter": "nobody"}),
        ("TYPE_UNKNOWN", house.family, {"type": "party"}),
        ("ANSWERS_WRONG", house.family, {"answers": (*NEW.answers, ("address", "x"))}),
        ("CONTRACT_NEEDED", house.family, {"type": "termination", "answers": day}),
        ("CONTRACT_UNKNOWN", house.family, {"type": "termination", "answers": day, "contract_id": 999}),
        (
            "CONTRACT_UNKNOWN",
            house.stranger,
            {"type": "termination", "answers": day, "contract_id": house.contracts[1]},
        ),
        ("CONTRACT_UNKNOWN", house.family, {"customer_id": house.customers[2]}),
        ("CONTRACT_UNKNOWN", house.family, {"customer_id": house.customers[2], "contract_id": house.contracts[1]}),
        ("CONTRACT_UNKNOWN", house.family, {"adapter": "electricity_retail", "contract_id": house.contracts[1]}),
    ]
    before = await office.written()

    for code, viewer, changes in bad:
        with pytest.raises(Refusal) as refused:
            await office.submit(viewer, **changes)
        assert refused.value.code == code, changes

    assert await office.written() == before


@pytest.mark.asyncio
async def test_steps_that_are_not_ones_own_or_not_possible_change_nothing(office: Office):
    house = office.house
    number = await office.submit(house.stranger)
    offered = await office.submit(house.stranger)
    await office.step(house.staff, offered, StepKind.TAKE_UP)
    await office.step(house.staff, offered, StepKind.OFFER, offer=OFFER)
    bad: list[tuple[str, Viewer, int, StepKind, dict[str, Any]]] = [
        ("APPLICATION_UNKNOWN", house.staff, 999, StepKind.TAKE_UP, {}),
        ("APPLICATION_UNKNOWN", house.stranger, number, StepKind.TAKE_UP, {}),
        ("APPLICATION_UNKNOWN", house.clerk, number, StepKind.TAKE_UP, {}),
        ("APPLICATION_UNKNOWN", house.family, number, StepKind.WITHDRAW, {}),
        ("APPLICATION_UNKNOWN", house.staff, offered, StepKind.OFFER_ACCEPT, {}),
        ("STEP_NOT_POSSIBLE", house.stranger, number, StepKind.ANSWER, {}),
        ("STEP_NOT_POSSIBLE", house.stranger, number, StepKind.OFFER_ACCEPT, {}),
        ("STEP_NOT_POSSIBLE", house.staff, offered, StepKind.COMPLETE, {}),
        ("NOTE_WRONG", house.staff, number, StepKind.ASK, {"note": " "}),
        ("NOTE_WRONG", house.staff, number, StepKind.ASK, {"note": "x" * 4_001}),
        ("NOTE_WRONG", house.staff, number, StepKind.REJECT, {"note": "a\x00"}),
        ("OFFER_WRONG", house.staff, offered, StepKind.OFFER, {"offer": replace(OFFER, amount=Decimal("-0.01"))}),
        ("OFFER_WRONG", house.staff, offered, StepKind.OFFER, {"offer": replace(OFFER, amount=Decimal("1.001"))}),
        ("OFFER_WRONG", house.staff, offered, StepKind.OFFER, {"offer": replace(OFFER, amount=Decimal(1_000_001))}),
        ("OFFER_WRONG", house.staff, offered, StepKind.OFFER, {"offer": replace(OFFER, until=date(2023, 3, 31))}),
        ("OFFER_OVER", house.stranger, offered, StepKind.OFFER_ACCEPT, {"days": 30}),
        ("CONTRACT_UNKNOWN", house.staff, number, StepKind.COMPLETE, {"contract_id": 999}),
        ("CONTRACT_UNKNOWN", house.staff, number, StepKind.COMPLETE, {"contract_id": house.contracts[1]}),
    ]
    before = await office.written()

    for code, viewer, of, kind, more in bad:
        with pytest.raises(Refusal) as refused:
            await office.step(viewer, of, kind, **more)
        assert refused.value.code == code, (kind, more)

    assert await office.written() == before


@pytest.mark.asyncio
async def test_an_application_for_a_contract_is_its_customers(office: Office):
    house = office.house
    terminate = {"type": "termination", "answers": (("day", "2023-06-01"),), "contract_id": house.contracts[1]}
    number = await office.submit(house.family, **terminate)
    person = replace(house.family, grants=())

    with pytest.raises(Refusal):
        await office.step(person, number, StepKind.WITHDRAW)
    await office.step(house.family, number, StepKind.WITHDRAW, note=None)

    assert await office.rows("select state, customer_id from application") == [("WITHDRAWN", house.customers[1])]


@pytest.mark.asyncio
async def test_one_has_so_many_open_applications_and_no_more(office: Office):
    numbers = [await office.submit(office.house.stranger) for _ in range(20)]

    with pytest.raises(Refusal, match="at most 20"):
        await office.submit(office.house.stranger)
    await office.step(office.house.stranger, numbers[-1], StepKind.WITHDRAW)

    assert await office.submit(office.house.stranger) > numbers[-1]


@pytest.mark.asyncio
async def test_two_at_once_are_not_both_the_last_that_one_may_have(office: Office):
    for _ in range(19):
        await office.submit(office.house.stranger)

    ended = await asyncio.gather(*(office.submit(office.house.stranger) for _ in range(4)), return_exceptions=True)

    assert sorted(getattr(one, "code", "taken") for one in ended) == ["APPLICATIONS_TOO_MANY"] * 3 + ["taken"]
    assert await office.rows("select count(*) from application") == [(20,)]


@pytest.mark.asyncio
async def test_an_operator_writes_down_what_a_customer_said(office: Office):
    house = office.house
    terminate = {"type": "termination", "answers": (("day", "2023-06-01"),), "contract_id": house.contracts[1]}

    number = await office.submit(house.staff, **terminate)
    await office.submit(house.staff, customer_id=house.customers[1])

    rows = await office.rows("select customer_id, person_id from application order by id")
    assert rows == [(house.customers[1], house.family.person_id)] * 2
    assert await office.rows(f"select is_staff, person_id from application_step where application_id = {number}") == [
        (True, house.staff.person_id)
    ]
    await office.step(house.family, number, StepKind.WITHDRAW)


@pytest.mark.asyncio
async def test_who_is_no_operator_applies_for_nobody_else(office: Office):
    house, before = office.house, await office.written()
    terminate = {"type": "termination", "answers": (("day", "2023-06-01"),), "contract_id": house.contracts[1]}

    for viewer, asked in (
        (house.clerk, terminate),
        (house.stranger, terminate),
        (house.clerk, {"customer_id": house.customers[1]}),
        (house.staff, {"customer_id": 999}),
        (house.staff, {**terminate, "contract_id": 999}),
        (house.staff, {**terminate, "customer_id": house.customers[0]}),
    ):
        with pytest.raises(Refusal) as refused:
            await office.submit(viewer, **asked)
        assert refused.value.code == "CONTRACT_UNKNOWN"
    assert await office.written() == before


@pytest.mark.asyncio
async def test_a_form_of_an_adapter_is_taken_and_judged(office: Office):
    house = office.house
    season = {"adapter": "district_heating", "type": "heating_season", "contract_id": house.contracts[1]}
    good = {"wish": "on", "day": "2023-10-05", "agreed": "true"}

    number = await office.submit(house.family, **season, answers=tuple(good.items()))
    with pytest.raises(AnswersWrong) as refused:
        await office.submit(house.family, **season, answers=(("wish", "warm"), ("day", "soon"), ("agreed", "false")))

    assert await office.rows("select type, count(*) from application group by 1") == [("heating_season", 1)]
    assert number and {(error.field, error.code) for error in refused.value.errors} == {
        ("wish", "NOT_OF_KIND"),
        ("day", "NOT_OF_KIND"),
        ("agreed", "MISSING"),
    }


@pytest.mark.asyncio
@pytest.mark.parametrize(("role", "written"), [(GrantRole.DELEGATE, 1), (GrantRole.OWNER, 0)])
async def test_the_owner_reads_of_what_a_delegate_sent_in(office: Office, role: GrantRole, written: int):
    house = office.house
    grants = tuple(replace(grant, role=role) for grant in house.family.grants)
    asker = Asker(schema(), office.engine, replace(NO_ADAPTERS, host=office.host))
    mutation = """mutation ($input: ApplicationSubmitInput!) { applicationSubmit(input: $input) {
      application { state } userErrors { code } } }"""
    asked = {
        "adapter": NEW.adapter,
        "type": NEW.type,
        "answers": [{"field": field, "value": value} for field, value in NEW.answers],
        "customerId": encode_id(type_name="Customer", number=house.customers[1]),
        "idempotencyKey": "k",
    }

    for _ in range(2):
        answer = await asker.resolve(mutation, viewer=replace(house.family, grants=grants), input=asked)
        assert answer.data["applicationSubmit"] == {"application": {"state": "SUBMITTED"}, "userErrors": []}

    told = await office.rows("select kind, customer_id, person_id, note from delegation_activity")
    deed = ("APPLIED", house.customers[1], house.family.person_id, "district_heating: new_connection")
    assert told == [deed] * written
