"""Signing in with an authenticator app over HTTP, from an app and from a browser."""

from __future__ import annotations

from typing import Any

import httpx2
import pyotp
import pytest
import pytest_asyncio

from tests.schema.test_sessions import NAME, OURS, Door, ask, bearer, door, sign_in

__all__ = ["door"]
pytestmark = pytest.mark.asyncio
BEGIN = "mutation { secondFactorBegin { uri secret userErrors { code } } }"
CONFIRM = """mutation ($code: String!) { secondFactorConfirm(input: {code: $code}) {
    recoveryCodes userErrors { code path retryable } } }"""
RENEW = """mutation ($code: String!) { secondFactorRecoveryCodesRenew(input: {code: $code}) {
    recoveryCodes userErrors { code } } }"""
DISABLE = """mutation ($code: String!) { secondFactorDisable(input: {code: $code}) {
    isDisabled userErrors { code path } } }"""
STATE = "{ viewer { secondFactor { confirmedAt recoveryCodesLeft } } }"
SIGN_IN = """mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) {
    token refreshToken challenge challengeExpiresAt userErrors { code retryable } } }"""
ANSWER = """mutation ($input: SessionConfirmInput!) { sessionConfirm(input: $input) {
    token refreshToken expiresAt challenge retryAt userErrors { code retryable } } }"""


class App:
    """An authenticator app, and the session it was set up in."""

    def __init__(self, door: Door, client: httpx2.AsyncClient, token: str, secret: str) -> None:
        self.door, self.client, self.headers = door, client, bearer(token)
        self.totp = pyotp.TOTP(secret)

    def code(self, later: int = 0) -> str:
        return self.totp.at(self.door.now, counter_offset=later)

    async def ask(self, query: str, **variables: Any) -> Any:
        return await ask(self.client, query, self.headers, **variables)


@pytest_asyncio.fixture
async def app(door: Door) -> Any:
    async with door.browser() as client:
        token = (await sign_in(client))["token"]
        begun = (await ask(client, BEGIN, bearer(token)))["secondFactorBegin"]
        found = App(door, client, token, begun["secret"])
        assert begun["uri"] == f"otpauth://totp/Mains:person4%40example.lv?secret={begun['secret']}&issuer=Mains"
        yield found


async def begin(client: httpx2.AsyncClient, headers: dict[str, str] | None = None, **more: Any) -> Any:
    given = {"email": "person4@example.lv", "password": "correct horse battery"} | more
    return (await ask(client, SIGN_IN, headers, input=given))["sessionCreate"]


async def answer(client: httpx2.AsyncClient, challenge: str, code: str, headers: Any = None) -> Any:
    found = await ask(client, ANSWER, headers, input={"challenge": challenge, "code": code})
    return found if isinstance(found, list) else found["sessionConfirm"]


async def test_an_app_is_set_up_asked_for_and_turned_off(app: App) -> None:
    assert await app.ask(STATE) == {"viewer": {"secondFactor": None}}
    on = (await app.ask(CONFIRM, code=app.code()))["secondFactorConfirm"]
    assert (len(on["recoveryCodes"]), on["userErrors"]) == (10, [])
    assert await app.ask(STATE) == {
        "viewer": {"secondFactor": {"confirmedAt": "2023-03-20T10:00:00.000Z", "recoveryCodesLeft": 10}}
    }
    waiting = await begin(app.client)
    assert (waiting["token"], waiting["refreshToken"]) == (None, None)
    assert waiting["userErrors"] == [{"code": "SECOND_FACTOR_NEEDED", "retryable": False}]
    assert waiting["challengeExpiresAt"] == "2023-03-20T10:05:00.000Z"

    made = await answer(app.client, waiting["challenge"], app.code(1))

    assert (made["challenge"], made["userErrors"], made["expiresAt"]) == (None, [], "2023-03-20T11:00:00.000Z")
    assert await ask(app.client, NAME, bearer(made["token"])) == {"viewer": {"name": "Person 4"}}
    renewed = (await app.ask(RENEW, code=on["recoveryCodes"][0]))["secondFactorRecoveryCodesRenew"]
    assert set(renewed["recoveryCodes"]).isdisjoint(on["recoveryCodes"])
    off = await app.ask(DISABLE, code=renewed["recoveryCodes"][0])
    assert off == {"secondFactorDisable": {"isDisabled": True, "userErrors": []}}
    assert (await begin(app.client))["token"] is not None


async def test_refusals_are_typed(app: App) -> None:
    off = await app.ask(DISABLE, code="000000")
    wrong = await app.ask(CONFIRM, code="000000")
    await app.ask(CONFIRM, code=app.code())

    assert off["secondFactorDisable"]["userErrors"] == [{"code": "SECOND_FACTOR_OFF", "path": None}]
    assert wrong["secondFactorConfirm"]["userErrors"] == [{"code": "CODE_WRONG", "path": "code", "retryable": False}]
    assert (await app.ask(BEGIN))["secondFactorBegin"]["userErrors"] == [{"code": "SECOND_FACTOR_ON"}]
    for query, given in ((BEGIN, {}), (CONFIRM, {"code": "1"}), (DISABLE, {"code": "1"}), (RENEW, {"code": "1"})):
        assert await ask(app.client, query, **given) == ["UNAUTHENTICATED"]


async def test_too_many_codes_are_refused_with_the_time_to_try_again(app: App) -> None:
    await app.ask(CONFIRM, code=app.code())
    waiting = await begin(app.client)
    for _ in range(9):
        assert (await answer(app.client, waiting["challenge"], "000000"))["userErrors"][0]["code"] == "CODE_WRONG"

    refused = await answer(app.client, waiting["challenge"], app.code(1))

    assert refused["userErrors"] == [{"code": "TOO_MANY_ATTEMPTS", "retryable": True}]
    assert (refused["token"], refused["retryAt"]) == (None, "2023-03-20T10:15:00.000Z")


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
async def test_a_session_in_a_cookie_is_confirmed_by_a_front_end_of_ours_only(
    app: App, headers: dict[str, str]
) -> None:
    await app.ask(CONFIRM, code=app.code())
    async with app.door.browser() as browser:
        waiting = await begin(browser, OURS, mode="COOKIE")
        assert not browser.cookies

        refused = await answer(browser, waiting["challenge"], app.code(1), headers)
        made = await answer(browser, waiting["challenge"], app.code(1), OURS)

        assert refused == ["FORBIDDEN"]
        assert (made["token"], made["userErrors"]) == (None, [])
        assert await ask(browser, NAME, OURS) == {"viewer": {"name": "Person 4"}}
