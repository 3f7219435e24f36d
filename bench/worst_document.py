"""The worst documents that the limits allow: CPU of one request, of server and PostgreSQL together, and its memory.

Nobody chose them: of every list that somebody can reach, as many rows as may be read and as many values as may be
shown are asked for, by the plan and by resolvers; of every value that a room works out, as many as are allowed; and
documents of 2,000 tokens that are hard to check. What is over a second or 100 MB needs a higher price.
"""

import asyncio
import io
import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import psutil
from graphql import GraphQLError, get_named_type, is_leaf_type
from mains_schema.declaring.errors import RequestRefused
from mains_schema.served import schema
from mains_server.commands.demo import prepare
from mains_server.db.embedded import EmbeddedServer, embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade
from mains_server.db.unit_of_work import unit_of_work
from mains_server.demo.cast import OWNER
from mains_server.signin.operations import set_password
from rich.console import Console

from bench.cost import server_cpu
from bench.portal_home import SIGN_IN, cpu, ready, running_server
from tests.schema import broad
from tests.schema.town import settle

CPU_SECONDS_MAX, MEGABYTES_MAX = 1.0, 100
SHOWN = 8
PASSWORD = OWNER.password
TOWN_CLERK, CLERK = "person99@example.lv", "admin@demo.example"
# Resolvers answer whatever asks a room for something too, so anybody can have them answer.
BY_RESOLVERS = "{ other: viewer { secondFactor { confirmedAt } } "
YEAR = 'period: {from: "2022-03-01", to: "2023-03-01"}'
MONTH = 'period: {from: "2023-01-01", to: "2023-02-01"}'
# What rooms work out, by the road to its rows: `%s` is how many of them.
OF_ROWS = {
    "invoices": (
        "verification { outcome }",
        "lines { explanation { text } }",
        "lines { weightedPrice { __typename } }",
        "documents(language: LV) { __typename }",
        "deliveries { __typename }",
    ),
    "contracts": (
        "readingWindow { __typename }",
        "productComparison { __typename }",
        "levelledPlan { __typename }",
        "levelledExplanation { __typename }",
        "levelledPlanPreview { __typename }",
        "debts { __typename }",
        f"supplies {{ supplyPoint {{ consumption(granularity: DAY, {YEAR}) {{ series {{ unit }} }} }} }}",
        f"supplies {{ supplyPoint {{ consumption(granularity: HOUR, {MONTH}) {{ __typename }} }} }}",
        f"supplies {{ supplyPoint {{ gaps({YEAR}) {{ __typename }} }} }}",
        "supplies { supplyPoint { building { debts { __typename } } } }",
        f"supplies {{ supplyPoint {{ building {{ consumption(granularity: MONTH, {YEAR}) {{ __typename }} }} }} }}",
    ),
    "customers": (
        "debts { __typename }",
        "noticePreferences { __typename }",
        f"accountStatement({YEAR}) {{ __typename }}",
        f"invoiceArchive({YEAR}) {{ __typename }}",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What a document took: seconds of CPU of the server and of PostgreSQL, and megabytes more at its peak."""

    document: str
    server: float
    database: float
    megabytes: float
    refused: str

    @property
    def cpu(self) -> float:
        """Give all CPU."""
        return self.server + self.database


def main() -> None:
    """Measure all documents on two databases and print the worst of each."""
    with _served(_settle_town) as asks:
        _report("lists of a town of 9,801 invoices, by plans and resolvers", asks(TOWN_CLERK, list(_lists())))
        _report("documents that are hard to check", asks(TOWN_CLERK, list(_hard())))
    with _served(_settle_demo) as asks:
        _report("what rooms work out, on the demo's year", asks(CLERK, list(_rooms())))


def _lists() -> Iterator[str]:
    """Ask each list, and each list of its rows, on the shortest road to it, as wide and as deep as is allowed."""
    query = schema()._schema.query_type
    assert query is not None
    for root in broad.ROOTS:
        for road, kind in broad._roads(get_named_type(query.fields[root].type)):
            for steps, target in ((road, kind), *_further(road, kind)):
                if any("first: " in step for step in steps):
                    for widest in _widest(root, steps, _leaves(target)):
                        yield widest
                        yield widest.replace("{ ", BY_RESOLVERS, 1)


def _further(road: Sequence[str], kind: Any) -> Iterator[tuple[list[str], Any]]:
    """Go one list further than a type."""
    for name, declared in kind.fields.items():
        target, is_list = broad._target(declared)
        if target is not None and is_list:
            yield [*road, f"{name}{broad._given(declared)} {{ nodes"], target


def _widest(root: str, road: Sequence[str], fields: Sequence[str]) -> Iterator[str]:
    """Give the text with the largest pages that are allowed, and the one with the largest that show all fields."""
    for least in dict.fromkeys((1, len(fields))):
        for size in (100, 99, 97, 90, 70, 50, 46, 30, 21, 10, 5):
            steps = [step.replace(f"first: {broad.FIRST}", f"first: {size}") for step in road]
            if broad._is_within_limits(_text(root, steps, fields[:least])):
                yield _filled(root, steps, fields, least)
                break


def _filled(root: str, steps: Sequence[str], fields: Sequence[str], count: int) -> str:
    """Add fields, and then aliases of the largest, as many as are allowed."""
    wanted = [*fields, *(f"a{number}: {fields[0]}" for number in range(30))]
    most = bisect_left(
        range(count, len(wanted) + 1),
        True,
        key=lambda number: not broad._is_within_limits(_text(root, steps, wanted[:number])),
    )
    return _text(root, steps, wanted[: count + most - 1])


def _text(root: str, steps: Sequence[str], fields: Sequence[str]) -> str:
    return f"{{ {root} {broad._nested(steps, ' '.join(fields))} }}"


def _leaves(kind: Any) -> list[str]:
    """Give the fields of a type that stand on its row, those with parts first."""
    found = []
    for name, declared in kind.fields.items():
        named: Any = get_named_type(declared.type)
        if broad._field(name, declared, asks_rooms=False, depth=0) == "" or declared.args:
            continue
        inner = "" if is_leaf_type(named) else f" {{ {' '.join(_leaves(named))} }}"
        if is_leaf_type(named) or broad._target(declared)[0] is None:
            found.append(name + inner)
    return sorted(found, key=len, reverse=True)


def _hard() -> Iterator[str]:
    """Ask little, in documents whose every part is compared with every other, or planned, or wrong."""
    bomb = " ".join(f"fragment b{n} on Viewer {{ ...b{n + 1} ... {{ ...b{n + 1} }} }}" for n in range(98))
    yield f"{{ viewer {{ ...b0 }} }} {bomb} fragment b98 on Viewer {{ id }}"
    deep = " ".join(
        f"fragment d{n} on Contract {{ supplies {{ contract {{ ...d{n + 1} }} }} ...d{n + 1} }}" for n in range(98)
    )
    yield f'{{ node(id: "x") {{ ...d0 }} }} {deep} fragment d98 on Contract {{ number }}'
    inner = "contracts(first: 1) { nodes { number } }"
    spreads = " ".join(f"...f{n}" for n in range(110))
    parts = " ".join(f"fragment f{n} on Viewer {{ {inner} }}" for n in range(110))
    yield f"{{ viewer {{ {spreads} }} }} {parts}"
    chain = " ".join(f"fragment f{n} on Viewer {{ name ...f{n + 1} }}" for n in range(150))
    yield f"{{ viewer {{ ...f0 }} }} {chain} fragment f150 on Viewer {{ id }}"
    yield f"{{ viewer {{ {' '.join(f'nothing{n}' for n in range(1_900))} }} }}"
    yield f"{{ viewer {{ {'... { name } ' * 390} }} }}"
    yield from sorted(broad.by_roads(asks_rooms=False), key=len, reverse=True)[:12]


def _rooms() -> Iterator[str]:
    """Ask each value that a room works out of as many rows as are allowed."""
    for rows, values in OF_ROWS.items():
        for value in values:
            for count in (100, 70, 50, 24, 16, 12, 9, 6, 3, 1):
                text = f"{{ staff {{ {rows}(first: {count}) {{ nodes {{ {value} }} }} }} }}"
                if _is_allowed(text):
                    yield text
                    break


def _is_allowed(text: str) -> bool:
    documents = schema().documents
    try:
        read = documents.read(text)
        documents.cost(read, name=None, variables={})
    except (RequestRefused, GraphQLError):
        return False
    if read.errors:
        raise RuntimeError(f"{text}: {read.errors}")
    return True


@contextmanager
def _served(settle_in: Any) -> Iterator[Any]:
    """Serve a database that is settled as told, and give what asks documents as somebody."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server") as server,
    ):
        upgrade(address=server.address())
        settle_in(server.address())
        with running_server(address=server.address()) as (process, url):
            yield lambda email, documents: asyncio.run(_ask(email, documents, process, url=url, server=server))


