"""Software asks by tokens of its own: what their scopes open, over what they reach, until they are taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from graphql import parse
from mains_schema.declaring.errors import RequestRefused
from mains_schema.declaring.node import decode_id, encode_id
from mains_schema.http.edge import Budget, Edge
from mains_schema.http.machine_reach import insist_on_reach, is_guarded, opened
from mains_schema.served import graphql_app, schema
from mains_server.access.records import Machine, MachineScope
from mains_server.adapters.host import AdapterHost
from mains_server.machines.rules import PREFIX, token_hash
from mains_server.signin.rules import token_hash as session_hash
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NOW
from tests.schema.authorization_of_software import MACHINES
from tests.schema.authorizing import field_rows, mutation_names
from tests.schema.living import living
from tests.schema.town import settle

CREATE = """mutation ($input: MachineTokenCreateInput!) { machineTokenCreate(input: $input) {
    secret machineToken { id name partner scopes contractIds } userErrors { code path } } }"""
PARTNER = """mutation ($input: PartnerTokenCreateInput!) { partnerTokenCreate(input: $input) {
    secret machineToken { id partner buildingIds } userErrors { code path } } }"""
REVOKE = """mutation ($id: ID!) { machineTokenRevoke(input: {tokenId: $id}) {
    machineToken { revokedAt } userErrors { code } } }"""
METERS = "{ viewer { supplyPoints { nodes { identifier meters { serial registers { id } } } } } }"
INVOICES = "{ viewer { contracts { nodes { number invoices { nodes { number total { amount } } } } } } }"
SUBMIT = """mutation ($input: ReadingSubmitInput!) { readingSubmit(input: $input) {
    reading { status } userErrors { code } } }"""
ADMIN = 5


def an_id(type_name: str, number: int) -> str:
    return encode_id(type_name=type_name, number=number)


class Desk:
    """The server, with everybody of the town signed in, the fifth as an administrator, and a clock that tests move."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine, self.now = engine, NOW
        self.app = graphql_app(
            engine=engine,
            host=AdapterHost(adapters=(), live={}),
            session_lifetime=timedelta(days=30),
            clock=lambda: self.now,
            edge=Edge(budget=Budget(1_000_000)),
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

    async def own(self, *scopes: str, by: int = 1, **given: Any) -> Any:
        """Make a token of a person's own software over their contract."""
        input_ = {"name": "My software", "scopes": scopes, "contractIds": [an_id("Contract", by)], **given}
        return (await self.ask(CREATE, token=f"token-{by}", input=input_))["machineTokenCreate"]

    async def partner(self, *scopes: str, by: int = ADMIN, **given: Any) -> Any:
        """Make a token of a partner's software."""
        of = {"partner": "Skaitītāji SIA", "email": "it@skaititaji.example", "name": "Nightly reading"}
        answer = await self.ask(PARTNER, token=f"token-{by}", input={**of, "scopes": scopes, **given})
        return answer if isinstance(answer, list) else answer["partnerTokenCreate"]

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
        made = text(
            "insert into session (id, person_id, token_hash, device, created_at, expires_at, ends_at, last_used_at,"
            " proved_at) values (:person, :person, :hash, '', :now, :end, :end, :now, :now)"
        )
        for person in range(1, 6):
            values = {"person": person, "hash": session_hash(f"token-{person}"), "now": NOW}
            await connection.execute(made, {**values, "end": NOW + timedelta(days=400)})
        await connection.execute(text("delete from staff_member"))
        await connection.execute(text("insert into staff_member values (1, 5, 'ADMIN', '2020-01-01')"))
        for table in ("person", "session", "machine_token", "reading"):
            await connection.execute(text(f"select setval('{table}_id_seq', 1000000)"))
    return Desk(engine)


def test_each_scope_opens_what_its_column_says() -> None:
    """The columns of software in the matrix: a field that is not written there is closed."""
    found = {scope: {f"{type_name}.{name}" for type_name, name in opened(scope)} for scope in MachineScope}

    assert found == {
        scope: {f"{type_name}.{name}" for type_name, names in MACHINES[scope.name].items() for name in names.split()}
        for scope in MachineScope
    }


def test_what_a_scope_opens_is_there_and_guarded() -> None:
    types: Any = schema()._schema.type_map
    pairs = {pair for scope in MachineScope for pair in opened(scope)}

    assert [pair for pair in pairs if pair[1] != "*" and pair[1] not in types[pair[0]].fields] == []
    assert [name for name, _field in pairs if not is_guarded(schema()._schema, name)] == []


def test_no_scope_opens_people_money_acts_or_the_desk() -> None:
    closed = {
        "Customer", "CustomerAccess", "DelegationInvitation", "Activity", "Notice", "Session", "MachineToken",
        "PaymentIntent", "Application", "ReadingLink", "OutageNotice", "Staff", "Subscription",
    }  # fmt: skip
    personal = {"email", "phone", "iban", "customerName", "payerName", "billingAddress", "personalCode", "residents"}
    pairs = {pair for scope in MachineScope for pair in opened(scope) if pair[0] != "Seller"}

    assert {name for name, _field in pairs} & closed == set()
    assert {field for _name, field in pairs} & personal == set()
    assert {pair for pair in pairs if pair[0] == "Mutation"} == {
        ("Mutation", "readingSubmit"),
        ("Mutation", "readingSubmitMany"),
    }


def test_every_other_field_and_mutation_is_refused_by_name_to_all_scopes_together() -> None:
    graphql, machine = schema()._schema, Machine(token_id=1, scopes=frozenset(MachineScope), rows_a_minute=1)
    rows = {row for row, _own in field_rows()} | {f"Mutation.{name}" for name in mutation_names()}
    open_ = {f"{name}.{field}" for scope in MachineScope for name, field in opened(scope)}
    wrong = []
    for row in sorted(rows):
        type_name, field = row.split(".")
        road = {"Query": "{ %s }", "Staff": "{ staff { %s } }", "Mutation": "mutation { %s }"}.get(type_name)
        document = (road or f'{{ node(id: "x") {{ ... on {type_name} {{ %s }} }} }}') % field
        try:
            insist_on_reach(schema=graphql, document=parse(document), machine=machine)
        except RequestRefused as refused:
            wrong += [row] if row in open_ or refused.code != "FORBIDDEN" else []
        else:
            wrong += [] if row in open_ else [row]

    assert wrong == []


@pytest.mark.asyncio
async def test_a_customers_own_software_reads_and_sends_readings_in_and_nothing_else(desk: Desk) -> None:
    made = await desk.own("READ_METERS", "SUBMIT_READINGS")
    secret = made["secret"]

    assert made["userErrors"] == []
    assert secret.startswith(PREFIX)
    points = (await desk.ask(METERS, token=secret))["viewer"]["supplyPoints"]["nodes"]
    assert {point["identifier"] for point in points} == {"EIC-1", "EIC-1000"}
    assert await desk.ask(INVOICES, token=secret) == ["FORBIDDEN"]
    for closed in (
        "{ viewer { email } }",
        "{ viewer { customers { nodes { name } } } }",
        "{ staff { customers { nodes { id } } } }",
        "mutation { sessionRevokeAll { ended } }",
        'mutation { sessionCreate(input: {email: "a@b.lv", password: "x"}) { token } }',
        "fragment f on Viewer { phone } { viewer { ...f } }",
    ):
        assert await desk.ask(closed, token=secret) == ["FORBIDDEN"]
    own = {"name": "x", "scopes": ["READ_METERS"], "contractIds": [an_id("Contract", 1)]}
    assert await desk.ask(CREATE, token=secret, input=own) == ["FORBIDDEN"]


@pytest.mark.asyncio
async def test_an_act_of_software_is_on_the_trail_with_its_token(desk: Desk) -> None:
    made = await desk.own("READ_METERS", "SUBMIT_READINGS")
    points = (await desk.ask(METERS, token=made["secret"]))["viewer"]["supplyPoints"]["nodes"]
    register = points[0]["meters"][0]["registers"][0]["id"]
    ((last,),) = await desk.rows(f"select max(value) from reading where register_id = {decode_id(register)[1]}")
    given = {"registerId": register, "value": f"{last + 1:f}", "idempotencyKey": "k-1"}

    answer = await desk.ask(SUBMIT, token=made["secret"], input=given)

    assert answer["readingSubmit"]["reading"] is not None, answer
    ((act, person, subjects),) = await desk.rows(
        "select act, person_id, subjects from audit_entry where act = 'readingSubmit'"
    )
    assert (act, person, subjects[0]) == ("readingSubmit", 1, ["MachineToken", 1000001])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "end", ["revoked by its owner", "revoked by an administrator", "its time", "the flat was sold"]
)
async def test_a_token_is_worth_nothing_with_the_next_request(desk: Desk, end: str) -> None:
    made = await desk.own("READ_METERS", days=30)
    assert (await desk.ask(METERS, token=made["secret"]))["viewer"]["supplyPoints"]["nodes"] != []

    if end == "its time":
        desk.now += timedelta(days=30)
    elif end == "the flat was sold":
        await desk.run(f"update access_grant set ends_at = '{NOW.isoformat()}' where person_id = 1")
        assert (await desk.ask(METERS, token=made["secret"]))["viewer"]["supplyPoints"]["nodes"] == []
        return
    else:
        by = "token-1" if end == "revoked" else f"token-{ADMIN}"
        for _twice in range(2):
            answer = await desk.ask(REVOKE, token=by, id=made["machineToken"]["id"])
            assert answer["machineTokenRevoke"]["machineToken"] == {"revokedAt": "2023-03-20T10:00:00.000Z"}

    assert await desk.ask(METERS, token=made["secret"]) == ["UNAUTHENTICATED"]


