"""Rows that tell who they are, and who may see them: written by hand, since both executors share the declaration.

A new type is added in one place: `CANARIES` says, in SQL, what each of its rows shows that no other row does, and under
which label; `SEES` says which labels each viewer sees. All that is not listed there may never be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from mains_server.access.records import ANONYMOUS, Grant, GrantRole, Permission, StaffRole, Viewer
from mains_server.allocation.tables import AllocationMethod, AllocationValue
from mains_server.bank_einvoices.tables import BankEinvoiceAccount
from mains_server.billing.tables import Correction, CorrectionDue, SettlementLine
from mains_server.contracts.records import PointRole
from mains_server.contracts.tables import (
    Building,
    Contract,
    ContractAttribute,
    ContractEvent,
    ContractFee,
    ContractFormerTerms,
    ContractOffer,
    ContractSupplyPoint,
    SupplyPoint,
    TermsDocument,
)
from mains_server.customers.records import ProtectionKind
from mains_server.customers.tables import CustomerProtection
from mains_server.delegation.tables import DelegationActivity, DelegationInvitation, PaymentApproval
from mains_server.intake.tables import ReadingLink, ReadingUpload, ReadingUploadRow
from mains_server.intervals.tables import IntervalDay, IntervalImport
from mains_server.invoices.tables import Invoice, InvoiceLine, InvoiceTax
from mains_server.levelling.tables import LevelledHold, LevelledLetter, LevelledRun, LevelledVersion
from mains_server.machines.tables import MachineToken
from mains_server.metering.tables import Meter, Reading, Register
from mains_server.notifications.tables import Notice, NoticeReport
from mains_server.openid.tables import OpenidLink
from mains_server.passkeys.tables import Passkey
from mains_server.paying.tables import PaymentEvent, PaymentIntent, PaymentRefund
from mains_server.payments.tables import PaymentAllocation, PaymentReturn
from mains_server.recovery.tables import AccountRecovery
from mains_server.signin.tables import Session
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.schema import town
from tests.schema.acting_rows import activity, approval, invitation, notice, openid_link, passkey, signed_in
from tests.schema.application_rows import application_rows
from tests.schema.asking import clerk, delegate, owner
from tests.schema.bank_rows import bank_rows, einvoice_account
from tests.schema.contract_rows import (
    event,
    fee,
    former_terms,
    levelled_hold,
    levelled_letter,
    levelled_run,
    levelled_version,
    offer,
    terms_document,
)
from tests.schema.correction_rows import corrected, settled
from tests.schema.machine_rows import machine_token
from tests.schema.metering_rows import (
    allocation_method,
    allocation_value,
    interval_day,
    interval_import,
    upload,
    upload_row,
)
from tests.schema.notice_rows import notice_report
from tests.schema.outage_rows import outage_rows
from tests.schema.payment_rows import intent, payment_event, payment_return, refund
from tests.schema.recovery_rows import recovery
from tests.schema.webhook_rows import webhook_rows

CUSTOMERS = 7
WEBHOOK_LABEL = "'hook ' || p.customer_id"
OF_WEBHOOK = "join webhook_endpoint p on p.id = w.endpoint_id"
APPLICATION_LABEL = "coalesce('customer ' || application.customer_id, 'payer ' || application.person_id)"
OUTAGE_LABEL = "case when id > 50 then 'building ' || id - 50 else 'point ' || id end"

# What each row of a type shows that no other row does, by the label of who may see it.
CANARIES: Mapping[str, str] = {
    "Viewer": "select 'person ' || id, email from person",
    "Customer": "select 'customer ' || id, number from customer",
    "CustomerProtection": "select 'customer ' || customer_id, starts from customer_protection",
    "Balance": "select 'customer ' || customer_id, balance from customer_balance",
    "Contract": "select 'contract ' || id, number from contract",
    "TermsDocument": "select 'public', text_lv from terms_document",
    "ContractEinvoiceAccount": "select 'contract ' || contract_id, bank from bank_einvoice_account",
    "ContractEvent": "select 'contract ' || contract_id, day from contract_event",
    "ContractFormerTerms": "select 'contract ' || contract_id, product from contract_former_terms",
    "ContractFee": "select 'contract ' || contract_id, reason from contract_fee",
    "ContractOffer": "select 'contract ' || contract_id, product from contract_offer",
    "ContractAttribute": "select 'contract ' || contract_id, value from contract_attribute",
    "Supply": "select 'contract ' || contract_id, starts from contract_supply_point",
    "Building": "select 'building ' || id, name from building",
    "SupplyPoint": "select 'point ' || id, identifier from supply_point",
    "Meter": "select 'point ' || supply_point_id, serial from meter",
    "Register": "select 'point ' || supply_point_id, code from register",
    "Reading": """select case when counts_for < '2022-01-01' then 'once ' else 'read ' end || supply_point_id, value
        from reading""",
    "IntervalDay": """select case when day < '2022-01-01' then 'hours once ' else 'hours ' end || supply_point_id, total
        from interval_day""",
    "AllocationMethod": "select 'building ' || building_id, decision_reference from allocation_method",
    "AllocationValue": """select 'building ' || m.building_id, v.value
        from allocation_value v join allocation_method m on m.id = v.method_id""",
    "Product": "select 'public', name_lv from product",
    "PriceVersion": "select 'public', decision from price_version",
    "PriceRow": "select 'public', name from price_row",
    "Seller": "select 'seller', name from seller",
    "Invoice": "select 'contract ' || contract_id, document_number from invoice",
    "InvoiceLine": "select 'contract ' || contract_id, code from invoice_line",
    "InvoiceTax": "select 'contract ' || contract_id, tax_code from invoice_tax",
    "Payment": "select 'customer ' || customer_id, reference from payment",
    "PaymentIntent": "select 'payer ' || person_id, shown_reference from payment_intent",
    "PaymentRefund": "select 'customer ' || customer_id, reason from payment_refund",
    "Notice": "select 'customer ' || customer_id, subject from notice",
    "NoticeReport": "select 'customer ' || customer_id, reason from notice_report",
    "PaymentEvent": "select 'staff', kind from payment_event",
    "PaymentAllocation": "select 'contract ' || contract_id, amount from payment_allocation",
    "BillingRun": "select 'staff', adapter from billing_run",
    "ReadingUpload": "select 'person ' || person_id, message from reading_upload",
    "Session": "select 'person ' || person_id, device from session",
    "OpenidLink": "select 'person ' || person_id, provider from openid_link",
    "Passkey": "select 'person ' || person_id, name from passkey",
    "MachineToken": "select 'token ' || person_id, name from machine_token",
    "AccountRecovery": "select 'token ' || person_id, reason from account_recovery",
    "ReadingUploadRow": """select 'person ' || u.person_id, r.text
        from reading_upload_row r join reading_upload u on u.id = r.upload_id""",
    "FactStretch": "select 'staff', source from fact_series",
    "ReadingLink": """select 'submit ' || contract_id, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD') ||
        'T00:00:00.000Z' from reading_link""",
    "CorrectionDue": "select 'staff', day from correction_due",
    "Correction": "select 'contract ' || contract_id, note from correction",
    "SettlementLine": "select 'contract ' || contract_id, code from settlement_line",
    "Outage": f"select {OUTAGE_LABEL}, reference from outage",
    "OutageRevision": f"select {OUTAGE_LABEL.replace('id', 'outage_id')}, note from outage_revision",
    "OutagePlace": f"""select {OUTAGE_LABEL.replace("id", "outage_id")}, to_char(starts at time zone 'UTC',
        'YYYY-MM-DD') || 'T00:00:00.000Z' from outage_place""",
    "OutageNotice": "select 'customer ' || customer_id, revision from outage_notice",
    "OutageCalendar": """select 'person ' || person_id, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD') ||
        'T00:00:00.000Z' from outage_calendar""",
    "WebhookEndpoint": "select 'hook ' || customer_id, description from webhook_endpoint",
    "WebhookEvent": f"select {WEBHOOK_LABEL}, w.document from webhook_choice w {OF_WEBHOOK}",
    "WebhookSecret": f"""select {WEBHOOK_LABEL}, to_char(w.created_at at time zone 'UTC', 'YYYY-MM-DD') ||
        'T00:00:00.000Z' from webhook_secret w {OF_WEBHOOK}""",
    "WebhookDelivery": f"select {WEBHOOK_LABEL}, w.detail from webhook_delivery w {OF_WEBHOOK}",
    "Application": f"select {APPLICATION_LABEL}, type from application",
    "ApplicationAnswer": f"""select {APPLICATION_LABEL}, w.value from application_answer w
        join application on application.id = w.application_id""",
    "ApplicationStep": f"""select {APPLICATION_LABEL}, w.note from application_step w
        join application on application.id = w.application_id""",
    "BankAccount": "select 'staff', iban from bank_account",
    "BankStatement": "select 'staff', message_id from bank_statement",
    "BankLine": "select 'staff', text from statement_line",
    "BankLinePart": "select 'staff', amount from statement_part",
    "BankLineSuggestion": "select 'staff', rank from statement_suggestion",
    "BankStatementUpload": "select 'staff', message from statement_upload",
    "HeldContract": "select 'staff', reason from billing_hold",
    "LevelledLetter": "select 'contract ' || contract_id, new_amount from levelled_letter",
    "LevelledRun": "select 'staff', adapter from levelled_run",
    "LevelledHold": "select 'staff', reason from levelled_hold",
    "CustomerAccess": """select 'acts ' || customer_id, to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD') ||
        'T00:00:00.000Z' from access_grant""",
    "DelegationInvitation": "select 'owned ' || customer_id, name from delegation_invitation",
    "PaymentApproval": "select 'acts ' || customer_id, shown_reference from payment_approval",
    "Activity": "select 'acts ' || customer_id, note from delegation_activity",
}


@dataclass(frozen=True, slots=True)
class Sees:
    """A viewer, and the labels of all the rows they see."""

    viewer: Viewer
    labels: str

    def may_see(self, label: str) -> bool:
        """Tell whether rows with this label are the viewer's to see.

        What is about acting for customer n is seen by its owner; person n, who acts for it here, sees some of it too.
        """
        kind, _, number = label.partition(" ")
        if kind == "hook":
            owns = any(g.role is GrantRole.OWNER and g.customer_id == int(number) for g in self.viewer.grants)
            return owns or StaffRole.ADMIN in self.viewer.staff
        if kind == "token":
            return f"person {number}" in self.labels.split(", ") or StaffRole.ADMIN in self.viewer.staff
        if kind in ("acts", "owned"):
            owns = any(g.role is GrantRole.OWNER and g.customer_id == int(number) for g in self.viewer.grants)
            return owns or (kind == "acts" and self.viewer.person_id == int(number))
        return label in self.labels.split(", ")


@dataclass(frozen=True, slots=True)
class SeesAll(Sees):
    """An employee: everything but what is another person's own."""

    def may_see(self, label: str) -> bool:
        """Tell whether rows with this label are the viewer's to see."""
        if label.startswith(("token ", "hook ")):
            return Sees.may_see(self, label)
        return not label.startswith("person ") or label in self.labels.split(", ")