def _settle_town(address: str) -> None:
    async def settle_it() -> None:
        engine = make_engine(address=address, connections_max=2)
        async with engine.begin() as connection:
            await settle(connection, customers=99, months=99, lines=8)
            await connection.exec_driver_sql("select setval('session_id_seq', 1000000)")
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.exec_driver_sql("vacuum analyze")
        async with unit_of_work(engine) as session:
            await set_password(session, person_id=99, password=PASSWORD, now=datetime.now(UTC))
        await engine.dispose()

    asyncio.run(settle_it())


def _settle_demo(address: str) -> None:
    prepare(address=address, console=Console(file=io.StringIO()))


async def _ask(
    email: str, documents: Sequence[str], process: psutil.Process, *, url: str, server: EmbeddedServer
) -> list[Took]:
    async with httpx2.AsyncClient(base_url=url, timeout=120) as client:
        await ready(client)
        given = {"input": {"email": email, "password": PASSWORD}}
        answer = await client.post("/graphql", json={"query": SIGN_IN, "variables": given})
        client.headers["Authorization"] = f"Bearer {answer.json()['data']['sessionCreate']['token']}"
        await client.post("/graphql", json={"query": "{ viewer { name } }"})
        return [await _took(client, text, process, server) for text in documents]


async def _took(client: httpx2.AsyncClient, text: str, process: psutil.Process, server: EmbeddedServer) -> Took:
    before = cpu(process), server_cpu(server), process.memory_info().rss
    _forget_peak(process)
    answer = await client.post("/graphql", json={"query": text})
    used = cpu(process) - before[0], server_cpu(server) - before[1], _peak(process) - before[2]
    wrong = answer.json().get("errors")
    refused = "" if not wrong else f"{wrong[0]['extensions']['code']}: {wrong[0]['message']}"
    return Took(document=text, server=used[0], database=used[1], megabytes=used[2] / 1e6, refused=refused)


def _forget_peak(process: psutil.Process) -> None:
    Path(f"/proc/{process.pid}/clear_refs").write_text("5", encoding="ascii")


def _peak(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def _report(what: str, found: Sequence[Took]) -> None:
    most = max(one.megabytes for one in found)
    print(f"{len(found)} documents: {what}; allowed are {CPU_SECONDS_MAX} s and {MEGABYTES_MAX} MB; {most:.0f} MB used")
    for one in sorted(found, key=lambda each: each.cpu, reverse=True)[:SHOWN]:
        over = "OVER " if one.cpu > CPU_SECONDS_MAX or one.megabytes > MEGABYTES_MAX else ""
        took = f"{one.server:.2f} s + {one.database:.2f} s, {one.megabytes:.0f} MB"
        print(f"  {over}{took}: {one.document[:110]} {one.refused[:60]}")


if __name__ == "__main__":
    main()
