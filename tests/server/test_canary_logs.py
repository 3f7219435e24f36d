"""What must stay secret is in no log, however it is sent: as a value, in the document, in a body that is none."""

import io
import logging
import sys
from datetime import UTC, datetime

import httpx2
import pyotp
import pytest
import structlog
from mains_server.access.operations import create_person
from mains_server.access.records import NewPerson
from mains_server.adapters.host import AdapterHost
from mains_server.app import make_app
from mains_server.db.unit_of_work import unit_of_work
from mains_server.logs import log_to_console
from mains_server.settings import Settings
from mains_server.signin.operations import set_password
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
CANARIES = {
    "password": "Canary-Password-9911",
    "token": "canary_token_7a7a7a7a7a7a",
    "iban": "LV80BANK0000435195001",
    "personal code": "161175-19997",
    "machine token": "mains_mt_canary_8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b",
    "TOTP secret": "JBSWY3DPEHPK3PXPCANARYTOTP234567",
    "recovery code": "canary-recovery-6e6e6e",
    "challenge": "canary_challenge_4c4c4c4c4c4c4c4c4c4c",
    "passkey": "canary_credential_3d3d3d3d3d3d3d3d3d3d",
    "reset link": "https://portal.example/reset/canary-reset-5d5d5d",
}
CONFIRM = """mutation ($c: String!) { sessionConfirm(input: {challenge: $c, code: $c}) {
    token userErrors { code } } }"""
ENROL = {
    "begin": "mutation { secondFactorBegin { uri secret userErrors { code } } }",
    "confirm": """mutation ($code: String!) { secondFactorConfirm(input: {code: $code}) {
        recoveryCodes userErrors { code } } }""",
    "renew": """mutation ($code: String!) { secondFactorRecoveryCodesRenew(input: {code: $code}) {
        recoveryCodes userErrors { code } } }""",
    "enter": """mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) {
        token refreshToken challenge userErrors { code } } }""",
    "answer": """mutation ($input: SessionConfirmInput!) { sessionConfirm(input: $input) {
        token refreshToken userErrors { code } } }""",
}
WAYS = """mutation ($c: String!) { passkeySignInFinish(input: {credential: $c}) { token userErrors { code } }
    accountRecoveryStop(input: {token: $c}) { isStopped userErrors { code } } }"""
SIGN_IN = "mutation ($i: SessionCreateInput!) { sessionCreate(input: $i) { token userErrors { code } } }"