def whole(customer: int, *, person: int, permissions: frozenset[Permission] = frozenset(Permission)) -> Viewer:
    """A delegate of all contracts of a customer, also future ones."""
    grant = Grant(id=1, customer_id=customer, role=GrantRole.DELEGATE, permissions=permissions)
    return Viewer(person_id=person, grants=(grant,))


OWNER_OF_5 = (
    "submit 5, public, seller, person 5, payer 5, customer 5, contract 5, point 5, read 5, point 2000, read 2000, "
    "building 2, hours 5, hours 2000"
)
OF_4_WHOLE = (
    "public, seller, customer 4, contract 4, contract 14, point 4, point 14, read 4, read 14, hours 4, hours 14"
)
OF_4_PART = "public, seller, contract 4, point 4, read 4, hours 4"

# Customers 1 and 2 have flats in building 1, which 3 manages; 4 has two contracts; 5 has a flat in building 2;
# 7 lived where 6 lives now.
SEES: Mapping[str, Sees] = {
    "nobody": Sees(ANONYMOUS, "public"),
    "a person without grants": Sees(owner(person=2), "public, person 2, payer 2"),
    "the owner of a flat": Sees(
        owner(1, person=1),
        "submit 1, public, seller, person 1, payer 1, customer 1, contract 1, building 1, point 1, read 1, point 1000, "
        "read 1000, hours 1, hours 1000",
    ),
    "the building's manager": Sees(
        owner(3, person=3),
        "public, seller, person 3, customer 3, contract 3, building 1, "
        "point 1000, read 1000, point 1, read 1, point 2, read 2, hours 1000",
    ),
    "the owner of two contracts": Sees(owner(4, person=4), f"{OF_4_WHOLE}, submit 4, submit 14, person 4, payer 4"),
    "a stranger with a contract": Sees(owner(5, person=5), OWNER_OF_5),
    "who lives there now": Sees(
        owner(6, person=6), "public, seller, person 6, customer 6, contract 6, point 6, read 6, hours 6"
    ),
    "who lived there before": Sees(
        owner(7, person=7), "public, seller, person 7, customer 7, contract 7, point 6, once 6, hours once 6"
    ),
    "a delegate of a customer": Sees(whole(4, person=2), f"{OF_4_WHOLE}, submit 4, submit 14, person 2, payer 2"),
    "a delegate of one contract": Sees(delegate(4, 4, person=2), f"{OF_4_PART}, submit 4, person 2, payer 2"),
    "an owner who is a delegate too": Sees(
        Viewer(person_id=5, grants=(*owner(5).grants, *delegate(4, 4).grants)), f"{OF_4_PART}, submit 4, {OWNER_OF_5}"
    ),
    "a clerk": SeesAll(clerk(2), "person 2"),
    "a clerk who is a customer": SeesAll(Viewer(person_id=1, grants=owner(1).grants, staff=clerk().staff), "person 1"),
}

