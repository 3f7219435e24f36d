"""Acting for each other over HTTP: a grandmother's family pays, an accountant keeps one contract, the flat is sold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar

import httpx2
import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_schema.served import utc_now
from mains_server.adapters.host import AdapterHost
from mains_server.app import make_app
from mains_server.delivery.records import ReceiptOutcome
from mains_server.notifications.events import deliver_events
from mains_server.notifications.listening import ears
from mains_server.notifications.records import Channel, Handed
from mains_server.notifications.sealing import Seal
from mains_server.notifications.sending import Office, send_notices
from mains_server.paying.calling import NOT_ANSWERED
from mains_server.settings import Settings
from mains_server.signin.rules import token_hash
from mains_spi import Labels, PaymentProvider
from sqlalchemy import text

from tests.schema.town import settle

pytestmark = pytest.mark.asyncio
SECRET = "a secret of the journeys' server, 32 letters at least"
PAGE = "https://portal.example/invited"
GRANDMOTHER, ANNA, BUYER = 1, 2, 4
FLAT = encode_id(type_name="Customer", number=GRANDMOTHER)
CONTRACT = encode_id(type_name="Contract", number=GRANDMOTHER)
INVITE = """mutation ($input: DelegationInviteInput!) { delegationInvite(input: $input) {
    invitation { id status } userErrors { code } } }"""
OFFER = "query ($t: String!) { delegationOffer(token: $t) { role permissions isForAllContracts expiresAt } }"
ACCEPT = """mutation ($t: String!) { delegationAccept(input: {token: $t}) { access { id } userErrors { code } } }"""
SELL = """mutation ($input: OwnershipOfferInput!) { ownershipOffer(input: $input) {
    invitation { id } userErrors { code } } }"""
REVOKE = """mutation ($id: ID!) { delegationRevoke(input: {delegationId: $id}) { userErrors { code } } }"""
PAY = """mutation ($input: PaymentCreateInput!) { paymentCreate(input: $input) {
    paymentIntent { amount { amount } } userErrors { code } } }"""
WAITING = """{ viewer { customers { nodes { paymentApprovals { nodes { id personName amount { amount } } }
    activity(first: 9) { nodes { kind personName amount { amount } } } } } } }"""
APPROVE = """mutation ($id: ID!) { delegatedPaymentApprove(input: {approvalId: $id}) {
    approval { status } userErrors { code } } }"""
CONTRACTS = "{ viewer { contracts { nodes { id permissions } } } }"
ARCHIVE = """query ($id: ID!) { node(id: $id) { ... on Contract {
    invoiceArchive(period: {from: "2019-01-01", to: "2019-02-01"}) { csvUrl } } } }"""


class Till:
    """A provider of cards that takes every payment in and never answers how it went."""

    codes = ("card",)
    roads: ClassVar[dict[str, str]] = {}

    def card(self, _code: str) -> PaymentProvider:
        labels = Labels(lv="Karte", en="Card", ru="Карта")
        how: dict[str, Any] = {"pays_by": "CARD", "is_two_phase": False, "can_refund": True}
        return PaymentProvider(code="card", spi_major=1, labels=labels, **how)

    async def ask(self, **_request: Any) -> Any:
        return NOT_ANSWERED


class Postman:
    """Carries mail, and keeps it by address."""

    def __init__(self) -> None:
        self.mail: dict[str, list[str]] = {}

    async def carry(self, notice: Any, *, subject: str, body: str, now: Any) -> Handed:
        self.mail.setdefault(notice.address, []).append(f"{subject}\n{body}")
        return Handed(outcome=ReceiptOutcome.ACCEPTED, detail="taken")


@dataclass
class Portal:
    """The server, with five people signed in, and their mail."""

    engine: Any
    client: httpx2.AsyncClient
    postman: Postman

    async def ask(self, person: int | None, query: str, **variables: Any) -> Any:
        """Ask as a person."""
        headers = {} if person is None else {"Authorization": f"Bearer token-{person}"}
        body = {"query": query, "variables": variables}
        answer = (await self.client.post("/graphql", json=body, headers=headers)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def token(self, address: str) -> str:
        """Give the token of the link that an address got last."""
        seal, now = Seal(SECRET.encode()), utc_now()
        await deliver_events(self.engine, ears=ears(seal=seal, now=now, invitation_page=PAGE), now=now)
        carriers: Any = {Channel.EMAIL: self.postman}
        await send_notices(Office(engine=self.engine, carriers=carriers, seal=seal, now=now))
        return self.postman.mail[address][-1].split(f"{PAGE}#")[1].split()[0]

    async def invite(self, address: str, *, key: str, **terms: Any) -> str:
        """Invite somebody as the grandmother, and give the token they got."""
        given = {"customerId": FLAT, "name": "Helper", "email": address, "terms": terms, "idempotencyKey": key}
        answer = (await self.ask(GRANDMOTHER, INVITE, input=given))["delegationInvite"]
        assert answer["userErrors"] == []
        return await self.token(address)

    async def accept(self, person: int, token: str) -> str:
        """Accept as a person, and give the right's id."""
        answer = (await self.ask(person, ACCEPT, t=token))["delegationAccept"]
        assert answer["userErrors"] == []
        found: str = answer["access"]["id"]
        return found

    async def pay(self, person: int, amount: str, *, key: str) -> list[str]:
        """Pay for the grandmother in advance, and give the codes of what was refused."""
        given = {"provider": "card", "contractId": CONTRACT, "amount": amount, "idempotencyKey": key}
        answer = (await self.ask(person, PAY, input=given))["paymentCreate"]
        return [one["code"] for one in answer["userErrors"]]

    async def contracts(self, person: int) -> list[str]:
        """Give the contracts that a person sees."""
        found = await self.ask(person, CONTRACTS)
        return sorted(one["id"] for one in found["viewer"]["contracts"]["nodes"])

    async def download(self, person: int) -> str:
        """Give a link to the grandmother's invoices, made for a person."""
        archive = (await self.ask(person, ARCHIVE, id=CONTRACT))["node"]["invoiceArchive"]
        found: str = archive["csvUrl"]
        return found


