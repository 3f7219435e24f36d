"""Employees look at accounts as customers see them: one account, nothing to change, an end, and no secret."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from mains_schema.declaring.context import Context
from mains_schema.declaring.errors import RequestRefused
from mains_schema.declaring.node import encode_id
from mains_schema.http.audited import ENDS_LOOKING
from mains_schema.served import graphql_app, schema
from mains_server.adapters.host import AdapterHost
from mains_server.db.engine import Lent
from mains_server.signin.rules import token_hash
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NOW, Asker
from tests.schema.town import settle

pytestmark = pytest.mark.asyncio
CUSTOMER = encode_id(type_name="Customer", number=2)
BEGIN = """mutation ($input: ImpersonationBeginInput!) { impersonationBegin(input: $input) {
    impersonationId token endsAt userErrors { code path } } }"""
END = """mutation ($id: ID!) { impersonationEnd(input: {impersonationId: $id}) { isEnded userErrors { code } } }"""
SEEN = "{ viewer { staffRoles dataExport { url } customers { nodes { number } } } }"
ROLES = {1: "OPERATOR", 3: "BILLING_CLERK", 4: "ADMIN"}


class Desk:
    """The server, with an employee of each role signed in, and a clock that tests move."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine, self.now = engine, NOW
        self.app = graphql_app(
            engine=engine,
            host=AdapterHost(adapters=(), live={}),
            session_lifetime=timedelta(days=30),
            clock=lambda: self.now,
        )

    async def ask(self, query: str, *, token: str, **variables: Any) -> Any:
        """Ask over HTTP; of what is refused as a whole give the codes."""
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://desk.example") as client:
            headers = {"Authorization": f"Bearer {token}"}
            answer = (
                await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
            ).json()
        return [one["extensions"]["code"] for one in answer["errors"]] if "errors" in answer else answer["data"]

    async def begin(self, *, by: int = 1, **given: Any) -> Any:
        """Begin to look as customer 2."""
        input_ = {"customerId": CUSTOMER, "reason": "The customer asked about an invoice", "minutes": 20, **given}
        return (await self.ask(BEGIN, token=f"token-{by}", input=input_))["impersonationBegin"]

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Read rows."""
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement))]

    async def run(self, statement: str) -> None:
        """Change rows."""
        async with self.engine.begin() as connection:
            await connection.execute(text(statement))


@pytest_asyncio.fixture
async def desk(engine: AsyncEngine) -> Desk:
    async with engine.begin() as connection:
        await settle(connection, customers=5, months=1, lines=1)
        for person in range(1, 6):
            made = text(
                "insert into session (person_id, token_hash, device, created_at, expires_at, ends_at, last_used_at,"
                " proved_at) values (:person, :hash, '', :now, :end, :end, :now, :now)"
            )
            values = {"person": person, "hash": token_hash(f"token-{person}"), "now": NOW}
            await connection.execute(made, {**values, "end": NOW + timedelta(hours=1)})
        await connection.execute(text("delete from access_grant where person_id in (1, 3, 4)"))
        await connection.execute(text("delete from staff_member"))
        for person, role in ROLES.items():
            member = (
                "insert into staff_member (id, person_id, role, since) values (:person, :person, :role, '2020-01-01')"
            )
            await connection.execute(text(member), {"person": person, "role": role})
        await connection.execute(text("select setval('session_id_seq', 1000)"))
    return Desk(engine)


async def test_an_employee_sees_one_account_as_its_customer_does(desk: Desk) -> None:
    own = await desk.ask(SEEN, token="token-2")

    begun = await desk.begin()

    assert (begun["endsAt"], begun["userErrors"]) == ("2023-03-20T10:20:00.000Z", [])
    seen = await desk.ask(SEEN, token=begun["token"])
    assert own["viewer"]["customers"] == seen["viewer"]["customers"] != {"nodes": []}
    assert (seen["viewer"]["staffRoles"], seen["viewer"]["dataExport"]) == ([], None)
    assert await desk.ask("{ staff { customers { nodes { id } } } }", token=begun["token"]) == ["FORBIDDEN"]


async def test_every_mutation_but_its_end_is_refused_by_name(desk: Desk) -> None:
    begun = await desk.begin()
    mutations: Any = schema()._schema.mutation_type
    context: Context = await _context(desk, begun["token"])
    before = await desk.rows("select (select count(*) from audit_entry), (select count(*) from idempotent_request)")

    for name, field in mutations.fields.items():
        if name != ENDS_LOOKING:
            with pytest.raises(RequestRefused, match=f"`{name}` changes something") as refused:
                await field.resolve(None, type("Info", (), {"context": context})())
            assert refused.value.code == "FORBIDDEN"

    after = await desk.rows("select (select count(*) from audit_entry), (select count(*) from idempotent_request)")
    assert after == before
    asked = "mutation { sessionRevokeAll { ended } }"
    assert await desk.ask(asked, token=begun["token"]) == ["FORBIDDEN"]


@pytest.mark.parametrize("end", ["its time", "its own token", "an administrator", "the role", "signing out"])
async def test_it_ends_at_once(desk: Desk, end: str) -> None:
    begun = await desk.begin()
    assert isinstance(await desk.ask(SEEN, token=begun["token"]), dict)

    if end == "its time":
        desk.now += timedelta(minutes=20)
    elif end == "the role":
        await desk.run("delete from staff_member where person_id = 1")
    elif end == "signing out":
        await desk.ask("mutation { sessionRevokeAll { ended } }", token="token-1")
    else:
        ended = await desk.ask(
            END, token=begun["token"] if end == "its own token" else "token-4", id=begun["impersonationId"]
        )
        assert ended["impersonationEnd"] == {"isEnded": True, "userErrors": []}

    assert await desk.ask(SEEN, token=begun["token"]) == ["UNAUTHENTICATED"]


@pytest.mark.parametrize(
    ("by", "given", "code"),
    [
        (3, {}, "NOT_PERMITTED"),
        (2, {}, "NOT_PERMITTED"),
        (1, {"reason": "  x "}, "REASON_MISSING"),
        (1, {"reason": "y" * 501}, "REASON_MISSING"),
        (1, {"minutes": 31}, "MINUTES_WRONG"),
        (1, {"minutes": 0}, "MINUTES_WRONG"),
        (1, {"customerId": encode_id(type_name="Customer", number=99)}, "CUSTOMER_UNKNOWN"),
    ],
)
async def test_who_may_not_or_says_not_why_gets_nothing(desk: Desk, by: int, given: Any, code: str) -> None:
    sessions = await desk.rows("select count(*) from session")

    answer = await desk.begin(by=by, **given)

    assert (answer["token"], [one["code"] for one in answer["userErrors"]]) == (None, [code])
    assert await desk.rows("select count(*) from impersonation union all select count(*) from delegation_activity") == [
        (0,),
        (0,),
    ]
    assert await desk.rows("select count(*) from session") == sessions


async def test_nobody_elses_is_ended(desk: Desk) -> None:
    begun = await desk.begin()

    for person in (2, 3, 5):
        ended = await desk.ask(END, token=f"token-{person}", id=begun["impersonationId"])
        assert [one["code"] for one in ended["impersonationEnd"]["userErrors"]] == ["IMPERSONATION_UNKNOWN"]

    assert isinstance(await desk.ask(SEEN, token=begun["token"]), dict)


async def test_the_customer_reads_of_it_and_the_trail_names_both(desk: Desk) -> None:
    begun = await desk.begin()
    await desk.ask(END, token=begun["token"], id=begun["impersonationId"])

    log = "{ viewer { customers { nodes { activity { nodes { kind personName note } } } } } }"
    (customer,) = (await desk.ask(log, token="token-2"))["viewer"]["customers"]["nodes"]
    acts = await desk.rows("select act, person_id, customer_id, reason from audit_entry order by id")

    why = "The customer asked about an invoice"
    ((name,),) = await desk.rows("select name from person where id = 1")
    assert customer["activity"]["nodes"] == [{"kind": "STAFF_LOOKED", "personName": name, "note": why}]
    assert acts == [("impersonationBegin", 1, 2, why), ("impersonationEnd", 1, 2, None)]
    assert await desk.rows("select kind, customer_id from outbox_event") == [("access.staff_looked", 2)]


async def test_its_token_is_stored_nowhere(desk: Desk) -> None:
    begun = await desk.begin()

    stored = await desk.rows(
        "select row_to_json(s)::text from session s union all select row_to_json(i)::text"
        " from impersonation i union all select row_to_json(a)::text from audit_entry a"
        " union all select row_to_json(o)::text from outbox_event o"
    )

    assert not any(begun["token"] in row[0] for row in stored)


async def _context(desk: Desk, token: str) -> Context:
    lent = Lent(desk.engine)
    viewer = await desk.app._authenticate(lent, token, desk.now)
    await lent.give_back()
    assert viewer is not None and viewer.looks_as == 2
    return Asker(schema(), desk.engine).context(viewer)
