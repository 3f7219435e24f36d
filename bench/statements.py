"""A bank statement of fifty thousand payments: read, booked and matched; CPU of client and server, and memory."""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import orjson
import psycopg
from mains_server.db.embedded import OPERATOR, embedded_server
from mains_server.db.engine import make_engine
from mains_server.db.migrate import upgrade
from mains_server.db.registry import whole_metadata
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.money.rules import creditor_reference
from mains_server.payments.rules import contract_reference
from mains_server.statements.importing import take_in
from mains_server.statements.matching import match_new_lines
from mains_server.statements.queries import states_of
from mains_server.statements.records import FileSource

from bench.cost import server_cpu

LINES = int(os.environ.get("MAINS_BENCH_LINES", "50000"))
SECONDS_MAX = 30
MEGABYTES_MAX = 256
NOW = datetime(2024, 3, 1, 9, tzinfo=UTC)
IBAN = "LV80BANK0000435195001"
SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
CUSTOMERS = """
insert into customer (id, number, kind, name, language, address_line, address_city, address_postcode, address_country,
  created_at)
select n, 'C-' || lpad(n::text, 7, '0'), 'PRIVATE', 'Customer ' || n, 'lv', 'x', 'x', 'x', 'LV', now()
from generate_series(1, %(lines)s) n
"""
CONTRACTS = """
insert into contract (id, customer_id, number, adapter, product, billing, settlement, delivery, payment_term_days,
  signed_on, starts)
select n, n, 'K-' || lpad(n::text, 7, '0'), 'a', 'p', 'DIRECT',
  case when n %% 20 = 0 then 'LEVELLED' else 'INVOICE' end, 'PORTAL', 20, '2023-01-01',
  '2023-01-01' from generate_series(1, %(lines)s) n
"""
INVOICES = """
insert into invoice (customer_id, contract_id, adapter, seller_id, series, number, document_number, kind, revision,
  period_from, period_to, issued_on, due_on, currency, net, tax, support, total, rounding, customer_name,
  billing_address, supply_address, payment_reference, issued_at)
select n, n, 'a', 1, 'T', n * 3 + m, 'T-' || lpad((n * 3 + m)::text, 6, '0'), 'REGULAR', 0, date '2023-11-01' + m * 31,
  date '2023-12-01' + m * 31, date '2023-12-01' + m * 31, '2024-02-20', 'EUR', 30 + n %% 50, 0, 0, 30 + n %% 50,
  'en16931', 'Customer ' || n, 'x', 'x', '', now()
from generate_series(1, %(lines)s) n, generate_series(0, 2) m
"""


def main() -> None:
    """Take the same file in twice on an embedded server of its own, and print what each took."""
    with (
        tempfile.TemporaryDirectory(prefix="mains-bench-", ignore_cleanup_errors=True) as folder,
        embedded_server(data_dir=Path(folder) / "server", settings=OPERATOR) as server,
    ):
        upgrade(address=server.address())
        with psycopg.connect(server.address(), autocommit=True) as connection:
            for statement in (CUSTOMERS, CONTRACTS, INVOICES, "vacuum analyze", "checkpoint"):
                connection.execute(statement, {"lines": LINES} if "%" in statement else None)
        file = Path(folder) / "bank.xml"
        size = _write(file)
        print(f"{LINES} payments, {size / 1e6:.0f} MB")
        for turn in ("new", "again"):
            before = server_cpu(server)
            command = [sys.executable, "-m", "bench.statements", server.address(), str(file)]
            found = orjson.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
            _report(turn, found, server=server_cpu(server) - before)


def child(address: str, file: str) -> None:
    """Take a file in in a process of its own, so that its memory is its own."""
    whole_metadata()
    began, starting = time.perf_counter(), time.process_time()
    report = asyncio.run(_import(address, Path(file)))
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "seconds": time.perf_counter() - began,
        "starting": starting,
        "client": time.process_time() - starting,
        "megabytes": used.ru_maxrss // 1024,
        "report": report,
    }
    sys.stdout.buffer.write(orjson.dumps(found))