@pytest_asyncio.fixture
async def portal(engine):
    now = utc_now()
    async with engine.begin() as connection:
        await settle(connection, customers=5, months=1, lines=1)
        made = text(
            "insert into session (person_id, token_hash, device, created_at, expires_at, ends_at, last_used_at,"
            " proved_at) values (:person, :hash, '', :now, :end, :end, :now, :now)"
        )
        for person in range(1, 6):
            values = {"person": person, "hash": token_hash(f"token-{person}"), "now": now}
            await connection.execute(made, {**values, "end": now + timedelta(hours=1)})
        for sequence in ("access_grant_id_seq", "payment_id_seq", "payment_intent_id_seq"):
            await connection.execute(text(f"select setval('{sequence}', 1000)"))
    app = make_app(engine=engine, settings=Settings(secret=SECRET), host=AdapterHost(adapters=(), live={}))
    route: Any = app.routes[0]
    graphql = route.app
    till: Any = Till()
    graphql.services = replace(graphql.services, terminals=till)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://mains.test") as client:
        yield Portal(engine, client, Postman())


async def test_a_grandmothers_family_pays_within_its_limits_and_with_her_word(portal):
    limits = {"capPerPayment": "50.00", "capPerMonth": "80.00", "approvalAbove": "40.00"}
    token = await portal.invite("anna@example.lv", key="k1", permissions=["VIEW", "PAY"], **limits)
    offer = (await portal.ask(None, OFFER, t=token))["delegationOffer"]
    await portal.accept(ANNA, token)

    assert offer["permissions"] == ["VIEW", "PAY"]
    assert await portal.pay(ANNA, "30.00", key="p1") == []
    assert await portal.pay(ANNA, "50.01", key="p2") == ["ABOVE_CAP_PER_PAYMENT"]
    assert await portal.pay(ANNA, "43.10", key="p3") == ["APPROVAL_NEEDED"]
    (flat,) = (await portal.ask(GRANDMOTHER, WAITING))["viewer"]["customers"]["nodes"]
    (asked,) = flat["paymentApprovals"]["nodes"]
    assert asked["amount"] == {"amount": "43.10"}
    said = (await portal.ask(GRANDMOTHER, APPROVE, id=asked["id"]))["delegatedPaymentApprove"]
    assert said == {"approval": {"status": "APPROVED"}, "userErrors": []}
    assert await portal.pay(ANNA, "43.10", key="p3") == []
    # 30.00 + 43.10 = 73.10 of the month's 80.00: 6.90 are left.
    assert await portal.pay(ANNA, "6.91", key="p4") == ["ABOVE_CAP_PER_MONTH"]
    assert await portal.pay(ANNA, "6.90", key="p5") == []
    (flat,) = (await portal.ask(GRANDMOTHER, WAITING))["viewer"]["customers"]["nodes"]
    begun = [one["amount"]["amount"] for one in flat["activity"]["nodes"] if one["kind"] == "PAYMENT_BEGUN"]
    assert begun == ["6.90", "43.10", "30.00"]


async def test_an_accountant_keeps_one_contract_until_the_right_is_taken_back(portal):
    later = (utc_now() + timedelta(days=30)).isoformat().replace("+00:00", "Z")
    before = await portal.contracts(ANNA)
    terms = {"permissions": ["VIEW", "PAY"], "contractIds": [CONTRACT], "endsAt": later}
    right = await portal.accept(ANNA, await portal.invite("books@example.lv", key="k2", **terms))

    link = await portal.download(ANNA)
    assert await portal.contracts(ANNA) == sorted([*before, CONTRACT])
    assert (await portal.client.get(link)).status_code == 200
    (own,) = (await portal.ask(ANNA, "{ viewer { customers { nodes { id } } } }"))["viewer"]["customers"]["nodes"]
    assert own["id"] != FLAT
    revoked = (await portal.ask(GRANDMOTHER, REVOKE, id=right))["delegationRevoke"]
    assert revoked == {"userErrors": []}
    assert await portal.contracts(ANNA) == before
    assert (await portal.client.get(link)).status_code == 404
    assert await portal.pay(ANNA, "1.00", key="p1") == ["CONTRACT_NOT_PAYABLE"]


async def test_who_sold_the_flat_and_their_family_are_out_with_the_next_request(portal):
    token = await portal.invite("anna@example.lv", key="k3", permissions=["VIEW"])
    await portal.accept(ANNA, token)
    links = [await portal.download(person) for person in (GRANDMOTHER, ANNA)]
    given = {"customerId": FLAT, "name": "Buyer", "email": "buyer@example.lv", "idempotencyKey": "k4"}
    await portal.ask(GRANDMOTHER, SELL, input=given)

    await portal.accept(BUYER, await portal.token("buyer@example.lv"))

    assert await portal.contracts(GRANDMOTHER) == []
    assert CONTRACT not in await portal.contracts(ANNA)
    assert CONTRACT in await portal.contracts(BUYER)
    assert [(await portal.client.get(link)).status_code for link in links] == [404, 404]
    again = (await portal.ask(ANNA, ACCEPT, t=token))["delegationAccept"]
    assert again["userErrors"] == [{"code": "INVITATION_ENDED"}]
    assert (await portal.ask(None, OFFER, t=token))["delegationOffer"] is None
