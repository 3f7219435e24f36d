"""A new connection over HTTP: a stranger applies, is offered, accepts, becomes a customer, and has a first contract."""

import asyncio
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from mains_server.access.operations import create_person
from mains_server.access.records import NewPerson
from mains_server.contracts.operations import load_supply_points
from mains_server.contracts.records import NewSupplyPoint
from mains_server.demo.cast import OPERATOR, Login
from mains_server.signin.operations import set_password

from tests.journeys.stories import ADAPTER, PLACE, Desk, Story

pytestmark = pytest.mark.slow
REFUSALS = "userErrors { code path }"
SHOWN = """application { id state offer { amount currency } offerUntil result { number }
    customer { number } steps { number kind isStaff note } }"""
SUBMIT = f"""mutation ($input: ApplicationSubmitInput!) {{
  applicationSubmit(input: $input) {{ {SHOWN} fieldErrors {{ field code }} {REFUSALS} }} }}"""
FORMS = """{ applicationTypes { adapter code needsContract fields { name kind isRequired } jsonSchema } }"""
MINE = "{ viewer { applications { totalCount nodes { id state } } } }"
ALL = '{ staff { applications(filter: {states: [SUBMITTED], type: "new_connection"}) { nodes { id } } } }'
BECOME = f"""mutation ($input: ApplicationCustomerCreateInput!) {{
  applicationCustomerCreate(input: $input) {{ application {{ customer {{ id number name }} }} {REFUSALS} }} }}"""
CONTRACTS = "{ viewer { customers { nodes { number contracts { nodes { number } } } } } }"
ANNA = Login(role="owner", email="anna@demo.example", name="Anna Jaunā")
DAY = date(2022, 4, 4)
ANSWERS = {"address": PLACE.line, "use": "dwelling", "load_kw": "12.5", "day": "2022-05-01"}


def given(answers: dict[str, str]) -> list[dict[str, str]]:
    return [{"field": name, "value": value} for name, value in answers.items()]


class Connection(Story):
    """Anna, who is no customer, builds a house where the network has no line yet."""

    async def places(self, session: Any, then: datetime) -> None:
        new = NewPerson(email=ANNA.email, name=ANNA.name, language="lv")
        person = await create_person(session, person=new, now=then)
        await set_password(session, person_id=person.id, password=ANNA.password, now=then)
        point = NewSupplyPoint(
            commodity="electricity", scheme="EIC", identifier="NEW-HOUSE", address=PLACE, time_zone="Europe/Riga",
            phases=3, amperes=20,
        )  # fmt: skip
        await load_supply_points(session, points=(point,))

    async def tell(self) -> None:
        await self.settle()
        async with self.desk(ANNA.email) as anna, self.desk(OPERATOR.email) as office:
            await self._applies(anna, office)
            await self._is_offered(anna, office)
            await self._is_connected(anna, office)

    async def _applies(self, anna: Desk, office: Desk) -> None:
        self.told["forms"] = await anna.ask(FORMS, on=DAY)
        wanted = {"adapter": ADAPTER, "type": "new_connection", "idempotencyKey": "k1"}
        bad = {**ANSWERS, "load_kw": "much", "hat": "x"}
        self.told["bad"] = await anna.ask(SUBMIT, on=DAY, input={**wanted, "answers": given(bad)})
        self.told["nothing"] = await anna.ask(MINE, on=DAY)
        sent = await anna.ask(SUBMIT, on=DAY, input={**wanted, "answers": given(ANSWERS)})
        again = await anna.ask(SUBMIT, on=DAY, input={**wanted, "answers": given(ANSWERS)})
        self.told |= {"sent": sent, "again": again, "id": sent["application"]["id"]}
        self.told["all"] = await office.ask(ALL, on=DAY)

    async def _is_offered(self, anna: Desk, office: Desk) -> None:
        self.told["too early"] = await self._step(anna, "OfferAccept", on=DAY)
        await self._step(office, "TakeUp", on=date(2022, 4, 5))
        await self._step(office, "Ask", on=date(2022, 4, 5), note="How many phases?")
        await self._step(anna, "Answer", on=date(2022, 4, 6), note="Three.")
        await self._step(office, "Forward", on=date(2022, 4, 6))
        await self._step(office, "OperatorAnswer", on=date(2022, 4, 11), note="A line of 40 m is needed.")
        offer = {"amount": "1200.50", "until": "2022-04-20", "note": "line and meter"}
        self.told["offered"] = await self._step(office, "Offer", on=date(2022, 4, 11), **offer)
        self.told["too late"] = await self._step(anna, "OfferAccept", on=date(2022, 4, 21))
        self.told["accepted"] = await self._step(anna, "OfferAccept", on=date(2022, 4, 20))

    async def _is_connected(self, anna: Desk, office: Desk) -> None:
        on = date(2022, 4, 25)
        address = {"line": PLACE.line, "city": PLACE.city, "postcode": PLACE.postcode, "country": PLACE.country}
        who = {"number": "290099", "kind": "PRIVATE", "name": ANNA.name, "address": address}
        asked = {"applicationId": self.told["id"], **who, "idempotencyKey": "become"}
        self.told["before"] = await anna.ask(CONTRACTS, on=on)
        self.told["became"] = await office.ask(BECOME, on=on, input=asked)
        plan = {
            "customerId": self.told["became"]["application"]["customer"]["id"], "adapter": ADAPTER,
            "product": "universalais", "supplyPoints": ["NEW-HOUSE"], "startsOn": "2022-05-01",
        }  # fmt: skip
        concluded = await office.step("contractConclude", on=on, **plan)
        self.told["contract"] = concluded["contract"]
        self.told["done"] = await self._step(office, "Complete", on=on, contractId=concluded["contract"]["id"])
        self.told["after"] = await anna.ask(CONTRACTS, on=on)
        self.told["withdrawn"] = await self._step(anna, "Withdraw", on=on)

    async def _step(self, who: Desk, step: str, *, on: date, **more: Any) -> Any:
        kind = {"Offer": "Offer", "Complete": "Complete"}.get(step, "Step")
        who.asked += 1
        text = f"""mutation ($input: Application{kind}Input!) {{
          application{step}(input: $input) {{ {SHOWN} {REFUSALS} }} }}"""
        asked = {"applicationId": self.told["id"], "idempotencyKey": f"{step} {who.asked}", **more}
        return await who.ask(text, on=on, input=asked)