MARKS = (
    "update outage_place set starts = date '1960-01-01' + id::int",
    "update webhook_secret set created_at = date '1930-01-01' + id::int",
    "update outage_calendar set created_at = date '1950-01-01' + id::int",
    "set session_replication_role = replica",  # invoices are never changed, but here
    "update ledger_entry set amount = 7000 + customer_id",
    "update contract_attribute set value = 'attribute ' || id",
    "update contract_supply_point set starts = date '1990-01-01' + id::int",
    "update contract_supply_point set supply_point_id = 6, ends = '2021-06-01' where id = 7",
    "update contract_supply_point set starts = '2021-06-02' where id = 6",
    "update customer_protection set starts = date '1980-01-01' + id::int",
    "update register set code = 'register ' || id",
    "update reading set counts_for = '2021-05-01', register_id = 6, supply_point_id = 6 where id = 700",
    "update supply_point set building_id = 2 where id in (5, 2000)",
    "update invoice_line set code = 'line ' || id",
    "update invoice_tax set tax_code = 'tax ' || id",
    "update payment_allocation set amount = 3000 + id",
    "update price_row set name = 'price row 1'",
    "update billing_run set adapter = 'run 1'",
    "update access_grant set starts_at = '1940-01-01 00:00+00'::timestamptz + id * interval '1 day'",
    "reset session_replication_role",
)


