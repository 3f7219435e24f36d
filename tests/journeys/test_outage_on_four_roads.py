"""An outage is planned, moved and cancelled, and four customers hear of it: by text message, mail, letter and portal.

Everything goes over HTTP: the office's steps, the customers' inboxes, the SMS gateway and its signed reports, and the
printer's file; mails go to a mail server. The utility's worker is the one that runs every minute.
"""

from __future__ import annotations

import csv
import io
import json
import threading
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pypdf
import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_schema.served import utc_now
from mains_server.access.operations import add_staff, create_person, grant_owner
from mains_server.access.records import NewPerson, StaffRole
from mains_server.adapters.host import AdapterHost
from mains_server.app import make_app
from mains_server.commands.notices import day_of_notices
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.sealing import Seal
from mains_server.routes.inbox import Inbox
from mains_server.settings import Settings
from mains_server.signin.rules import token_hash
from mains_sms_sandbox.serving import SmsSandbox
from mains_sms_sandbox.signing import HEADER, signature
from pydantic import SecretStr
from sqlalchemy import text

from tests.server.outages.conftest import Street, street

__all__ = ["street"]
pytestmark = pytest.mark.asyncio
SECRET, KEY, GATEWAY = "a secret of the journeys' server, 32 letters at least", "key-of-the-sandbox", "sms_sandbox"
TEXTED, MAILED, SHOWN, POSTED = range(4)
SHOWN_OUTAGE = "{ outage { id state revision isLate } userErrors { code path } }"
PLAN = f"mutation ($input: OutagePlanInput!) {{ outagePlan(input: $input) {SHOWN_OUTAGE} }}"
MOVE = f"mutation ($input: OutageMoveInput!) {{ outageMove(input: $input) {SHOWN_OUTAGE} }}"
CANCEL = f"mutation ($input: OutageCancelInput!) {{ outageCancel(input: $input) {SHOWN_OUTAGE} }}"
PREFER = """mutation ($input: NoticePreferenceSetInput!) {
  noticePreferenceSet(input: $input) { preferences { topic channels } userErrors { code } } }"""
MAKE = """mutation ($key: String!) { noticeMailingMake(input: {idempotencyKey: $key}) {
  mailing { number letters } userErrors { code } } }"""
POST = """mutation ($number: Int!) { noticeMailingPost(input: {number: $number, idempotencyKey: "posted"}) {
  mailing { number postedAt } userErrors { code } } }"""
LATE = "{ staff { outages(first: 9, filter: {isLate: true}) { totalCount nodes { id reference } } } }"
INBOX = """{ viewer { customers { nodes { notices(first: 10) {
  nodes { channel state subject supersededBy { subject } } } } } } }"""


