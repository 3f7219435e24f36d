"""The portal's home query over HTTP: requests a second and CPU a request, one server process, on the demo's year.

The client's own CPU is not counted. A request that asks almost nothing is measured beside it in the same run, so that
the ratio tells what the query costs above the least a request can.
"""

import asyncio
import io
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
from mains_server.commands.demo import prepare
from mains_server.db.embedded import EmbeddedServer, embedded_server
from mains_server.db.migrate import upgrade
from mains_server.demo.cast import OWNER
from rich.console import Console

from bench.cost import server_cpu

ROUNDS = 5
REQUESTS = int(os.environ.get("MAINS_BENCH_REQUESTS", "200"))
AT_ONCE = 8
HOME = """
{ viewer { name
    customers(first: 5) { nodes { number balances { owed { amount currency } } } }
    contracts(first: 20) { nodes { number productName
      supplies { supplyPoint { meters { serial registers { code unit
        readings(first: 13) { nodes { countsFor value { value unit } } } } } } }
      invoices(first: 12) { nodes { number status total { amount currency } openAmount { amount }
        lines { code label quantity { value unit } unitPrice { amount unit } net { amount } } } } } } } }
"""
LEAST = "{ viewer { name } }"
SIGN_IN = "mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) { token } }"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round's cost of a request: CPU milliseconds of the application and of PostgreSQL, and requests a second."""

    application: float
    database: float
    rate: float


def main() -> None:
    """Measure both queries in turns and print medians."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server") as server,
    ):
        upgrade(address=server.address())
        prepare(address=server.address(), console=Console(file=io.StringIO()))
        with running_server(address=server.address()) as (process, url):
            found = asyncio.run(_measure(process, url=url, server=server))
    _report(found)


@contextmanager
def running_server(*, address: str, **variables: str) -> Iterator[tuple[psutil.Process, str]]:
    """Serve a database as `mains serve` does, in a process and on a port of its own, with more in its environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "MAINS_DATABASE_URL": address, **variables}
    command = [str(Path(sys.executable).with_name("mains")), "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment)
    try:
        yield psutil.Process(process.pid), f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


async def _measure(process: psutil.Process, *, url: str, server: EmbeddedServer) -> dict[str, list[Round]]:
    found: dict[str, list[Round]] = {"least": [], "portal home": []}
    async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
        await ready(client)
        credentials = {"email": OWNER.email, "password": OWNER.password}
        answer = await client.post("/graphql", json={"query": SIGN_IN, "variables": {"input": credentials}})
        client.headers["Authorization"] = f"Bearer {answer.json()['data']['sessionCreate']['token']}"
        for number in range(ROUNDS + 1):
            for name, query in (("least", LEAST), ("portal home", HOME)):
                measured = await _round(client, query=query, process=process, server=server)
                found[name] += [measured] if number else []
    return found


async def ready(client: httpx2.AsyncClient) -> None:
    """Wait until a server answers."""
    for _ in range(6_000):  # a busy machine starts slowly
        try:
            if (await client.get("/health/ready")).status_code == 200:
                return
        except httpx2.TransportError:
            await asyncio.sleep(0.1)
    raise RuntimeError("the server does not answer")


async def _round(client: httpx2.AsyncClient, *, query: str, process: psutil.Process, server: EmbeddedServer) -> Round:
    before, began = (cpu(process), server_cpu(server)), time.perf_counter()
    waiting = iter(range(REQUESTS))

    async def ask() -> None:
        for _ in waiting:
            answer = (await client.post("/graphql", json={"query": query})).json()
            if "errors" in answer:
                raise RuntimeError(answer["errors"])

    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    seconds = time.perf_counter() - began
    application, database = cpu(process) - before[0], server_cpu(server) - before[1]
    return Round(
        application=1000 * application / REQUESTS, database=1000 * database / REQUESTS, rate=REQUESTS / seconds
    )


def cpu(process: psutil.Process) -> float:
    """Give the CPU seconds that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _report(found: dict[str, list[Round]]) -> None:
    print(f"{ROUNDS} rounds of {REQUESTS} requests, {AT_ONCE} at once; medians")
    print(f"{'':14}{'app CPU ms':>12}{'database CPU ms':>17}{'requests/s':>12}")
    medians = {}
    for name, rounds in found.items():
        application = statistics.median(each.application for each in rounds)
        database = statistics.median(each.database for each in rounds)
        rate = statistics.median(each.rate for each in rounds)
        medians[name] = application + database
        print(f"{name:14}{application:12.2f}{database:17.2f}{rate:12.1f}")
    print(f"CPU of the portal home to the least request: {medians['portal home'] / medians['least']:.1f}")


if __name__ == "__main__":
    main()
