"""Notices of one outage to 50,000 customers: planned, moved and taken, in CPU seconds of PostgreSQL and of ours."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from mains_server.db.embedded import embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade
from mains_server.db.unit_of_work import unit_of_work
from mains_server.outages import operations
from mains_server.outages.records import Area, Author, NewOutage, OutageKind, Places, Window

from bench.cost import server_cpu

CUSTOMERS = int(os.environ.get("MAINS_BENCH_CUSTOMERS", "50000"))
CPU_SECONDS_MAX = 30
NOW = datetime(2023, 4, 1, tzinfo=UTC)
WINDOW = Window(starts=NOW + timedelta(days=9), ends=NOW + timedelta(days=9, hours=6))
LATER = Window(starts=NOW + timedelta(days=11), ends=NOW + timedelta(days=11, hours=6))
ADDRESS = "'Street ' || n, 'Jelgava', 'LV-3001', 'LV'"
ROWS = (
    f"""insert into customer (id, number, kind, name, language, address_line, address_city, address_postcode,
        address_country, created_at) select n, 'C-' || n, 'PRIVATE', 'C', 'lv', {ADDRESS}, now()
        from generate_series(1, %s) n""",
    f"""insert into supply_point (id, commodity, scheme, identifier, role, premise_kind, address_line, address_city,
        address_postcode, address_country, time_zone) select n, 'heat', 'T', n, 'PREMISE', 'DWELLING', {ADDRESS},
        'Europe/Riga' from generate_series(1, %s) n""",
    """insert into contract (id, customer_id, number, adapter, product, billing, settlement, delivery,
        payment_term_days, signed_on, starts) select n, n, 'K-' || n, 'h', 'h', 'DIRECT', 'INVOICE', 'PORTAL', 20,
        '2020-01-01', '2020-01-01' from generate_series(1, %s) n""",
    """insert into contract_supply_point (id, customer_id, contract_id, supply_point_id, starts)
        select n, n, n, n, '2020-01-01' from generate_series(1, %s) n""",
)


def main() -> None:
    """Settle a town, announce an outage of all of it, move it, and take the notices."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server") as server,
    ):
        address = server.address()
        upgrade(address=address)
        with psycopg.connect(address) as connection:
            for statement in ROWS:
                connection.execute(statement.encode(), [CUSTOMERS])
            connection.execute("analyze")
        before, ours = server_cpu(server), time.process_time()
        told = asyncio.run(_announce(address))
        print(f"planned and moved, {told} notices taken of {CUSTOMERS} customers:", end=" ")
        print(
            f"CPU {time.process_time() - ours:.1f} s here and {server_cpu(server) - before:.1f} s in PostgreSQL",
            end=" ",
        )
        print(f"(at most {CPU_SECONDS_MAX} together)")
        with psycopg.connect(address) as connection:
            twice = "select count(*) - count(distinct (customer_id, revision)) from outage_notice where state = 'TAKEN'"
            print(f"{connection.execute(twice).fetchall()[0][0]} taken twice")


async def _announce(address: str) -> int:
    engine = make_engine(address=address, connections_max=2)
    author, taken = Author(now=NOW), 0
    places = Places(area=Area(city="Jelgava"))
    said = {"reference": "B-1", "kind": OutageKind.TESTING, "commodity": "heat", "window": WINDOW, "cause": "test"}
    async with unit_of_work(engine) as session:
        number = await operations.plan_outage(session, outage=NewOutage(**said, places=places), author=author)
    async with unit_of_work(engine) as session:
        await operations.move_outage(session, outage_id=number, window=LATER, reason="rain", author=author)
    while True:
        async with unit_of_work(engine) as session:
            found = await operations.take_notices(session, author=author)
        if not found:
            break
        taken += len(found)
    await engine.dispose()
    return taken