async def settle_canaries(connection: AsyncConnection) -> None:
    """Settle a town in which each row can be told from all others."""
    await town.settle(connection, customers=CUSTOMERS, months=1, lines=1)
    for table, rows in _more():
        await connection.execute(insert(table), rows)
    for statement in MARKS:
        await connection.exec_driver_sql(statement)


def _more() -> list[tuple[Any, list[dict[str, Any]]]]:
    of_4 = {"customer_id": 4}
    protected = {"kind": ProtectionKind.LOW_INCOME, "proof": "seen"}
    house = {"role": PointRole.BUILDING, "premise": None}
    used = {"payment_id": 4, "invoice_id": 1400, "contract_id": 14, "amount": 1, "currency": "EUR"}
    return [
        (CustomerProtection, [{"id": n, "customer_id": n, "starts": town.month(n), **protected} for n in (2, 3, 4, 5)]),
        (Building, [{"id": 2, "name": "Other house", "address_line": "Lielā iela 2", **town.ADDRESS}]),
        (SupplyPoint, [town.point(14), town.point(2000) | house]),
        (Meter, [town.meter(14), town.meter(2000)]),
        (Register, [town.register(14), town.register(2000)]),
        (Reading, [town.reading(14, 0), town.reading(2000, 0)]),
        (Contract, [town.contract(14) | of_4]),
        (ContractSupplyPoint, [town.supply(14, 14) | of_4]),
        (
            ContractAttribute,
            [{"id": 14, "contract_id": 14, "name": "zones", "value": "1", "starts": town.THEN.date(), **of_4}],
        ),
        (TermsDocument, [terms_document(1)]),
        (ContractFormerTerms, [former_terms(n, 4 if n == 14 else n) for n in (1, 4, 5, 14)]),
        (BankEinvoiceAccount, [einvoice_account(n, 4 if n == 14 else n) for n in (1, 4, 5, 14)]),
        (ContractEvent, [event(n, 4 if n == 14 else n) for n in (1, 4, 5, 14)]),
        (ContractFee, [fee(n, 4 if n == 14 else n) for n in (1, 4, 5, 14)]),
        (ContractOffer, [offer(n) | {"customer_id": 4 if n == 14 else n, "contract_id": n} for n in (1, 4, 5, 14)]),
        (AllocationMethod, [allocation_method(1), allocation_method(2) | {"building_id": 2}]),
        (AllocationValue, [allocation_value(1), allocation_value(2)]),
        (Invoice, [town.invoice(14, 0) | of_4]),
        (InvoiceLine, [town.line(14, 0, 1, 1) | of_4]),
        (InvoiceTax, [town.tax(14, 0) | of_4]),
        (Session, [signed_in(n) | {"person_id": n} for n in (1, 2, 5)]),
        (OpenidLink, [openid_link(n) | {"person_id": n} for n in (1, 2, 5)]),
        (AccountRecovery, [recovery(n) | {"person_id": n} for n in (1, 2, 5)]),
        (Passkey, [passkey(n) | {"person_id": n} for n in (1, 2, 5)]),
        (MachineToken, [machine_token(n) | {"person_id": n} for n in (1, 2, 5)]),
        (ReadingUpload, [upload(n) | {"person_id": n, "message": f"upload {n}"} for n in (1, 2, 5)]),
        (ReadingUploadRow, [upload_row(n) | {"upload_id": n} for n in (1, 2, 5)]),
        (IntervalImport, [interval_import()]),
        (IntervalDay, [*(_hours(n) for n in (1, 4, 5, 6, 14, 1000, 2000)), _hours(6, once=True)]),
        (ReadingLink, [_link(n, 4 if n == 14 else n) for n in (1, 4, 5, 14)]),
        *bank_rows(range(1, 3)),
        *application_rows((1, 2, 3, 4, 5), nobody_yet=(1, 2, 5)),
        *outage_rows((1, 2, 3, 4, 5, 14)),
        *webhook_rows((1, 3, 4, 5)),
        (CorrectionDue, [_correction(n) for n in (4, 5)]),
        (Correction, [corrected(n) | {"note": f"correction {n}"} for n in (1, 4, 5)]),
        (SettlementLine, [settled(n) | {"code": f"settled_{n}"} for n in (1, 4, 5)]),
        (PaymentAllocation, [{"id": 14, "allocated_at": town.THEN, **used, **of_4}]),
        *_levelled(),
        *_paid_and_told(),
    ]


