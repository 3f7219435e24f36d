"""Why something about a debt is not done."""

from __future__ import annotations

from enum import Enum

import strawberry
from mains_server.access.records import Refusal

from mains_schema.declaring.mapping import described
from mains_schema.declaring.payload import IN_ENGLISH, RETRYABLE, USER_ERROR_PATH, user_error

WORDS = {
    "CONTRACT_UNKNOWN": "There is no such contract for the viewer to see.",
    "INVOICE_UNKNOWN": "There is no such invoice for the viewer to see.",
    "NOT_PERMITTED": "The viewer was not given the right to do this.",
    "NOTHING_OPEN": "Nothing is open on the invoice.",
    "DISPUTED_ALREADY": "The invoice is disputed already.",
    "NOT_DISPUTED": "The invoice is not disputed.",
    "REASON_WRONG": "What is said is missing, or longer than 1,000 characters.",
    "NO_DEBT_TO_ARRANGE": "Nothing is overdue that is not disputed, or too little to be paid in parts.",
    "ARRANGEMENT_RUNS": "A debt of the contract is being paid in parts already.",
    "ARRANGEMENT_UNKNOWN": "No debt of the contract is being paid in parts.",
    "BROKEN_BEFORE": "An arrangement was broken not long ago; only an employee may make another.",
    "NOT_ARRANGEABLE": "The utility has not said how debts are paid in parts.",
    "FIRST_PART_TOO_SMALL": "The first part is below what has to be paid first, or no amount of money.",
    "FIRST_PART_TOO_LARGE": "The first part leaves nothing for the others.",
    "PARTS_NOT_POSSIBLE": "So many parts are not possible; the message says how many are.",
    "FIRST_DAY_NOT_POSSIBLE": "The first part cannot be due on that day; the message says when it can.",
    "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
    "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
}


class DebtErrorCode(Enum):
    """Why something about a debt was not done."""

    CONTRACT_UNKNOWN = "CONTRACT_UNKNOWN"
    INVOICE_UNKNOWN = "INVOICE_UNKNOWN"
    NOT_PERMITTED = "NOT_PERMITTED"
    NOTHING_OPEN = "NOTHING_OPEN"
    DISPUTED_ALREADY = "DISPUTED_ALREADY"
    NOT_DISPUTED = "NOT_DISPUTED"
    REASON_WRONG = "REASON_WRONG"
    NO_DEBT_TO_ARRANGE = "NO_DEBT_TO_ARRANGE"
    ARRANGEMENT_RUNS = "ARRANGEMENT_RUNS"
    ARRANGEMENT_UNKNOWN = "ARRANGEMENT_UNKNOWN"
    BROKEN_BEFORE = "BROKEN_BEFORE"
    NOT_ARRANGEABLE = "NOT_ARRANGEABLE"
    FIRST_PART_TOO_SMALL = "FIRST_PART_TOO_SMALL"
    FIRST_PART_TOO_LARGE = "FIRST_PART_TOO_LARGE"
    PARTS_NOT_POSSIBLE = "PARTS_NOT_POSSIBLE"
    FIRST_DAY_NOT_POSSIBLE = "FIRST_DAY_NOT_POSSIBLE"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(DebtErrorCode, "Why something about a debt was not done.", WORDS)


@strawberry.type(description="Why something about a debt was not done.")
class DebtUserError:
    """A refusal."""

    code: DebtErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


def debt_error(refusal: Refusal) -> DebtUserError:
    """Turn a room's refusal into an error of a mutation or preview."""
    return user_error(DebtUserError, DebtErrorCode, refusal)
