"""Signing in with an internet bank over HTTP, from an app and from a browser."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import pytest_asyncio

from tests.openid import REDIRECT, Bank
from tests.schema.test_accounts import BEGIN as REGISTER
from tests.schema.test_accounts import Office, codes_given, newcomer, office
from tests.schema.test_sessions import NAME, OURS, Door, ask, bearer, door, sign_in

__all__ = ["door", "office"]
pytestmark = pytest.mark.asyncio
PROVIDERS = "{ openidProviders { code label } }"
BEGIN = """mutation ($input: OpenidBeginInput!) { begun: openidSignInBegin(input: $input) {
    url state key expiresAt userErrors { code path retryable } } }"""
FINISH = """mutation ($input: OpenidFinishInput!) { made: openidSignInFinish(input: $input) {
    token refreshToken expiresAt challenge linkTicket linkTicketExpiresAt userErrors { code path retryable } } }"""
LINK_BEGIN = """mutation ($input: OpenidBeginInput!) { begun: openidLinkBegin(input: $input) {
    url key userErrors { code } } }"""
LINK_FINISH = """mutation ($input: OpenidFinishInput!) { made: openidLinkFinish(input: $input) {
    link { id provider createdAt lastUsedAt } userErrors { code } } }"""
LINK = """mutation ($ticket: String!) { made: openidLink(input: {ticket: $ticket}) {
    link { provider } userErrors { code path } } }"""
UNLINK = """mutation ($id: ID!) { gone: openidUnlink(input: {linkId: $id}) { isRemoved userErrors { code path } } }"""
CONFIRM = """mutation ($input: RegistrationConfirmInput!) { made: registrationConfirm(input: $input) {
    token isOpenidLinked userErrors { code } } }"""
LINKS = "{ viewer { openidLinks { nodes { id provider lastUsedAt } } } }"


class Portal:
    """The server's door, and the bank it knows."""

    def __init__(self, door: Door) -> None:
        self.door, self.bank = door, Bank(lambda: door.now)
        door.app.services = replace(door.app.services, openid=self.bank.providers)

    async def away(self, client: httpx2.AsyncClient, headers: Any = None, query: str = BEGIN, **more: Any) -> Any:
        given = {"provider": "bank", "redirectUri": REDIRECT} | more
        found = await ask(client, query, headers, input=given)
        return found if isinstance(found, list) else found["begun"]

    async def back(self, client: httpx2.AsyncClient, begun: Any, headers: Any = None, query: str = FINISH) -> Any:
        state, code = self.bank.let_in(begun["url"])
        given = {"state": state, "code": code} | ({"key": begun["key"]} if begun["key"] else {})
        found = await ask(client, query, headers, input=given)
        return found if isinstance(found, list) else found["made"]

    async def link(self, client: httpx2.AsyncClient) -> dict[str, str]:
        """Link the bank's customer to person 4, and give the headers of their session."""
        headers = bearer((await sign_in(client))["token"])
        begun = await self.away(client, headers, LINK_BEGIN)
        assert (await self.back(client, begun, headers, LINK_FINISH))["userErrors"] == []
        return headers


@pytest_asyncio.fixture
async def portal(door: Door) -> Portal:
    return Portal(door)


async def test_an_app_links_a_bank_signs_in_with_it_and_removes_it(portal: Portal) -> None:
    async with portal.door.browser() as app:
        assert await ask(app, PROVIDERS) == {"openidProviders": [{"code": "bank", "label": "Internetbanka"}]}
        headers = await portal.link(app)
        begun = await portal.away(app)
        assert (begun["expiresAt"], begun["userErrors"]) == ("2023-03-20T10:10:00.000Z", [])
        assert parse_qs(urlsplit(begun["url"]).query)["state"] == [begun["state"]]

        made = await portal.back(app, begun)

        assert (made["challenge"], made["linkTicket"], made["userErrors"]) == (None, None, [])
        assert (made["expiresAt"], len(made["refreshToken"])) == ("2023-03-20T11:00:00.000Z", 43)
        assert await ask(app, NAME, bearer(made["token"])) == {"viewer": {"name": "Person 4"}}
        (link,) = (await ask(app, LINKS, headers))["viewer"]["openidLinks"]["nodes"]
        assert (link["provider"], link["lastUsedAt"]) == ("bank", "2023-03-20T10:00:00.000Z")
        gone = await ask(app, UNLINK, bearer(made["token"]), id=link["id"])
        assert gone == {"gone": {"isRemoved": True, "userErrors": []}}
        again = await ask(app, UNLINK, headers, id=link["id"])
        assert again["gone"] == {"isRemoved": False, "userErrors": [{"code": "LINK_UNKNOWN", "path": "linkId"}]}


async def test_a_browser_keeps_the_key_and_the_session_where_no_script_reads_them(portal: Portal) -> None:
    async with portal.door.browser() as browser:
        await portal.link(browser)
        begun = await portal.away(browser, OURS, mode="COOKIE")
        assert begun["key"] is None
        assert sorted(cookie.name for cookie in browser.cookies.jar) == ["__Host-mains_openid"]

        made = await portal.back(browser, begun, OURS)

        assert (made["token"], made["refreshToken"], made["userErrors"]) == (None, None, [])
        assert await ask(browser, NAME, OURS) == {"viewer": {"name": "Person 4"}}


