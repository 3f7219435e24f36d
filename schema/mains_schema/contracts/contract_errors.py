"""Why steps in the life of a contract are not taken, and what customers should know where they are."""

from __future__ import annotations

from datetime import date
from enum import Enum

import strawberry
from mains_server.access.records import Refusal

from mains_schema.declaring.mapping import described
from mains_schema.declaring.payload import USER_ERROR_PATH, user_error

ERROR_WORDS = {
    "CONTRACT_UNKNOWN": "There is no such contract for the viewer to see.",
    "CUSTOMER_UNKNOWN": "There is no such customer for the viewer to contract for.",
    "NOT_PERMITTED": "The viewer was not given the right to do this.",
    "SUPPLY_POINT_UNKNOWN": "There is no such supply point, or the contract does not have it then.",
    "SUPPLY_POINT_TAKEN": "A contract has the supply point on some of the days.",
    "SUPPLY_POINTS_WRONG": "A contract covers 1 to 30 supply points of one commodity, each once.",
    "LAST_SUPPLY_POINT": "A contract has at least one supply point; terminate it instead.",
    "PRODUCT_NOT_OFFERED": "The utility does not sell this product.",
    "SETTLEMENT_NOT_ALLOWED": "The product is not paid that way.",
    "CHANNEL_NOT_ALLOWED": "The product's invoices are not delivered that way.",
    "IBAN_MALFORMED": "The account is no IBAN, or none was given for the bank.",
    "BANK_NOT_SERVED": "The utility sends no e-invoices to the account's bank; the message names those that it serves.",
    "CONTRACT_NOT_ALLOWED": "The utility's own rules refuse it; the message says why.",
    "ADAPTER_SILENT": "The utility's adapter did not say whether this can be; try again later.",
    "ATTRIBUTE_WRONG": "The utility takes no such attribute or value.",
    "PROTECTED_SETTLES_BY_INVOICE": "A protected customer's contract is settled by invoice.",
    "CONTRACT_IS_LEVELLED": "A contract of the customer is paid by levelled amounts; change it to invoices first.",
    "PROTECTION_OVERLAPS": "The customer has this status on some of the days already.",
    "PROTECTION_UNKNOWN": "The customer has no such status that could end on that day.",
    "NOT_A_HOUSEHOLD": "Only a household can be a protected customer.",
    "PROOF_MISSING": "The reference to the proof is missing, or longer than 200 characters.",
    "STARTS_TOO_EARLY": "The day is past, or too near; `nextAllowed` is the first possible one.",
    "STARTS_INSIDE_MONTH": "It must be the first of a month; `nextAllowed` is the next one.",
    "DAYS_BILLED": "Some of the days are billed; `nextAllowed` is the first possible one.",
    "DAY_OUTSIDE": "The contract is not in force on that day, or the days contradict each other.",
    "CHANGE_PENDING": "Other terms are agreed for a later day already.",
    "NOTHING_CHANGES": "It is like this already.",
    "TERMINATED_ALREADY": "The contract has an end already.",
    "NOT_TERMINATED": "There is no termination that could be taken back.",
    "WITHDRAWN_TOO_LATE": "The days for withdrawing have passed, or it was not concluded at a distance.",
    "NO_OFFER": "There is no offer that waits for an answer.",
    "FEE_UNKNOWN": "The utility charges no such fee.",
    "FEE_QUANTITY_WRONG": "The quantity must be above 0, up to 10,000.",
    "FEE_OUTSIDE": "The contract is not in force on the day of the fee.",
    "CONTRACT_DATES_WRONG": "The dates contradict each other.",
    "ATTRIBUTE_REPEATED": "An attribute would have two values on one day.",
    "CONTRACT_NUMBER_TAKEN": "The next number of the utility's series is taken; tell its administrator.",
    "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
    "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
}


