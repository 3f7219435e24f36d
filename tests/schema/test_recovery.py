"""The way back over HTTP: a customer without a phone, an administrator, and who only pretends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pyotp
import pytest
import pytest_asyncio
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.sealing import Seal
from mains_server.recovery.records import RecoveryPolicy
from mains_server.recovery.using import send_links
from mains_server.signin.operations import set_password
from sqlalchemy import text

from tests.schema.test_sessions import NAME, PASSWORD, Door, ask, bearer, door, sign_in

__all__ = ["door"]
pytestmark = pytest.mark.asyncio
ERRORS = "userErrors { code path retryable }"
ENROL = "mutation { made: secondFactorBegin { secret } }"
CONFIRM = "mutation ($code: String!) { made: secondFactorConfirm(input: {code: $code}) { recoveryCodes } }"
OPEN = f"""mutation ($input: AccountRecoveryOpenInput!) {{ made: accountRecoveryOpen(input: $input) {{
    recovery {{ id reason proof needsApproval openedAt actsAt expiresAt }} {ERRORS} }} }}"""
APPROVE = f"""mutation ($id: ID!) {{ made: accountRecoveryApprove(input: {{recoveryId: $id}}) {{
    recovery {{ approvedAt }} {ERRORS} }} }}"""
WITHDRAW = f"""mutation ($id: ID!) {{ made: accountRecoveryWithdraw(input: {{recoveryId: $id}}) {{
    recovery {{ stoppedBy }} {ERRORS} }} }}"""
STOP = (
    f"""mutation ($token: String) {{ made: accountRecoveryStop(input: {{token: $token}}) {{ isStopped {ERRORS} }} }}"""
)
BEGIN = f"""mutation ($token: String!) {{ made: accountRecoveryBegin(input: {{token: $token}}) {{
    uri secret {ERRORS} }} }}"""
FINISH = f"""mutation ($token: String!, $code: String!) {{
    made: accountRecoveryFinish(input: {{token: $token, code: $code}}) {{ recoveryCodes {ERRORS} }} }}"""
OWN = "{ viewer { accountRecoveries { nodes { reason stoppedBy doneAt } } } }"
DESK = "{ staff { accountRecoveries { totalCount nodes { reason } } } }"
SIGN_IN = """mutation ($input: SessionCreateInput!) { made: sessionCreate(input: $input) {
    challenge userErrors { code } } }"""
SESSION_CONFIRM = """mutation ($input: SessionConfirmInput!) { made: sessionConfirm(input: $input) {
    token userErrors { code } } }"""
WANTED = {"email": "person4@example.lv", "reason": "Lost the phone", "proof": "Passport, seen at the desk"}
WAIT = timedelta(hours=72)


class Office:
    """Person 4 has an app and lost it; persons 1 and 2 are administrators."""

    def __init__(self, door: Door) -> None:
        self.door = door

    async def do(self, client: httpx2.AsyncClient, query: str, headers: Any = None, **given: Any) -> Any:
        found = await ask(client, query, headers, **given)
        return found if isinstance(found, list) or "made" not in found else found["made"]

    async def admin(self, client: httpx2.AsyncClient, number: int = 1) -> dict[str, str]:
        return bearer((await sign_in(client, email=f"person{number}@example.lv"))["token"])

    async def lost(self, client: httpx2.AsyncClient) -> dict[str, str]:
        """Set an app up for person 4, and give the headers of a session that is open still."""
        headers = bearer((await sign_in(client))["token"])
        app = pyotp.TOTP((await self.do(client, ENROL, headers))["secret"])
        await self.do(client, CONFIRM, headers, code=app.at(self.door.now))
        return headers

    async def token(self, template: str) -> str:
        """Read the link out of the last message of a template, as its addressee does."""
        async with unit_of_work(self.door.engine) as session:
            words = f"select sealed, occasion from notice where template = '{template}' order by id desc limit 1"
            sealed, occasion = (await session.execute(text(words))).one()
        return str(self.seal.open(sealed, occasion=occasion)["link"])

    async def send(self) -> int:
        policy = self.door.app.services.recovery
        return await send_links(self.door.engine, policy=policy, seal=self.seal, now=self.door.now)

    @property
    def seal(self) -> Seal:
        return Seal(self.door.app.services.links.secret)


@pytest_asyncio.fixture
async def office(door: Door) -> Office:
    async with unit_of_work(door.engine) as session:
        await session.execute(text("delete from staff_member"))
        for number in (1, 2):
            words = (
                "insert into staff_member (id, person_id, role, since) values (:number, :number, 'ADMIN', '2020-01-01')"
            )
            await session.execute(text(words), {"number": number})
            await set_password(session, person_id=number, password=PASSWORD, now=door.now)
    return Office(door)


async def test_a_customer_without_a_phone_comes_back_after_three_days_and_two_administrators(office: Office) -> None:
    async with office.door.browser() as client:
        await office.lost(client)
        opened = await office.do(client, OPEN, await office.admin(client), input=WANTED)
        assert (opened["recovery"]["actsAt"], opened["userErrors"]) == ("2023-03-23T10:00:00.000Z", [])
        number = opened["recovery"]["id"]
        approved = await office.do(client, APPROVE, await office.admin(client, 2), id=number)
        assert approved["recovery"] == {"approvedAt": "2023-03-20T10:00:00.000Z"}
        office.door.now += WAIT
        assert await office.send() == 1
        token = await office.token("recovery_ready")

        app = pyotp.TOTP((await office.do(client, BEGIN, token=token))["secret"])
        made = await office.do(client, FINISH, token=token, code=app.at(office.door.now))

        assert (len(made["recoveryCodes"]), made["userErrors"]) == (10, [])
        office.door.now += timedelta(minutes=1)
        asked = await office.do(client, SIGN_IN, input={"email": WANTED["email"], "password": PASSWORD})
        given = {"challenge": asked["challenge"], "code": app.at(office.door.now)}
        session = await office.do(client, SESSION_CONFIRM, input=given)
        viewer = await office.do(client, OWN, bearer(session["token"]))
        (own,) = viewer["viewer"]["accountRecoveries"]["nodes"]
        assert own == {"reason": "Lost the phone", "stoppedBy": None, "doneAt": "2023-03-23T10:00:00.000Z"}
        again = await office.do(client, FINISH, token=token, code=app.at(office.door.now))
        assert [error["code"] for error in again["userErrors"]] == ["RECOVERY_UNKNOWN"]


@pytest.mark.parametrize("by", ["LINK", "SESSION", "STAFF"])
async def test_who_is_robbed_stops_it(office: Office, by: str) -> None:
    async with office.door.browser() as client:
        headers = await office.lost(client)
        admin = await office.admin(client)
        number = (await office.do(client, OPEN, admin, input=WANTED))["recovery"]["id"]

        if by == "LINK":
            stopped = await office.do(client, STOP, token=await office.token("recovery_opened"))
        elif by == "SESSION":
            stopped = await office.do(client, STOP, headers)
        else:
            stopped = await office.do(client, WITHDRAW, admin, id=number)

        assert stopped["userErrors"] == []
        viewer = await office.do(client, OWN, headers)
        assert viewer["viewer"]["accountRecoveries"]["nodes"][0]["stoppedBy"] == by
        office.door.now += WAIT
        assert await office.send() == 0


async def test_only_administrators_open_and_see_it_and_not_for_themselves(office: Office) -> None:
    async with office.door.browser() as client:
        headers = await office.lost(client)
        admin = await office.admin(client)
        assert await office.do(client, OPEN, headers, input=WANTED) == ["FORBIDDEN"]
        assert await office.do(client, STOP) == ["UNAUTHENTICATED"]
        for given, code in (
            ({"email": "person1@example.lv"}, "ONESELF_NOT_PERMITTED"),
            ({"email": "nobody@example.lv"}, "ACCOUNT_UNKNOWN"),
            ({"email": "person2@example.lv"}, "NOTHING_LOST"),
            ({"reason": "x"}, "REASON_MISSING"),
        ):
            refused = await office.do(client, OPEN, admin, input=WANTED | given)
            assert [error["code"] for error in refused["userErrors"]] == [code]

        opened = await office.do(client, OPEN, admin, input=WANTED)
        mine = await office.do(client, APPROVE, admin, id=opened["recovery"]["id"])
        twice = await office.do(client, OPEN, admin, input=WANTED)

        assert [error["code"] for error in mine["userErrors"]] == ["ONESELF_NOT_PERMITTED"]
        assert [error["code"] for error in twice["userErrors"]] == ["RECOVERY_OPEN"]
        seen = await office.do(client, DESK, admin)
        assert seen["staff"]["accountRecoveries"] == {"totalCount": 1, "nodes": [{"reason": "Lost the phone"}]}


async def test_a_link_is_guessed_twenty_times_and_a_wrong_code_is_said(office: Office) -> None:
    office.door.app.services = replace(office.door.app.services, recovery=RecoveryPolicy(needs_two=False))
    async with office.door.browser() as client:
        await office.lost(client)
        await office.do(client, OPEN, await office.admin(client), input=WANTED)
        office.door.now += WAIT
        await office.send()
        token = await office.token("recovery_ready")
        await office.do(client, BEGIN, token=token)
        wrong = await office.do(client, FINISH, token=token, code="000000")
        assert wrong["userErrors"] == [{"code": "CODE_WRONG", "path": "code", "retryable": False}]

        guesses = [await office.do(client, BEGIN, token="x" * 43) for _ in range(19)]

        codes = [one["userErrors"][0]["code"] for one in guesses]
        assert codes == ["RECOVERY_UNKNOWN"] * 18 + ["TOO_MANY_ATTEMPTS"]
        assert await ask(client, NAME) == ["UNAUTHENTICATED"]
