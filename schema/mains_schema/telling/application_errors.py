"""Why something about an application was not done."""

from __future__ import annotations

from enum import Enum

import strawberry

from mains_schema.declaring.mapping import described
from mains_schema.declaring.payload import IN_ENGLISH, RETRYABLE, USER_ERROR_PATH


class ApplicationErrorCode(Enum):
    """Why nothing was done."""

    TYPE_UNKNOWN = "TYPE_UNKNOWN"
    CONTRACT_UNKNOWN = "CONTRACT_UNKNOWN"
    CONTRACT_NEEDED = "CONTRACT_NEEDED"
    ANSWERS_WRONG = "ANSWERS_WRONG"
    APPLICATIONS_TOO_MANY = "APPLICATIONS_TOO_MANY"
    APPLICATION_UNKNOWN = "APPLICATION_UNKNOWN"
    STEP_NOT_POSSIBLE = "STEP_NOT_POSSIBLE"
    NOTE_WRONG = "NOTE_WRONG"
    OFFER_WRONG = "OFFER_WRONG"
    OFFER_OVER = "OFFER_OVER"
    APPLICANT_IS_CUSTOMER = "APPLICANT_IS_CUSTOMER"
    CUSTOMER_NUMBER_TAKEN = "CUSTOMER_NUMBER_TAKEN"
    CUSTOMER_DATA_WRONG = "CUSTOMER_DATA_WRONG"
    ADDRESS_MALFORMED = "ADDRESS_MALFORMED"
    PHONE_MALFORMED = "PHONE_MALFORMED"
    LANGUAGE_UNKNOWN = "LANGUAGE_UNKNOWN"
    PERSONAL_CODE_MALFORMED = "PERSONAL_CODE_MALFORMED"
    ATTACHMENT_NAME_WRONG = "ATTACHMENT_NAME_WRONG"
    ATTACHMENTS_TOO_MANY = "ATTACHMENTS_TOO_MANY"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    ApplicationErrorCode,
    "Why nothing was done.",
    {
        "TYPE_UNKNOWN": "There is no such utility now, or it takes no such applications.",
        "CONTRACT_UNKNOWN": "There is no such customer or contract for which the viewer may request services.",
        "CONTRACT_NEEDED": "Applications of this type are about a contract, and none is named.",
        "ANSWERS_WRONG": "Answers do not fit the form; `fieldErrors` names each.",
        "APPLICATIONS_TOO_MANY": "The viewer has twenty open applications.",
        "APPLICATION_UNKNOWN": "There is no such application on which the viewer may do this.",
        "STEP_NOT_POSSIBLE": "The application stands so that this cannot be done.",
        "NOTE_WRONG": "A note is missing where one is needed, or longer than 4,000 characters.",
        "OFFER_WRONG": "The offer is not 0 to 1,000,000 EUR in whole cents, or over before it is made.",
        "OFFER_OVER": "The last day of the offer is over.",
        "APPLICANT_IS_CUSTOMER": "The application is a customer's already.",
        "CUSTOMER_NUMBER_TAKEN": "Another customer has this number.",
        "CUSTOMER_DATA_WRONG": "A number, name or e-mail address is missing, too long or cannot be; see `path`.",
        "ADDRESS_MALFORMED": "No letter would come to this address.",
        "PHONE_MALFORMED": "Nobody could be called by this number.",
        "LANGUAGE_UNKNOWN": "Nothing is sent in this language.",
        "PERSONAL_CODE_MALFORMED": "A personal code has figures, letters and dashes, 32 at most.",
        "ATTACHMENT_NAME_WRONG": "The name is not 1 to 120 printable characters without slashes and quotes.",
        "ATTACHMENTS_TOO_MANY": "The application has ten files.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why nothing was done.")
class ApplicationUserError:
    """A refusal."""

    code: ApplicationErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)
