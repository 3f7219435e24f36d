"""What Rita applies for over HTTP, from the form to what came of it: two zones, a meter of her own, words, the end.

Another way to share a house's costs is applied for in test_voted_method.py, a new connection in test_new_connection.py.
"""

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from mains_schema.declaring.node import encode_id
from mains_schema.served import graphql_app
from mains_server.applications.links import AttachmentLinks
from mains_server.consumption.links import ChartLinks
from mains_server.contracts.operations import load_supply_points
from mains_server.contracts.records import NewSupplyPoint
from mains_server.db.engine import make_engine
from mains_server.demo.cast import OPERATOR
from mains_server.notifications.events import deliver_events
from mains_server.notifications.listening import ears
from mains_server.notifications.sealing import Seal
from mains_server.routes.applications import attachment_routes
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.journeys.stories import ADAPTER, PLACE, RITA, Desk, Story

pytestmark = pytest.mark.slow
SECRET = b"a secret of the journeys' server, 32 letters at least"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
REFUSALS = "userErrors { code path }"
SHOWN = "application { id type state offer { amount } result { number } contract { number } steps { kind note } }"
SUBMIT = f"""mutation ($input: ApplicationSubmitInput!) {{
  applicationSubmit(input: $input) {{ {SHOWN} fieldErrors {{ field code }} {REFUSALS} }} }}"""
METERS = {
    name: f"""mutation ($input: {name[0].upper() + name[1:]}Input!) {{ {name}(input: $input) {{
      meter {{ id registers {{ code }} }} {REFUSALS} }} }}"""
    for name in ("meterInstall", "meterReplace")
}
ATTACH = f"""mutation ($input: ApplicationAttachmentCreateInput!) {{
  applicationAttachmentCreate(input: $input) {{ uploadUrl {REFUSALS} }} }}"""
FILES = """query ($id: ID!) { node(id: $id) { ... on Application {
  attachments { name mediaType size url } } } }"""
CONTRACT = """query ($id: ID!) { node(id: $id) { ... on Contract {
  period { to } attributes { name value period { from } } } } }"""
TOLD = """{ viewer { customers { nodes { notices(first: 50) { nodes { template subject } } } } } }"""


