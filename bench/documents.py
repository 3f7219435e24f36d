"""Documents of the demo's invoices: CPU of one, and a batch of 1,000 by several worker processes."""

from __future__ import annotations

import asyncio
import io
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path

import psycopg
from mains_server.adapters.loading import load_adapters
from mains_server.commands.demo import prepare
from mains_server.db.embedded import embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade
from mains_server.documents.operations import Press, make_document, make_documents, sheets_of_invoices
from mains_server.documents.records import DocumentKind, DocumentLanguage, DocumentWanted
from rich.console import Console

from bench.cost import server_cpu

BATCH = int(os.environ.get("MAINS_BENCH_DOCUMENTS", "1000"))
PROCESSES = int(os.environ.get("MAINS_BENCH_PROCESSES", "2"))
AT_ONCE = 25
CPU_MILLISECONDS_MAX = 100
NOW = datetime(2023, 3, 20, tzinfo=UTC)
LV = DocumentLanguage.LV


def main() -> None:
    """Bill the demo's year into a server of its own, make its documents, and print what each took."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server") as server,
    ):
        address = server.address()
        upgrade(address=address)
        prepare(address=address, console=Console(file=io.StringIO()))
        with psycopg.connect(address) as connection:
            ids = [row[0] for row in connection.execute("select id from invoice order by id").fetchall()][:BATCH]
        asyncio.run(_alone(address, ids[:100]))
        parts = [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
        before, began = server_cpu(server), time.perf_counter()
        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
            spent = list(pool.map(_make, [address] * len(parts), parts))
        took, cpu = time.perf_counter() - began, sum(spent)
        print(
            f"{len(ids)} invoices, PDF, e-invoice and spreadsheet of each, by {PROCESSES} processes: {took:.1f} s"
            f" on the clock, CPU {cpu:.1f} s here and {server_cpu(server) - before:.1f} s in PostgreSQL;"
            f" {1000 * cpu / len(ids):.0f} ms an invoice (at most {CPU_MILLISECONDS_MAX})"
        )
        with psycopg.connect(address) as connection:
            kinds = "select kind, count(*), avg(size)::int from invoice_document group by kind order by kind"
            print("; ".join(f"{n} {kind} of {size} bytes" for kind, n, size in connection.execute(kinds).fetchall()))


async def _alone(address: str, ids: list[int]) -> None:
    """Make each kind by itself from sheets that are there, in this process."""
    engine = make_engine(address=address, connections_max=2)
    press = Press(engine=engine, host=load_adapters(on=date(2023, 3, 1)), now=NOW)
    began = time.process_time()
    sheets = list((await sheets_of_invoices(press, invoice_ids=ids)).values())
    print(f"sheet: {_each(began, ids):.1f} ms CPU an invoice, with its explanation and the months before")
    for kind in DocumentKind:
        make_document(sheets[0], kind=kind, language=LV)
        began = time.process_time()
        for sheet in sheets:
            make_document(sheet, kind=kind, language=LV)
        print(f"{kind.name}: {_each(began, ids):.1f} ms CPU each (at most {CPU_MILLISECONDS_MAX})")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{memory} MB in this process", flush=True)
    await engine.dispose()


def _each(began: float, ids: list[int]) -> float:
    return 1000 * (time.process_time() - began) / len(ids)


def _make(address: str, ids: list[int]) -> float:
    """Make all documents of some invoices in a process of its own, and give the CPU seconds it took."""
    began = time.process_time()
    asyncio.run(_made(address, ids))
    return time.process_time() - began


async def _made(address: str, ids: list[int]) -> None:
    engine = make_engine(address=address, connections_max=2)
    press = Press(engine=engine, host=load_adapters(on=date(2023, 3, 1)), now=NOW)
    wanted = [DocumentWanted(invoice_id=one, kind=kind, language=LV) for one in ids for kind in DocumentKind]
    await make_documents(press, wanted=wanted)
    await engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
