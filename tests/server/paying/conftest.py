"""A utility that can be paid through the sandbox, whose webhooks are kept for the test to deliver as it likes."""

import json
import threading
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from mains_payment_sandbox.serving import Sandbox
from mains_payment_sandbox.signing import signature
from mains_server.access.records import Grant, GrantRole, Permission, StaffRole, Viewer
from mains_server.adapters.providers import load_providers
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session
from mains_server.invoices.queries import open_invoices
from mains_server.ledger.queries import account_balances
from mains_server.paying.calling import terminals_of
from mains_server.paying.desk import PaymentAsked, create_payment
from mains_server.paying.flow import Counter
from mains_server.payments.queries import credit_of
from mains_server.routes.payments import webhook_route
from starlette.applications import Starlette

KEY = "key-of-the-sandbox"
HEARD_WITHIN = 30


@dataclass
class Desk:
    """The counter of a utility, the sandbox it is paid through, and the webhooks that came from there."""

    utility: Any
    counter: Counter
    sandbox: Sandbox
    heard: Any
    person_id: int
    moments: list[Any] = field(default_factory=list)

    async def owned(self, *nets, number="C-1"):
        """Bill months of a customer that the person owns; give the customer, the contract and the invoices."""
        customer_id = await self.utility.customer(number)
        contract_id = await self.utility.contract(customer_id, f"K-1000{number[-1]}")
        invoices = [
            await self.utility.invoice(customer_id, contract_id, month=month, nets=(net,))
            for month, net in enumerate(nets, start=1)
        ]
        return customer_id, contract_id, invoices

    def viewer(self, *customers, staff=frozenset()):
        grants = tuple(
            Grant(customer_id=one, role=GrantRole.OWNER, permissions=frozenset(Permission)) for one in customers
        )
        return Viewer(person_id=self.person_id, language="en", grants=grants, staff=frozenset(staff))

    async def begun(self, viewer, *, key="k1", provider="sandbox", **what):
        asked = PaymentAsked(provider=provider, key=key, **what)
        return await create_payment(self.counter, viewer=viewer, asked=asked, instalment=no_instalment)

    def decide(self, intent, choice="pay", manner="prompt"):
        """Press a button on the hosted page."""
        body = urllib.parse.urlencode({"choice": choice, "manner": manner}).encode()
        with urllib.request.urlopen(intent.page_url, data=body) as answer:
            return answer.read().decode()

    def shop(self, path, body=None):
        """Ask the sandbox as a shop, or a tester, does."""
        request = urllib.request.Request(
            f"{self.sandbox.address}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": f"Bearer {KEY}"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def event(self, kind):
        """Wait for the next webhook of a type."""
        while True:
            body = self.heard.get(timeout=HEARD_WITHIN)
            if json.loads(body)["type"] == kind:
                return body

    async def post(self, body, *, at=None, provider="sandbox", headers=None, signed=None):
        """Deliver a webhook to the server's route, signed at the server's time unless told otherwise."""
        moment = int((at or self.counter.clock()).timestamp())
        sent = {"sandbox-signature": signature(key=KEY, body=signed or body, timestamp=moment)}
        app = Starlette(routes=[webhook_route(counter=self.counter)])
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.post(f"/payments/webhooks/{provider}", content=body, headers=headers or sent)
        return answer.status_code, answer.json()["code"]

    async def owed(self, customer_id):
        """Give what is open, the credit, and the accounts of money; the whole books balance."""
        async with read_session(self.utility.engine) as session:
            assert (await check_books(session)).findings == ()
            still_open = await open_invoices(session, customer_id=customer_id)
            credit = await credit_of(session, customer_id=customer_id)
            found = await account_balances(session, customer_id=customer_id)
        skipped = ("revenue", "tax", "support")
        accounts = {
            one.account: str(one.balance) for one in found if one.balance and not one.account.startswith(skipped)
        }
        return [str(one.open_amount) for one in still_open], str(credit.get("EUR", Decimal("0.00"))), accounts


async def no_instalment(session, contract_id):
    return None


@pytest.fixture
def heard():
    """Webhooks of the sandbox, as they come."""
    queue: Any = Queue()

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self):
            queue.put(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    queue.address = f"http://127.0.0.1:{server.server_address[1]}/payments/webhooks"
    yield queue
    server.shutdown()
    server.server_close()


@pytest.fixture
def sandbox(heard):
    served = Sandbox(port=0, webhooks=heard.address, key=KEY)
    threading.Thread(target=served.serve, daemon=True).start()
    yield served
    served.stop()


@pytest_asyncio.fixture
async def desk(utility, sandbox, heard):
    """A utility with a person who pays through the sandbox, at its bank and by card."""
    person_id = await utility.run(
        "insert into person (email, name, language, created_at) values ('a@b.example', 'A', 'en', :now) returning id",
        now=utility.now,
    )
    codes = ("sandbox", "sandbox_card")
    terminals = terminals_of(
        load_providers(),
        secrets={f"{code}.key": KEY for code in codes},
        addresses=dict.fromkeys(codes, sandbox.address),
    )
    moments = [utility.now]
    counter = Counter(engine=utility.engine, terminals=terminals, clock=lambda: moments[-1])
    return Desk(utility=utility, counter=counter, sandbox=sandbox, heard=heard, person_id=person_id, moments=moments)


CLERK = StaffRole.BILLING_CLERK
