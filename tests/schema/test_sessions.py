"""Signing in over HTTP, with tokens that apps keep and with cookies that browsers keep."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from mains_schema.http.edge import Edge
from mains_schema.served import graphql_app
from mains_server.adapters.host import AdapterHost
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin.operations import set_password
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NOW
from tests.schema.town import settle

pytestmark = pytest.mark.asyncio
PASSWORD = "correct horse battery"
EMAIL = "person4@example.lv"
OURS = {"sec-fetch-site": "same-origin"}
SIGN_IN = """mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) {
    token expiresAt refreshToken endsAt retryAt userErrors { code path retryable } } }"""
REFRESH = """mutation ($input: SessionRefreshInput!) { sessionRefresh(input: $input) {
    token expiresAt refreshToken endsAt userErrors { code retryable } } }"""
SESSIONS = "{ viewer { sessions { nodes { id device mode isCurrent createdAt lastUsedAt } } } }"
NAME = "{ viewer { name } }"
END = """mutation ($id: ID!) { sessionEnd(input: {sessionId: $id}) { isRevoked userErrors { code } } }"""
PROVE = """mutation ($password: String!) { sessionProve(input: {password: $password}) {
    provedUntil userErrors { code } } }"""


@dataclass
class Door:
    """The server, and a clock that tests move."""

    engine: AsyncEngine
    now: datetime = NOW
    host: str = "https://portal.example"
    app: Any = field(init=False)

    def browser(self) -> httpx2.AsyncClient:
        """Open a browser, whose cookies are its own."""
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url=self.host)


async def ask(client: httpx2.AsyncClient, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
    body = {"query": query, "variables": variables}
    answer = (await client.post("/graphql", json=body, headers=headers or {})).json()
    if "errors" in answer:
        return [error["extensions"]["code"] for error in answer["errors"]]
    return answer["data"]


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest_asyncio.fixture
async def door(engine: AsyncEngine) -> AsyncIterator[Door]:
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=1, lines=1)
    async with unit_of_work(engine) as session:
        await set_password(session, person_id=4, password=PASSWORD, now=NOW)
    found = Door(engine)
    found.app = graphql_app(
        engine=engine,
        host=AdapterHost(adapters=(), live={}),
        session_lifetime=timedelta(days=30),
        clock=lambda: found.now,
        edge=Edge(origins=frozenset({"https://a.lv"})),
    )
    services = found.app.services
    found.app.services = replace(services, access_lifetime=timedelta(hours=1))
    yield found


async def sign_in(client: httpx2.AsyncClient, headers: dict[str, str] | None = None, **more: Any) -> Any:
    given = {"email": EMAIL, "password": PASSWORD} | more
    return (await ask(client, SIGN_IN, headers, input=given))["sessionCreate"]


async def test_an_app_signs_in_and_refreshes(door: Door) -> None:
    async with door.browser() as app:
        made = await sign_in(app)
        door.now += timedelta(minutes=61)
        late = await ask(app, NAME, bearer(made["token"]))

        again = (await ask(app, REFRESH, input={"refreshToken": made["refreshToken"]}))["sessionRefresh"]

        assert made["expiresAt"] == "2023-03-20T11:00:00.000Z"
        assert made["endsAt"] == "2023-04-19T10:00:00.000Z"
        assert late == ["UNAUTHENTICATED"]
        assert again["expiresAt"] == "2023-03-20T12:01:00.000Z"
        assert await ask(app, NAME, bearer(again["token"])) == {"viewer": {"name": "Person 4"}}
        assert not app.cookies


async def test_a_stolen_refresh_token_ends_the_session_for_both(door: Door) -> None:
    async with door.browser() as app:
        made = await sign_in(app)
        thiefs = (await ask(app, REFRESH, input={"refreshToken": made["refreshToken"]}))["sessionRefresh"]

        again = (await ask(app, REFRESH, input={"refreshToken": made["refreshToken"]}))["sessionRefresh"]

        assert again["token"] is None
        assert again["userErrors"] == [{"code": "REFRESH_TOKEN_REUSED", "retryable": False}]
        assert await ask(app, NAME, bearer(thiefs["token"])) == ["UNAUTHENTICATED"]


async def test_a_browser_keeps_the_session_where_no_script_reads_it(door: Door) -> None:
    async with door.browser() as browser:
        body = {"query": SIGN_IN, "variables": {"input": {"email": EMAIL, "password": PASSWORD, "mode": "COOKIE"}}}
        response = await browser.post("/graphql", json=body, headers=OURS)
        made = response.json()["data"]["sessionCreate"]
        cookies = response.headers.get_list("set-cookie")

        assert (made["token"], made["refreshToken"], made["userErrors"]) == (None, None, [])
        assert [cookie.partition("=")[0] for cookie in cookies] == ["__Host-mains_session", "__Host-mains_refresh"]
        assert [cookie.partition("; ")[2] for cookie in cookies] == [
            "Path=/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure",
            "Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure",
        ]
        for _ in range(2):
            assert await ask(browser, NAME, OURS) == {"viewer": {"name": "Person 4"}}


async def test_on_this_machine_a_cookie_goes_without_encryption(door: Door) -> None:
    door.host = "http://127.0.0.1:8000"
    async with door.browser() as browser:
        body = {"query": SIGN_IN, "variables": {"input": {"email": EMAIL, "password": PASSWORD, "mode": "COOKIE"}}}
        cookies = (await browser.post("/graphql", json=body, headers=OURS)).headers.get_list("set-cookie")

        assert cookies[0].startswith("mains_session=")
        assert cookies[0].endswith("HttpOnly; SameSite=Strict")
        assert await ask(browser, NAME, OURS) == {"viewer": {"name": "Person 4"}}


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"origin": "https://portal.example"}, True),
        ({"origin": "https://a.lv", "sec-fetch-site": "cross-site"}, True),
        ({}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://portal.example"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "https://portal.example.evil.example"}, False),
        ({"origin": "https://portal.example:8443"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
    ],
)
async def test_a_cookie_counts_only_from_a_front_end_of_ours(
    door: Door, headers: dict[str, str], is_let_in: bool
) -> None:
    async with door.browser() as browser:
        await sign_in(browser, OURS, mode="COOKIE")

        told = await ask(browser, NAME, headers)
        begun = await ask(browser, SIGN_IN, headers, input={"email": EMAIL, "password": PASSWORD, "mode": "COOKIE"})
        fresh = await ask(browser, REFRESH, headers, input={})

        if is_let_in:
            assert told == {"viewer": {"name": "Person 4"}}
            assert begun["sessionCreate"]["userErrors"] == fresh["sessionRefresh"]["userErrors"] == []
        else:
            assert (told, begun, fresh) == (["FORBIDDEN"], ["FORBIDDEN"], ["FORBIDDEN"])


async def test_a_browser_refreshes_by_its_cookie_after_the_token_ran_out(door: Door) -> None:
    async with door.browser() as browser:
        await sign_in(browser, OURS, mode="COOKIE")
        door.now += timedelta(minutes=61)
        late = await ask(browser, NAME, OURS)

        again = await ask(browser, REFRESH, OURS, input={})

        assert late == ["UNAUTHENTICATED"]
        assert again["sessionRefresh"]["token"] is None
        assert again["sessionRefresh"]["userErrors"] == []
        assert await ask(browser, NAME, OURS) == {"viewer": {"name": "Person 4"}}


async def test_signing_out_takes_the_cookies_away(door: Door) -> None:
    async with door.browser() as browser:
        await sign_in(browser, OURS, mode="COOKIE")

        out = await ask(browser, "mutation { sessionRevoke { isRevoked } }", OURS)

        assert out == {"sessionRevoke": {"isRevoked": True}}
        assert not browser.cookies
        assert await ask(browser, NAME, OURS) == ["UNAUTHENTICATED"]


async def test_a_person_sees_their_sessions_and_ends_one_and_all(door: Door) -> None:
    async with door.browser() as browser, door.browser() as phone:
        lost = await sign_in(phone, {"user-agent": "Phone/1.0"})
        door.now += timedelta(minutes=1)
        made = await sign_in(browser, device="Laptop")
        listed = await ask(browser, SESSIONS, bearer(made["token"]))
        nodes = listed["viewer"]["sessions"]["nodes"]

        ended = await ask(browser, END, bearer(made["token"]), id=nodes[1]["id"])

        assert [(one["device"], one["mode"], one["isCurrent"]) for one in nodes] == [
            ("Laptop", "BEARER", True),
            ("Phone/1.0", "BEARER", False),
        ]
        assert ended == {"sessionEnd": {"isRevoked": True, "userErrors": []}}
        assert await ask(phone, NAME, bearer(lost["token"])) == ["UNAUTHENTICATED"]
        assert len((await ask(browser, SESSIONS, bearer(made["token"])))["viewer"]["sessions"]["nodes"]) == 1
        all_of_them = await ask(browser, "mutation { sessionRevokeAll { ended } }", bearer(made["token"]))
        assert all_of_them == {"sessionRevokeAll": {"ended": 1}}
        assert await ask(browser, NAME, bearer(made["token"])) == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("number", ["U2Vzc2lvbjo5OTk5", "Vmlld2VyOjE", "", "x"])
async def test_a_session_that_is_not_ones_own_cannot_be_ended(door: Door, number: str) -> None:
    async with door.browser() as app:
        made = await sign_in(app)

        answer = await ask(app, END, bearer(made["token"]), id=number)

        unknown = {"sessionEnd": {"isRevoked": False, "userErrors": [{"code": "SESSION_UNKNOWN"}]}}
        assert answer in (unknown, ["BAD_INPUT"])
        assert (await ask(app, NAME, bearer(made["token"])))["viewer"]["name"] == "Person 4"


async def test_a_proof_needs_the_password_and_a_session(door: Door) -> None:
    async with door.browser() as app:
        token = bearer((await sign_in(app))["token"])

        right = await ask(app, PROVE, token, password=PASSWORD)
        wrong = await ask(app, PROVE, token, password="wrong horse battery")

        assert right == {"sessionProve": {"provedUntil": "2023-03-20T10:05:00.000Z", "userErrors": []}}
        assert wrong["sessionProve"]["userErrors"] == [{"code": "WRONG_EMAIL_OR_PASSWORD"}]
        assert await ask(app, PROVE, password=PASSWORD) == ["UNAUTHENTICATED"]
        assert await ask(app, "mutation { sessionRevokeAll { ended } }") == ["UNAUTHENTICATED"]
