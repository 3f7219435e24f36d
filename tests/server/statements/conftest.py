"""A bank for tests: files taken in and matched as the server does it, and what the books then say."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.statements import matching, operations
from mains_server.statements.importing import take_in
from mains_server.statements.records import FileSource
from sqlalchemy import text

from tests.server.conftest import Utility
from tests.server.statements.camt_files import IBAN, bank_file

NOW = datetime(2024, 2, 10, 9, 30, tzinfo=UTC)
LINES = "select amount, state, reason from statement_line order by id"
BALANCES = """
select account, sum(amount) from ledger_entry where account <> 'receivable' and account not like 'revenue:%'
and account not like 'tax:%' group by account having sum(amount) <> 0
"""


@dataclass(frozen=True, kw_only=True)
class Bank:
    """Takes files in; every call is a transaction of its own."""

    utility: Utility

    async def takes(self, content, *, ibans=(), now=NOW):
        """Take a file in without matching, and tell of each statement how many movements were new and known."""
        async with unit_of_work(self.utility.engine) as session:
            ours = await operations.our_ibans(session, more=ibans)
            taken = await take_in(session, file=content, source=FileSource(ibans=ours, now=now))
        return [(one.lines_new, one.lines_known) for one in taken]

    async def brings(self, *paid, **named):
        """Take a file of one statement in, and match its movements."""
        await self.takes(bank_file(*paid, **named))
        return await self.matches()

    async def matches(self):
        """Match what is new."""
        return await matching.match_new_lines(self.utility.engine, now=NOW)

    async def asks(self, statement):
        """Ask for rows."""
        async with read_session(self.utility.engine) as session:
            return [tuple(row) for row in await session.execute(text(statement))]

    async def lines(self):
        """List the movements by amount, state and reason."""
        return [(str(amount), state, reason) for amount, state, reason in await self.asks(LINES)]

    async def balances(self):
        """Give the accounts that are about banks and payments."""
        return {account: str(amount) for account, amount in await self.asks(BALANCES)}

    async def is_sound(self):
        """Insist that the books balance, and give the balance of the bank account by the ledger."""
        async with read_session(self.utility.engine) as session:
            report = await check_books(session)
        assert report.findings == ()
        balances = await self.balances()
        return Decimal(balances.get(f"bank:{IBAN.lower()}", "0.00"))


@pytest.fixture
def bank(utility):
    return Bank(utility=utility)
