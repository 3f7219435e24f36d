"""The served schema over HTTP with the real rooms: sign in, read, send a reading in, sign out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_schema.served import graphql_app
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.records import Adapter, AdapterState
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin.operations import set_password
from mains_spi import Capability, Labels, Utility
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import counted
from tests.schema.test_portal import HOME
from tests.schema.town import settle

NOW = datetime(2023, 3, 20, 10, 0, tzinfo=UTC)
PASSWORD = "a long enough password"
SIGN_IN = """mutation ($email: String!, $password: String!) {
  sessionCreate(input: {email: $email, password: $password}) {
  token expiresAt retryAt userErrors { code message path retryable } } }"""
SUBMIT = """mutation ($input: ReadingSubmitInput!) { readingSubmit(input: $input) {
  reading { id value { value unit } status countsFor register { code } }
  plausible { lowest { value unit } highest { value } } userErrors { code message path retryable } } }"""


class Portal:
    """A client as a browser has one."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http
        self.token: str | None = None

    async def ask(self, query: str, **variables: Any) -> Any:
        headers = {} if self.token is None else {"authorization": f"Bearer {self.token}"}
        response = await self.http.post("/", json={"query": query, "variables": variables}, headers=headers)
        return response.json()

    async def sign_in(self, email: str, password: str = PASSWORD) -> Any:
        answer = await self.ask(SIGN_IN, email=email, password=password)
        self.token = answer["data"]["sessionCreate"]["token"]
        return answer["data"]["sessionCreate"]


@pytest_asyncio.fixture
async def portal(engine: AsyncEngine) -> AsyncIterator[Portal]:
    async with engine.begin() as connection:
        await settle(connection, customers=4)
        for table in ("reading", "person", "session"):
            await connection.exec_driver_sql(f"select setval('{table}_id_seq', 1000000)")
    async with unit_of_work(engine) as session:
        await set_password(session, person_id=1, password=PASSWORD, now=NOW)
    app = graphql_app(engine=engine, host=host(), session_lifetime=timedelta(hours=1), clock=lambda: NOW)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains") as http:
        yield Portal(http)


def host() -> AdapterHost:
    utility = Utility(
        code="heat_co",
        spi_major=1,
        labels=Labels("Siltums", "Heat", "Тепло"),
        quantities=(),
        charges=(),
        price_lists=("heat",),
        capabilities=(Capability.BUILDINGS,),
    )
    active = Adapter(name="heat", version="1.0", state=AdapterState.ACTIVE, utility=utility)
    aside = Adapter(name="broken", version="0.1", state=AdapterState.SET_ASIDE, reason="import failed: no module x")
    return AdapterHost(adapters=(active, aside), live={})


@pytest.mark.asyncio
async def test_a_customer_signs_in_reads_and_signs_out(portal: Portal, engine: AsyncEngine) -> None:
    made = await portal.sign_in("Person1@example.LV")
    with counted(engine) as statements:
        home = await portal.ask(HOME)
    revoked = await portal.ask("mutation { sessionRevoke { isRevoked userErrors { code } } }")
    after = await portal.ask("{ viewer { name } }")

    assert made["userErrors"] == []
    assert made["expiresAt"] == "2023-03-20T11:00:00.000Z"
    assert home["data"]["viewer"]["name"] == "Person 1"
    assert statements == []  # one asks who it is, one answers, and neither is SQLAlchemy's
    assert revoked["data"] == {"sessionRevoke": {"isRevoked": True, "userErrors": []}}
    assert after["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.asyncio
async def test_a_wrong_password_looks_like_an_unknown_address(portal: Portal) -> None:
    for email in ("person1@example.lv", "nobody@example.lv", "\x00", "x" * 5_000, ""):
        made = await portal.sign_in(email, "wrong")

        assert (made["token"], made["expiresAt"], made["retryAt"]) == (None, None, None)
        assert [error["code"] for error in made["userErrors"]] == ["WRONG_EMAIL_OR_PASSWORD"]


@pytest.mark.asyncio
async def test_guessing_is_slowed_down(portal: Portal) -> None:
    for _ in range(10):
        await portal.sign_in("person1@example.lv", "wrong")

    made = await portal.sign_in("person1@example.lv")

    assert [(error["code"], error["retryable"]) for error in made["userErrors"]] == [("TOO_MANY_ATTEMPTS", True)]
    assert made["retryAt"] is not None


@pytest.mark.asyncio
async def test_guessing_links_is_bounded_and_looks_alike_for_links_that_are_there(portal: Portal) -> None:
    look = "query ($token: String!) { readingLink(token: $token) { state } }"
    send = """mutation ($token: String!) { readingLinkSubmit(input: {token: $token, values: []}) {
      userErrors { code } } }"""
    for turn in range(20):
        answer = await portal.ask(send if turn % 2 else look, token=f"guess {turn}")
        assert "errors" not in answer

    refused = [await portal.ask(document, token="another guess") for document in (look, send)]

    assert [answer["errors"][0]["extensions"]["code"] for answer in refused] == ["RATE_LIMITED"] * 2


@pytest.mark.asyncio
async def test_nobody_signs_out_without_a_session(portal: Portal) -> None:
    answer = await portal.ask("mutation { sessionRevoke { isRevoked } }")

    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def reading(value: str, *, register: int = 1, key: str = "k1", **more: Any) -> dict[str, Any]:
    given = {"registerId": encode_id(type_name="Register", number=register), "value": value, "idempotencyKey": key}
    return {"input": given | more}


@pytest.mark.asyncio
async def test_a_reading_is_taken_once(portal: Portal) -> None:
    await portal.sign_in("person1@example.lv")

    first = (await portal.ask(SUBMIT, **reading("1014.5", takenAt="2023-03-18T10:00:00Z")))["data"]["readingSubmit"]
    again = (await portal.ask(SUBMIT, **reading("1014.5", takenAt="2023-03-18T10:00:00Z")))["data"]["readingSubmit"]
    other = (await portal.ask(SUBMIT, **reading("1014.6", takenAt="2023-03-18T10:00:00Z")))["data"]["readingSubmit"]

    assert first["userErrors"] == []
    assert first["reading"]["value"] == {"value": "1014.500000", "unit": "MWh"}
    assert first["reading"]["register"] == {"code": "heat"}
    assert again == first
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]


