"""What stories share: people who talk to the server over HTTP on the days of a story, and a database of its own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import psycopg
from mains_schema.served import graphql_app
from mains_server.adapters.host import AdapterHost
from mains_server.billing.records import RunRequest
from mains_server.billing.run import Shift, run_billing
from mains_server.books.queries import check_books
from mains_server.customers.operations import create_customer
from mains_server.customers.records import Address, CustomerKind, NewCustomer
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.demo.cast import PASSWORD, Login, admit_owner
from mains_server.demo.settle import settle
from mains_server.demo.year import issue_day
from mains_spi import Period

RIGA = ZoneInfo("Europe/Riga")
PLACE = Address(line="Jūras iela 7", city="Jelgava", postcode="LV-3001", country="LV")
RITA = Login(role="owner", email="rita@demo.example", name="Rita Jūrmalniece")
ADAPTER = "electricity_retail"

SIGN_IN = "mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) { token } }"
CONTRACT = "contract { id number productCode period { from to } priceFixedUntil formerTerms { productCode } }"
REFUSED = "userErrors { code nextAllowed }"
SUBMIT = """mutation ($input: ReadingSubmitInput!) { readingSubmit(input: $input) {
  reading { status countsFor } userErrors { code message } } }"""
STEPS = {
    name: f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {CONTRACT} warnings {REFUSED} }} }}"
    for name, kind in {
        "contractAcceptOffer": "ContractAcceptOfferInput",
        "contractAddSupplyPoint": "ContractAddSupplyPointInput",
        "contractConclude": "ContractConcludeInput",
        "contractEndSupplyPoint": "ContractEndSupplyPointInput",
        "contractFeeAdd": "ContractFeeAddInput",
        "contractSwitchProduct": "ContractSwitchProductInput",
        "contractTerminate": "ContractTerminateInput",
        "contractTerminationWithdraw": "ContractStepInput",
        "contractWithdraw": "ContractStepInput",
    }.items()
} | {
    "customerProtectionGrant": f"""mutation ($input: CustomerProtectionGrantInput!) {{
      customerProtectionGrant(input: $input) {{ customer {{ protections {{ kind period {{ from to }} }} }}
        {REFUSED} }} }}"""
}
PREVIEW = f"productCode startsOn endsOn priceFixedUntil fee {{ amount }} keepsNumber warnings {REFUSED}"
CONCLUDE_PREVIEW = f"query ($plan: ContractPlanInput!) {{ contractConcludePreview(contract: $plan) {{ {PREVIEW} }} }}"
SWITCH_PREVIEW = f"""query ($id: ID!, $product: String!, $day: Date!) {{
  contractSwitchPreview(contractId: $id, product: $product, startsOn: $day) {{ {PREVIEW} }} }}"""
END_PREVIEW = f"""query ($id: ID!, $day: Date!) {{
  contractTerminationPreview(contractId: $id, endsOn: $day) {{ {PREVIEW} }} }}"""


@dataclass
class Desk:
    """Somebody who talks to the server over HTTP, on a day of the story."""

    client: httpx2.AsyncClient
    story: Story
    asked: int = field(default=0)

    async def ask(self, query: str, *, on: date, **variables: Any) -> Any:
        """Ask for one field on a day, and give its answer; nothing may be wrong with the request."""
        self.story.now = datetime.combine(on, time(9), tzinfo=RIGA)
        answer = (await self.client.post("/", json={"query": query, "variables": variables})).json()
        assert "errors" not in answer, answer
        (found,) = answer["data"].values()
        return found

    async def step(self, name: str, *, on: date, **given: Any) -> Any:
        """Take a step in a contract's life on a day, each under a key of its own."""
        self.asked += 1
        key = f"{name}-{self.asked}"
        return await self.ask(STEPS[name], on=on, input={**given, "idempotencyKey": key})

    async def sends(self, register: str, *, shown: str, of: date, told: date | None = None) -> None:
        """Send in what a meter showed in the morning of a day, in kWh, on that day or when it is told."""
        answer = await self.ask(
            SUBMIT,
            on=told or of,
            input={
                "registerId": register,
                "value": shown,
                "unit": "kWh",
                "takenAt": datetime.combine(of, time(8), tzinfo=RIGA).isoformat(),
                "idempotencyKey": f"reading {of}",
            },
        )
        assert (answer["userErrors"], answer["reading"]["status"]) == ([], "ACCEPTED"), answer


@dataclass
class Story:
    """A database of its own, and what came of each chapter; a story says where its places are and what happens."""

    address: str
    host: AdapterHost
    now: datetime = datetime(2022, 4, 10, 9, tzinfo=RIGA)
    customer: int = 0
    told: dict[str, Any] = field(default_factory=dict)

    async def places(self, session: Any, then: datetime) -> None:
        """Add the places and meters of the story."""

    async def tell(self) -> None:
        """Live through the story."""

    def app(self, engine: Any) -> Any:
        """Give what people talk to, with the story's clock."""
        return graphql_app(engine=engine, host=self.host, session_lifetime=timedelta(days=2000), clock=lambda: self.now)

    @asynccontextmanager
    async def desk(self, email: str):
        """Sign somebody in."""
        engine = make_engine(address=self.address, connections_max=3)
        transport = httpx2.ASGITransport(app=self.app(engine))
        async with httpx2.AsyncClient(transport=transport, base_url="http://mains") as client:
            given = {"input": {"email": email, "password": PASSWORD}}
            answer = (await client.post("/", json={"query": SIGN_IN, "variables": given})).json()
            client.headers["authorization"] = f"Bearer {answer['data']['sessionCreate']['token']}"
            yield Desk(client, self)
        await engine.dispose()

    async def settle(self) -> None:
        """Load the demo's utilities, prices and staff, and Rita with the places of the story."""
        engine = make_engine(address=self.address, connections_max=2)
        then = datetime(2022, 3, 1, 6, tzinfo=UTC)
        async with unit_of_work(engine) as session:
            await settle(session, host=self.host, now=then)
            rita = NewCustomer(number="290007", kind=CustomerKind.PRIVATE, name=RITA.name, language="lv", address=PLACE)
            self.customer = await create_customer(session, customer=rita, now=then)
            await admit_owner(session, login=RITA, customer_id=self.customer, now=then)
            await self.places(session, then)
        await engine.dispose()

    def bill(self, first: date, following: date) -> None:
        """Run the month's bills on their day of issue."""
        issued_on = issue_day(following)
        now = datetime.combine(issued_on, time(7), tzinfo=UTC)
        request = RunRequest(adapter=ADAPTER, period=Period(first, following), issued_on=issued_on, now=now)
        with psycopg.connect(self.address, autocommit=True) as connection:
            run_billing(connection, request=request, shift=Shift(adapter=self.host.adapter(ADAPTER), now=now))

    async def books(self) -> int:
        """Count what is wrong with the books."""
        engine = make_engine(address=self.address, connections_max=2)
        async with read_session(engine) as session:
            found = (await check_books(session)).count
        await engine.dispose()
        return found