@pytest.mark.asyncio
async def test_nobody_revokes_anothers(desk: Desk) -> None:
    made = await desk.own("READ_METERS")

    answer = await desk.ask(REVOKE, token="token-2", id=made["machineToken"]["id"])

    assert [one["code"] for one in answer["machineTokenRevoke"]["userErrors"]] == ["TOKEN_UNKNOWN"]
    assert isinstance(await desk.ask(METERS, token=made["secret"]), dict)


@pytest.mark.asyncio
async def test_a_partners_software_reaches_a_house_and_no_money_by_it(desk: Desk) -> None:
    made = await desk.partner("READ_METERS", "SUBMIT_READINGS", buildingIds=[an_id("Building", 1)])

    points = (await desk.ask(METERS, token=made["secret"]))["viewer"]["supplyPoints"]["nodes"]
    in_house = await desk.rows("select identifier from supply_point where building_id = 1 order by identifier")

    assert made["machineToken"]["partner"] == "Skaitītāji SIA"
    assert {(point["identifier"],) for point in points} <= set(in_house)
    assert len(points) > 1
    refused = await desk.partner("READ_INVOICES", buildingIds=[an_id("Building", 1)])
    assert refused["userErrors"] == [{"code": "SCOPE_NOT_BY_PLACE", "path": "scopes"}]


