"""A household whose wrong bills are put right by the next one: 18.20 a month, of which the first begins otherwise."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
from mains_server.adapters.host import AdapterHost
from mains_server.billing.corrections import CorrectionRequest, correct_invoice
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.records import Corrected, CorrectionReason
from mains_server.billing.run import Shift, run_billing
from mains_server.books.queries import check_books
from mains_server.books.records import Finding
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.payments.operations import receive_payment
from mains_server.payments.queries import balances_of
from mains_server.payments.records import PaymentMethod, PaymentRequest
from mains_spi import Period, Utility, hookimpl
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.server.billing.small_utility import ADAPTER, JANUARY, SmallUtility, Town, host_of, request

FEBRUARY = Period(date(2023, 2, 1), date(2023, 3, 1))
MARCH = Period(date(2023, 3, 1), date(2023, 4, 1))
LATER = datetime(2023, 4, 12, 8, tzinfo=UTC)
STANDING = """
select i.document_number, i.net, i.tax from invoice i
where i.kind <> 'CREDIT' and not exists (select from invoice n where n.corrects_invoice_id = i.id and n.kind = 'CREDIT')
order by i.period_from, i.id
"""
ROWS = """
select s.net, i.document_number,
  case when s.withdrawn_by_id is not null then 'withdrawn' when s.takes_back_id is not null then 'taken off' else '' end
from settlement_line s left join invoice i on i.id = s.booked_invoice_id where s.net <> 0 order by s.id
"""


class Settling(SmallUtility):
    """The small utility, which puts the difference of a wrong bill on the next one."""

    @hookimpl
    def describe_utility(self) -> Utility:
        """Give its card."""
        card: Utility = SmallUtility.describe_utility(self)
        return replace(card, correction="next_bill")


@dataclass(kw_only=True)
class SettledHome:
    """The household, its bills, and what is done to them, all on one day."""

    connection: psycopg.Connection
    engine: AsyncEngine

    def __post_init__(self) -> None:
        """Bill January as S-000001: 100 kWh x 0.15 = 15.00, 1.20 and 2.00 are 18.20; so much is read for each month."""
        town = Town(self.connection)
        town.found()
        town.household(used="100")
        ((register,),) = self.connection.execute("select id from register").fetchall()
        town.read(register, (FEBRUARY.end, "1200"), (MARCH.end, "1300"))
        self.month(JANUARY)

    @property
    def host(self) -> AdapterHost:
        """Give who knows the utility."""
        return host_of(Settling())

    def month(self, period: Period = JANUARY, **options: Any) -> None:
        """Bill a month, or what is open of it."""
        asked = replace(request(period), now=LATER)
        run_billing(
            self.connection, request=asked, shift=Shift(adapter=self.host.adapter(ADAPTER), now=LATER, **options)
        )

    def began(self, value: int) -> None:
        """Let January have begun at another value than 1000, so that more or fewer kWh were used, each for 0.15."""
        self.connection.execute("update reading set value = %s where counts_for = '2023-01-01'", [value])

    def ended(self, day: date) -> None:
        """Let the contract end on a day."""
        self.connection.execute("update contract set ends = %s", [day])

    async def correct(self, number: str | None = "S-000001") -> Corrected:
        """Look at a bill again."""
        return await correct_invoice(self.engine, host=self.host, request=asked_for(number or ""))

    async def credit(self, number: str | None = "S-000001") -> Corrected:
        """Take a bill back."""
        return await take_back_invoice(self.engine, request=asked_for(number or ""))

    async def pay(self, amount: str) -> None:
        """Receive money."""
        payment = PaymentRequest(
            customer_id=self.customer,
            amount=Decimal(amount),
            currency="EUR",
            method=PaymentMethod.CARD,
            received_on=LATER.date(),
            reference="",
            idempotency_key=amount,
        )
        async with unit_of_work(self.engine) as session:
            await receive_payment(session, request=payment, now=LATER)

    @property
    def customer(self) -> int:
        """Give who pays."""
        ((customer,),) = self.connection.execute("select distinct customer_id from invoice").fetchall()
        return int(customer)

    def standing(self) -> list[tuple[Any, ...]]:
        """List number, net and tax of the bills that stand, by their days."""
        return self.connection.execute(STANDING).fetchall()

    def rows(self) -> list[tuple[Any, ...]]:
        """List differences: the net, the bill that has it, and whether it was withdrawn or takes another off."""
        return self.connection.execute(ROWS).fetchall()

    async def owed(self) -> Decimal:
        """Tell what is owed by ledger, documents and account statement, which are alike."""
        async with read_session(self.engine) as session:
            (balance,) = await balances_of(session, customer_id=self.customer)
        assert balance.is_equal
        return balance.ledger

    async def findings(self) -> tuple[Finding, ...]:
        """Check the books."""
        async with read_session(self.engine) as session:
            return (await check_books(session)).findings


def asked_for(number: str) -> CorrectionRequest:
    """Ask to put a bill right."""
    return CorrectionRequest(
        document_number=number, reason=CorrectionReason.MISTAKE, note="looked at", issued_on=LATER.date(), now=LATER
    )
