"""The billing run of 100,000 synthetic electricity contracts, against a COPY replay of the rows it wrote.

Both are measured in CPU seconds of client and server together, since that is what a machine has to give; the replay is
the least that anything writing these rows can cost. The contracts are billed by the installed electricity adapter on
its prices of January 2023: every product, exchange prices among them, one and two zones, households and businesses.
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import mains_electricity_retail
import orjson
import psycopg
from mains_server.adapters.loading import load_adapters
from mains_server.billing.records import RunRequest
from mains_server.billing.run import Shift, run_billing
from mains_server.db.embedded import OPERATOR, EmbeddedServer, embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade
from mains_server.db.unit_of_work import unit_of_work
from mains_server.tariffs.operations import load_price_versions, load_tax_rates
from mains_server.tariffs.price_file import read_price_file
from mains_spi import Period

from bench.cost import server_cpu
from bench.synthetic import CONTRACTS_SQL

CONTRACTS = int(os.environ.get("MAINS_BENCH_CONTRACTS", "100000"))
ADAPTER = "electricity_retail"
JANUARY = Period(date(2023, 1, 1), date(2023, 2, 1))
NOW = datetime(2023, 2, 10, 8, tzinfo=UTC)
RATIO_MAX = 5
MEGABYTES_MAX = 256
WRITTEN = ("invoice_line", "invoice_tax", "ledger_transaction", "ledger_entry", "outbox_event", "invoice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What something cost: CPU of client and server, time on the clock, and the client's memory at most."""

    client: float
    server: float
    seconds: float
    megabytes: float
    invoiced: int = 0

    @property
    def cpu(self) -> float:
        """Give the CPU seconds of both."""
        return self.client + self.server


def main() -> None:
    """Measure the run and the replay on an embedded server of their own, and print both."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server", settings=OPERATOR) as server,
    ):
        prepare(address=server.address())
        run = _measured(server, "run", folder)
        rows = take_out(address=server.address(), folder=Path(folder))
        replay = _measured(server, "replay", folder)
    _report(run=run, replay=replay, rows=rows)


def prepare(*, address: str) -> None:
    """Migrate, load prices, and make the contracts with their readings."""
    upgrade(address=address)
    asyncio.run(load_prices(address=address))
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in CONTRACTS_SQL:
            connection.execute(statement, {"contracts": CONTRACTS})
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


async def load_prices(*, address: str) -> None:
    """Load the electricity adapter's own prices and taxes."""
    path = Path(mains_electricity_retail.__file__).parent / "data" / "prices.toml"
    file = read_price_file(text=path.read_text(encoding="utf-8"), name=path.name)
    engine = make_engine(address=address)
    async with unit_of_work(engine) as session:
        await load_price_versions(session, versions=file.versions)
        await load_tax_rates(session, rates=file.rates)
    await engine.dispose()


def take_out(*, address: str, folder: Path) -> dict[str, int]:
    """Copy the run's rows out as they stand, empty the tables, and give how many rows each had."""
    counts = {}
    with psycopg.connect(address, autocommit=True) as connection:
        for table in WRITTEN:
            with (folder / table).open("wb") as file, connection.cursor() as cursor:
                with cursor.copy(f"copy {table} to stdout (format binary)") as copy:
                    for block in copy:
                        file.write(block)
                counts[table] = cursor.rowcount
        connection.execute("set session_replication_role = replica")
        connection.execute(f"truncate {', '.join(WRITTEN)} cascade")
        connection.execute("checkpoint")
    return counts


def _measured(server: EmbeddedServer, what: str, folder: str) -> Cost:
    """Run one half in a process of its own, so that its memory is its own."""
    before = server_cpu(server)
    command = [sys.executable, "-m", "bench.billing_run", what, server.address(), folder]
    written = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Cost(server=server_cpu(server) - before, **orjson.loads(written))


def run(*, address: str) -> int:
    """Bill everybody, in one process, and give how many got an invoice."""
    adapter = load_adapters(on=JANUARY.start).adapter(ADAPTER)
    request = RunRequest(adapter=ADAPTER, period=JANUARY, issued_on=NOW.date(), now=NOW)
    with psycopg.connect(address, autocommit=True) as connection:
        return run_billing(connection, request=request, shift=Shift(adapter=adapter, now=NOW)).invoiced


def replay(*, address: str, folder: Path) -> int:
    """Write the same rows again, by the same kind of COPY into the same tables with the same indexes."""
    written = 0
    with psycopg.connect(address) as connection:
        for table in WRITTEN:
            with (folder / table).open("rb") as file, connection.cursor() as cursor:
                with cursor.copy(f"copy {table} from stdin (format binary)") as copy:
                    while block := file.read(1 << 20):
                        copy.write(block)
                written = cursor.rowcount
    return written


def _half(what: str, address: str, folder: str) -> None:
    began, seconds = _own_cpu(), time.perf_counter()
    count = run(address=address) if what == "run" else replay(address=address, folder=Path(folder))
    cost = {
        "client": _own_cpu() - began,
        "seconds": time.perf_counter() - seconds,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "invoiced": count,
    }
    print(orjson.dumps(cost).decode())


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _report(*, run: Cost, replay: Cost, rows: dict[str, int]) -> None:
    print(f"rows: {', '.join(f'{table} {count:,}' for table, count in rows.items())}")
    print(f"{'':12}{'client CPU s':>14}{'server CPU s':>14}{'both':>9}{'clock s':>9}{'peak MB':>9}")
    for name, cost in (("billing run", run), ("COPY replay", replay)):
        print(f"{name:12}{cost.client:14.2f}{cost.server:14.2f}{cost.cpu:9.2f}{cost.seconds:9.2f}{cost.megabytes:9.0f}")
    ratio = run.cpu / replay.cpu
    print(f"invoices: {run.invoiced:,}; {1e6 * run.cpu / run.invoiced:.0f} CPU microseconds each")
    print(f"ratio of CPU to the replay: {ratio:.2f} (wanted: at most {RATIO_MAX})")
    print(f"peak memory: {run.megabytes:.0f} MB (wanted: at most {MEGABYTES_MAX})")


if __name__ == "__main__":
    _half(*sys.argv[1:])
