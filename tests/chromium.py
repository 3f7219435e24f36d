"""Debian's Chromium without a window, for tests that let a real browser speak with the server."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

PATIENCE_SECONDS = 180
MESSAGE_BYTES_MAX = 16 * 1024 * 1024
QUIET = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")


def chromium() -> str:
    """Give the browser's program; where there is none the test is skipped, or fails if MAINS_NEEDS_CHROMIUM is set."""
    found = shutil.which("chromium")
    if found is None:
        if os.environ.get("MAINS_NEEDS_CHROMIUM"):
            pytest.fail("chromium is not installed here")
        pytest.skip("chromium is not installed here")
    return found


@dataclass
class Tab:
    """A page of the browser, spoken to by the DevTools protocol."""

    connection: ClientConnection
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def command(self, method: str, **given: Any) -> Any:
        """Send a command, and give what it answers."""
        number = next(self.numbers)
        await self.connection.send(json.dumps({"id": number, "method": method, "params": given}))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                said = json.loads(await self.connection.recv())
                if said.get("id") == number:
                    assert "error" not in said, f"{method}: {said['error']}"
                    return said["result"]

    async def open(self, address: str) -> None:
        """Go to a page, and wait until it is there."""
        await self.command("Page.enable")
        await self.command("Page.navigate", url=address)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while json.loads(await self.connection.recv()).get("method") != "Page.loadEventFired":
                pass

    async def run(self, script: str) -> Any:
        """Run the body of an async function in the page, and give what it returns."""
        whole = f"(async () => {{ {script} }})()"
        done = await self.command("Runtime.evaluate", expression=whole, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")


@asynccontextmanager
async def tab_of_a_browser() -> AsyncIterator[Tab]:
    """Start a browser of its own, and give a tab of it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            chromium(),
            *QUIET,
            "--remote-debugging-port=0",
            f"--user-data-dir={folder}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            port, path = await _listening(Path(folder) / "DevToolsActivePort", process)
            browser = f"ws://127.0.0.1:{port}{path}"
            async with connect(browser, max_size=MESSAGE_BYTES_MAX) as whole:
                made = await Tab(whole).command("Target.createTarget", url="about:blank")
                page = f"ws://127.0.0.1:{port}/devtools/page/{made['targetId']}"
                async with connect(page, max_size=MESSAGE_BYTES_MAX) as connection:
                    yield Tab(connection)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            await process.wait()


async def _listening(told: Path, process: asyncio.subprocess.Process) -> tuple[int, str]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (lines := _lines(told)) is None:
            assert process.returncode is None, "the browser stopped"
            await asyncio.sleep(0.1)
    return int(lines[0]), lines[1]


def _lines(told: Path) -> list[str] | None:
    """Read what the browser wrote once it listens: its port, and where on it."""
    lines = told.read_text().split("\n") if told.exists() else []
    return lines if len(lines) > 1 else None
