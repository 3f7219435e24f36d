"""A small utility to bill in tests: customers, contracts and issued invoices, booked as the server books them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest_asyncio
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.operations import register_seller
from mains_server.invoices.records import (
    InvoiceDraft,
    InvoiceKind,
    IssuedInvoice,
    IssueRequest,
    LineDraft,
    LineQuality,
    SellerDraft,
)
from mains_server.money.rules import tax_subtotals
from mains_server.payments.giving import issue_invoice
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

NOW = datetime(2024, 2, 10, 9, 30, tzinfo=UTC)
ACCOUNTS = {"energy": "energy", "network": "network", "support": "state_support"}

CUSTOMER = """
insert into customer (number, kind, name, language, address_line, address_city, address_postcode, address_country,
    created_at)
values (:number, 'PRIVATE', :number, 'lv', 'Lielā iela 1', 'Jelgava', 'LV-3001', 'LV', :now) returning id
"""
CONTRACT = """
insert into contract (customer_id, number, adapter, product, billing, settlement, delivery, payment_term_days,
    signed_on, starts, ends)
values (:customer_id, :number, 'test_heat', 'standard', 'DIRECT', 'INVOICE', 'PORTAL', 20, :starts, :starts, :ends)
returning id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utility:
    """What a test arranges its story with; every call is a transaction of its own."""

    engine: AsyncEngine
    now: datetime = NOW

    async def run(self, statement: str, **values: object) -> int:
        """Execute one statement and give what it returns, or 0."""
        async with unit_of_work(self.engine) as session:
            result = await session.execute(text(statement), values)
            return int(result.scalar_one()) if result.returns_rows else 0  # type: ignore[attr-defined]

    async def plant(self, *statements: str) -> None:
        """Damage the books as no program of ours could: with the triggers and foreign keys off."""
        async with unit_of_work(self.engine) as session:
            await session.execute(text("set local session_replication_role = replica"))
            for statement in statements:
                await session.execute(text(statement))

    async def customer(self, number: str = "C-1") -> int:
        """Register a customer."""
        return await self.run(CUSTOMER, number=number, now=self.now)

    async def contract(self, customer_id: int, number: str = "K-1", ends: date | None = None) -> int:
        """Conclude a contract from 2024 on."""
        return await self.run(CONTRACT, customer_id=customer_id, number=number, starts=date(2024, 1, 1), ends=ends)

    async def invoice(
        self,
        customer_id: int,
        contract_id: int,
        *,
        month: int = 1,
        nets: tuple[str, ...] = ("100.00",),
        support: str = "0.00",
        kind: InvoiceKind = InvoiceKind.REGULAR,
        revision: int = 0,
    ) -> IssuedInvoice:
        """Issue the bill of a month of 2024: one energy line per net at 21 % tax, and support after tax."""
        lines = [_line("energy", net, month=month) for net in nets]
        if Decimal(support):
            lines.append(_line("support", f"-{support}", month=month, rate="0", is_after_tax=True))
        draft = InvoiceDraft(
            customer_id=customer_id,
            contract_id=contract_id,
            adapter="test_heat",
            kind=kind,
            revision=revision,
            period_from=date(2024, month, 1),
            period_to=_next(month),
            currency="EUR",
            rounding="en16931",
            customer_name="Anna Ozola",
            billing_address="Lielā iela 1, Jelgava",
            supply_address="Lielā iela 1, Jelgava",
            lines=tuple(lines),
            taxes=tax_subtotals((line.tax_code, line.tax_rate, line.net) for line in lines if not line.is_after_tax),
        )
        request = IssueRequest(draft=draft, issued_on=_next(month), payment_term_days=20, accounts=ACCOUNTS)
        async with unit_of_work(self.engine) as session:
            return await issue_invoice(session, request=request, now=self.now)


@pytest_asyncio.fixture
async def utility(engine: AsyncEngine) -> Utility:
    """Give a utility that can bill: its seller numbers in the series T."""
    seller = SellerDraft(
        adapter="test_heat",
        starts=date(2020, 1, 1),
        name="Siltums SIA",
        registration_number="40003521600",
        vat_number="LV40003521600",
        address="Rīga",
        iban="LV80BANK0000435195001",
        series="T",
    )
    async with unit_of_work(engine) as session:
        await register_seller(session, draft=seller)
    return Utility(engine=engine)


def _line(code: str, net: str, *, month: int, rate: str = "0.21", is_after_tax: bool = False) -> LineDraft:
    return LineDraft(
        code=code,
        period_from=date(2024, month, 1),
        period_to=_next(month),
        quantity=Decimal(1),
        unit="MWh",
        unit_price=Decimal(net),
        price_unit="EUR/MWh",
        net=Decimal(net),
        tax_code="none" if is_after_tax else "vat",
        tax_rate=Decimal(rate),
        is_after_tax=is_after_tax,
        quality=LineQuality.ACTUAL,
    )


def _next(month: int) -> date:
    return date(2024 + month // 12, month % 12 + 1, 1)
