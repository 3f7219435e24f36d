"""More rows for the town of `town.py`, so that every served list has several of them and they tie in its orders."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from mains_server.access.tables import AccessGrant
from mains_server.allocation.tables import AllocationMethod, AllocationValue
from mains_server.billing.records import RunStatus
from mains_server.billing.tables import BillingHold, BillingRun, Correction, CorrectionDue, SettlementLine
from mains_server.contracts.records import ContractBilling, Settlement
from mains_server.contracts.tables import Building, Contract, ContractOffer, ContractSupplyPoint, SupplyPoint
from mains_server.customers.records import CustomerKind
from mains_server.customers.tables import Customer
from mains_server.delegation.tables import DelegationActivity, DelegationInvitation, PaymentApproval
from mains_server.facts.tables import FactSeries
from mains_server.intake.tables import ReadingLink, ReadingUpload, ReadingUploadRow
from mains_server.intervals.tables import IntervalDay, IntervalImport
from mains_server.invoices.records import InvoiceKind
from mains_server.invoices.tables import Invoice
from mains_server.levelling.tables import LevelledHold, LevelledLetter, LevelledRun, LevelledVersion
from mains_server.machines.tables import MachineToken
from mains_server.metering.records import ReadingStatus
from mains_server.metering.tables import Reading
from mains_server.notifications.tables import Notice, NoticeReport
from mains_server.openid.tables import OpenidLink
from mains_server.passkeys.tables import Passkey
from mains_server.paying.tables import PaymentEvent, PaymentIntent, PaymentRefund
from mains_server.payments.tables import Payment, PaymentReturn
from mains_server.recovery.tables import AccountRecovery
from mains_server.signin.tables import Session
from mains_server.tariffs.tables import PriceVersion, Product
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.schema import town
from tests.schema.acting_rows import access, activity, approval, invitation, notice, openid_link, passkey, signed_in
from tests.schema.application_rows import of_customer_1
from tests.schema.bank_rows import bank_rows
from tests.schema.contract_rows import levelled_hold, levelled_letter, levelled_run, levelled_version, offer
from tests.schema.correction_rows import corrected, settled
from tests.schema.machine_rows import machine_token
from tests.schema.metering_rows import (
    allocation_method,
    allocation_value,
    interval_day,
    interval_import,
    link,
    upload,
    upload_row,
)
from tests.schema.notice_rows import notice_report
from tests.schema.outage_rows import at_first_place
from tests.schema.payment_rows import intent, payment_event, payment_return, refund
from tests.schema.recovery_rows import recovery
from tests.schema.webhook_rows import of_one_business

CUSTOMERS = 4
CUSTOMERS_MAX = 8
MORE = range(CUSTOMERS + 1, CUSTOMERS_MAX + 1)


async def settle_crowd(connection: AsyncConnection) -> None:
    """Settle the town, and give its customer 1, register 1, building 1 and run 1 lists of several rows that tie."""
    await town.settle(connection, customers=CUSTOMERS, months=1, lines=1)
    for table, rows in _more():
        await connection.execute(insert(table), rows)


def _of_1() -> dict[str, Any]:
    return {"customer_id": 1, "person_id": 1}


def _more() -> list[tuple[Any, list[dict[str, Any]]]]:
    return [
        (Customer, [_customer(n) for n in MORE]),
        (Contract, [_contract(n) for n in MORE]),
        (Building, [_building(n) for n in MORE]),
        (SupplyPoint, [town.point(n) | {"building_id": 1} for n in MORE]),
        (SupplyPoint, [town.point(10 + n) | {"building_id": n} for n in MORE]),
        (ContractSupplyPoint, [town.supply(10 + n, n) | {"customer_id": 1} for n in MORE]),
        (AllocationMethod, [allocation_method(n) for n in MORE]),
        (AllocationValue, [allocation_value(n) for n in MORE]),
        (Reading, [_reading(n) for n in MORE]),
        (Invoice, [_invoice(n) for n in MORE]),
        (Payment, [_payment(n) for n in MORE]),
        (PaymentIntent, [intent(n) | {"customer_id": 1, "person_id": 1} for n in MORE]),
        (PaymentReturn, [payment_return(n) | {"customer_id": 1, "payment_id": n} for n in MORE]),
        (PaymentRefund, [refund(n) | {"customer_id": 1} for n in MORE]),
        (PaymentEvent, [payment_event(n) for n in MORE]),
        (Notice, [notice(n) | {"customer_id": 1} for n in MORE]),
        (NoticeReport, [notice_report(n) | {"customer_id": 1} for n in MORE]),
        (AccessGrant, [access(n) | _of_1() for n in MORE]),
        (DelegationInvitation, [invitation(n) | {"customer_id": 1, "invited_by_person_id": 1} for n in MORE]),
        (PaymentApproval, [approval(n) | _of_1() for n in MORE]),
        (DelegationActivity, [activity(n) | _of_1() for n in MORE]),
        (Product, [_product(n) for n in MORE]),
        (PriceVersion, [_price_version(n) for n in MORE]),
        (BillingRun, [_run(n) for n in MORE]),
        (BillingHold, [_hold(n) for n in MORE]),
        (CorrectionDue, [correction(n) for n in MORE]),
        (Correction, [corrected(1) | {"id": n} for n in MORE]),
        (SettlementLine, [settled(1) | {"id": n, "position": n, "correction_id": 5} for n in MORE]),
        (ReadingUpload, [upload(n) for n in MORE]),
        *_ways_in(),
        (ReadingLink, [link(n) for n in MORE]),
        *of_customer_1(MORE),
        *at_first_place(MORE),
        *of_one_business(MORE),
        (FactSeries, [_fact_series(n) for n in MORE]),
        (ReadingUploadRow, [upload_row(n) for n in MORE]),
        (ContractOffer, [offer(n) for n in MORE]),
        (LevelledVersion, [levelled_version(n, 1, 1) for n in MORE]),
        (LevelledLetter, [levelled_letter(n, 1, 1) for n in MORE]),
        (LevelledRun, [levelled_run(n) for n in MORE]),
        (LevelledHold, [levelled_hold(n, 1, n) for n in MORE]),
        *bank_rows(MORE),
        (IntervalImport, [interval_import()]),
        (IntervalDay, [interval_day(n, 1, town.month(n % 2), version=n) | {"is_current": n < 7} for n in MORE]),
    ]


def _ways_in() -> list[tuple[Any, list[dict[str, Any]]]]:
    return [
        (Session, [signed_in(n) for n in MORE]),
        (OpenidLink, [openid_link(n) for n in MORE]),
        (Passkey, [passkey(n) for n in MORE]),
        (AccountRecovery, [recovery(n) for n in MORE]),
        (MachineToken, [machine_token(n) for n in MORE]),
    ]


def _customer(n: int) -> dict[str, Any]:
    kind = CustomerKind.BUSINESS if n % 2 else CustomerKind.PRIVATE
    return town.customer(n) | {"name": f"Namesake {n % 2}", "kind": kind}


def _contract(n: int) -> dict[str, Any]:
    own = {"customer_id": 1, "starts": town.month(n % 2), "adapter": "water_co" if n % 2 else "heat_co"}
    paid = {"settlement": Settlement.LEVELLED if n % 3 else Settlement.INVOICE}
    return town.contract(n) | own | paid | {"billing": ContractBilling.DIRECT if n % 2 else ContractBilling.BY_MEMBERS}


def _building(n: int) -> dict[str, Any]:
    return {"id": n, "name": f"House {n}", "address_line": f"Lielā iela {n}", **town.ADDRESS}


def _reading(n: int) -> dict[str, Any]:
    seen = {"taken_at": town.midnight(town.month(n % 3)), "counts_for": town.month(n % 3), "received_at": town.THEN}
    return (
        town.reading(1, n) | seen | {"status": ReadingStatus.FLAGGED, "reasons": ["HIGH"] if n % 2 else ["LOW", "ZERO"]}
    )


def _invoice(n: int) -> dict[str, Any]:
    kind = InvoiceKind.ESTIMATED if n % 2 else InvoiceKind.FINAL
    return town.invoice(1, n) | {"kind": kind, "issued_on": town.month(n % 2) + timedelta(days=9)}


def _payment(n: int) -> dict[str, Any]:
    return town.payment(n) | {"customer_id": 1, "received_on": town.month(n % 2), "amount": Decimal(n)}


def _product(n: int) -> dict[str, Any]:
    return town.product() | {"id": n, "code": f"heat {n}", "adapter": "water_co" if n % 2 else "heat_co"}


def _price_version(n: int) -> dict[str, Any]:
    named = {"list": "water" if n % 2 else "heat", "adapter": "water_co" if n % 2 else "heat_co", "code": f"v{n}"}
    return town.price_version() | {"id": n, "starts": town.month(n % 4), **named}


def _run(n: int) -> dict[str, Any]:
    days = {"period_from": town.month(n), "period_to": town.month(n + 1), "issued_on": town.month(n + 1)}
    return {"id": n, "adapter": "heat_co", "status": RunStatus.RUNNING, "started_at": town.THEN, **days}


def correction(n: int) -> dict[str, Any]:
    billed = {"contract_id": n, "invoice_id": n, "reading_id": town.reading(1, n)["id"], "day": town.month(n % 2)}
    return {"id": n, "customer_id": 1, "noted_at": town.THEN, **billed}


def _hold(n: int) -> dict[str, Any]:
    return {"id": n, "customer_id": 1, "contract_id": n, "run_id": 1, "code": "X", "reason": "x", "held_at": town.THEN}


def _fact_series(n: int) -> dict[str, Any]:
    told = {"name": "nordpool.lv" if n % 2 else "degree days", "unit": "EUR/MWh", "source": "exchange"}
    at = town.midnight(town.month(n % 3))
    times = {"starts_at": at, "ends_at": at + timedelta(hours=1), "step_seconds": 3600, "known_at": town.THEN}
    return {"id": n, **told, **times, "values": [Decimal(n)]}
