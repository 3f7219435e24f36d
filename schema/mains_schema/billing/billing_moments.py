"""A bill at once: a customer who has sent in a reading need not wait for the month's run."""

from __future__ import annotations

from datetime import date
from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.billing.moments import InstantRequest, invoice_at_once

from mains_schema.billing.invoice import Invoice
from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error


class InstantErrorCode(Enum):
    """Why no invoice was issued at once."""

    CONTRACT_UNKNOWN = "CONTRACT_UNKNOWN"
    INSTANT_NOT_OFFERED = "INSTANT_NOT_OFFERED"
    CONTRACT_IS_LEVELLED = "CONTRACT_IS_LEVELLED"
    CONTRACT_NOT_BILLED = "CONTRACT_NOT_BILLED"
    CONTRACT_IN_BUILDING = "CONTRACT_IN_BUILDING"
    DAY_NOT_TOLD = "DAY_NOT_TOLD"
    READING_NOT_BILLABLE = "READING_NOT_BILLABLE"
    PERIOD_OUTSIDE_CONTRACT = "PERIOD_OUTSIDE_CONTRACT"
    DAYS_TO_COME = "DAYS_TO_COME"
    DAYS_BILLED_ALREADY = "DAYS_BILLED_ALREADY"
    BILL_HELD = "BILL_HELD"
    NOBODY_TO_INVOICE = "NOBODY_TO_INVOICE"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    InstantErrorCode,
    "Why no invoice was issued at once.",
    {
        "CONTRACT_UNKNOWN": "There is no such contract, or the viewer may not send in its readings.",
        "INSTANT_NOT_OFFERED": "The utility bills whole months.",
        "CONTRACT_IS_LEVELLED": "It is paid in equal amounts and settled about once a year.",
        "CONTRACT_NOT_BILLED": "The contract gets no invoices itself.",
        "CONTRACT_IN_BUILDING": "Its premise is billed together with its house.",
        "DAY_NOT_TOLD": "Either a reading or a day is to be given, and not both.",
        "READING_NOT_BILLABLE": "There is no such reading of the contract that counts.",
        "PERIOD_OUTSIDE_CONTRACT": "The contract is not in force on all of these days.",
        "DAYS_TO_COME": "The day is yet to come.",
        "DAYS_BILLED_ALREADY": "The contract is billed up to this day or a later one.",
        "BILL_HELD": "Something is missing, such as a register's reading of this day; the message says what.",
        "NOBODY_TO_INVOICE": "Nobody is registered to invoice for the utility.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why no invoice was issued at once.")
class InstantUserError:
    """A refusal."""

    code: InstantErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="Which contract is billed at once, and up to when.")
class InvoiceInstantCreateInput:
    """A contract, and a reading or a day."""

    contract_id: strawberry.ID = strawberry.field(description="Global id of the contract.")
    reading_id: strawberry.ID | None = strawberry.field(
        description="Global id of the reading to bill up to; left out if a day is given.", default=strawberry.UNSET
    )
    up_to: date | None = strawberry.field(
        description="The day, exclusive, to bill up to, for which every register was read; left out if a reading is.",
        default=strawberry.UNSET,
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="The invoice that was issued at once, or why none was.")
class InvoiceInstantCreatePayload:
    """An invoice, or why there is none."""

    invoice: Invoice | None = strawberry.field(description="The invoice; null if it was refused.")
    user_errors: list[InstantUserError] = strawberry.field(description=USER_ERRORS)


async def invoice_instant_create(info: Info, given: InvoiceInstantCreateInput) -> InvoiceInstantCreatePayload:
    """Bill a contract at once, or say why not."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    request = InstantRequest(
        contract_id=number_of(given.contract_id, type_name="Contract"),
        reading_id=number_of(given.reading_id, type_name="Reading") if given.reading_id else None,
        up_to=given.up_to or None,
        key=given.idempotency_key,
        now=context.now,
        today=context.reads.today,
    )
    try:
        number = await invoice_at_once(
            context.engine, host=context.services.host, viewer=context.viewer, request=request
        )
    except Refusal as refusal:
        return InvoiceInstantCreatePayload(
            invoice=None, user_errors=[user_error(InstantUserError, InstantErrorCode, refusal)]
        )
    return InvoiceInstantCreatePayload(invoice=changed(Invoice, number), user_errors=[])
