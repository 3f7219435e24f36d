"""A town in the real tables: customer n has contract n on supply point n with one meter, and all of theirs says n.

Building 1 has the house's point (number `HOUSE`) and the points of customers 1 and 2, whose manager is customer 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from mains_server.access.records import OFFICE, GrantRole
from mains_server.access.tables import AccessGrant, Person, StaffMember
from mains_server.billing.records import RunStatus
from mains_server.billing.tables import BillingHold, BillingRun
from mains_server.contracts.records import ContractBilling, Delivery, PointRole, PremiseKind, Settlement
from mains_server.contracts.tables import Building, Contract, ContractAttribute, ContractSupplyPoint, SupplyPoint
from mains_server.customers.records import CustomerKind, ProtectionKind
from mains_server.customers.tables import Customer, CustomerProtection
from mains_server.facts.tables import FactSeries
from mains_server.invoices.records import InvoiceKind, LineQuality
from mains_server.invoices.tables import Invoice, InvoiceLine, InvoiceTax, Seller
from mains_server.ledger.tables import LedgerEntry, LedgerTransaction
from mains_server.metering.records import ReadingQuality, ReadingSource, ReadingStatus
from mains_server.metering.tables import Meter, Reading, Register
from mains_server.payments.records import PaymentMethod
from mains_server.payments.tables import Payment, PaymentAllocation
from mains_server.tariffs.tables import PriceRow, PriceVersion, Product
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

HOUSE = 1_000
THEN = datetime(2022, 1, 1, tzinfo=UTC)
ADDRESS = {"address_city": "Jelgava", "address_postcode": "LV-3001", "address_country": "LV"}
Rows = list[dict[str, Any]]


async def settle(connection: AsyncConnection, *, customers: int, months: int = 14, lines: int = 3) -> None:
    """Write the town down: each customer with `months` invoices of `lines` lines, and one reading more."""
    for table, rows in _everything(customers=customers, months=months, lines=lines):
        if rows:
            await connection.execute(insert(table), rows)


def month(turn: int) -> date:
    return date(2022 + turn // 12, turn % 12 + 1, 1)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def invoice_id(customer: int, turn: int) -> int:
    return customer * 100 + turn


def _everything(*, customers: int, months: int, lines: int) -> Iterator[tuple[Any, Rows]]:
    numbers = range(1, customers + 1)
    yield Person, [_person(n) for n in numbers]
    roles = sorted(OFFICE, key=lambda role: role.name)
    yield (
        StaffMember,
        [{"id": n, "person_id": customers, "role": role, "since": THEN} for n, role in enumerate(roles, 1)],
    )
    yield Customer, [customer(n) for n in numbers]
    yield (
        CustomerProtection,
        [{"id": 1, "customer_id": 1, "kind": ProtectionKind.LARGE_FAMILY, "starts": month(0), "proof": "seen"}],
    )
    yield AccessGrant, [_grant(n) for n in numbers]
    yield Building, [{"id": 1, "name": "House", "address_line": "Lielā iela 1", **ADDRESS}]
    yield SupplyPoint, [point(n) for n in (*numbers, HOUSE)]
    yield Contract, [contract(n) for n in numbers]
    yield ContractSupplyPoint, [supply(n, n) for n in numbers if n != 3] + [supply(HOUSE, 3)]
    yield (
        ContractAttribute,
        [
            {"id": n, "customer_id": n, "contract_id": n, "name": "zones", "value": f"{n}", "starts": month(0)}
            for n in numbers
        ],
    )
    yield Meter, [meter(n) for n in (*numbers, HOUSE)]
    yield Register, [register(n) for n in (*numbers, HOUSE)]
    yield Reading, [reading(n, turn) for n in (*numbers, HOUSE) for turn in range(months + 1)]
    yield from _tariffs()
    yield Seller, [_seller()]
    yield Invoice, [invoice(n, turn) for n in numbers for turn in range(months)]
    yield (
        InvoiceLine,
        [line(n, turn, p, lines) for n in numbers for turn in range(months) for p in range(1, lines + 1)],
    )
    yield InvoiceTax, [tax(n, turn) for n in numbers for turn in range(months)]
    yield from _money(numbers, months=months)
    yield from _billing(customers)


def _person(n: int) -> dict[str, Any]:
    return {"id": n, "email": f"person{n}@example.lv", "name": f"Person {n}", "language": "lv", "created_at": THEN}


def customer(n: int) -> dict[str, Any]:
    kind = CustomerKind.BUILDING_MANAGER if n == 3 else CustomerKind.PRIVATE
    named = {"id": n, "number": f"C-{n:06}", "kind": kind, "name": f"Customer {n}", "language": "lv"}
    return {**named, "address_line": f"Street {n}", **ADDRESS, "created_at": THEN}


def _grant(n: int) -> dict[str, Any]:
    return {
        "id": n,
        "customer_id": n,
        "person_id": n,
        "role": GrantRole.OWNER,
        "permissions": ["VIEW"],
        "starts_at": THEN,
    }


def point(n: int) -> dict[str, Any]:
    is_house = n == HOUSE
    return {
        "id": n,
        "commodity": "heat",
        "scheme": "EIC",
        "identifier": f"EIC-{n}",
        "role": PointRole.BUILDING if is_house else PointRole.PREMISE,
        "premise_kind": PremiseKind.NOT_APPLICABLE if is_house else PremiseKind.DWELLING,
        "building_id": 1 if n in (1, 2, HOUSE) else None,
        "premise": None if is_house else str(n),
        "address_line": f"Place {n}",
        **ADDRESS,
        "area_m2": Decimal("50.5") if n == 1 else None,
        "time_zone": "Europe/Riga",
    }


def contract(n: int) -> dict[str, Any]:
    return {
        "id": n,
        "customer_id": n,
        "number": f"K-{n:06}",
        "adapter": "heat_co",
        "product": "heat",
        "billing": ContractBilling.BY_MEMBERS if n == 3 else ContractBilling.DIRECT,
        "settlement": Settlement.INVOICE,
        "delivery": Delivery.PORTAL,
        "payment_term_days": 14,
        "signed_on": month(0),
        "starts": month(0),
    }


def supply(point: int, contract: int) -> dict[str, Any]:
    return {
        "id": point,
        "customer_id": contract,
        "contract_id": contract,
        "supply_point_id": point,
        "starts": month(0),
    }


def meter(n: int) -> dict[str, Any]:
    return {
        "id": n,
        "supply_point_id": n,
        "serial": f"M-{n}",
        "digits": 6,
        "multiplier": Decimal(1),
        "installed_on": month(0),
    }


def register(n: int) -> dict[str, Any]:
    return {"id": n, "meter_id": n, "supply_point_id": n, "code": "heat", "quantity": "heat", "unit": "MWh"}


def reading(n: int, turn: int) -> dict[str, Any]:
    return {
        "id": n * 100 + turn,
        "register_id": n,
        "supply_point_id": n,
        "taken_at": midnight(month(turn)),
        "counts_for": month(turn),
        "value": Decimal(n * 1000 + turn),
        "source": ReadingSource.PORTAL,
        "quality": ReadingQuality.ACTUAL,
        "status": ReadingStatus.ACCEPTED,
        "received_at": midnight(month(turn)),
    }


def _tariffs() -> Iterator[tuple[Any, Rows]]:
    yield Product, [product()]
    yield PriceVersion, [price_version()]
    price = {"id": 1, "version_id": 1, "position": 1, "name": "tariff", "value": Decimal("62.5"), "unit": "EUR/MWh"}
    yield PriceRow, [{**price, "conditions": []}]


def product() -> dict[str, Any]:
    names = {"name_lv": "Siltums", "name_en": "Heat", "name_ru": "Тепло"}
    named = {"id": 1, "adapter": "heat_co", "code": "heat", **names, "tariff": "heat", "price_list": "heat"}
    return {**named, "settlements": ["INVOICE"], "channels": ["PORTAL"], "is_offered": True}


def price_version() -> dict[str, Any]:
    version = {"id": 1, "adapter": "heat_co", "list": "heat", "code": "2022", "starts": month(0), "known_from": THEN}
    return {**version, "decision": "No. 1", "source": "demo"}


def _seller() -> dict[str, Any]:
    named = {
        "id": 1,
        "adapter": "heat_co",
        "starts": month(0),
        "name": "Heat SIA",
        "registration_number": "40000000001",
    }
    return {
        **named,
        "vat_number": "LV40000000001",
        "address": "Jelgava",
        "iban": "LV00BANK0000000000001",
        "series": "H",
    }


def invoice(n: int, turn: int) -> dict[str, Any]:
    return {
        "id": invoice_id(n, turn),
        "customer_id": n,
        "contract_id": n,
        "adapter": "heat_co",
        "seller_id": 1,
        "series": "H",
        "number": invoice_id(n, turn),
        "document_number": f"H-{invoice_id(n, turn)}",
        "kind": InvoiceKind.REGULAR,
        "revision": 0,
        "period_from": month(turn),
        "period_to": month(turn + 1),
        "issued_on": month(turn + 1) + timedelta(days=9),
        "due_on": month(turn + 1) + timedelta(days=23),
        "currency": "EUR",
        "net": Decimal("100.00"),
        "tax": Decimal("21.00"),
        "support": Decimal("0.00"),
        "total": Decimal("121.00"),
        "rounding": "per_rate",
        "customer_name": f"Customer {n}",
        "billing_address": f"Street {n}",
        "supply_address": f"Place {n}",
        "payment_reference": f"RF{n:02}{turn:02}",
        "issued_at": midnight(month(turn + 1)),
    }


def line(n: int, turn: int, position: int, lines: int) -> dict[str, Any]:
    return {
        "id": (invoice_id(n, turn)) * 100 + position,
        "customer_id": n,
        "invoice_id": invoice_id(n, turn),
        "contract_id": n,
        "position": position,
        "adapter": "heat_co",
        "code": "heating",
        "period_from": month(turn),
        "period_to": month(turn + 1),
        "quantity": Decimal("1.6"),
        "unit": "MWh",
        "unit_price": Decimal("62.5"),
        "price_unit": "EUR/MWh",
        "currency": "EUR",
        "net": Decimal("100.00") / lines if position < lines else Decimal("100.00"),
        "tax_code": "vat",
        "tax_rate": Decimal("0.21"),
        "is_after_tax": False,
        "quality": LineQuality.ACTUAL,
    }


def tax(n: int, turn: int) -> dict[str, Any]:
    of = {"customer_id": n, "invoice_id": invoice_id(n, turn), "contract_id": n, "currency": "EUR"}
    sums = {"rate": Decimal("0.21"), "base": Decimal("100.00"), "tax": Decimal("21.00")}
    return {"id": invoice_id(n, turn), **of, "tax_code": "vat", **sums}


def _money(numbers: Sequence[int], *, months: int) -> Iterator[tuple[Any, Rows]]:
    """Each customer owes 121.00 a month and paid 100.00 once, of which 60.00 went to the first invoice."""
    common = {"currency": "EUR"}
    yield Payment, [payment(n) for n in numbers]
    used = {"amount": Decimal("60.00"), "allocated_at": THEN, **common}
    yield (
        PaymentAllocation,
        [
            {"id": n, "customer_id": n, "payment_id": n, "invoice_id": invoice_id(n, 0), "contract_id": n, **used}
            for n in numbers
        ],
    )
    booked = {"kind": "demo", "effective_on": month(2), "booked_at": THEN}
    yield LedgerTransaction, [{"id": n, "customer_id": n, "key": f"t{n}", "document_id": n, **booked} for n in numbers]
    owed = Decimal("121.00") * months - 100
    yield (
        LedgerEntry,
        [
            {"id": n, "customer_id": n, "transaction_id": n, "account": "receivable", "amount": owed, **common}
            for n in numbers
        ],
    )


def payment(n: int) -> dict[str, Any]:
    paid = {"amount": Decimal("100.00"), "currency": "EUR", "received_on": month(2), "booked_at": THEN}
    named = {"id": n, "customer_id": n, "reference": f"RF{n:02}", "idempotency_key": f"pay{n}"}
    return {**named, **paid, "method": PaymentMethod.BANK_TRANSFER}


def _billing(customers: int) -> Iterator[tuple[Any, Rows]]:
    period = {"adapter": "heat_co", "period_from": month(0), "period_to": month(1)}
    yield BillingRun, [{"id": 1, **period, "issued_on": month(1), "status": RunStatus.DONE, "started_at": THEN}]
    held = {"run_id": 1, "code": "MISSING_READING", "reason": "register heat was not read", "held_at": THEN}
    told = {"name": "nordpool.lv", "unit": "EUR/MWh", "starts_at": THEN, "ends_at": THEN + timedelta(hours=2)}
    values = {"step_seconds": 3600, "values": [Decimal("-8.09"), None], "known_at": THEN, "source": "exchange"}
    yield FactSeries, [{"id": 1, **told, **values}]
    yield BillingHold, [{"id": 1, "customer_id": customers, "contract_id": customers, **held}]
