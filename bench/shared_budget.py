"""What it costs to keep a budget of rows that processes share: one ask, and the asks that many requests make."""

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

from mains_schema.http.asked import Refused
from mains_schema.http.edge import Budget
from mains_server.db.budgets import Asked, Lease, RowLeases
from mains_server.db.embedded import EmbeddedServer, embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade

from bench.cost import server_cpu

ASKS, REQUESTS, ROWS_EACH = 2_000, 10_000, 100
NOW = datetime(2023, 3, 1, tzinfo=UTC)


def main() -> None:
    """Measure both and print CPU seconds of Python and PostgreSQL."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server") as server,
    ):
        upgrade(address=server.address())
        asyncio.run(_measure(server))


async def _measure(server: EmbeddedServer) -> None:
    engine = make_engine(address=server.address(), connections_max=4)
    asked, leases = 0, RowLeases(engine)

    async def take(wanted: Asked) -> Lease:
        nonlocal asked
        asked += 1
        return await leases.take(wanted)

    before = process_time(), server_cpu(server)
    for _ in range(ASKS):
        await take(Asked(spender="ask", minute=1, read=0, wanted=1, allowed=ASKS))
    used = process_time() - before[0], server_cpu(server) - before[1]
    print(f"one ask: {used[0] / ASKS * 1e6:.0f} us + {used[1] / ASKS * 1e6:.0f} us")
    for called, budget, of_token in (
        ("software with 1,000,000 rows a minute", Budget(1_000_000, take=take), 1_000_000),
        ("a person with 1,000,000 rows a minute", Budget(1_000_000, take=take), None),
        ("of one process alone", Budget(1_000_000), None),
    ):
        asked, before = 0, (process_time(), server_cpu(server))
        let_in = await _spend(budget, called, of_token)
        used = process_time() - before[0], server_cpu(server) - before[1]
        print(
            f"{called}: {REQUESTS} requests of {ROWS_EACH} rows, {let_in} let in, {asked} asks,"
            f" {used[0]:.2f} s + {used[1]:.2f} s, {sum(used) / REQUESTS * 1e6:.0f} us each"
        )
    await engine.dispose()


async def _spend(budget: Budget, spender: str, of_token: int | None) -> int:
    let_in = 0
    for _ in range(REQUESTS):
        try:
            await budget.insist(spender, now=NOW, rows_a_minute=of_token)
        except Refused:
            continue
        let_in += 1
        budget.spend(spender, rows=ROWS_EACH, now=NOW, rows_a_minute=of_token)
    return let_in


if __name__ == "__main__":
    main()
