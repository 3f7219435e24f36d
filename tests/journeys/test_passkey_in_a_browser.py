"""A customer adds a passkey in a real browser and signs in with it, by the very lines that docs/passkeys.md tells."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from mains_server.adapters.host import AdapterHost
from mains_server.app import make_app
from mains_server.db.unit_of_work import unit_of_work
from mains_server.routes.answers import utc_now
from mains_server.settings import Mode, Settings
from mains_server.signin.operations import set_password
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.chromium import Tab, tab_of_a_browser
from tests.schema.test_passkeys import BEGIN, FINISH, KEEP, PASSKEYS, PROVE, PROVEN, REGISTER
from tests.schema.test_sessions import EMAIL, PASSWORD, SIGN_IN
from tests.schema.town import settle

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]
DOCS = Path(__file__).parents[2] / "docs" / "passkeys.md"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
ASK = """
const ask = async (query, input) => {
  const body = JSON.stringify({ query, variables: { input } });
  const answer = await fetch("/graphql", { method: "POST", headers: { "content-type": "application/json" }, body });
  return (await answer.json()).data;
};
"""
SIGN_OUT = "mutation { sessionRevoke { isRevoked } }"
REFUSED_BY_BROWSER = "try { %s } catch (error) { return error.name } return 'made'"


def told_lines() -> tuple[str, str]:
    """Give the lines that make a passkey and those that sign, as front-end developers read them."""
    make, sign = re.findall(r"```js\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return make, sign


@asynccontextmanager
async def served(engine: AsyncEngine) -> AsyncIterator[str]:
    """Serve the API at a name of this machine, as browsers want it, and give the address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        app = make_app(
            engine=engine, settings=Settings(mode=Mode.DEMO, port=port), host=AdapterHost(adapters=(), live={})
        )
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://localhost:{port}"
        finally:
            server.should_exit = True
            await running


async def ask(tab: Tab, query: str, **given: Any) -> Any:
    return await tab.run(f"{ASK} return await ask({json.dumps(query)}, {json.dumps(given)});")


async def by_the_docs(tab: Tab, lines: str, options: str) -> str:
    return str(await tab.run(f"const options = {json.dumps(options)};\n{lines}\nreturn credential;"))


async def test_a_passkey_made_in_a_browser_signs_in_and_proves(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=1, lines=1)
    async with unit_of_work(engine) as session:
        await set_password(session, person_id=4, password=PASSWORD, now=utc_now())
    make, sign = told_lines()
    async with served(engine) as address, tab_of_a_browser() as tab:
        await tab.open(f"{address}/health/alive")
        await tab.command("WebAuthn.enable")
        device = await tab.command("WebAuthn.addVirtualAuthenticator", options=DEVICE)
        await ask(tab, SIGN_IN, email=EMAIL, password=PASSWORD, mode="COOKIE")

        to_make = (await ask(tab, REGISTER))["made"]["options"]
        kept = (await ask(tab, KEEP, credential=await by_the_docs(tab, make, to_make), name="Laptop"))["made"]
        assert (kept["passkey"]["name"], kept["passkey"]["transports"]) == ("Laptop", ["INTERNAL"])
        again = (await ask(tab, REGISTER))["made"]["options"]
        lines = f"const options = {json.dumps(again)};\n{REFUSED_BY_BROWSER % make}"
        assert await tab.run(lines) == "InvalidStateError"

        await ask(tab, SIGN_OUT)
        to_sign = (await ask(tab, BEGIN, mode="COOKIE"))["made"]["options"]
        made = (await ask(tab, FINISH, credential=await by_the_docs(tab, sign, to_sign)))["made"]
        assert made["userErrors"] == []
        viewer = (await ask(tab, PASSKEYS))["viewer"]
        assert [one["signedInBy"] for one in viewer["sessions"]["nodes"] if one["isCurrent"]] == ["PASSKEY"]

        to_prove = (await ask(tab, PROVE))["made"]["options"]
        proven = (await ask(tab, PROVEN, credential=await by_the_docs(tab, sign, to_prove)))["made"]
        assert proven["provedUntil"] is not None

        # A copy of the device that was left behind: its count is where it was.
        await tab.command("WebAuthn.enable")
        (inside,) = (await tab.command("WebAuthn.getCredentials", authenticatorId=device["authenticatorId"]))[
            "credentials"
        ]
        await tab.command("WebAuthn.clearCredentials", authenticatorId=device["authenticatorId"])
        await tab.command(
            "WebAuthn.addCredential", authenticatorId=device["authenticatorId"], credential=inside | {"signCount": 0}
        )
        to_sign = (await ask(tab, BEGIN, mode="COOKIE"))["made"]["options"]
        copy = (await ask(tab, FINISH, credential=await by_the_docs(tab, sign, to_sign)))["made"]
        assert [error["code"] for error in copy["userErrors"]] == ["PASSKEY_REFUSED"]
        viewer = (await ask(tab, PASSKEYS.replace("lastUsedAt", "suspendedAt")))["viewer"]
        assert viewer["passkeys"]["nodes"][0]["suspendedAt"] is not None
