"""What software, partners and devices are told or answer is in no log: walked through, sent wrongly, and broken."""

import json
from datetime import UTC, datetime

import httpx2
import pytest
from mains_schema.declaring.node import encode_id
from mains_server.access.operations import add_staff, create_person, grant_owner
from mains_server.access.records import NewPerson, StaffRole
from mains_server.adapters.host import AdapterHost
from mains_server.app import make_app
from mains_server.db.unit_of_work import unit_of_work
from mains_server.settings import Settings
from mains_server.signin.operations import set_password

from tests.passkeys import ORIGIN, Authenticator
from tests.server.test_canary_logs import SIGN_IN, logs

__all__ = ["logs"]
pytestmark = pytest.mark.asyncio
PASSWORD = "Canary-Password-9911"
ERRORS = "userErrors { code }"
TOKEN = f"""mutation ($input: MachineTokenCreateInput!) {{ made: machineTokenCreate(input: $input) {{
    secret {ERRORS} }} }}"""
PARTNER = f"""mutation ($input: PartnerTokenCreateInput!) {{ made: partnerTokenCreate(input: $input) {{
    secret {ERRORS} }} }}"""
HOOK = f"""mutation ($input: WebhookCreateInput!) {{ made: webhookCreate(input: $input) {{
    secret endpoint {{ id }} {ERRORS} }} }}"""
ROTATE = f"""mutation ($input: WebhookInput!) {{ made: webhookSecretRotate(input: $input) {{
    secret {ERRORS} }} }}"""
REGISTER = f"""mutation {{ made: passkeyRegisterBegin(input: {{}}) {{ options {ERRORS} }} }}"""
KEEP = f"""mutation ($input: PasskeyRegisterFinishInput!) {{ made: passkeyRegisterFinish(input: $input) {{
    {ERRORS} }} }}"""
ENTER = f"""mutation {{ made: passkeySignInBegin(input: {{}}) {{ options {ERRORS} }} }}"""
FINISH = f"""mutation ($input: PasskeyFinishInput!) {{ made: passkeySignInFinish(input: $input) {{
    token refreshToken {ERRORS} }} }}"""
BEGIN = f"""mutation ($input: RegistrationBeginInput!) {{ made: registrationBegin(input: $input) {{
    registration {ERRORS} }} }}"""
METERS = "{ viewer { supplyPoints { nodes { identifier } } } }"


