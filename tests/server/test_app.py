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


def _client(engine):
    app = make_app(engine=engine, settings=Settings(), host=AdapterHost(adapters=(), live={}))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains.test")