async def _import(address: str, file: Path) -> str:
    engine = make_engine(address=address, connections_max=1)
    try:
        with file.open("rb") as opened:
            async with unit_of_work(engine) as session:
                (taken,) = await take_in(session, file=opened, source=FileSource(ibans=frozenset({IBAN}), now=NOW))
        await match_new_lines(engine, now=NOW)
        async with read_session(engine) as session:
            states = await states_of(session, statement_ids=[taken.id])
    finally:
        await engine.dispose()
    told = ", ".join(f"{count} {state.name}" for state, count in states.items())
    return f"{taken.lines_new} new, {taken.lines_known} known; {told}"


def _write(file: Path) -> int:
    total = sum((_amount(n) for n in range(1, LINES + 1)), Decimal(0))
    with file.open("w", encoding="utf-8") as opened:
        opened.write(
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{SPACE}"><BkToCstmrStmt><GrpHdr>'
            "<MsgId>M1</MsgId></GrpHdr><Stmt><Id>S1</Id><FrToDt><FrDtTm>2024-02-20T00:00:00</FrDtTm>"
            f"<ToDtTm>2024-02-29T23:59:59</ToDtTm></FrToDt><Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
            f"{_balance('OPBD', Decimal(0))}{_balance('CLBD', total)}\n"
        )
        for entry in _entries():
            opened.write(entry)
        opened.write("</Stmt></BkToCstmrStmt></Document>\n")
    return file.stat().st_size


def _entries() -> Iterator[str]:
    """Of a hundred payments 90 quote a reference, 5 a levelled contract's, 3 an invoice in words, 2 nothing we know."""
    for n in range(1, LINES + 1):
        turn, number = n % 100, f"T-{n * 3:06d}"
        structured = creditor_reference(number)
        if n % 20 == 0:
            structured = contract_reference(f"K-{n:07d}") or ""
        words = f"par rekinu {number}" if turn in (1, 2, 3) else "paldies" if turn in (4, 6) else "maksajums"
        quoted = "" if turn in (1, 2, 3, 4, 6) else f"<Strd><CdtrRefInf><Ref>{structured}</Ref></CdtrRefInf></Strd>"
        yield (
            f'<Ntry><NtryRef>{n}</NtryRef><Amt Ccy="EUR">{_amount(n)}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>'
            f"<Cd>BOOK</Cd></Sts><BookgDt><Dt>2024-02-2{n % 10}</Dt></BookgDt>"
            f"<ValDt><Dt>2024-02-2{n % 10}</Dt></ValDt><AcctSvcrRef>2024022{n % 10}-{n:09d}</AcctSvcrRef>"
            "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs>"
            f"<EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>Maksātājs {n}</Nm></Pty></Dbtr>"
            f"<DbtrAcct><Id><IBAN>LV97HABA{n:013d}</IBAN></Id></DbtrAcct></RltdPties><RmtInf><Ustrd>{words}</Ustrd>"
            f"{quoted}</RmtInf></TxDtls></NtryDtls></Ntry>\n"
        )


def _amount(n: int) -> Decimal:
    """Most pay what is asked; some a cent less, some more."""
    return Decimal(30 + n % 50) + {7: Decimal("-0.01"), 8: Decimal("5.00")}.get(n % 100, Decimal("0.00"))


def _balance(code: str, amount: Decimal) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount:.2f}</Amt><CdtDbtInd>CRDT'
        "</CdtDbtInd><Dt><Dt>2024-02-29</Dt></Dt></Bal>"
    )


def _report(turn: str, found: dict[str, object], *, server: float) -> None:
    client = found["client"]
    assert isinstance(client, float)
    print(
        f"{turn}: CPU {client:.1f} s here (after {found['starting']:.1f} s of starting) and {server:.1f} s in"
        f" PostgreSQL, {client + server:.1f} s together (at most {SECONDS_MAX}); {found['seconds']:.1f} s on the clock;"
        f" {found['megabytes']} MB (at most {MEGABYTES_MAX}); {found['report']}"
    )


if __name__ == "__main__":
    child(*sys.argv[1:])