async def test_two_tabs_of_a_browser_do_not_disturb_each_other(portal: Portal) -> None:
    async with portal.door.browser() as browser:
        await portal.link(browser)
        one = await portal.away(browser, OURS, mode="COOKIE")
        other = await portal.away(browser, OURS, mode="COOKIE")

        assert (await portal.back(browser, one, OURS))["userErrors"] == []
        assert (await portal.back(browser, other, OURS))["userErrors"] == []


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
async def test_another_site_neither_begins_nor_finishes_what_a_cookie_keeps(
    portal: Portal, headers: dict[str, str]
) -> None:
    async with portal.door.browser() as browser:
        await portal.link(browser)
        assert await portal.away(browser, headers, mode="COOKIE") == ["FORBIDDEN"]
        begun = await portal.away(browser, OURS, mode="COOKIE")

        made = await portal.back(browser, begun, headers)

        assert [error["code"] for error in made["userErrors"]] == ["OPENID_REFUSED"]
        assert (await portal.back(browser, begun, OURS))["userErrors"] == []


async def test_what_another_browser_began_is_refused(portal: Portal) -> None:
    async with portal.door.browser() as thief, portal.door.browser() as victim:
        await portal.link(victim)
        begun = await portal.away(thief, OURS, mode="COOKIE")
        await portal.away(victim, OURS, mode="COOKIE")

        made = await portal.back(victim, begun, OURS)

        assert made["userErrors"] == [{"code": "OPENID_REFUSED", "path": None, "retryable": False}]


async def test_whoever_is_not_linked_links_by_a_ticket_after_signing_in(portal: Portal) -> None:
    async with portal.door.browser() as app:
        made = await portal.back(app, await portal.away(app))
        assert [error["code"] for error in made["userErrors"]] == ["OPENID_UNLINKED"]
        assert (made["token"], made["linkTicketExpiresAt"]) == (None, "2023-03-20T11:00:00.000Z")
        headers = bearer((await sign_in(app))["token"])

        linked = await ask(app, LINK, headers, ticket=made["linkTicket"])

        assert linked == {"made": {"link": {"provider": "bank"}, "userErrors": []}}
        assert (await portal.back(app, await portal.away(app)))["userErrors"] == []
        again = await ask(app, LINK, headers, ticket=made["linkTicket"])
        assert again["made"] == {"link": None, "userErrors": [{"code": "TICKET_WRONG", "path": "ticket"}]}


async def test_refusals_are_typed(portal: Portal) -> None:
    async with portal.door.browser() as app:
        headers = bearer((await sign_in(app))["token"])
        unknown = await portal.away(app, provider="other")
        elsewhere = await portal.away(app, redirectUri="https://evil.example")
        portal.bank.is_down = True
        silent = await portal.away(app)
        portal.door.now += timedelta(minutes=5)
        stale = await portal.away(app, headers, LINK_BEGIN)

        assert unknown["userErrors"] == [{"code": "PROVIDER_UNKNOWN", "path": "provider", "retryable": False}]
        assert elsewhere["userErrors"] == [{"code": "REDIRECT_UNKNOWN", "path": "redirectUri", "retryable": False}]
        assert silent["userErrors"] == [{"code": "PROVIDER_SILENT", "path": None, "retryable": True}]
        assert stale["userErrors"] == [{"code": "REAUTHENTICATION_NEEDED"}]
        back = {"state": "a", "code": "b", "key": "c"}
        nobody = [
            (LINK_BEGIN, {"input": {"provider": "bank", "redirectUri": REDIRECT}}),
            (LINK_FINISH, {"input": back}),
            (LINK, {"ticket": "a"}),
            (UNLINK, {"id": "T3BlbmlkTGluazox"}),
        ]
        for query, given in nobody:
            assert await ask(app, query, **given) == ["UNAUTHENTICATED"]


async def test_one_network_begins_sixty_times_in_a_quarter_of_an_hour(portal: Portal) -> None:
    document = "mutation ($input: OpenidBeginInput!) {" + "".join(
        f"n{n}: openidSignInBegin(input: $input) {{ userErrors {{ code }} }}" for n in range(10)
    )
    given = {"provider": "bank", "redirectUri": REDIRECT}
    async with portal.door.browser() as app:
        answers = [await ask(app, document + "}", input=given) for _ in range(7)]

    codes = [error["code"] for answer in answers for one in answer.values() for error in one["userErrors"]]
    assert codes == ["TOO_MANY_ATTEMPTS"] * 10


@pytest.mark.parametrize(("told", "is_linked"), [("PNOLV-161175-19997", True), ("010180-12345", False)])
async def test_who_registers_after_the_bank_is_linked_where_it_tells_the_customers_personal_code(
    office: Office, told: str, is_linked: bool
) -> None:
    bank = Bank(lambda: office.now)
    bank.claims |= {"personal_code": told}
    office.app.services = replace(office.app.services, openid=bank.providers)
    portal_given = {"provider": "bank", "redirectUri": REDIRECT}
    begun = (await ask(office.http, BEGIN, input=portal_given))["begun"]
    state, code = bank.let_in(begun["url"])
    came = await ask(office.http, FINISH, input={"state": state, "code": code, "key": begun["key"]})
    registration = (await ask(office.http, REGISTER, input=newcomer()))["registrationBegin"]["registration"]
    given = codes_given(registration, *await office.codes()) | {"openidTicket": came["made"]["linkTicket"]}

    made = (await ask(office.http, CONFIRM, input=given))["made"]

    assert (made["isOpenidLinked"], made["userErrors"]) == (is_linked, [])
    assert await office.rows("select count(*) from openid_link") == [(int(is_linked),)]
    linked = await ask(office.http, LINK, bearer(made["token"]), ticket=came["made"]["linkTicket"])
    assert bool(linked["made"]["userErrors"]) is is_linked
