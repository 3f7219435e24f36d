"""A customer adds their internet bank and signs in with it: the provider is npm's oidc-provider, over real HTTP."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import pytest_asyncio
from mains_server.adapters.host import AdapterHost
from mains_server.app import make_app
from mains_server.db.unit_of_work import unit_of_work
from mains_server.routes.answers import utc_now
from mains_server.settings import Mode, Settings
from mains_server.signin.operations import set_password
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.npm import install
from tests.schema.test_openid import BEGIN, FINISH, LINK_BEGIN, LINK_FINISH, LINKS
from tests.schema.test_sessions import NAME, OURS, PASSWORD, ask, bearer, sign_in
from tests.schema.town import settle

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]
BANK = Path(__file__).parent / "internet_bank.mjs"
PATIENCE_SECONDS = 120
CLIENT, SECRET = "mains", "a-client-of-this-bank-only"
BACK = "https://portal.example/signed-in"


@pytest.fixture(scope="module")
def packages() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder), "oidc-provider@9")
        yield Path(folder)


@asynccontextmanager
async def open_bank(packages: Path, port: int = 0) -> AsyncIterator[str]:
    """Run the bank, and give its issuer."""
    process = await asyncio.create_subprocess_exec(
        "node", str(BANK), str(packages), CLIENT, SECRET, BACK, str(port), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            issuer = (await process.stdout.readline()).decode().strip()
        assert issuer.startswith("http://127.0.0.1:"), "the bank did not open"
        yield issuer
    finally:
        process.kill()
        await process.wait()


async def at_the_bank(url: str, customer: str) -> dict[str, str]:
    """Do in a browser what the bank's pages ask, and give what it sends back to the portal."""
    async with httpx2.AsyncClient(timeout=PATIENCE_SECONDS) as browser:
        page = await browser.get(url)
        for _ in range(10):
            to = page.headers.get("location")
            if to is not None and to.startswith(BACK):
                return {name: values[0] for name, values in parse_qs(urlsplit(to).query).items()}
            if to is not None:
                page = await browser.get(page.url.join(to))
                continue
            action, prompt = (
                re.search(shown, page.text) for shown in (r'action="([^"]+)"', r'name="prompt" value="(\w+)"')
            )
            assert action is not None and prompt is not None, page.text
            given = {"prompt": prompt[1], "login": customer, "password": "x"}
            page = await browser.post(page.url.join(action[1]), data=given)
    raise AssertionError("the bank sends nobody back")


@pytest_asyncio.fixture
async def residents(engine: AsyncEngine) -> None:
    """Customer 4 has an owner with a password."""
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=1, lines=1)
    async with unit_of_work(engine) as session:
        await set_password(session, person_id=4, password=PASSWORD, now=utc_now())


def portal(engine: AsyncEngine, issuer: str) -> httpx2.AsyncClient:
    """Set the bank up as an operator does, and open a browser on the server."""
    given = {"names": {"lv": "Banka"}, "issuer": issuer, "client_id": CLIENT, "client_secret": SECRET}
    providers: Any = {"bank": {**given, "personal_code_claim": "personal_code"}}
    settings = Settings(mode=Mode.DEMO, openid_providers=providers, openid_redirects=frozenset({BACK}))
    app = make_app(engine=engine, settings=settings, host=AdapterHost(adapters=(), live={}))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://portal.example")


async def away(client: httpx2.AsyncClient, headers: dict[str, str], query: str = BEGIN, **more: str) -> Any:
    given = {"provider": "bank", "redirectUri": BACK} | more
    return (await ask(client, query, headers, input=given))["begun"]


async def back(client: httpx2.AsyncClient, headers: dict[str, str], query: str, came: Any, key: str | None) -> Any:
    given = {"state": came["state"], "code": came["code"], "issuer": came["iss"]} | ({"key": key} if key else {})
    return (await ask(client, query, headers, input=given))["made"]


async def test_a_customer_links_their_bank_and_signs_in_with_it(packages, engine, residents):
    async with open_bank(packages) as issuer, portal(engine, issuer) as browser:
        headers = bearer((await sign_in(browser))["token"])
        begun = await away(browser, headers, LINK_BEGIN)
        linked = await back(
            browser, headers, LINK_FINISH, await at_the_bank(begun["url"], "010180-12345"), begun["key"]
        )
        assert (linked["userErrors"], linked["link"]["provider"]) == ([], "bank")

        begun = await away(browser, OURS, mode="COOKIE")
        came = await at_the_bank(begun["url"], "010180-12345")
        made = await back(browser, OURS, FINISH, came, begun["key"])

        assert (made["token"], made["userErrors"]) == (None, [])
        assert await ask(browser, NAME, OURS) == {"viewer": {"name": "Person 4"}}
        again = await back(browser, OURS, FINISH, came, begun["key"])
        assert [error["code"] for error in again["userErrors"]] == ["OPENID_REFUSED"]
        (link,) = (await ask(browser, LINKS, OURS))["viewer"]["openidLinks"]["nodes"]
        assert link["lastUsedAt"] is not None


async def test_another_customer_of_the_bank_gets_a_ticket_and_a_code_of_theirs_opens_nothing(
    packages, engine, residents
):
    async with open_bank(packages) as issuer, portal(engine, issuer) as app:
        begun, other = await away(app, {}), await away(app, {})
        came, elsewhere = await at_the_bank(begun["url"], "a"), await at_the_bank(other["url"], "b")

        mixed = await back(app, {}, FINISH, {**came, "code": elsewhere["code"]}, begun["key"])

        assert [error["code"] for error in mixed["userErrors"]] == ["OPENID_REFUSED"]
        begun = await away(app, {})
        made = await back(app, {}, FINISH, await at_the_bank(begun["url"], "a"), begun["key"])
        assert [error["code"] for error in made["userErrors"]] == ["OPENID_UNLINKED"]
        assert made["token"] is None and len(made["linkTicket"]) == 43


async def test_a_bank_that_signs_with_another_key_or_is_closed(packages, engine, residents):
    async with AsyncExitStack() as stack:
        async with open_bank(packages) as issuer:
            app = await stack.enter_async_context(portal(engine, issuer))
            assert (await away(app, {}))["userErrors"] == []
        async with open_bank(packages, urlsplit(issuer).port or 0) as reopened:
            assert reopened == issuer
            begun = await away(app, {})
            made = await back(app, {}, FINISH, await at_the_bank(begun["url"], "a"), begun["key"])
            assert [error["code"] for error in made["userErrors"]] == ["OPENID_UNLINKED"]
            begun = await away(app, {})
            came = await at_the_bank(begun["url"], "a")

        silent = await back(app, {}, FINISH, came, begun["key"])

        assert [error["code"] for error in silent["userErrors"]] == ["PROVIDER_SILENT"]
        async with portal(engine, issuer) as new:
            closed = await away(new, {})
        assert [error["code"] for error in closed["userErrors"]] == ["PROVIDER_SILENT"]
