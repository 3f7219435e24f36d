"""What a provider says of itself, and whatever else it may answer."""

import asyncio
import gzip
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from mains_server.openid import calling, operations
from mains_server.signin.records import NewSession

from tests.openid import ISSUER, REDIRECT

pytestmark = pytest.mark.asyncio
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


async def test_a_provider_that_signs_with_another_key_is_asked_for_it_once(town, anna):
    town.bank.rotate()
    town.bank.asked.clear()

    assert isinstance(await town.sign_in(), NewSession)
    assert town.bank.asked == ["token", "document", "keys"]
    town.bank.asked.clear()
    town.bank.shown = []  # what it shows an hour later does not matter yet
    assert isinstance(await town.sign_in(), NewSession)
    assert town.bank.asked == ["token"]


async def test_what_a_provider_says_of_itself_is_kept_for_an_hour(town, anna):
    town.bank.asked.clear()
    town.now += HOUR - SECOND
    await town.away()
    assert town.bank.asked == []

    town.now += SECOND
    await town.away()

    assert town.bank.asked == ["document", "keys"]


async def test_a_provider_that_is_down_is_named_and_changes_nothing(town, anna):
    begun = await town.away()
    town.bank.is_down = True

    with pytest.raises(calling.ProviderSilent) as silent:
        await town.back(begun)
    town.bank.providers.known.clear()
    with pytest.raises(calling.ProviderSilent):
        await town.away()

    assert silent.value.is_retryable
    assert len(await town.rows("select id from session")) == 1


def packed(request):
    return httpx2.Response(200, content=gzip.compress(b"{}"), headers={"content-encoding": "gzip"})


def unreachable(request):
    raise httpx2.ConnectError("down")


def slow(request):
    raise httpx2.ReadTimeout("slow")


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: httpx2.Response(200, content=b"[" * 1_000_000),
        lambda request: httpx2.Response(200, content=b"words"),
        lambda request: httpx2.Response(200, json={"issuer": ISSUER}),
        lambda request: httpx2.Response(302, headers={"location": "https://other.example"}),
        lambda request: httpx2.Response(500),
        packed,
        unreachable,
        slow,
    ],
)
async def test_whatever_else_a_provider_answers_is_a_refusal(town, answer):
    town.bank.providers = replace(town.bank.providers, transport=httpx2.MockTransport(answer))

    with pytest.raises(calling.ProviderSilent):
        await town.away()


async def test_a_provider_that_never_answers_is_given_up(town):
    async def handle(request):
        await asyncio.Event().wait()

    transport = httpx2.MockTransport(handle)
    town.bank.providers = replace(town.bank.providers, transport=transport, seconds_max=0.01)

    with pytest.raises(calling.ProviderSilent):
        await town.away()


@pytest.mark.parametrize("document", [{"issuer": "https://other.example"}, {"token_endpoint": "http://bank.example/t"}])
async def test_a_description_of_another_provider_is_refused(town, document):
    town.bank.document = document

    with pytest.raises(calling.ProviderSilent):
        await town.away()


async def test_a_provider_that_names_itself_always_does(town, anna):
    town.bank.document = {"authorization_response_iss_parameter_supported": True}
    town.bank.providers.known.clear()
    begun = await town.away()
    named = await town.away()

    with pytest.raises(operations.OpenidRefused):
        await town.back(begun)
    assert isinstance(await town.back(named, issuer=ISSUER), NewSession)


async def test_unknown_providers_and_pages_are_refused(town):
    with pytest.raises(calling.ProviderUnknown):
        await town.away(provider="other")
    for page in ("https://evil.example/back", REDIRECT + "/", REDIRECT + "?a=b", ""):
        with pytest.raises(calling.RedirectUnknown):
            await town.away(redirect_uri=page)
    assert await town.rows("select id from openid_flow") == []
    assert town.bank.asked == []