@pytest.fixture(params=["json", "text"])
def logs(request, monkeypatch):
    """Log as a server does, at its most talkative; give what was logged."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    before = logging.root.handlers[:], logging.root.level
    log_to_console(settings=Settings(log_format=request.param))
    logging.root.setLevel(logging.DEBUG)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # what the test asks with, not what answers
    yield written.getvalue
    logging.root.handlers, logging.root.level = before
    structlog.reset_defaults()


def requests(secret):
    """Give the ways to send a secret: in variables, inline, malformed, in a URL, in headers."""
    given = {"email": secret, "password": secret}
    yield {"json": {"query": SIGN_IN, "variables": {"i": given}}}
    yield {"json": {"query": SIGN_IN, "variables": {"i": {**given, "nothing": secret}}}}
    yield {"json": {"query": SIGN_IN, "variables": {"i": secret}}}
    inline = f'mutation {{ sessionCreate(input: {{email: "{secret}", password: "{secret}"}}) {{ token }} }}'
    yield {"json": {"query": inline}}
    yield {"json": {"query": inline.replace("token }", "tokn }")}}
    yield {"json": {"query": f'{{ readingLink(token: "{secret}") {{ __typename }} }}'}}
    yield {"json": {"query": CONFIRM, "variables": {"c": secret}}}
    yield {"json": {"query": WAYS, "variables": {"c": secret}}}
    yield {"json": {"query": f'{{ payable(reference: "{secret}") {{ __typename }} }}'}}
    yield {"content": b'{"query": "' + secret.encode(), "headers": {"content-type": "application/json"}}
    yield {"content": secret.encode(), "headers": {"content-type": "application/json"}}
    yield {"json": {"query": secret}}
    yield {"json": {"query": "{ __typename }"}, "headers": {"authorization": f"Bearer {secret}"}}
    yield {"json": {"query": "{ __typename }", "operationName": secret}, "params": {"query": secret}}


async def test_no_secret_is_in_any_log(engine, logs, monkeypatch):
    async def broken(*_anything, **given):
        secret = given.get("password", "")
        async with unit_of_work(engine) as session:
            await session.execute(text("select cast(:secret as bigint)"), {"secret": secret})
        raise RuntimeError(f"it broke with {secret}")

    passkeys = {"passkey_domain": "portal.example", "passkey_origins": frozenset({"https://portal.example"})}
    app = make_app(engine=engine, settings=Settings(**passkeys), host=AdapterHost(adapters=(), live={}))
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    masked = []
    async with httpx2.AsyncClient(transport=transport, base_url="http://mains.test") as client:
        for secret in CANARIES.values():
            for request in requests(secret):
                await client.post("/graphql", **request)
            await client.get("/graphql", params={"query": secret, "variables": secret})
            await client.get(f"/documents/{secret}")
            await client.get(f"/exports/{secret}")
        monkeypatch.setattr("mains_schema.parties.session.create_session", broken)
        for secret in CANARIES.values():
            answer = await client.post("/graphql", **next(requests(secret)))
            masked.append(answer.json()["errors"][0]["extensions"])
            logging.getLogger("some.library").error("it broke", exc_info=RuntimeError(secret))
            structlog.get_logger().error("it broke", exc_info=RuntimeError(secret))

    written = logs()
    assert [name for name, secret in CANARIES.items() if secret in written] == []
    assert [error["code"] for error in masked] == ["INTERNAL"] * len(CANARIES)
    assert all(error["correlationId"] in written for error in masked), "the log has what the answer says"


async def test_what_an_enrolment_tells_is_in_no_log(engine, logs):
    """The walk of somebody who sets an app up, gets recovery codes, and signs in by both factors."""
    person = NewPerson(email="walker@example.lv", name="Walker", language="lv")
    async with unit_of_work(engine) as session:
        made = await create_person(session, person=person, now=datetime.now(UTC))
        password = CANARIES["password"]
        await set_password(session, person_id=made.id, password=password, now=datetime.now(UTC))
    app = make_app(engine=engine, settings=Settings(), host=AdapterHost(adapters=(), live={}))
    told = []
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains.test") as client:

        async def ask(name, **variables):
            answer = (await client.post("/graphql", json={"query": ENROL[name], "variables": variables})).json()
            (found,) = answer["data"].values()
            told.extend(value for value in found.values() if isinstance(value, str))
            told.extend(found.get("recoveryCodes") or ())
            return found

        given = {"email": person.email, "password": password}
        client.headers["authorization"] = f"Bearer {(await ask('enter', input=given))['token']}"
        secret = (await ask("begin"))["secret"]
        codes = pyotp.TOTP(secret)
        first = await ask("confirm", code=codes.now())
        await ask("confirm", code=secret)
        second = await ask("renew", code=first["recoveryCodes"][0])
        challenge = (await ask("enter", input=given))["challenge"]
        await ask("answer", input={"challenge": challenge, "code": second["recoveryCodes"][0] + "x"})
        entered = await ask("answer", input={"challenge": challenge, "code": second["recoveryCodes"][1]})
        refused = {"input": {"challenge": [challenge], "code": second["recoveryCodes"][2]}}
        await client.post("/graphql", json={"query": ENROL["answer"], "variables": refused})

    assert entered["userErrors"] == []
    assert len(told) == 2 + 2 + 10 + 10 + 1 + 2  # tokens, secret and its address, codes twice, challenge, tokens
    assert [text for text in told if text in logs()] == []
