"""GraphQL over HTTP by the audits of the npm package graphql-http, all 61, against a server on a database."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from mains_server.adapters.host import AdapterHost
from mains_server.app import make_app
from mains_server.settings import Mode, Settings
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.npm import install

pytestmark = [pytest.mark.slow, pytest.mark.asyncio]
PACKAGES = ("graphql-http@1.23.1", "graphql@16.11.0")
AUDITS = 61
SCRIPT = Path(__file__).with_name("http_audits.mjs")


async def run(*words: str) -> str:
    """Run a program and give what it prints; what it says of a failure is the failure."""
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


@contextlib.asynccontextmanager
async def served(engine: AsyncEngine) -> AsyncIterator[str]:
    """Serve in the mode that shows the schema, which five audits ask for."""
    settings = Settings(mode=Mode.DEMO, smtp_host="nowhere.invalid")
    app = make_app(engine=engine, settings=settings, host=AdapterHost(adapters=(), live={}))
    config = uvicorn.Config(app, port=0, lifespan="off", log_level="critical", access_log=False)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    server.should_exit = True
    await running


async def test_every_audit_of_graphql_http_is_ok(engine: AsyncEngine, tmp_path: Path) -> None:
    await asyncio.to_thread(install, tmp_path, *PACKAGES)

    async with served(engine) as url:
        told: list[dict[str, Any]] = json.loads(await run("node", str(SCRIPT), url, str(tmp_path)))

    assert [one for one in told if one["status"] != "ok"] == []
    assert len(told) == AUDITS