class Wishes(Story):
    """Rita, who lives at one place, and the office."""

    point: int = 0

    def app(self, engine: Any) -> Any:
        """Take files too."""
        view = graphql_app(
            engine=engine, host=self.host, session_lifetime=timedelta(days=2000), clock=lambda: self.now,
            links=ChartLinks(SECRET),
        )  # fmt: skip
        files = attachment_routes(engine=engine, links=AttachmentLinks(SECRET), clock=lambda: self.now)
        return Starlette(routes=[*files, Mount("/", app=view)])

    async def places(self, session: Any, then: Any) -> None:
        point = NewSupplyPoint(
            commodity="electricity", scheme="EIC", identifier="HOME", address=PLACE, time_zone="Europe/Riga",
            phases=1, amperes=25,
        )  # fmt: skip
        (self.point,) = await load_supply_points(session, points=(point,))

    async def tell(self) -> None:
        await self.settle()
        async with self.desk(RITA.email) as rita, self.desk(OPERATOR.email) as office:
            contract = await self._lives_there(office)
            for chapter in (
                self._wants_two_zones(rita, office, contract),
                self._wants_her_own_meter(rita, office),
                self._writes(rita, office),
                self._leaves(rita, office, contract),
            ):
                await chapter
                await self._hears()
            self.told["notices"] = await rita.ask(TOLD, on=date(2022, 6, 20))
            self.told["contract"] = await rita.ask(CONTRACT, on=date(2022, 6, 20), id=contract)

    async def _lives_there(self, office: Desk) -> str:
        plan = {
            "customerId": encode_id(type_name="Customer", number=self.customer), "adapter": ADAPTER,
            "product": "universalais", "supplyPoints": ["HOME"], "startsOn": "2022-05-01",
        }  # fmt: skip
        concluded = await office.step("contractConclude", on=date(2022, 4, 4), **plan)
        register = {"code": "T1", "quantity": "energy", "unit": "kWh", "firstValue": "0"}
        fitted = {
            "supplyPointId": encode_id(type_name="SupplyPoint", number=self.point), "installedOn": "2022-05-01",
            "meter": {"serial": "R-1", "digits": 6, "registers": [register]}, "idempotencyKey": "install",
        }  # fmt: skip
        installed = await office.ask(METERS["meterInstall"], on=date(2022, 5, 1), input=fitted)
        self.told["meter"] = installed["meter"]["id"]
        id_: str = concluded["contract"]["id"]
        return id_

    async def _wants_two_zones(self, rita: Desk, office: Desk, contract: str) -> None:
        """It is free: no offer is made; the office fits the meter and says that it is done."""
        on = date(2022, 5, 10)
        self.told["without contract"] = await self._applies(rita, "two_zone_meter", on=on, day="2022-05-17")
        sent = await self._applies(rita, "two_zone_meter", on=on, contract=contract, day="2022-05-17")
        zones = [
            {"code": zone, "quantity": "energy", "unit": "kWh", "zone": zone, "firstValue": "0"}
            for zone in ("T1", "T2")
        ]
        replaced = {
            "meterId": self.told["meter"], "replacedOn": "2022-05-17", "finalValues": [{"code": "T1", "value": "90"}],
            "meter": {"serial": "R-2", "digits": 6, "registers": zones},
            "attributes": [{"name": "zones", "value": "2"}], "idempotencyKey": "replace",
        }  # fmt: skip
        await self._step(office, sent, "TakeUp", on=date(2022, 5, 11))
        self.told["replaced"] = await office.ask(METERS["meterReplace"], on=date(2022, 5, 17), input=replaced)
        self.told["zones"] = await self._step(office, sent, "Complete", on=date(2022, 5, 17))

    async def _wants_her_own_meter(self, rita: Desk, office: Desk) -> None:
        day = date(2022, 5, 20)
        sent = await self._applies(rita, "own_meter", on=day, address="Jūras iela 9, dz. 2", day="2022-07-01")
        await self._step(office, sent, "Forward", on=day)
        await self._step(office, sent, "OperatorAnswer", on=day, note="The riser has to be divided.")
        offered = {"amount": "95.00", "until": "2022-06-10"}
        self.told["offer"] = await self._step(office, sent, "Offer", on=day, **offered)
        await self._step(rita, sent, "OfferAccept", on=day)
        self.told["own meter"] = await self._step(office, sent, "Complete", on=date(2022, 6, 1))

    async def _writes(self, rita: Desk, office: Desk) -> None:
        on = date(2022, 6, 2)
        sent = await self._applies(rita, "free_text", on=on, text="Please see the drawing.")
        given = {"applicationId": sent["application"]["id"], "name": "Rasējums.pdf"}
        address = (await rita.ask(ATTACH, on=on, input=given))["uploadUrl"]
        refused = await rita.client.put(address, content=b"<html>not what it is called</html>")
        taken = await rita.client.put(address, content=PDF)
        files = (await office.ask(FILES, on=on, id=given["applicationId"]))["attachments"]
        read = await office.client.get(files[0]["url"])
        await self._step(office, sent, "Ask", on=on, note="Which wall?")
        await self._step(rita, sent, "Answer", on=on, note="The northern one.")
        self.told["words"] = await self._step(office, sent, "Reject", on=on, note="There is no room for it.")
        self.told["late file"] = await rita.ask(ATTACH, on=on, input=given)
        self.told |= {
            "refused": (refused.status_code, refused.json()["code"]),
            "taken": (taken.status_code, taken.json()["mediaType"]),
            "files": [(one["name"], one["mediaType"], one["size"]) for one in files],
            "read": read.content,
        }

    async def _leaves(self, rita: Desk, office: Desk, contract: str) -> None:
        on = date(2022, 6, 5)
        sent = await self._applies(rita, "termination", on=on, contract=contract, day="2022-07-01", reason="I move.")
        self.told["ended"] = await office.step("contractTerminate", on=on, contractId=contract, endsOn="2022-07-01")
        self.told["termination"] = await self._step(office, sent, "Complete", on=on, contractId=contract)

    async def _hears(self) -> None:
        """Let the worker make notices of what happened, twice."""
        engine = make_engine(address=self.address, connections_max=2)
        for _ in range(2):
            await deliver_events(engine, ears=ears(seal=Seal(SECRET), now=self.now), now=self.now)
        await engine.dispose()

    async def _applies(self, rita: Desk, kind: str, *, on: date, contract: str | None = None, **answers: str) -> Any:
        rita.asked += 1
        sent = {
            "adapter": ADAPTER, "type": kind, "idempotencyKey": f"{kind} {rita.asked}",
            "answers": [{"field": name, "value": value} for name, value in answers.items()],
            "customerId": None if contract else encode_id(type_name="Customer", number=self.customer),
            "contractId": contract,
        }  # fmt: skip
        return await rita.ask(SUBMIT, on=on, input=sent)

    async def _step(self, who: Desk, sent: Any, step: str, *, on: date, **more: Any) -> Any:
        kind = {"Offer": "Offer", "Complete": "Complete"}.get(step, "Step")
        who.asked += 1
        text = f"""mutation ($input: Application{kind}Input!) {{
          application{step}(input: $input) {{ {SHOWN} {REFUSALS} }} }}"""
        asked = {"applicationId": sent["application"]["id"], "idempotencyKey": f"{step} {who.asked}", **more}
        answer = await who.ask(text, on=on, input=asked)
        assert answer["userErrors"] == [], answer
        return answer["application"]