IMPOSSIBLE = [
    (reading("900"), "READING_RUNS_BACKWARDS", "value"),
    (reading("1014.5", takenAt="2023-03-25T10:00:00Z"), "READING_IN_FUTURE", "takenAt"),
    (reading("1014.5", takenAt="2021-03-25T10:00:00Z"), "REGISTER_UNKNOWN", "registerId"),
    (reading("1014.5", register=2), "REGISTER_UNKNOWN", "registerId"),
    (reading("1014.5", register=77), "REGISTER_UNKNOWN", "registerId"),
    (reading("1234567.5"), "READING_TOO_LARGE", "value"),
    (reading("-1"), "READING_NEGATIVE", "value"),
    (reading("1.0000001"), "READING_MALFORMED", "value"),
    (reading("1014.5", key=""), "IDEMPOTENCY_KEY_MALFORMED", "idempotencyKey"),
    (reading("1014.5", key="\x00"), "IDEMPOTENCY_KEY_MALFORMED", "idempotencyKey"),
]


@pytest.mark.asyncio
async def test_a_reading_that_cannot_be_is_refused_by_name(portal: Portal, engine: AsyncEngine) -> None:
    await portal.sign_in("person1@example.lv")

    for variables, code, path in IMPOSSIBLE:
        outcome = (await portal.ask(SUBMIT, **variables))["data"]["readingSubmit"]
        assert outcome["reading"] is None
        assert [(error["code"], error["path"]) for error in outcome["userErrors"]] == [(code, path)]
    async with engine.connect() as connection:
        assert (await connection.exec_driver_sql("select count(*) from reading where id >= 1000000")).scalar() == 0


@pytest.mark.asyncio
async def test_what_is_no_decimal_is_bad_input(portal: Portal) -> None:
    await portal.sign_in("person1@example.lv")

    for value in ("NaN", "Infinity", "1e5000", "١٢٣", "1,5", "", 1014, 1014.5, None):
        answer = await portal.ask(SUBMIT, **reading(value))  # type: ignore[arg-type]
        assert "data" not in answer
        assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"


@pytest.mark.asyncio
async def test_an_id_of_something_else_is_bad_input(portal: Portal) -> None:
    await portal.sign_in("person1@example.lv")
    given = reading("1014.5")["input"] | {"registerId": encode_id(type_name="Meter", number=1)}

    answer = await portal.ask(SUBMIT, input=given)

    assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"


@pytest.mark.asyncio
async def test_nobody_sends_readings_without_a_session(portal: Portal) -> None:
    answer = await portal.ask(SUBMIT, **reading("1014.5"))

    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.asyncio
async def test_a_view_only_delegate_may_not_send_readings(portal: Portal, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        changed = "person_id = 2, role = 'DELEGATE', permissions = '{VIEW}'"
        await connection.exec_driver_sql(f"update access_grant set {changed} where id = 1")
    async with unit_of_work(engine) as session:
        await set_password(session, person_id=2, password=PASSWORD, now=NOW)
    await portal.sign_in("person2@example.lv")

    shown = await portal.ask("{ viewer { contracts { nodes { number permissions } } } }")
    outcome = (await portal.ask(SUBMIT, **reading("1014.5")))["data"]["readingSubmit"]

    assert {"number": "K-000001", "permissions": ["VIEW"]} in shown["data"]["viewer"]["contracts"]["nodes"]
    assert [error["code"] for error in outcome["userErrors"]] == ["REGISTER_UNKNOWN"]


@pytest.mark.asyncio
async def test_utilities_are_listed_with_what_they_can_do(portal: Portal) -> None:
    document = "{ utilityAdapters { code name version state reason capabilities } }"

    public = (await portal.ask(document))["data"]["utilityAdapters"]

    assert public == [
        {
            "code": "heat_co",
            "name": "Siltums",
            "version": "1.0",
            "state": "ACTIVE",
            "reason": None,
            "capabilities": ["BUILDINGS"],
        },
        {
            "code": "broken",
            "name": "broken",
            "version": "0.1",
            "state": "SET_ASIDE",
            "reason": None,
            "capabilities": [],
        },
    ]


@pytest.mark.asyncio
async def test_words_come_in_the_language_asked_for(portal: Portal) -> None:
    query = {"query": "{ utilityAdapters { name } }"}

    for accepted, name in (("en-GB,lv;q=0.5", "Heat"), ("ru", "Тепло"), ("de, fr", "Siltums"), ("", "Siltums")):
        response = await portal.http.post("/", json=query, headers={"accept-language": accepted})
        assert response.json()["data"]["utilityAdapters"][0] == {"name": name}
