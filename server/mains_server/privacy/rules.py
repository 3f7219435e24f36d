"""What becomes of each table's rows: what an export gives, what an erasure takes away, and why the rest is kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import LargeBinary, Table

from mains_server.privacy.records import LegalTerm

# Grāmatvedības likums, section 28, as DOMAIN.md gives it: accounting registers 10 years, which is longer than what it
# asks for source documents.
LEGAL_TERMS = (LegalTerm(since=date(1900, 1, 1), years=10, source="Grāmatvedības likums 28"),)
SECRETS = ("hash", "token", "secret", "sealed", "password", "idempotency_key", "request_key", "public_key")

BOOKS = "an accounting document or a posting, kept for the legal term"
PROOF = "proves how an accounting document came about or reached its customer; kept with it, and names nobody"
ACTS = "who did what and when, by number; names are gone with the rows that they stand in"
# Kept at an erasure, each for a reason.
KEPT: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "invoice",
            "invoice_line",
            "invoice_tax",
            "invoice_sheet",
            "invoice_document",
            "ledger_transaction",
            "ledger_entry",
            "payment",
            "payment_allocation",
            "payment_return",
            "payment_intent",
            "payment_intent_part",
            "payment_refund",
            "prepayment",
            "prepaid_use",
            "statement_part",
            "statement_suggestion",
            "settlement_line",
            "interest_charge",
        ),
        BOOKS,
    ),
    **dict.fromkeys(
        (
            "contract",
            "contract_attribute",
            "contract_event",
            "contract_former_terms",
            "contract_offer",
            "contract_supply_point",
            "levelled_plan",
            "levelled_version",
            "levelled_letter",
            "levelled_hold",
            "correction_due",
            "invoice_delivery",
            "bank_einvoice_account",
            "bank_einvoice_entry",
            "reminder",
            "debt_part",
            "arranged_invoice",
            "delegated_payment",
            "payment_approval",
        ),
        PROOF,
    ),
    **dict.fromkeys(
        (
            "audit_entry",
            "bank_einvoice_handover",
            "impersonation",
            "outage_revision",
            "staff_member",
            "statement_upload",
        ),
        ACTS,
    ),
    "allocation_method": "how a house shares its cost, which holds for all who live there",
    "allocation_value": "how a house shares its cost, which holds for all who live there",
}
# Emptied or changed at an erasure by the statements of `statements.py`.
ERASED = frozenset(
    {
        "access_grant",
        "account_recovery",
        "announcement_recipient",
        "application",
        "application_answer",
        "application_attachment",
        "application_step",
        "billing_hold",
        "contract_fee",
        "correction",
        "credential",
        "customer",
        "customer_protection",
        "debt_arrangement",
        "delegation_activity",
        "delegation_invitation",
        "delivery_receipt",
        "idempotent_request",
        "invoice_dispute",
        "machine_token",
        "notice",
        "notice_preference",
        "notice_report",
        "openid_link",
        "outage_calendar",
        "outage_notice",
        "outbox_event",
        "passkey",
        "password_reset",
        "person",
        "reading_link",
        "reading_upload",
        "reading_upload_row",
        "recovery_code",
        "registration",
        "second_factor",
        "session",
        "signin_challenge",
        "signin_message",
        "sms_inbound",
        "webhook_delivery",
        "webhook_endpoint",
    }
)
# Columns that may hold who somebody is, by their names.
PERSONAL = re.compile(
    r"(^|_)(name|email|phone|address(_line|_city|_postcode)?|iban|sender|device|personal_code|registration_number"
    r"|vat_number|subject|body|note|reason|text|message|answer|detail|payload|values|partner)$"
)
OF_A_PLACE = "says where something is and stays, whoever lives there"
OF_THE_UTILITY = "the utility's own, or of things that it sells and measures; about no customer"
IN_CODES = "a code or a machine's words, which name nobody"
COLUMNS_KEPT: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "invoice.billing_address",
            "invoice.customer_name",
            "invoice.supply_address",
            "invoice_document.file_name",
            "payment.payer_name",
            "payment_event.note",
            "payment_intent.reason",
            "payment_refund.iban",
            "payment_refund.payee_name",
            "payment_refund.reason",
            "payment_return.reason",
            "payout_file.iban",
            "payout_file.name",
            "statement_line.note",
            "statement_line.party_iban",
            "statement_line.party_name",
            "statement_line.reason",
            "statement_line.text",
        ),
        BOOKS,
    ),
    **dict.fromkeys(
        ("bank_einvoice_account.iban", "bank_einvoice_entry.iban"),
        "at which account an invoice was shown, which proves that it reached the customer; kept with the invoice",
    ),
    "passkey_challenge.device": "the browser of a sign-in that nobody is known of yet; forgotten the next night",
    **dict.fromkeys(("audit_entry.reason", "impersonation.reason"), "why an employee acted, which is part of the act"),
    **dict.fromkeys(
        (
            "allocation_value.name",
            "area_correction.reason",
            "building.address_city",
            "building.address_line",
            "building.address_postcode",
            "building.name",
            "reading.decision_note",
            "supply_point.address_city",
            "supply_point.address_line",
            "supply_point.address_postcode",
        ),
        OF_A_PLACE,
    ),
    **dict.fromkeys(
        (
            "bank_account.iban",
            "fact_figure.name",
            "fact_figure.subject",
            "fact_series.name",
            "fact_series.values",
            "interval_import.name",
            "outage.note",
            "outage_revision.note",
            "price_row.name",
            "seller.address",
            "seller.iban",
            "seller.name",
            "seller.registration_number",
            "seller.vat_number",
            "statement_upload.message",
        ),
        OF_THE_UTILITY,
    ),
    **dict.fromkeys(
        (
            "billing_hold.reason",
            "contract_attribute.name",
            "correction.reason",
            "interval_day.values",
            "levelled_hold.reason",
            "levelled_version.reason",
        ),
        IN_CODES,
    ),
    **dict.fromkeys(("openid_flow.device", "openid_ticket.subject"), "sign-ins under way, deleted the night after"),
}
AFTER_A_TIME = "for the printer or a bank, with others in it; taken away `MAINS_FILES_KEPT` after it was made"
# Columns of bytes that are no secret and no hash of one may be files; each is emptied by an erasure, or says why not.
FILES_KEPT: Mapping[str, str] = {
    **dict.fromkeys(("print_mailing.content", "notice_mailing.content", "bank_einvoice_file.content"), AFTER_A_TIME),
    **dict.fromkeys(("invoice_document.content", "payout_file.content"), BOOKS),
    "passkey_challenge.handle": "what a key will know its person by, of no use to others; forgotten the next night",
    "counted_try.bucket": IN_CODES,
    "row_budget.bucket": IN_CODES,
}
# Not exported, each for a reason.
NOT_EXPORTED: Mapping[str, str] = {
    "idempotent_request": "answers that were given before, kept for thirty days under a client's key",
    "credential": "nothing but the hash of a password",
    "recovery_code": "nothing but hashes of codes",
    "second_factor": "nothing but the sealed secret of an app",
    "signin_challenge": "sign-ins that wait five minutes for a code",
}
THEIR_POINTS = """exists (select from contract_supply_point s where s.customer_id = any(:customers)
    and s.supply_point_id = t.supply_point_id and s.starts <= t.{day} and (s.ends is null or s.ends >= t.{day}))"""
THEIR_APPLICATIONS = """t.application_id in (select id from application
    where customer_id = any(:customers) or person_id = :person and customer_id is null)"""
# Exported by another road than a column of the table's own.
BY_ROAD: Mapping[str, str] = {
    "application": "t.customer_id = any(:customers) or t.person_id = :person and t.customer_id is null",
    "customer": "t.id = any(:customers)",
    "person": "t.id = :person",
    "reading": THEIR_POINTS.format(day="counts_for"),
    "interval_day": THEIR_POINTS.format(day="day"),
    "supply_point": """t.id in (select supply_point_id from contract_supply_point
        where customer_id = any(:customers))""",
    "application_answer": THEIR_APPLICATIONS,
    "application_attachment": THEIR_APPLICATIONS,
    "application_step": THEIR_APPLICATIONS,
    "reading_upload_row": "t.upload_id in (select id from reading_upload where person_id = :person)",
    "sms_inbound": """regexp_replace(t.sender, '[^0-9]', '', 'g') in (select regexp_replace(phone, '[^0-9]', '', 'g')
        from person where id = :person union select regexp_replace(phone, '[^0-9]', '', 'g') from customer
        where id = any(:customers))""",
}


def condition_of(table: Table) -> str | None:
    """Say which rows of a table are about a person and their customers; None where the table is about nobody."""
    if table.name in NOT_EXPORTED:
        return None
    if table.name in BY_ROAD:
        return BY_ROAD[table.name]
    roads = {"customer_id": "t.customer_id = any(:customers)", "person_id": "t.person_id = :person"}
    return " or ".join(road for column, road in roads.items() if column in table.columns) or None


def hidden_columns(table: Table) -> list[str]:
    """List the columns that no export shows: secrets, what could be turned into one, and bytes of files."""
    return [
        column.name
        for column in table.columns
        if isinstance(column.type, LargeBinary) or any(word in column.name for word in SECRETS)
    ]


def ruleless(tables: Collection[Table]) -> list[str]:
    """List the tables that hold a customer or a person, and that no rule says anything about at an erasure."""
    about = [table.name for table in tables if {"customer_id", "person_id"} & set(table.columns.keys())]
    return sorted(name for name in about if name not in ERASED and name not in KEPT)


def personal_columns(tables: Collection[Table]) -> list[str]:
    """List the columns whose names say that they may hold who somebody is, where they live, or free words."""
    return sorted(f"{t.name}.{c.name}" for t in tables for c in t.columns if PERSONAL.search(c.name))


def unruled_columns(tables: Collection[Table], *, statements: Collection[Mapping[str, str]]) -> list[str]:
    """List the personal columns that an erasure neither empties nor leaves for a reason that is written down."""
    return [
        column
        for column in personal_columns(tables)
        if column not in COLUMNS_KEPT
        and not any(_takes_away(one.get(column.partition(".")[0], ""), column) for one in statements)
    ]


def unruled_files(tables: Collection[Table], *, statements: Collection[Mapping[str, str]]) -> list[str]:
    """List the columns of bytes that an erasure neither takes away nor leaves for a reason that is written down."""
    return [
        name
        for table in tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
        and not any(word in column.name for word in SECRETS)
        and (name := f"{table.name}.{column.name}") not in FILES_KEPT
        and not any(_takes_away(one.get(table.name, ""), name) for one in statements)
    ]


def _takes_away(statement: str, column: str) -> bool:
    table, _, name = column.partition(".")
    is_emptied = statement.startswith("update") and re.search(rf"\b{name} = ", statement) is not None
    return statement.startswith(f"delete from {table}") or is_emptied


def kept_until(*, issued_on: date) -> date:
    """Tell until which day, exclusive, a document of a day is kept by the term that holds for it."""
    term = max((term for term in LEGAL_TERMS if term.since <= issued_on), key=lambda term: term.since)
    return date(issued_on.year + term.years + 1, 1, 1)