@pytest.fixture(scope="module")
def told(test_databases, demo_host) -> Iterator[dict[str, Any]]:
    with test_databases.one() as address:
        story = Connection(address, demo_host)
        asyncio.run(story.tell())
        yield story.told


def test_the_form_can_be_drawn_and_wrong_answers_are_all_named(told):
    (form,) = [one for one in told["forms"] if (one["adapter"], one["code"]) == (ADAPTER, "new_connection")]
    assert [field["name"] for field in form["fields"]] == ["address", "use", "load_kw", "day", "phone"]
    assert told["bad"]["userErrors"] == [{"code": "ANSWERS_WRONG", "path": "answers"}]
    assert told["bad"]["fieldErrors"] == [
        {"field": "hat", "code": "UNKNOWN"},
        {"field": "load_kw", "code": "NOT_OF_KIND"},
    ]
    assert told["nothing"]["applications"]["totalCount"] == 0


def test_it_is_sent_in_once_and_the_office_finds_it(told):
    assert told["sent"]["application"]["state"] == "SUBMITTED"
    assert told["again"]["application"]["id"] == told["id"]
    assert told["all"]["applications"]["nodes"] == [{"id": told["id"]}]
    assert told["too early"]["userErrors"] == [{"code": "STEP_NOT_POSSIBLE", "path": "applicationId"}]


def test_the_offer_holds_until_its_last_day(told):
    assert told["offered"]["application"]["offer"] == {"amount": "1200.50", "currency": "EUR"}
    assert told["too late"]["userErrors"] == [{"code": "OFFER_OVER", "path": "applicationId"}]
    assert told["accepted"]["application"]["state"] == "ACCEPTED"


def test_the_first_contract_came_of_it(told):
    done = told["done"]["application"]
    assert told["done"]["userErrors"] == []
    assert (done["state"], done["result"]) == ("DONE", {"number": told["contract"]["number"]})
    customer = {"number": "290099", "contracts": {"nodes": [{"number": told["contract"]["number"]}]}}
    assert done["customer"] == {"number": "290099"}
    assert told["before"] == {"customers": {"nodes": []}}
    assert told["after"] == {"customers": {"nodes": [customer]}}
    assert [(step["number"], step["kind"], step["isStaff"]) for step in done["steps"]] == [
        (1, "SUBMIT", False),
        (2, "TAKE_UP", True),
        (3, "ASK", True),
        (4, "ANSWER", False),
        (5, "FORWARD", True),
        (6, "OPERATOR_ANSWER", True),
        (7, "OFFER", True),
        (8, "OFFER_ACCEPT", False),
        (9, "CUSTOMER_CREATE", True),
        (10, "COMPLETE", True),
    ]
    assert told["withdrawn"]["userErrors"] == [{"code": "STEP_NOT_POSSIBLE", "path": "applicationId"}]
