"""Passkeys over HTTP: an app and a browser, and everybody else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.passkeys import ORIGIN, PARTY, Authenticator, Key
from tests.schema.test_sessions import NAME, OURS, Door, ask, bearer, door, sign_in

__all__ = ["door"]
pytestmark = pytest.mark.asyncio
ERRORS = "userErrors { code path retryable }"
REGISTER = f"""mutation ($input: PasskeyRegisterBeginInput!) {{ made: passkeyRegisterBegin(input: $input) {{
    options expiresAt {ERRORS} }} }}"""
KEEP = f"""mutation ($input: PasskeyRegisterFinishInput!) {{ made: passkeyRegisterFinish(input: $input) {{
    passkey {{ id name createdAt lastUsedAt transports isSynced suspendedAt }} {ERRORS} }} }}"""
BEGIN = f"""mutation ($input: PasskeySignInBeginInput!) {{ made: passkeySignInBegin(input: $input) {{
    options expiresAt {ERRORS} }} }}"""
FINISH = f"""mutation ($input: PasskeyFinishInput!) {{ made: passkeySignInFinish(input: $input) {{
    token expiresAt refreshToken endsAt {ERRORS} }} }}"""
PROVE = f"mutation {{ made: passkeyProveBegin {{ options expiresAt {ERRORS} }} }}"
PROVEN = f"""mutation ($input: PasskeyFinishInput!) {{ made: passkeyProveFinish(input: $input) {{
    provedUntil {ERRORS} }} }}"""
RENAME = f"""mutation ($input: PasskeyRenameInput!) {{ made: passkeyRename(input: $input) {{
    passkey {{ name }} {ERRORS} }} }}"""
REMOVE = f"""mutation ($input: PasskeyRemoveInput!) {{ made: passkeyRemove(input: $input) {{
    isRemoved {ERRORS} }} }}"""
PASSKEYS = "{ viewer { passkeys { nodes { id name lastUsedAt } } sessions { nodes { signedInBy isCurrent } } } }"


class Portal:
    """The server's door, and an authenticator that knows it."""

    def __init__(self, door: Door) -> None:
        self.door, self.phone = door, Authenticator()
        door.app.services = replace(door.app.services, passkeys=PARTY)

    async def do(self, client: httpx2.AsyncClient, query: str, headers: Any = None, **given: Any) -> Any:
        found = await ask(client, query, headers, **({"input": given} if "$input" in query else {}))
        return found if isinstance(found, list) else found["made"]

    async def add(self, client: httpx2.AsyncClient) -> dict[str, str]:
        """Make a passkey of person 4, and give the headers of their session."""
        headers = bearer((await sign_in(client))["token"])
        begun = await self.do(client, REGISTER, headers)
        made = await self.do(client, KEEP, headers, credential=self.phone.make(begun["options"]), name="Phone")
        assert made["userErrors"] == []
        return headers


@pytest_asyncio.fixture
async def portal(door: Door) -> Portal:
    return Portal(door)


async def test_an_app_makes_a_passkey_signs_in_with_it_names_and_removes_it(portal: Portal) -> None:
    async with portal.door.browser() as app:
        headers = await portal.add(app)
        begun = await portal.do(app, BEGIN, device="Telephone")
        assert (begun["expiresAt"], begun["userErrors"]) == ("2023-03-20T10:05:00.000Z", [])

        made = await portal.do(app, FINISH, credential=portal.phone.sign(begun["options"]))

        assert (made["expiresAt"], len(made["refreshToken"])) == ("2023-03-20T11:00:00.000Z", 43)
        own = bearer(made["token"])
        viewer = (await ask(app, PASSKEYS, own))["viewer"]
        (passkey,) = viewer["passkeys"]["nodes"]
        assert (passkey["name"], passkey["lastUsedAt"]) == ("Phone", "2023-03-20T10:00:00.000Z")
        assert sorted((one["isCurrent"], one["signedInBy"]) for one in viewer["sessions"]["nodes"]) == [
            (False, "PASSWORD"),
            (True, "PASSKEY"),
        ]
        renamed = await portal.do(app, RENAME, headers, passkeyId=passkey["id"], name=" Anna's  phone ")
        assert renamed == {"passkey": {"name": "Anna's phone"}, "userErrors": []}
        assert await portal.do(app, REMOVE, own, passkeyId=passkey["id"]) == {"isRemoved": True, "userErrors": []}
        gone = await portal.do(app, REMOVE, own, passkeyId=passkey["id"])
        assert gone["userErrors"] == [{"code": "PASSKEY_UNKNOWN", "path": "passkeyId", "retryable": False}]