class ContractErrorCode(Enum):
    """Why a step in the life of a contract was not taken."""

    CONTRACT_UNKNOWN = "CONTRACT_UNKNOWN"
    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"
    NOT_PERMITTED = "NOT_PERMITTED"
    SUPPLY_POINT_UNKNOWN = "SUPPLY_POINT_UNKNOWN"
    SUPPLY_POINT_TAKEN = "SUPPLY_POINT_TAKEN"
    SUPPLY_POINTS_WRONG = "SUPPLY_POINTS_WRONG"
    LAST_SUPPLY_POINT = "LAST_SUPPLY_POINT"
    PRODUCT_NOT_OFFERED = "PRODUCT_NOT_OFFERED"
    SETTLEMENT_NOT_ALLOWED = "SETTLEMENT_NOT_ALLOWED"
    CHANNEL_NOT_ALLOWED = "CHANNEL_NOT_ALLOWED"
    IBAN_MALFORMED = "IBAN_MALFORMED"
    BANK_NOT_SERVED = "BANK_NOT_SERVED"
    CONTRACT_NOT_ALLOWED = "CONTRACT_NOT_ALLOWED"
    ADAPTER_SILENT = "ADAPTER_SILENT"
    ATTRIBUTE_WRONG = "ATTRIBUTE_WRONG"
    PROTECTED_SETTLES_BY_INVOICE = "PROTECTED_SETTLES_BY_INVOICE"
    CONTRACT_IS_LEVELLED = "CONTRACT_IS_LEVELLED"
    PROTECTION_OVERLAPS = "PROTECTION_OVERLAPS"
    PROTECTION_UNKNOWN = "PROTECTION_UNKNOWN"
    NOT_A_HOUSEHOLD = "NOT_A_HOUSEHOLD"
    PROOF_MISSING = "PROOF_MISSING"
    STARTS_TOO_EARLY = "STARTS_TOO_EARLY"
    STARTS_INSIDE_MONTH = "STARTS_INSIDE_MONTH"
    DAYS_BILLED = "DAYS_BILLED"
    DAY_OUTSIDE = "DAY_OUTSIDE"
    CHANGE_PENDING = "CHANGE_PENDING"
    NOTHING_CHANGES = "NOTHING_CHANGES"
    TERMINATED_ALREADY = "TERMINATED_ALREADY"
    NOT_TERMINATED = "NOT_TERMINATED"
    WITHDRAWN_TOO_LATE = "WITHDRAWN_TOO_LATE"
    NO_OFFER = "NO_OFFER"
    FEE_UNKNOWN = "FEE_UNKNOWN"
    FEE_QUANTITY_WRONG = "FEE_QUANTITY_WRONG"
    FEE_OUTSIDE = "FEE_OUTSIDE"
    CONTRACT_DATES_WRONG = "CONTRACT_DATES_WRONG"
    ATTRIBUTE_REPEATED = "ATTRIBUTE_REPEATED"
    CONTRACT_NUMBER_TAKEN = "CONTRACT_NUMBER_TAKEN"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(ContractErrorCode, "Why a step in the life of a contract was not taken.", ERROR_WORDS)


class ContractWarning(Enum):
    """What a customer should know of a step in a contract's life."""

    AUTOMATIC_PAYMENTS_NAME_OLD_NUMBER = "AUTOMATIC_PAYMENTS_NAME_OLD_NUMBER"
    USAGE_OUTSIDE_RECOMMENDED = "USAGE_OUTSIDE_RECOMMENDED"
    UNIVERSAL_SERVICE = "UNIVERSAL_SERVICE"
    SETTLED_BY_INVOICE = "SETTLED_BY_INVOICE"


described(
    ContractWarning,
    "What a customer should know of a step in a contract's life.",
    {
        "AUTOMATIC_PAYMENTS_NAME_OLD_NUMBER": "The contract has a new number; bank payments name the old one.",
        "USAGE_OUTSIDE_RECOMMENDED": "The product is recommended for another use; this is advice, not a condition.",
        "UNIVERSAL_SERVICE": "No product was chosen, so it is the universal service.",
        "SETTLED_BY_INVOICE": "The new contract is settled by invoice, even if the old one was levelled.",
    },
)


@strawberry.type(description="Why a step in the life of a contract was not taken.")
class ContractUserError:
    """A refusal."""

    code: ContractErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description="The same for people, in English.")
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")
    next_allowed: date | None = strawberry.field(
        description="The first day on which it could be done; null if no day would help."
    )


def contract_error(refusal: Refusal) -> ContractUserError:
    """Turn a refusal into an error that tells the next possible day."""

    def made(**given: object) -> ContractUserError:
        return ContractUserError(**given, next_allowed=getattr(refusal, "next_allowed", None))  # type: ignore[arg-type]

    return user_error(made, ContractErrorCode, refusal)
