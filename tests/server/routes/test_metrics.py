"""Metrics are for who knows the token; without one there are none."""

import httpx2
import pytest
from mains_server.adapters.host import AdapterHost
from mains_server.app import make_app
from mains_server.settings import Settings
from pydantic import ValidationError

pytestmark = pytest.mark.asyncio

TOKEN = "a-token-of-enough-length"
QUERY = {"query": "{ utilityAdapters { code } }"}
COMPILED = 'mains_graphql_answers_total{executor="compiled",reason=""}'
DECLINED = 'mains_graphql_answers_total{executor="declined",reason="introspection"}'


def client(engine, settings: Settings) -> httpx2.AsyncClient:
    app = make_app(engine=engine, settings=settings, host=AdapterHost(adapters=(), live={}))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains.test")


def counted(text: str, name: str) -> float:
    return next((float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name)), 0.0)


async def test_answers_are_counted_by_executor_and_reason(engine):
    async with client(engine, Settings(metrics_token=TOKEN)) as http:
        known = {"authorization": f"Bearer {TOKEN}"}
        before = (await http.get("/metrics", headers=known)).text
        await http.post("/graphql", json=QUERY)
        await http.post("/graphql", json={"query": "{ __schema { __typename } }"})
        answer = await http.get("/metrics", headers=known)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert counted(answer.text, COMPILED) == counted(before, COMPILED) + 1
    assert counted(answer.text, DECLINED) == counted(before, DECLINED) + 1


@pytest.mark.parametrize("given", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ā"])
async def test_without_the_token_nothing_is_shown(engine, given):
    async with client(engine, Settings(metrics_token=TOKEN)) as http:
        headers = {} if given is None else {"authorization": given.encode()}
        answer = await http.get("/metrics", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


async def test_without_a_token_there_are_no_metrics(engine):
    async with client(engine, Settings()) as http:
        answer = await http.get("/metrics", headers={"authorization": "Bearer "})

    assert answer.status_code == 404


async def test_a_short_token_is_refused():
    with pytest.raises(ValidationError, match="metrics_token"):
        Settings(metrics_token="short")
