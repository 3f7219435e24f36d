"""A bill that is held for being unusual, accepted by an employee."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry
from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal
from mains_server.billing.accepting import Acceptance, accept_hold
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import unit_of_work

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.staff import HeldContract


class HoldErrorCode(Enum):
    """Why a held bill was not accepted."""

    HOLD_UNKNOWN = "HOLD_UNKNOWN"
    HOLD_RELEASED = "HOLD_RELEASED"
    HOLD_NOT_ACCEPTABLE = "HOLD_NOT_ACCEPTABLE"
    HOLD_CHANGED = "HOLD_CHANGED"
    HOLD_NOTE_WRONG = "HOLD_NOTE_WRONG"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    HoldErrorCode,
    "Why a held bill was not accepted.",
    {
        "HOLD_UNKNOWN": "There is no such held contract.",
        "HOLD_RELEASED": "It was billed meanwhile.",
        "HOLD_NOT_ACCEPTABLE": "Something is missing, so that there is no bill; the message says what is to be mended.",
        "HOLD_CHANGED": "The bill would come to another total, which the message tells; look at that one.",
        "HOLD_NOTE_WRONG": "The note is missing, or longer than 1,000 characters.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why a held bill was not accepted.")
class HoldUserError:
    """A refusal."""

    code: HoldErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="Which held bill is right though it is unusual, and why.")
class BillingHoldAcceptInput:
    """A held contract and its total."""

    hold_id: strawberry.ID = strawberry.field(description="Global id of the held contract.")
    total: Decimal = strawberry.field(description="What its bill would come to, as you have looked at it: `total`.")
    note: str = strawberry.field(description="Why it is right, for colleagues to read; 1 to 1,000 characters.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="What came of accepting a held bill.")
class BillingHoldAcceptPayload:
    """The held contract, or why it was not accepted."""

    held_contract: HeldContract | None = strawberry.field(
        description="The held contract, accepted; a worker issues its bill soon. Null if it was refused."
    )
    user_errors: list[HoldUserError] = strawberry.field(description=USER_ERRORS)


async def billing_hold_accept(info: Info, given: BillingHoldAcceptInput) -> BillingHoldAcceptPayload:
    """Accept a held bill, once by the key, or say why not."""
    try:
        done = await _accepted(info, given)
    except Refusal as refusal:
        refused = user_error(HoldUserError, HoldErrorCode, refusal)
        return BillingHoldAcceptPayload(held_contract=None, user_errors=[refused])
    return BillingHoldAcceptPayload(held_contract=changed(HeldContract, done), user_errors=[])


async def _accepted(info: Info, given: BillingHoldAcceptInput) -> int:
    context, person = info.context, info.context.viewer.person_id
    assert person is not None, "a billing clerk is signed in"
    hold_id = number_of(given.hold_id, type_name="HeldContract")
    body = {"hold": hold_id, "total": str(given.total), "note": given.note}
    claim: dict[str, Any] = {"person_id": person, "operation": "billingHoldAccept", "key": given.idempotency_key}
    async with unit_of_work(context.engine) as session:
        answer = await claim_request(session, **claim, body=body, now=context.now)
        if answer is None:
            acceptance = Acceptance(
                hold_id=hold_id, total=given.total, note=given.note, now=context.now, person_id=person
            )
            await accept_hold(session, acceptance=acceptance)
            await keep_answer(session, **claim, answer={"hold": hold_id})
    return hold_id