async def test_options_are_what_browsers_take(portal: Portal) -> None:
    async with portal.door.browser() as app:
        headers = bearer((await sign_in(app))["token"])
        to_make = json.loads((await portal.do(app, REGISTER, headers))["options"])
        to_sign = json.loads((await portal.do(app, BEGIN))["options"])

    assert to_make["rp"] == {"name": "Mains", "id": "portal.example"}
    assert (to_make["user"]["name"], to_make["user"]["displayName"]) == ("person4@example.lv", "Person 4")
    assert (to_make["attestation"], to_make["excludeCredentials"]) == ("none", [])
    assert [one["alg"] for one in to_make["pubKeyCredParams"]] == [-8, -7, -257]
    assert to_make["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert (to_sign["rpId"], to_sign["allowCredentials"]) == ("portal.example", [])
    assert (to_sign["userVerification"], to_sign["timeout"]) == ("required", 300_000)
    assert to_sign["challenge"] != to_make["challenge"]


async def test_a_browser_keeps_the_session_where_no_script_reads_it(portal: Portal) -> None:
    async with portal.door.browser() as browser:
        await portal.add(browser)
        begun = await portal.do(browser, BEGIN, OURS, mode="COOKIE")
        assert await portal.do(browser, BEGIN, {"origin": "https://evil.example"}, mode="COOKIE") == ["FORBIDDEN"]
        answer = portal.phone.sign(begun["options"])

        assert await portal.do(browser, FINISH, {"sec-fetch-site": "cross-site"}, credential=answer) == ["FORBIDDEN"]
        made = await portal.do(browser, FINISH, OURS, credential=answer)

        assert (made["token"], made["refreshToken"], made["userErrors"]) == (None, None, [])
        assert await ask(browser, NAME, OURS) == {"viewer": {"name": "Person 4"}}


async def test_every_reason_that_lets_nobody_in_looks_alike(portal: Portal) -> None:
    stranger = Key(handle=b"nobody")
    async with portal.door.browser() as app:
        await portal.add(app)
        begun = await portal.do(app, BEGIN)
        await portal.do(app, FINISH, credential=portal.phone.sign(begun["options"]))
        answers = []
        for lies in ({"key": stranger}, {"signer": stranger}, {"handle": b"other"}, {"count": 0}):
            begun = await portal.do(app, BEGIN)
            answers.append(await portal.do(app, FINISH, credential=portal.phone.sign(begun["options"], **lies)))

    assert answers == [answers[0]] * 4
    assert answers[0]["userErrors"] == [{"code": "PASSKEY_REFUSED", "path": "credential", "retryable": False}]


async def test_a_passkey_takes_the_place_of_the_password_as_a_proof(portal: Portal) -> None:
    async with portal.door.browser() as app:
        headers = await portal.add(app)
        portal.door.now = portal.door.now.replace(minute=30)
        late = await portal.do(app, REGISTER, headers)
        assert [error["code"] for error in late["userErrors"]] == ["REAUTHENTICATION_NEEDED"]

        begun = await portal.do(app, PROVE, headers)
        proven = await portal.do(app, PROVEN, headers, credential=portal.phone.sign(begun["options"]))

        assert proven == {"provedUntil": "2023-03-20T10:35:00.000Z", "userErrors": []}
        assert (await portal.do(app, REGISTER, headers))["userErrors"] == []


async def test_without_a_session_nothing_is_made_proven_named_or_removed(portal: Portal) -> None:
    async with portal.door.browser() as app:
        for query, given in (
            (REGISTER, {}),
            (KEEP, {"credential": "{}"}),
            (PROVE, {}),
            (PROVEN, {"credential": "{}"}),
            (RENAME, {"passkeyId": "UGFzc2tleTox", "name": "x"}),
            (REMOVE, {"passkeyId": "UGFzc2tleTox"}),
        ):
            assert await portal.do(app, query, **given) == ["UNAUTHENTICATED"]


async def test_sixty_answers_in_a_quarter_of_an_hour_are_enough(portal: Portal) -> None:
    document = "mutation ($input: PasskeyFinishInput!) {" + "".join(
        f"n{n}: passkeySignInFinish(input: $input) {{ userErrors {{ code }} }}" for n in range(10)
    )
    async with portal.door.browser() as app:
        found = [await ask(app, document + "}", input={"credential": "{}"}) for _ in range(7)]

    codes = [one["userErrors"][0]["code"] for answer in found for one in answer.values()]
    assert codes == ["PASSKEY_MALFORMED"] * 60 + ["TOO_MANY_ATTEMPTS"] * 10


async def test_where_passkeys_are_off_it_is_said(door: Door) -> None:
    off = Portal(door)
    door.app.services = replace(door.app.services, passkeys=None)
    async with door.browser() as app:
        made = await off.do(app, BEGIN)

    assert ORIGIN not in str(made)
    assert made == {
        "options": None,
        "expiresAt": None,
        "userErrors": [{"code": "PASSKEYS_OFF", "path": None, "retryable": False}],
    }
