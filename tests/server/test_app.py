"""The application says whether it is alive and whether it can work."""

import httpx2
import pytest
from mains_server.adapters.host import AdapterHost
from mains_server.app import app_from_environment, make_app
from mains_server.db.engine import make_engine
from mains_server.settings import Settings

pytestmark = pytest.mark.asyncio


async def test_alive_and_ready(engine):
    async with _client(engine) as client:
        alive, ready = await client.get("/health/alive"), await client.get("/health/ready")

    assert (alive.status_code, alive.text) == (200, "alive\n")
    assert (ready.status_code, ready.text) == (200, "ready\n")


async def test_graphql_answers(engine):
    async with _client(engine) as client:
        answer = await client.post("/graphql", json={"query": "{ utilityAdapters { code } }"})

    assert (answer.status_code, answer.json()["data"]) == (200, {"utilityAdapters": []})


async def test_not_ready_without_a_database():
    engine = make_engine(address="postgresql://mains@/mains?host=/nowhere")

    async with _client(engine) as client:
        alive, ready = await client.get("/health/alive"), await client.get("/health/ready")

    assert alive.status_code == 200
    assert (ready.status_code, ready.text) == (503, "the database does not answer\n")


async def test_no_database_is_said_at_the_start(monkeypatch, tmp_path):
    monkeypatch.delenv("MAINS_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(RuntimeError, match="MAINS_DATABASE_URL is not set"):
        app_from_environment()


def _client(engine, **settings):
    app = make_app(engine=engine, settings=Settings(**settings), host=AdapterHost(adapters=(), live={}))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains.test")


async def test_production_shows_neither_editor_nor_schema(engine):
    async with _client(engine) as client:
        page = await client.get("/graphql", headers={"accept": "text/html"})
        asked = await client.post("/graphql", json={"query": "{ __schema { __typename } }"})

    assert page.status_code == 404
    assert asked.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_other_sites_are_answered_only_where_a_setting_names_them(engine):
    ours, theirs = {"origin": "https://portal.example"}, {"origin": "https://elsewhere.example"}
    asking = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    async with _client(engine) as plain, _client(engine, cors_origins={"https://portal.example"}) as listed:
        none = await plain.options("/graphql", headers={**ours, **asking})
        good = await listed.options("/graphql", headers={**ours, **asking})
        bad = await listed.options("/graphql", headers={**theirs, **asking})

    assert "access-control-allow-origin" not in none.headers
    assert good.headers["access-control-allow-origin"] == "https://portal.example"
    assert "access-control-allow-credentials" not in good.headers
    assert "access-control-allow-origin" not in bad.headers


async def test_the_budget_of_a_process_is_published(engine):
    async with _client(engine, rows_a_minute=1) as client:
        answers = [await client.post("/graphql", json={"query": "{ utilityAdapters { code } }"}) for _ in range(2)]

    assert answers[0].json()["extensions"]["cost"]["budget"]["rows"] == 1
    assert [answer.status_code for answer in answers] in ([200, 429], [200, 200])  # the minute may turn in between