@pytest.mark.asyncio
async def test_a_partner_who_has_the_address_of_a_customer_shares_no_rights_with_them(desk: Desk) -> None:
    """Customer 5, who also works here, answers for a partner's software over customer 2: neither gets the other's."""
    before = await desk.ask(INVOICES, token="token-5")
    made = await desk.partner("READ_INVOICES", customerIds=[an_id("Customer", 2)], email="Person5@example.lv")
    ((person,),) = await desk.rows("select person_id from machine_token")

    contracts = (await desk.ask(INVOICES, token=made["secret"]))["viewer"]["contracts"]["nodes"]

    assert person == 5
    assert [one["number"] for one in contracts] == ["K-000002"], "nothing of the person's own by the token"
    assert await desk.ask(INVOICES, token="token-5") == before, "nothing of the token's by the person"
    desk_asked = "{ staff { machineTokens { nodes { id } } } }"
    assert await desk.ask(desk_asked, token=made["secret"]) == ["FORBIDDEN"], "nor the person's work"
    await desk.run("delete from staff_member")
    answer = await desk.ask(REVOKE, token="token-5", id=made["machineToken"]["id"])
    assert [one["code"] for one in answer["machineTokenRevoke"]["userErrors"]] == ["TOKEN_UNKNOWN"]