def _levelled() -> list[tuple[Any, list[dict[str, Any]]]]:
    return [
        (LevelledVersion, [levelled_version(n, n, 4 if n == 14 else n) for n in (1, 4, 5, 14)]),
        (LevelledLetter, [levelled_letter(n, n, 4 if n == 14 else n) for n in (1, 4, 5, 14)]),
        (LevelledRun, [levelled_run(1), levelled_run(2)]),
        (LevelledHold, [levelled_hold(n, 4 if n == 14 else n, n) for n in (1, 4, 5, 14)]),
    ]


def _paid_and_told() -> list[tuple[Any, list[dict[str, Any]]]]:
    return [
        (PaymentIntent, [intent(n) | {"person_id": n} for n in (1, 2, 4, 5)]),
        (PaymentReturn, [payment_return(n) for n in (1, 4, 5)]),
        (PaymentRefund, [refund(n) for n in (1, 4, 5)]),
        (PaymentEvent, [payment_event(1)]),
        (Notice, [notice(n) for n in (1, 4, 5)]),
        (NoticeReport, [notice_report(n) for n in (1, 4, 5)]),
        (DelegationInvitation, [invitation(n) for n in (1, 4, 5)]),
        (PaymentApproval, [approval(n) for n in (1, 2, 4, 5)]),
        (DelegationActivity, [activity(n) for n in (1, 2, 4, 5)]),
    ]


def _hours(point: int, *, once: bool = False) -> dict[str, Any]:
    day = date(2021, 5, 1) if once else date(2022, 1, 5)
    row = interval_day(80_000 + point + (10_000 if once else 0), point, day)
    return row | {"total": row["id"]}


def _link(contract: int, customer: int) -> dict[str, Any]:
    at = datetime(1971, 1, contract, tzinfo=UTC)
    times = {"opens_at": town.THEN, "expires_at": town.THEN, "created_at": at}
    named = {"id": contract, "customer_id": customer, "contract_id": contract, "supply_point_id": contract}
    return {**named, "register_ids": [contract], "token_hash": f"link {contract}", **times}


def _correction(n: int) -> dict[str, Any]:
    wrong = {"contract_id": n, "invoice_id": n * 100, "reading_id": n * 100, "day": date(1972, 1, n)}
    return {"id": n, "customer_id": n, "noted_at": town.THEN, **wrong}
