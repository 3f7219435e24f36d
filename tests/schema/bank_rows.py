"""Bank statements for the towns of the schema's tests: rows that tie in the orders of their lists."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mains_server.statements.records import Confidence, LineState, MatchRule, QueueReason, StatementUploadStatus
from mains_server.statements.tables import (
    BankAccount,
    BankStatement,
    StatementLine,
    StatementPart,
    StatementSuggestion,
    StatementUpload,
)

from tests.schema import town


def bank_rows(numbers: range) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Give an account for each number; the first has all statements, and the first of these all movements."""
    first = numbers[0]
    return [
        (StatementUpload, [statement_upload(n) for n in numbers]),
        (BankAccount, [bank_account(n) for n in numbers]),
        (BankStatement, [bank_statement(n) | {"bank_account_id": first, "upload_id": first} for n in numbers]),
        (StatementLine, [statement_line(n) | {"bank_account_id": first, "statement_id": first} for n in numbers]),
        (StatementPart, [statement_part(n) for n in numbers]),
        (StatementSuggestion, [statement_suggestion(n) for n in numbers]),
    ]


def statement_upload(n: int) -> dict[str, Any]:
    at = town.midnight(town.month(n % 2))
    kept = {"status": StatementUploadStatus.TAKEN, "token_hash": f"bank {n}", "message": f"upload of {n}"}
    return {"id": n, "person_id": 1, "created_at": at, "expires_at": at, **kept}


def bank_account(n: int) -> dict[str, Any]:
    iban = f"LV80BANK{n:013d}"
    return {"id": n, "iban": iban, "currency": "EUR", "opened_on": town.month(0), "brought_forward": Decimal(n)}


def bank_statement(n: int) -> dict[str, Any]:
    balances = {"currency": "EUR", "opening": Decimal(0), "closing": Decimal(n), "is_proved": n % 2 == 1}
    counts = {"lines_new": n, "lines_known": 0, "pending": 0, "content_hash": "x", "imported_at": town.THEN}
    named = {"id": n, "bank_account_id": n, "message_id": f"M{n}", "statement_id": f"S{n}", "upload_id": None}
    return {**named, "opens_on": town.month(0), "closes_on": town.month(n % 2), **balances, **counts}


def statement_line(n: int) -> dict[str, Any]:
    named = {"id": n, "bank_account_id": n, "statement_id": n, "position": n % 2, "fingerprint": f"f{n}"}
    said = dict.fromkeys(("servicer_reference", "end_to_end_id", "party_name", "party_iban", "reference"), "")
    state = {"state": LineState.QUEUED, "reason": QueueReason.UNMATCHED if n % 2 else QueueReason.DOUBTFUL}
    is_what = {"is_reversal": False, "is_undetailed": False, "occurrence": 1, "text": f"paid {n}"}
    return {
        **named,
        "booked_on": town.month(n % 2),
        "amount": Decimal(n),
        "currency": "EUR",
        **said,
        **is_what,
        **state,
    }


def statement_part(n: int) -> dict[str, Any]:
    matched = {"rule": MatchRule.BY_HAND, "confidence": Confidence.SURE, "matched_at": town.THEN}
    owned = {"id": n, "customer_id": 1, "line_id": n, "payment_id": 1}
    return {**owned, "amount": Decimal(9000 + n), "currency": "EUR", **matched}


def statement_suggestion(n: int) -> dict[str, Any]:
    guessed = {"rank": 70 + n, "rule": MatchRule.PAYER, "confidence": Confidence.LIKELY}
    return {"id": n, "customer_id": 1, "line_id": n, "contract_id": 1, "invoice_id": None, **guessed}


def einvoice_account(contract: int, customer: int) -> dict[str, Any]:
    """An account at a bank of the contract's own; of every second contract it holds no more."""
    ended = town.THEN if contract % 2 else None
    own = {"id": contract, "customer_id": customer, "contract_id": contract}
    return own | {
        "iban": "LV80BANK0000435195001",
        "bank": f"BANK{contract:04d}",
        "agreed_at": town.THEN,
        "ended_at": ended,
    }
