"""Mails with invoices: begun and handed to a mail server on this machine, with the PDF and XML that are there."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import psycopg
from aiosmtpd.smtp import SMTP
from mains_server.adapters.loading import load_adapters
from mains_server.db.embedded import embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade
from mains_server.delivery.operations import begin_deliveries
from mains_server.delivery.records import MailServer
from mains_server.delivery.sending import Postman, send_mails
from mains_server.documents.operations import Press
from mains_server.documents.records import DocumentKind

from bench.cost import server_cpu

MAILS = int(os.environ.get("MAINS_BENCH_MAILS", "500"))
NOW = datetime(2024, 2, 10, 9, tzinfo=UTC)
PDF_BYTES = 60_000
ROWS = (
    """insert into seller (id, adapter, starts, name, registration_number, vat_number, address, iban, series)
        values (1, 'a', '2020-01-01', 'Siltums SIA', '40003521600', 'LV40003521600', 'x', 'LV80BANK0000435195001', 'T')
    """,
    """insert into customer (id, number, kind, name, language, email, address_line, address_city, address_postcode,
        address_country, created_at) select n, 'C-' || n, 'PRIVATE', 'C', 'lv', 'c' || n || '@example.lv', 'x', 'x',
        'x', 'LV', now() from generate_series(1, %(mails)s) n""",
    """insert into contract (id, customer_id, number, adapter, product, billing, settlement, delivery,
        payment_term_days, signed_on, starts) select n, n, 'K-' || n, 'a', 'p', 'DIRECT', 'INVOICE', 'EMAIL', 20,
        '2023-01-01', '2023-01-01' from generate_series(1, %(mails)s) n""",
    """insert into invoice (id, customer_id, contract_id, adapter, seller_id, series, number, document_number, kind,
        revision, period_from, period_to, issued_on, due_on, currency, net, tax, support, total, rounding,
        customer_name, billing_address, supply_address, payment_reference, issued_at)
        select n, n, n, 'a', 1, 'T', n, 'T-' || lpad(n::text, 6, '0'), 'REGULAR', 0, '2024-01-01', '2024-02-01',
        '2024-02-09', '2024-02-29', 'EUR', 30, 0, 0, 30, 'en16931', 'C', 'x', 'x', '', '2024-02-09 09:00+00'
        from generate_series(1, %(mails)s) n""",
    """insert into invoice_document (customer_id, invoice_id, contract_id, kind, language, file_name, sha256, size,
        content, made_at) select n, n, n, kind, 'LV', 'T-' || n || '.' || lower(kind), '', %(bytes)s,
        convert_to(repeat('x', %(bytes)s), 'UTF8'), '2024-02-09 10:00+00'
        from generate_series(1, %(mails)s) n, unnest(cast(%(kinds)s as text[])) kind""",
)


class _Taking:
    """A mail server that takes everything and keeps nothing."""

    taken = 0

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        """Take a mail."""
        self.taken += 1
        return "250 taken"


def main() -> None:
    """Begin the deliveries, send all mails by one worker, and print what that took."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server") as server,
    ):
        address = server.address()
        upgrade(address=address)
        kinds = [kind.name for kind in DocumentKind]
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in ROWS:
                given = {"mails": MAILS, "bytes": PDF_BYTES, "kinds": kinds}
                connection.execute(statement.encode(), given if "%(" in statement else None)
            connection.execute("analyze")
        before, ours, began = server_cpu(server), time.process_time(), time.perf_counter()
        begun, taken = asyncio.run(_send(address))
        cpu, theirs = time.process_time() - ours, server_cpu(server) - before
        print(
            f"{begun} begun, {taken} mails taken: CPU {cpu:.1f} s here (with the mail server's own part) and"
            f" {theirs:.1f} s in PostgreSQL, {1000 * (cpu + theirs) / MAILS:.1f} ms a mail;"
            f" {time.perf_counter() - began:.1f} s on the clock"
        )


async def _send(address: str) -> tuple[int, int]:
    engine, desk = make_engine(address=address, connections_max=3), _Taking()
    listening = await asyncio.get_running_loop().create_server(partial(SMTP, desk), host="127.0.0.1", port=0)
    port = listening.sockets[0].getsockname()[1]
    begun = await begin_deliveries(engine, now=NOW)
    host = MailServer(host="127.0.0.1", port=port, sender="bills@utility.example", tls="none", seconds_max=30)
    press = Press(engine=engine, host=load_adapters(on=date(2024, 2, 10)), now=NOW)
    await send_mails(Postman(press=press, server=host))
    listening.close()
    await engine.dispose()
    return begun, desk.taken


if __name__ == "__main__":
    main()