class Walker:
    """Somebody who owns a customer and administers the utility, and all that they were told or sent in secret."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client, self.told = client, []

    async def ask(self, query, **given):
        """Ask, and keep what was told that is secret; each value is also sent where it does not belong."""
        variables = {"input": given} if "$input" in query else {}
        answer = (await self.client.post("/graphql", json={"query": query, "variables": variables})).json()
        assert "errors" not in answer, answer
        found = answer["data"]["made"]
        assert found["userErrors"] == []
        for name in ("secret", "token", "refreshToken", "registration"):
            if found.get(name):
                self.told.append(found[name])
        return found

    async def sent_wrongly(self):
        """Send all secrets as values of the wrong kind, inline, in what is no JSON, in addresses and in headers."""
        for secret in list(self.told):
            text = json.dumps(secret)
            for body in (
                {"query": FINISH, "variables": {"input": secret}},
                {"query": f"mutation {{ passkeySignInFinish(input: {{credential: {text}}}) {{ tokn }} }}"},
                {"query": f"mutation {{ passkeySignInFinish(input: {{credential: {text}}}) {{ token }} }}"},
                {"query": METERS, "operationName": secret},
            ):
                await self.client.post("/graphql", json=body)
            await self.client.post("/graphql", content=f'{{"query": {text}'.encode())
            await self.client.get("/graphql", params={"query": secret})
            wrong = {"authorization": f"Bearer {secret[:400]}x"} if secret.isascii() and secret.isprintable() else {}
            await self.client.post("/graphql", json={"query": METERS}, headers=wrong)


async def settle(engine, utility):
    """Make a customer with a contract, and somebody who owns it and administers the utility."""
    customer = await utility.customer()
    contract = await utility.contract(customer)
    now = datetime.now(UTC)
    async with unit_of_work(engine) as session:
        new = NewPerson(email="walker@example.lv", name="Walker", language="lv")
        person = await create_person(session, person=new, now=now)
        await set_password(session, person_id=person.id, password=PASSWORD, now=now)
        await grant_owner(session, customer_id=customer, person_id=person.id, now=now)
        await add_staff(session, person_id=person.id, role=StaffRole.ADMIN, now=now)
    return encode_id(type_name="Customer", number=customer), encode_id(type_name="Contract", number=contract)


async def test_what_software_partners_and_devices_are_told_is_in_no_log(engine, utility, logs, monkeypatch):
    customer, contract = await settle(engine, utility)
    ours = {"webhook_networks": frozenset({"10.1.0.0/16"})}  # so that no name is looked up
    settings = Settings(passkey_domain="portal.example", passkey_origins=frozenset({ORIGIN}), **ours)
    app = make_app(engine=engine, settings=settings, host=AdapterHost(adapters=(), live={}))
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    phone = Authenticator()
    async with httpx2.AsyncClient(transport=transport, base_url="http://mains.test") as client:
        walker = Walker(client)
        given = {"i": {"email": "walker@example.lv", "password": PASSWORD}}
        answer = (await client.post("/graphql", json={"query": SIGN_IN, "variables": given})).json()
        client.headers["authorization"] = f"Bearer {answer['data']['sessionCreate']['token']}"
        made = await walker.ask(TOKEN, name="Mine", scopes=["READ_METERS"], contractIds=[contract])
        partner = {"partner": "Reader", "email": "reader@example.lv", "name": "Theirs", "scopes": ["READ_METERS"]}
        await walker.ask(PARTNER, **partner, customerIds=[customer])
        hook = {"url": "https://10.1.0.1/hook", "description": "x", "customerIds": [customer]}
        events = [{"kind": "INVOICE_ISSUED"}]
        endpoint = (await walker.ask(HOOK, **hook, events=events, idempotencyKey="h"))["endpoint"]["id"]
        await walker.ask(ROTATE, endpointId=endpoint, idempotencyKey="r")
        asked = await walker.ask(REGISTER)
        kept = phone.make(asked["options"])
        await walker.ask(KEEP, credential=kept, name="Phone")
        signing = await walker.ask(ENTER)
        signed = phone.sign(signing["options"])
        await walker.ask(FINISH, credential=signed)
        await walker.ask(BEGIN, number="C-1", identifier="161175-19997", email="new@example.lv")
        walker.told += [json.loads(one["options"])["challenge"] for one in (asked, signing)]
        walker.told += [json.loads(kept)["id"], json.loads(signed)["response"]["signature"], kept, signed]
        by_software = {"authorization": f"Bearer {made['secret']}"}
        answer = await client.post("/graphql", json={"query": METERS}, headers=by_software)
        assert answer.status_code == 200
        await walker.sent_wrongly()

        async def broken(*_anything, **given):
            raise RuntimeError(f"it broke with {given} {kept} {made}")

        monkeypatch.setattr("mains_server.passkeys.flow.finish_sign_in", broken)
        monkeypatch.setattr("mains_schema.served.admit", broken)
        body = {"query": FINISH, "variables": {"input": {"credential": signed}}}
        answers = [
            (await client.post("/graphql", json={"query": METERS}, headers=by_software)).json(),
            (await client.post("/graphql", json=body)).json(),
        ]

    written = logs()
    masked = [answer["errors"][0]["extensions"] for answer in answers]
    assert [one["code"] for one in masked] == ["INTERNAL"] * 2
    assert all(one["correlationId"] in written for one in masked)
    assert len(walker.told) == 4 + 2 + 1 + 2 + 4
    assert [secret for secret in walker.told if secret in written] == []
