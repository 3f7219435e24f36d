"""A morning's work on the debts of a utility: reminders and interest for everybody who is late, and the day after."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
from mains_server.adapters.loading import load_adapters
from mains_server.db.embedded import embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade
from mains_server.db.unit_of_work import unit_of_work
from mains_server.dunning.jobs import day_of_debts
from mains_server.dunning.operations import lay_down_policy
from mains_server.dunning.records import (
    ArrangementTerms,
    DayCount,
    InterestTerms,
    Policy,
    ReminderChannel,
    ReminderStage,
)
from mains_server.dunning.reminding import Dunner

from bench.cost import server_cpu

LATE = int(os.environ.get("MAINS_BENCH_DEBTS", "2000"))
TODAY = date(2024, 3, 25)
ADAPTER = "district_heating"
ROWS = (
    """insert into customer (id, number, kind, name, language, address_line, address_city, address_postcode,
        address_country, created_at) select n, 'C-' || n, 'PRIVATE', 'Customer ' || n, 'lv', 'x', 'x', 'x', 'LV', now()
        from generate_series(1, %(late)s * 10) n""",
    f"""insert into contract (id, customer_id, number, adapter, product, billing, settlement, delivery,
        payment_term_days, signed_on, starts) select n, n, 'K-' || n, '{ADAPTER}', 'heat_single', 'DIRECT', 'INVOICE',
        'PORTAL', 20, '2023-01-01', '2023-01-01' from generate_series(1, %(late)s * 10) n""",
    f"""insert into invoice (customer_id, contract_id, adapter, seller_id, series, number, document_number, kind,
        revision, period_from, period_to, issued_on, due_on, currency, net, tax, support, total, rounding,
        customer_name, billing_address, supply_address, payment_reference, issued_at)
        select n, n, '{ADAPTER}', 1, 'T', n, 'T-' || lpad(n::text, 6, '0'), 'REGULAR', 0, '2024-01-01', '2024-02-01',
        '2024-02-05', case when n %% 10 = 0 then date '2024-02-25' else date '2024-04-01' end, 'EUR', 30 + n %% 50, 0,
        0, 30 + n %% 50, 'en16931', 'Customer ' || n, 'x', 'x', '', now() from generate_series(1, %(late)s * 10) n""",
)
POLICY = Policy(
    adapter=ADAPTER,
    starts=date(2020, 1, 1),
    source="bench",
    currency="EUR",
    reminder_min=Decimal("5.00"),
    stages=(
        ReminderStage(number=1, days_after_due=5, channel=ReminderChannel.EMAIL),
        ReminderStage(number=2, days_after_due=30, channel=ReminderChannel.LETTER),
    ),
    interest=InterestTerms(
        household_rate=Decimal("0.06"),
        business_rate=Decimal("0.12"),
        cap_share=Decimal("0.10"),
        day_count=DayCount.FIXED_365,
        charge_day=1,
    ),
    arrangement=ArrangementTerms(
        first_share_min=Decimal("0.10"),
        debt_min=Decimal("10.00"),
        parts_max=6,
        staff_parts_max=12,
        first_within_days=14,
        grace_days=3,
        months_after_broken=12,
        pauses_interest=True,
    ),
    owing_premises_min=3,
)


def main() -> None:
    """Have every tenth customer late, work on three days, and print what each took."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server") as server,
    ):
        address = server.address()
        upgrade(address=address)
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in ROWS:
                connection.execute(statement.encode(), {"late": LATE})
            connection.execute("analyze")
        asyncio.run(_lay_down(address))
        for today in (TODAY, TODAY + timedelta(days=1), TODAY + timedelta(days=8)):
            before, ours, began = server_cpu(server), time.process_time(), time.perf_counter()
            counts = asyncio.run(_day(address, today=today))
            cpu = time.process_time() - ours + server_cpu(server) - before
            told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing to do"
            print(
                f"{today}, {LATE} of {LATE * 10} late: {told}; CPU {cpu:.1f} s with PostgreSQL,"
                f" {1000 * cpu / LATE:.2f} ms a debt; {time.perf_counter() - began:.1f} s on the clock",
                flush=True,
            )


async def _lay_down(address: str) -> None:
    engine = make_engine(address=address, connections_max=1)
    async with unit_of_work(engine) as session:
        await lay_down_policy(session, policy=POLICY)
    await engine.dispose()


async def _day(address: str, *, today: date) -> dict[str, int]:
    engine = make_engine(address=address, connections_max=2)
    live = load_adapters(on=today).adapter(ADAPTER)
    now = datetime(today.year, today.month, today.day, 6, 30, tzinfo=UTC)
    counts = await day_of_debts(Dunner(engine=engine, adapter=live, now=now, today=today))
    await engine.dispose()
    return dict(counts)


if __name__ == "__main__":
    main()
