"""`make bench-read`: what reads cost by compiled plans, by resolvers, and by one hand-written SELECT an endpoint.

One process each, asked in turns on one database; medians of CPU milliseconds a request, of the application and of
PostgreSQL, and of requests a second. The hand-written endpoint checks the session inside its SELECT, with the same
settings of the database, and its pool resets nothing.
"""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import psutil
from mains_schema.declaring.node import encode_id
from mains_server.db.embedded import EmbeddedServer, embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin.operations import set_password

from bench.cost import server_cpu
from tests.schema.town import settle

ROUNDS = int(os.environ.get("MAINS_BENCH_ROUNDS", "5"))
PASSWORD = "a long enough password"
AT_ONCE = 4
EXECUTORS = ("compiled", "resolvers", "bare")
SMALL = "{ viewer { contracts { nodes { number signedOn } } } }"
PORTAL = """{ viewer { name contracts(first: 20) { nodes { number productCode
  supplies { supplyPoint { identifier meters { serial registers { code
    readings(first: 13) { nodes { takenAt countsFor value { value unit } status } } } } } }
  invoices(first: 12) { nodes { number status total { amount currency } openAmount { amount } dueOn
    lines { code quantity { value unit } net { amount } } } } } } } }"""
LIST = """{ staff { customers(first: 10) { nodes { number invoices(first: 100) { nodes { number status
  total { amount currency } lines { code net { amount } } } } } } } }"""
SUBMIT = """mutation ($input: ReadingSubmitInput!) { readingSubmit(input: $input) {
  reading { id value { value unit } register { code meter { serial } } } userErrors { code } } }"""
SIGN_IN = "mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) { token } }"
PAGES = {"small": (SMALL, 200), "portal": (PORTAL, 40), "list": (LIST, 2), "mutation": (SUBMIT, 50)}
# CPU is counted in hundredths of a second, so what is quick is asked more often.
OFTENER = {"small": 10, "portal": 25, "list": 20, "mutation": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round's cost of a request: CPU milliseconds of the application and of PostgreSQL, and requests a second."""

    application: float
    database: float
    rate: float


def main() -> None:
    """Measure every page by every executor in turns and print medians."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server") as server,
        ExitStack() as running,
    ):
        upgrade(address=server.address())
        asyncio.run(_settle(server.address()))
        applications = {name: running.enter_context(_application(server.address(), name)) for name in EXECUTORS}
        found = asyncio.run(_measure(applications, server))
    _report(found)


async def _settle(address: str) -> None:
    engine = make_engine(address=address, connections_max=2)
    async with engine.begin() as connection:
        await settle(connection, customers=12, months=99, lines=8)
        await connection.exec_driver_sql("set session_replication_role = replica")
        await connection.exec_driver_sql("delete from reading where taken_at > now() - interval '40 days'")
        await connection.exec_driver_sql("reset session_replication_role")
        await connection.exec_driver_sql("update access_grant set permissions = '{VIEW,SUBMIT_READINGS}'")
        for table in ("reading", "person", "session"):
            await connection.exec_driver_sql(f"select setval('{table}_id_seq', 1000000)")
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql("vacuum analyze")
    async with unit_of_work(engine) as session:
        for person in (1, 12):
            await set_password(session, person_id=person, password=PASSWORD, now=datetime.now(UTC))
    await engine.dispose()


@contextmanager
def _application(address: str, executor: str) -> Iterator[tuple[psutil.Process, str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"MAINS_DATABASE_URL": address, "MAINS_BENCH_EXECUTOR": executor, "MAINS_BENCH_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "bench.read_path_apps"], env={**os.environ, **told})
    try:
        yield psutil.Process(process.pid), f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


async def _measure(
    applications: dict[str, tuple[psutil.Process, str]], server: EmbeddedServer
) -> dict[tuple[str, str], list[Round]]:
    found: dict[tuple[str, str], list[Round]] = {}
    async with httpx2.AsyncClient(timeout=120) as client:
        for _process, url in applications.values():
            await _ready(client, url)
        tokens = {page: await _token(client, applications["resolvers"][1], page) for page in PAGES}
        for number in range(ROUNDS + 1):
            for page in PAGES:
                for name, (process, url) in applications.items():
                    if (name, page) == ("bare", "mutation"):
                        continue
                    client.headers["Authorization"] = f"Bearer {tokens[page]}"
                    where = f"{url}/{page if name == 'bare' else 'graphql'}"
                    requests = PAGES[page][1] * (1 if name == "resolvers" else OFTENER[page])
                    measured = await _round(client, where, page, requests, process, server)
                    if number:
                        found.setdefault((page, name), []).append(measured)
    return found


async def _token(client: httpx2.AsyncClient, url: str, page: str) -> str:
    email = f"person{12 if page == 'list' else 1}@example.lv"
    given = {"input": {"email": email, "password": PASSWORD}}
    answer = await client.post(f"{url}/graphql", json={"query": SIGN_IN, "variables": given})
    return str(answer.json()["data"]["sessionCreate"]["token"])


async def _ready(client: httpx2.AsyncClient, url: str) -> None:
    for _ in range(600):
        try:
            await client.get(url)
            return
        except httpx2.TransportError:
            await asyncio.sleep(0.1)
    raise RuntimeError("the server does not answer")


async def _round(
    client: httpx2.AsyncClient, where: str, page: str, requests: int, process: psutil.Process, server: EmbeddedServer
) -> Round:
    query = PAGES[page][0]
    before, began = (_cpu(process), server_cpu(server)), time.perf_counter()
    waiting = iter(range(requests))

    async def ask() -> None:
        for number in waiting:
            body = {"query": query, "variables": _variables(page, number)}
            answer = await client.post(where, json=body)
            if answer.status_code != 200 or b'"errors"' in answer.content:
                raise RuntimeError(answer.text)

    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    seconds = time.perf_counter() - began
    application, database = _cpu(process) - before[0], server_cpu(server) - before[1]
    return Round(
        application=1000 * application / requests, database=1000 * database / requests, rate=requests / seconds
    )


def _variables(page: str, number: int) -> dict[str, object]:
    if page != "mutation":
        return {}
    key = f"{time.time_ns()}-{number}"
    register = encode_id(type_name="Register", number=1)
    return {"input": {"registerId": register, "value": "1200", "idempotencyKey": key}}


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _report(found: dict[tuple[str, str], list[Round]]) -> None:
    print(f"medians of {ROUNDS} rounds, {AT_ONCE} requests at once; CPU milliseconds a request")
    print(f"{'':22}{'application':>12}{'database':>12}{'both':>10}{'requests/s':>12}")
    total, alone = {}, {}
    for (page, name), rounds in found.items():
        application = statistics.median(each.application for each in rounds)
        database = statistics.median(each.database for each in rounds)
        both = statistics.median(each.application + each.database for each in rounds)
        rate = statistics.median(each.rate for each in rounds)
        total[page, name], alone[page, name] = both, application
        print(f"{page:10}{name:12}{application:12.2f}{database:12.2f}{both:10.2f}{rate:12.1f}")
    for page in ("small", "portal", "list"):
        to_bare = total[page, "compiled"] / total[page, "bare"]
        to_resolvers = alone[page, "resolvers"] / alone[page, "compiled"]
        print(f"{page}: compiled is {to_bare:.2f} of bare's CPU; resolvers take {to_resolvers:.1f} times its app CPU")
    shown = total["mutation", "compiled"] / total["mutation", "resolvers"]
    print(f"mutation: with its payload compiled it takes {shown:.2f} of the CPU that resolvers take")


if __name__ == "__main__":
    main()
