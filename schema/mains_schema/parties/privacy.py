"""What is stored about the viewer, to take away; and customers erased, by administrators."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Any

import strawberry
from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.privacy.links import LIFETIME, ExportLinks
from mains_server.privacy.operations import erase_customer
from mains_server.privacy.records import ExportAsked

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.declaring.resolve import Reads

EXPORTS = "/exports/{token}"


@strawberry.type(description="All that is stored about the viewer and the customers they own, to take away.")
class DataExport:
    """A link to a ZIP of JSON."""

    url: str = strawberry.field(description="Path of the ZIP on this server, for a GET without a header.")
    expires_at: datetime = strawberry.field(description="When the link ends; it ends with the session too.")


class ErasureErrorCode(Enum):
    """Why a customer was not erased."""

    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"
    CONTRACT_STILL_RUNS = "CONTRACT_STILL_RUNS"
    MONEY_STILL_OPEN = "MONEY_STILL_OPEN"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    ErasureErrorCode,
    "Why a customer was not erased.",
    {
        "CUSTOMER_UNKNOWN": "There is no such customer.",
        "CONTRACT_STILL_RUNS": "A contract of the customer's runs today or later.",
        "MONEY_STILL_OPEN": "Money is owed, by the customer or to them, or is on its way.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why a customer was not erased.")
class ErasureUserError:
    """A refusal."""

    code: ErasureErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="Which customer is erased, and why.")
class CustomerEraseInput:
    """A customer."""

    customer_id: strawberry.ID = strawberry.field(description="Global id of the customer.")
    reason: str = strawberry.field(description="Why, for the audit trail, such as the day and number of the request.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="What became of a customer who is erased.")
class CustomerErasePayload:
    """The day until which documents stay, or why nothing was erased."""

    is_erased: bool = strawberry.field(description="Whether it was done.")
    kept_until: date | None = strawberry.field(
        description="Until when, exclusive, the law has documents kept; null if there are none, or it was not done."
    )
    user_errors: list[ErasureUserError] = strawberry.field(description=USER_ERRORS)


async def data_export(reads: Reads, _person: int) -> DataExport | None:
    """Sign a link to the viewer's export; none without a session, whose end would end it."""
    viewer, documents = reads.viewer, reads.document_links
    if viewer.person_id is None or viewer.session_id is None or documents is None or viewer.looks_as is not None:
        return None
    asked = ExportAsked(person_id=viewer.person_id, session_id=viewer.session_id)
    token = ExportLinks(documents.secret).sign(asked, now=reads.now)
    return DataExport(url=EXPORTS.format(token=token), expires_at=(reads.now + LIFETIME).replace(microsecond=0))


async def customer_erase(info: Info, given: CustomerEraseInput) -> CustomerErasePayload:
    """Erase a customer, or say why not."""
    context, viewer = info.context, info.context.viewer
    assert viewer.person_id is not None, "an administrator is signed in"
    number = number_of(given.customer_id, type_name="Customer")
    claim: dict[str, Any] = {"person_id": viewer.person_id, "operation": "customer_erase", "key": given.idempotency_key}
    body = {"customer": number, "reason": given.reason}
    try:
        async with unit_of_work(context.engine) as session:
            answer = await claim_request(session, **claim, body=body, now=context.now)
            if answer is None:
                erased = await erase_customer(session, customer_id=number, today=context.reads.today, now=context.now)
                answer = {"until": None if erased.kept_until is None else erased.kept_until.isoformat()}
                await keep_answer(session, **claim, answer=answer)
    except Refusal as refusal:
        error = user_error(ErasureUserError, ErasureErrorCode, refusal)
        return CustomerErasePayload(is_erased=False, kept_until=None, user_errors=[error])
    until = answer["until"]
    return CustomerErasePayload(
        is_erased=True, kept_until=None if until is None else date.fromisoformat(until), user_errors=[]
    )