@dataclass
class Town:
    """The server with its gateway and mail server, and everybody signed in by their own token."""

    street: Street
    client: httpx2.AsyncClient
    settings: Settings
    sandbox: SmsSandbox
    mails: Inbox
    now: datetime

    async def ask(self, who: str, query: str, **variables: Any) -> Any:
        headers = {"Authorization": f"Bearer {who}"}
        body = {"query": query, "variables": variables}
        answer = (await self.client.post("/graphql", json=body, headers=headers)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def step(self, query: str, **given: Any) -> Any:
        """Take a step as the office, and give the outage."""
        answer = next(iter((await self.ask("office", query, input={"idempotencyKey": query[:40], **given})).values()))
        assert answer["userErrors"] == []
        return answer["outage"]

    async def work(self) -> dict[str, int]:
        """Let the worker run, at a noon when text messages may go out."""
        seal = Seal(SECRET.encode())
        return dict(await day_of_notices(self.street.engine, settings=self.settings, seal=seal, now=self.now))

    async def struck(self, place: int) -> list[str | None]:
        """Give the subjects that have the last word instead of what a customer was told, the first told first."""
        found = await self.ask(f"customer-{place}", INBOX)
        (customer,) = found["viewer"]["customers"]["nodes"]
        newer = [one["supersededBy"] for one in customer["notices"]["nodes"]][::-1]
        return [None if one is None else one["subject"] for one in newer]

    async def inbox(self, place: int) -> list[tuple[str, str, str]]:
        """Give the channels, states and subjects that a customer reads in their portal, the first first."""
        found = await self.ask(f"customer-{place}", INBOX)
        (customer,) = found["viewer"]["customers"]["nodes"]
        return [(one["channel"], one["state"], one["subject"].split(":")[0]) for one in customer["notices"]["nodes"]][
            ::-1
        ]

    async def report(self) -> list[str]:
        """Let the gateway report that every message arrived, twice, and give the server's answers."""
        codes = []
        for sent in [*self.sandbox.messages.kept] * 2:
            told = {
                "id": f"dlr {sent.id}", "status": "delivered", "messageId": sent.id, "reference": sent.reference,
                "occurredAt": utc_now().isoformat(),
            }  # fmt: skip
            body = json.dumps(told).encode()
            headers = {HEADER: signature(key=KEY, body=body, timestamp=int(utc_now().timestamp()))}
            answer = await self.client.post(f"/notices/reports/{GATEWAY}", content=body, headers=headers)
            assert answer.status_code == 200
            codes.append(answer.json()["code"])
        return codes

    async def printed(self, key: str) -> tuple[int, list[list[str]]]:
        """Make a mailing, and give its number and the rows of its index as the printer downloads them."""
        made = (await self.ask("office", MAKE, key=key))["noticeMailingMake"]
        assert made["userErrors"] == []
        number = made["mailing"]["number"]
        path, headers = f"/notice-mailings/{number}", {"Authorization": "Bearer office"}
        assert (await self.client.get(path, headers={"Authorization": "Bearer customer-0"})).status_code == 404
        archive = zipfile.ZipFile(io.BytesIO((await self.client.get(path, headers=headers)).content))
        rows = list(csv.reader(io.StringIO(archive.read("index.csv").decode("utf-8-sig")), delimiter=";"))
        for row in rows[1:]:  # An outage is of no utility, so its letter is from whoever runs the server.
            (page,) = pypdf.PdfReader(io.BytesIO(archive.read(row[0]))).pages
            assert page.extract_text().startswith("Pilsētas serviss Rīgas iela 3, Jelgava")
        return number, rows[1:]


@pytest.fixture
def sandbox():
    gateway = SmsSandbox(port=0, webhook="http://127.0.0.1:9/", key=KEY)
    gateway.messages.behaviour.silent = True
    threading.Thread(target=gateway.serve, daemon=True).start()
    yield gateway
    gateway.stop()


@pytest_asyncio.fixture
async def town(street: Street, sandbox: SmsSandbox):
    await _everybody(street)
    mails = Inbox()
    settings = Settings(
        secret=SECRET, smtp_host="127.0.0.1", smtp_port=await mails.open(), smtp_tls="none",
        operator_name="Pilsētas serviss", operator_address="Rīgas iela 3, Jelgava",
        mail_sender="us@utility.lv", channel_addresses={GATEWAY: sandbox.address},
        channel_secrets={f"{GATEWAY}.key": SecretStr(KEY)},
    )  # fmt: skip
    app = make_app(engine=street.engine, settings=settings, host=AdapterHost(adapters=(), live={}))
    transport = httpx2.ASGITransport(app=app)
    noon = (utc_now() + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
    async with httpx2.AsyncClient(transport=transport, base_url="http://mains.test") as client:
        yield Town(street, client, settings, sandbox, mails, noon)
    mails.close()


async def _everybody(street: Street) -> None:
    """Have four customers of whom one has a phone and one an e-mail address, their owners, and an operator."""
    now = utc_now()
    async with unit_of_work(street.engine) as session:
        people = {}
        for place, customer in enumerate(street.customers):
            new = NewPerson(email=f"person{place}@example.lv", name=f"Person {place}", language="en")
            people[f"customer-{place}"] = person = (await create_person(session, person=new, now=now)).id
            await grant_owner(session, customer_id=customer, person_id=person, now=now)
            reached = {
                "phone": "+37120000001" if place == TEXTED else None,
                "email": "mailed@example.lv" if place == MAILED else None,
            }
            changed = "update customer set phone = :phone, email = :email, language = 'en' where id = :id"
            await session.execute(text(changed), {"id": customer, **reached})
        office = NewPerson(email="office@example.lv", name="Office", language="en")
        people["office"] = (await create_person(session, person=office, now=now)).id
        await add_staff(session, person_id=people["office"], role=StaffRole.OPERATOR, now=now)
        made = text(
            "insert into session (person_id, token_hash, device, created_at, expires_at, ends_at, last_used_at,"
            " proved_at) values (:person, :hash, '', :now, :end, :end, :now, :now)"
        )
        for token, person in people.items():
            values = {"person": person, "hash": token_hash(token), "now": now, "end": now + timedelta(hours=1)}
            await session.execute(made, values)


async def test_four_customers_on_four_roads_hear_of_an_outage_planned_moved_and_cancelled(town: Town):
    shown = encode_id(type_name="Customer", number=town.street.customers[SHOWN])
    chosen = {"customerId": shown, "topic": "OUTAGE", "channels": ["PORTAL"], "idempotencyKey": "p"}
    assert (await town.ask(f"customer-{SHOWN}", PREFER, input=chosen))["noticePreferenceSet"]["userErrors"] == []

    outage = await _is_planned(town)
    await _is_moved(town, outage)
    await _is_cancelled(town, outage)

    assert [(road, state) for road, state, _ in await town.inbox(TEXTED)] == [("SMS", "DELIVERED")] * 3
    assert [(road, state) for road, state, _ in await town.inbox(MAILED)] == [("EMAIL", "SENT")] * 3
    assert [(road, state) for road, state, _ in await town.inbox(SHOWN)] == [("PORTAL", "DELIVERED")] * 3
    # A letter of a cancellation would come too late: who has an address alone hears nothing more (REQUIREMENTS F1).
    assert [(road, state) for road, state, _ in await town.inbox(POSTED)][2:] == [("SMS", "FAILED")]
    assert [one.to for one in town.sandbox.messages.kept] == ["+37120000001"] * 3
    assert [one.mail["to"] for one in town.mails.caught] == ["mailed@example.lv"] * 3
    assert "the pipes hold" in town.mails.caught[0].mail.get_content()  # customers here read English
    for place in range(4):
        assert await town.struck(place) == [*["The heat supply will not be interrupted"] * 2, None]
    assert await town.work() == {}


async def test_what_is_announced_late_is_taken_marked_and_counted(town: Town):
    said = {"kind": "REPAIR", "commodity": "heat", "reason": "a pipe leaks", "area": {"city": "Jelgava"}}
    late = await town.step(PLAN, **said, reference="W-2", idempotencyKey="late", **_window(4))
    early = await town.step(PLAN, **said, reference="W-3", idempotencyKey="early", **_window(6))

    counted = (await town.ask("office", LATE))["staff"]["outages"]

    assert (late["isLate"], early["isLate"]) == (True, False)
    assert counted == {"totalCount": 1, "nodes": [{"id": late["id"], "reference": "W-2"}]}
    assert (await town.work())["outages_told"] == 8


def _window(days: int) -> dict[str, str]:
    begins = (utc_now() + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    return {"starts": begins.isoformat(), "ends": (begins + timedelta(hours=6)).isoformat()}


async def _is_planned(town: Town) -> str:
    said = {"reference": "W-1", "kind": "REPAIR", "commodity": "heat", "reason": "pipes are replaced"}
    outage = await town.step(PLAN, **said, **_window(10), area={"city": "Jelgava"})
    worked = await town.work()

    assert (outage["state"], outage["revision"], outage["isLate"]) == ("PLANNED", 1, False)
    assert (worked["outages_told"], worked["sent"]) == (4, 2)
    assert await town.report() == ["APPLIED", "KNOWN"]
    assert [(await town.inbox(place))[0][:2] for place in range(4)] == [
        ("SMS", "DELIVERED"),
        ("EMAIL", "SENT"),
        ("PORTAL", "DELIVERED"),
        ("POST", "WAITING"),
    ]
    found: str = outage["id"]
    return found


async def _is_moved(town: Town, outage_id: str) -> None:
    """Nobody has printed the letter yet: the first one is never printed."""
    outage = await town.step(MOVE, outageId=outage_id, reason="rain", **_window(12))
    assert (outage["state"], outage["revision"]) == ("PLANNED", 2)
    assert (await town.work())["outages_told"] == 4

    # The letter is due by the worker's clock; the office prints by the real one, which is a day behind.
    async with unit_of_work(town.street.engine) as session:
        waits = "channel = 'POST' and state = 'WAITING'"
        await session.execute(text(f"update notice set next_try_at = now() - interval '1 minute' where {waits}"))
    number, letters = await town.printed("m1")
    assert [row[1] for row in letters] == ["Customer 3"]
    assert (await town.ask("office", POST, number=number))["noticeMailingPost"]["userErrors"] == []
    assert [(road, state) for road, state, _ in await town.inbox(POSTED)] == [
        ("POST", "SUPERSEDED"),
        ("POST", "DELIVERED"),
    ]


async def _is_cancelled(town: Town, outage_id: str) -> None:
    outage = await town.step(CANCEL, outageId=outage_id, reason="caurules tur", reasonIn={"en": "the pipes hold"})
    assert outage["state"] == "CANCELLED"
    assert (await town.work())["sent"] == 2
    assert (await town.report()).count("APPLIED") == 2
