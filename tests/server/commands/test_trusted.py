"""`mains trusted`: a build registers its documents, a server runs them by hash and no others."""

import asyncio
import hashlib
import json

import httpx2
import pytest
from mains_server.adapters.host import AdapterHost
from mains_server.app import make_app
from mains_server.cli import app
from mains_server.settings import Settings
from typer.testing import CliRunner

pytestmark = pytest.mark.asyncio
ADAPTERS = "query Adapters { utilityAdapters { code } }"
PROVIDERS = "{ paymentProviders { code } }"


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def mains(database_url, monkeypatch):
    monkeypatch.setenv("MAINS_DATABASE_URL", database_url)

    async def run(*words):
        return await asyncio.to_thread(CliRunner().invoke, app, ["trusted", *map(str, words)])

    return run


@pytest.fixture
def server(engine):
    settings = Settings(trusted_documents_only=True)
    made = make_app(engine=engine, settings=settings, host=AdapterHost(adapters=(), live={}))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=made), base_url="http://mains.test")


async def test_a_server_runs_what_was_registered_and_nothing_else(mains, server, tmp_path):
    manifest = tmp_path / "persisted-documents.json"
    manifest.write_text(json.dumps({sha256(ADAPTERS): ADAPTERS}))
    async with server as http:
        before = await http.post("/graphql", json={"documentId": f"sha256:{sha256(ADAPTERS)}"})

        added = await mains("add", manifest)

        by_hash = await http.post("/graphql", json={"documentId": f"sha256:{sha256(ADAPTERS)}"})
        by_text = await http.post("/graphql", json={"query": ADAPTERS})
        over_get = await http.get("/graphql", params={"documentId": sha256(ADAPTERS)})
        apollo = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(ADAPTERS)}}}
        as_apollo = await http.post("/graphql", json=apollo)
        other = await http.post("/graphql", json={"query": PROVIDERS})

    assert (added.exit_code, added.stdout) == (0, "1 registered, 0 known before\n")
    assert (before.status_code, before.json()["errors"][0]["message"]) == (400, "PersistedQueryNotFound")
    assert [one.json()["data"] for one in (by_hash, by_text, over_get, as_apollo)] == [{"utilityAdapters": []}] * 4
    assert (other.status_code, other.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")


async def test_documents_are_listed_known_again_and_removed(mains, tmp_path):
    file = tmp_path / "providers.graphql"
    file.write_text(PROVIDERS)

    first, again = await mains("add", file), await mains("add", file)
    listed = await mains("list")
    removed, gone = await mains("remove", sha256(PROVIDERS)), await mains("remove", sha256(PROVIDERS))

    assert (first.stdout, again.stdout) == ("1 registered, 0 known before\n", "0 registered, 1 known before\n")
    assert listed.stdout.split()[:2] == [sha256(PROVIDERS), str(len(PROVIDERS))]
    assert (removed.stdout, removed.exit_code) == ("1 removed\n", 0)
    assert (gone.stdout, gone.exit_code) == ("0 removed\n", 1)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json", "{", "is not JSON"),
        ("a.json", "[]", "is no manifest"),
        ("a.json", '{"a": 1}', "is no manifest"),
        ("a.json", json.dumps({"0" * 40: PROVIDERS}), "is not the SHA-256 of its document"),
        ("a.json", json.dumps({"format": "apollo-persisted-query-manifest", "operations": 1}), "is no manifest"),
        ("a.json", json.dumps({"format": "apollo-persisted-query-manifest", "operations": [1]}), "is no manifest"),
        ("a.graphql", "{ nothingLikeThis }", "Cannot query field"),
        ("a.graphql", "{ utilityAdapters {", "Syntax Error"),
    ],
)
async def test_what_would_not_be_run_is_not_registered(mains, tmp_path, name, content, reason):
    good, bad = tmp_path / "good.graphql", tmp_path / name
    good.write_text(ADAPTERS)
    bad.write_text(content)

    refused = await mains("add", good, bad)

    assert (refused.exit_code, reason in refused.stderr) == (1, True)
    assert (await mains("list")).stdout == ""


async def test_apollos_manifest_is_read(mains, tmp_path):
    operation = {"id": sha256(ADAPTERS), "body": ADAPTERS, "name": "Adapters", "type": "query"}
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]}))

    assert (await mains("add", file)).stdout == "1 registered, 0 known before\n"
