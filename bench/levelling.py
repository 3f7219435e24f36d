"""The yearly recalculation of 100,000 levelled electricity contracts: CPU of client and server, and memory.

The contracts are every product that may be levelled, every connection, one and two zones, households and businesses,
each with a use of its own and twelve payments. Each gets a new version of its plan and a letter, and twenty an event.
The server has the settings that docs/database.md asks of an operator.
600,000 (`MAINS_BENCH_LEVELLED=600000`) are wanted in 60 CPU seconds.
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import psycopg
from mains_server.adapters.loading import load_adapters
from mains_server.db.embedded import OPERATOR, EmbeddedServer, embedded_server
from mains_server.db.migrate import upgrade
from mains_server.levelling.mass import recalculate
from mains_server.levelling.records import RecalculationRequest

from bench.billing_run import ADAPTER, Cost, load_prices
from bench.cost import server_cpu
from bench.synthetic import ATTRIBUTES, CONTRACTS, COVERAGE, CUSTOMERS, POINTS, SEQUENCES

PLANS = int(os.environ.get("MAINS_BENCH_LEVELLED", "100000"))
STARTS = date(2023, 6, 1)
NOW = datetime(2023, 5, 10, 8, tzinfo=UTC)
SECONDS_MAX = 60
PLANS_WANTED = 600_000
MEGABYTES_MAX = 256
LEVELLED = "update contract set settlement = 'LEVELLED', product = replace(product, 'dinamiskais', 'klasiskais')"
PLAN = """
insert into levelled_plan (id, customer_id, contract_id, starts, due_day, settles_from, currency, started_at)
select n, n, n, '2022-06-01', 20, '2022-06-01', 'EUR', '2022-05-01' from generate_series(1, %(contracts)s) n
"""
VERSION = """
insert into levelled_version (customer_id, plan_id, contract_id, number, once_key, reason, starts, usage, basis,
  known_on, priced_from, base_total, used_before, paid_before, difference, total, going_on, currency, made_at)
select n, n, n, 1, 'start', 'START', '2022-06-01',
  case when n % 20 = 7
    then jsonb_build_array(
      jsonb_build_object('quantity', 'energy', 'zone', 'T1', 'unit', 'kWh', 'value', kwh::text, 'source', 'forecast'),
      jsonb_build_object('quantity', 'energy', 'zone', 'T2', 'unit', 'kWh', 'value', kwh::text, 'source', 'forecast'))
    else jsonb_build_array(
      jsonb_build_object('quantity', 'energy', 'zone', null, 'unit', 'kWh', 'value', kwh::text, 'source', 'forecast'))
  end, 'FORECAST', '2022-05-01', '2022-06-01', cost, 0, 0, 0, cost, cost, 'EUR', '2022-05-01'
from generate_series(1, %(contracts)s) n
cross join lateral (select 600 + n * 7919::bigint %% 12000 as kwh) u
cross join lateral (select round(kwh * 0.25 + 80, 2) as cost) c
"""
PREPAYMENTS = """
insert into prepayment (customer_id, payment_id, contract_id, amount, currency, booked_at)
select n, n, n, 1 + (n * 31 + m * 17) %% 9000 / 100.0, 'EUR', '2022-06-01'::timestamptz + make_interval(months => m)
from generate_series(0, 11) m, generate_series(1, %(contracts)s) n
"""
SETUP = (CUSTOMERS, POINTS, CONTRACTS, COVERAGE, ATTRIBUTES, SEQUENCES, LEVELLED, PLAN)


def main() -> None:
    """Measure the recalculation on an embedded server of its own, and print it."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server", settings=OPERATOR) as server,
    ):
        prepare(address=server.address())
        _report(_measured(server))


def prepare(*, address: str) -> None:
    """Migrate, load prices, and make the plans with what was paid on them."""
    upgrade(address=address)
    asyncio.run(load_prices(address=address))
    with psycopg.connect(address, autocommit=True) as connection:
        # What is paid here has no payments: only what the recalculation reads is made.
        connection.execute("set session_replication_role = replica")
        for statement in SETUP:
            connection.execute(statement.replace("% ", "%% "), {"contracts": PLANS})
        for statement in (VERSION.replace("n % 20", "n %% 20"), PREPAYMENTS):
            connection.execute(statement, {"contracts": PLANS})
        connection.execute("select setval('levelled_plan_id_seq', %s)", [PLANS])
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


def _measured(server: EmbeddedServer) -> Cost:
    """Recalculate in a process of its own, so that its memory is its own."""
    before = server_cpu(server)
    command = [sys.executable, "-m", "bench.levelling", server.address()]
    written = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Cost(server=server_cpu(server) - before, **orjson.loads(written))


def run(address: str) -> None:
    """Recalculate everybody, in one process, and print what it cost the client."""
    used, seconds = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    adapter = load_adapters(on=STARTS).adapter(ADAPTER)
    request = RecalculationRequest(adapter=ADAPTER, year=2023, starts=STARTS, known_on=NOW.date(), now=NOW)
    with psycopg.connect(address, autocommit=True) as connection:
        recalculate(connection, adapter=adapter, request=request)
        counted = "select sum(recalculated)::bigint from levelled_chunk"
        ((count,),) = connection.execute(counted).fetchall()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cost = {
        "client": after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime,
        "seconds": time.perf_counter() - seconds,
        "megabytes": after.ru_maxrss / 1024,
        "invoiced": count,
    }
    print(orjson.dumps(cost).decode())


def _report(cost: Cost) -> None:
    wanted = SECONDS_MAX * cost.invoiced / PLANS_WANTED
    print(f"{'':14}{'client CPU s':>14}{'server CPU s':>14}{'both':>9}{'clock s':>9}{'peak MB':>9}")
    print(
        f"{'recalculation':14}{cost.client:14.2f}{cost.server:14.2f}{cost.cpu:9.2f}{cost.seconds:9.2f}"
        f"{cost.megabytes:9.0f}"
    )
    print(f"plans: {cost.invoiced:,}; {1e6 * cost.cpu / cost.invoiced:.0f} CPU microseconds each")
    print(f"CPU for these plans (wanted: at most {wanted:.1f} s, which is {SECONDS_MAX} s for {PLANS_WANTED:,})")
    print(f"peak memory: {cost.megabytes:.0f} MB (wanted: at most {MEGABYTES_MAX})")


if __name__ == "__main__":
    run(sys.argv[1])
