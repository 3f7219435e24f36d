"""The import of a million quarter-hours from the network operator's JSON: CPU of client and server, and memory."""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import psycopg
from mains_server.db.embedded import embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade
from mains_server.db.registry import whole_metadata
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intervals.operations import import_intervals
from mains_server.intervals.records import ImportRequest, IntervalFormat
from mains_server.intervals.rules import day_seconds

from bench.cost import server_cpu

VALUES = int(os.environ.get("MAINS_BENCH_INTERVALS", "1000000"))
DAYS = 31
FIRST = date(2024, 3, 1)
NOW = datetime(2024, 5, 1, tzinfo=UTC)
SECONDS_MAX = 20
MEGABYTES_MAX = 200
QUARTER = 900
RIGA = "Europe/Riga"
OF_MONTH = DAYS * 96 - 4
METERS = -(-VALUES // OF_MONTH)
PLACES = """
insert into supply_point (id, commodity, scheme, identifier, role, premise_kind, address_line, address_city,
  address_postcode, address_country, time_zone)
select n, 'electricity', 'EIC', 'P' || n, 'PREMISE', 'DWELLING', 'x', 'x', 'x', 'LV', 'Europe/Riga'
from generate_series(1, %(meters)s) n
"""
METER = """
insert into meter (id, supply_point_id, serial, digits, multiplier, installed_on)
select n, n, 'M' || n, 6, 1, '2024-01-01' from generate_series(1, %(meters)s) n
"""
REGISTER = """
insert into register (meter_id, supply_point_id, code, quantity, unit, collection)
select n, n, 'T1', 'energy', 'kWh', 'INTERVALS' from generate_series(1, %(meters)s) n
"""


def main() -> None:
    """Import the same file twice into an embedded server of its own, and print what each took."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server") as server,
    ):
        upgrade(address=server.address())
        with psycopg.connect(server.address(), autocommit=True) as connection:
            for statement in (PLACES, METER, REGISTER):
                connection.execute(statement, {"meters": METERS})
        file = Path(folder) / "consumption.json"
        size = _write(file)
        print(f"{VALUES} quarter-hours of {METERS} meters, {size / 1e6:.0f} MB")
        for turn in ("new", "again"):
            before = server_cpu(server)
            command = [sys.executable, "-m", "bench.interval_import", server.address(), str(file)]
            found = orjson.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
            _report(turn, found, server=server_cpu(server) - before)


def child(address: str, file: str) -> None:
    """Import a file in a process of its own, so that its memory is its own."""
    whole_metadata()
    began = time.perf_counter()
    report = asyncio.run(_import(address, Path(file)))
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "seconds": f"{time.perf_counter() - began:.1f}",
        "client": f"{used.ru_utime + used.ru_stime:.1f}",
        "megabytes": used.ru_maxrss // 1024,
        "report": report,
    }
    sys.stdout.buffer.write(orjson.dumps(found))


async def _import(address: str, file: Path) -> str:
    engine = make_engine(address=address, connections_max=1)
    request = ImportRequest(format=IntervalFormat.SADALES_TIKLS, name=file.name, now=NOW)
    try:
        with file.open("rb") as opened:
            async with unit_of_work(engine) as session:
                report = await import_intervals(session, request=request, file=opened)
    finally:
        await engine.dispose()
    days = f"{report.days_new} days new, {report.days_corrected} corrected, {report.days_unchanged} unchanged"
    return f"{report.values} values, {days}, {report.rows_refused} refused"


def _write(file: Path) -> int:
    stamps = list(_stamps())
    left = VALUES
    with file.open("wb") as opened:
        for meter in range(1, METERS + 1):
            values = [
                f'{{"cDt":"{stamp}","cVR":0.{at * meter % 1000:03},"cVV":0.{at * meter % 1000:03},"cVRSt":""}}'
                for at, stamp in enumerate(stamps[:left])
            ]
            left -= len(values)
            text = f'{{"mpNr":"{meter}","mList":[{{"mNr":"M{meter}","cList":[{",".join(values)}]}}]}}'
            opened.write(("[" if meter == 1 else ",").encode() + text.encode())
        opened.write(b"]")
    return file.stat().st_size


def _stamps() -> Iterator[str]:
    zone = ZoneInfo(RIGA)
    for turn in range(DAYS):
        starts, length = day_seconds(FIRST + timedelta(days=turn), RIGA)
        for at in range(QUARTER, length + 1, QUARTER):
            yield datetime.fromtimestamp(starts + at, zone).isoformat(timespec="milliseconds")


def _report(turn: str, found: dict[str, str], *, server: float) -> None:
    print(
        f"{turn}: {found['seconds']} s on the clock (at most {SECONDS_MAX}); CPU {found['client']} s here and"
        f" {server:.1f} s in PostgreSQL; {found['megabytes']} MB (at most {MEGABYTES_MAX}); {found['report']}"
    )


if __name__ == "__main__":
    child(*sys.argv[1:])