@pytest.fixture(scope="module")
def told(test_databases, demo_host) -> Iterator[dict[str, Any]]:
    with test_databases.one() as address:
        story = Wishes(address, demo_host)
        asyncio.run(story.tell())
        yield story.told


def steps(application: Any) -> list[str]:
    return [step["kind"] for step in application["steps"]]


def test_two_zones_are_free_and_priced_from_the_day_of_the_new_meter(told):
    assert told["without contract"]["userErrors"] == [{"code": "CONTRACT_NEEDED", "path": "contractId"}]
    assert told["replaced"]["userErrors"] == []
    assert [one["code"] for one in told["replaced"]["meter"]["registers"]] == ["T1", "T2"]
    assert (told["zones"]["state"], told["zones"]["offer"]) == ("DONE", None)
    assert steps(told["zones"]) == ["SUBMIT", "TAKE_UP", "COMPLETE"]
    zones = {"name": "zones", "value": "2", "period": {"from": "2022-05-17"}}
    assert zones in told["contract"]["attributes"]


def test_a_meter_of_ones_own_is_offered_accepted_and_done(told):
    assert (told["offer"]["state"], told["offer"]["offer"]) == ("OFFERED", {"amount": "95.00"})
    assert told["own meter"]["state"] == "DONE"
    assert steps(told["own meter"]) == ["SUBMIT", "FORWARD", "OPERATOR_ANSWER", "OFFER", "OFFER_ACCEPT", "COMPLETE"]


def test_words_with_a_file_that_is_what_its_content_says(told):
    assert told["refused"] == (422, "ATTACHMENT_TYPE_WRONG")
    assert told["taken"] == (200, "application/pdf")
    assert told["files"] == [("Rasējums.pdf", "application/pdf", len(PDF))]
    assert told["read"] == PDF
    assert [(step["kind"], step["note"]) for step in told["words"]["steps"]][1:] == [
        ("ASK", "Which wall?"),
        ("ANSWER", "The northern one."),
        ("REJECT", "There is no room for it."),
    ]
    assert told["late file"]["userErrors"] == [{"code": "STEP_NOT_POSSIBLE", "path": "applicationId"}]


def test_the_end_is_applied_for_and_the_contract_ends(told):
    assert told["ended"]["userErrors"] == []
    assert told["termination"]["state"] == "DONE"
    assert told["termination"]["result"] == told["termination"]["contract"]
    assert told["contract"]["period"]["to"] == "2022-07-01"


def test_each_step_of_the_office_was_told_once(told):
    (customer,) = told["notices"]["customers"]["nodes"]
    heard = [one["template"] for one in customer["notices"]["nodes"] if one["template"].startswith("application_")]

    assert sorted(heard) == sorted(
        [
            *["application_received"] * 4,
            *["application_done"] * 3,
            *["application_forwarded", "application_answered", "application_offer", "application_accepted"],
            *["application_question", "application_rejected"],
        ]
    )