@pytest.mark.asyncio
async def test_an_accountants_software_reads_the_invoices_of_the_customers_named(desk: Desk) -> None:
    made = await desk.partner("READ_INVOICES", customerIds=[an_id("Customer", 2)])

    contracts = (await desk.ask(INVOICES, token=made["secret"]))["viewer"]["contracts"]["nodes"]

    assert [one["number"] for one in contracts] == ["K-000002"]
    assert len(contracts[0]["invoices"]["nodes"]) == 1
    other = await desk.rows("select id from invoice where customer_id = 1")
    asked = f'{{ node(id: "{an_id("Invoice", other[0][0])}") {{ ... on Invoice {{ number }} }} }}'
    assert await desk.ask(asked, token=made["secret"]) == {"node": None}
    assert await desk.ask(METERS, token=made["secret"]) == ["FORBIDDEN"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": " "}, "NAME_INVALID"),
        ({"name": "x" * 101}, "NAME_INVALID"),
        ({"scopes": []}, "SCOPES_MISSING"),
        ({"days": 0}, "LIFETIME_INVALID"),
        ({"days": 367}, "LIFETIME_INVALID"),
        ({"contractIds": []}, "REACH_UNKNOWN"),
        ({"contractIds": [an_id("Contract", 2)]}, "REACH_UNKNOWN"),
        ({"contractIds": [an_id("Contract", 99)]}, "REACH_UNKNOWN"),
    ],
)
async def test_a_token_that_makes_no_sense_is_not_made(desk: Desk, given: Any, code: str) -> None:
    input_ = {"name": "x", "scopes": ["READ_METERS"], "contractIds": [an_id("Contract", 1)], **given}

    made = (await desk.ask(CREATE, token="token-1", input=input_))["machineTokenCreate"]

    assert (made["secret"], [one["code"] for one in made["userErrors"]]) == (None, [code])
    assert await desk.rows("select count(*) from machine_token") == [(0,)]


@pytest.mark.asyncio
async def test_a_delegate_hands_nothing_on_and_a_session_left_open_makes_none(desk: Desk) -> None:
    await desk.run("update access_grant set role = 'DELEGATE', permissions = '{VIEW}' where person_id = 1")
    delegated = await desk.own("READ_METERS")
    desk.now += timedelta(minutes=6)
    stale = await desk.own("READ_METERS", by=2)

    assert [one["code"] for one in (*delegated["userErrors"], *stale["userErrors"])] == [
        "REACH_UNKNOWN",
        "REAUTHENTICATION_NEEDED",
    ]


@pytest.mark.asyncio
async def test_only_administrators_make_partners_tokens(desk: Desk) -> None:
    given = {"buildingIds": [an_id("Building", 1)]}

    assert await desk.partner("READ_METERS", by=1, **given) == ["FORBIDDEN"]
    nobody = await desk.partner("READ_METERS", email="nobody", **given)
    assert nobody["userErrors"] == [{"code": "PARTNER_INVALID", "path": "partner"}]
    assert await desk.rows("select count(*) from machine_token") == [(0,)]


@pytest.mark.asyncio
async def test_a_token_stands_nowhere_and_its_use_is_noted(desk: Desk) -> None:
    made = await desk.own("READ_METERS")
    await desk.ask(METERS, token=made["secret"])

    stored = await desk.rows(
        "select row_to_json(t)::text from machine_token t union all select row_to_json(a)::text from audit_entry a"
        " union all select row_to_json(o)::text from outbox_event o union all select row_to_json(i)::text"
        " from idempotent_request i"
    )

    assert not any(made["secret"] in row[0] or made["secret"].removeprefix(PREFIX) in row[0] for row in stored)
    assert await desk.rows("select token_hash, last_used_at from machine_token") == [(token_hash(made["secret"]), NOW)]


@pytest.mark.asyncio
async def test_a_token_reads_so_many_rows_a_minute(desk: Desk) -> None:
    made = await desk.partner("READ_METERS", buildingIds=[an_id("Building", 1)], rowsAMinute=1)

    assert isinstance(await desk.ask(METERS, token=made["secret"]), dict)
    assert await desk.ask(METERS, token=made["secret"]) == ["RATE_LIMITED"]
    desk.now += timedelta(minutes=1)
    assert isinstance(await desk.ask(METERS, token=made["secret"]), dict)


@pytest.mark.asyncio
async def test_software_does_not_listen(engine: AsyncEngine) -> None:
    async with living(engine) as live, live.talk() as talk:
        await talk.say("connection_init", payload={"authorization": f"Bearer {PREFIX}x"})

        assert await talk.closed() == 4403
