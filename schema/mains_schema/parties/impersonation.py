"""Employees who look at an account as its customer sees it."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin.impersonation import begin_impersonation, end_impersonation
from mains_server.signin.records import WantedImpersonation
from mains_server.signin.rules import LOOK_MINUTES_MAX

from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import encode_id, number_of
from mains_schema.declaring.payload import IN_ENGLISH, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error

TYPE_NAME = "Impersonation"


class ImpersonationErrorCode(Enum):
    """Why nobody looks, or nothing ended."""

    NOT_PERMITTED = "NOT_PERMITTED"
    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"
    REASON_MISSING = "REASON_MISSING"
    MINUTES_WRONG = "MINUTES_WRONG"
    IMPERSONATION_UNKNOWN = "IMPERSONATION_UNKNOWN"


described(
    ImpersonationErrorCode,
    "Why an employee cannot look at an account as its customer sees it, or nothing ended.",
    {
        "NOT_PERMITTED": "Only operators can.",
        "CUSTOMER_UNKNOWN": "There is no such customer.",
        "REASON_MISSING": "The reason has fewer than 3 or more than 500 characters.",
        "MINUTES_WRONG": "It is not 1 to 30 minutes.",
        "IMPERSONATION_UNKNOWN": "There is none that the viewer could end, or it has ended.",
    },
)


@strawberry.type(description="Why an employee cannot look at an account as its customer sees it, or nothing ended.")
class ImpersonationUserError:
    """A refusal."""

    code: ImpersonationErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="Whose account to look at as they see it, why, and for how long.")
class ImpersonationBeginInput:
    """A customer and a reason."""

    customer_id: strawberry.ID = strawberry.field(description="Global id of the customer.")
    reason: str = strawberry.field(
        description="Why, in 3 to 500 characters; the customer reads it in their log of acts and is told."
    )
    minutes: int = strawberry.field(description="For how long; 1 to 30 minutes.", default=LOOK_MINUTES_MAX)


@strawberry.input(description="Which impersonation ends.")
class ImpersonationEndInput:
    """One impersonation."""

    impersonation_id: strawberry.ID = strawberry.field(description="What `impersonationBegin` gave.")


@strawberry.type(description="A token that sees an account as its customer does, or why there is none.")
class ImpersonationBeginPayload:
    """The token is shown this once."""

    impersonation_id: strawberry.ID | None = strawberry.field(
        description="To end it with `impersonationEnd`; null if it was refused."
    )
    token: str | None = strawberry.field(
        description="Send it as `Authorization: Bearer <token>`: it sees this customer alone, as its owner does, and"
        " changes nothing. Null if it was refused."
    )
    ends_at: datetime | None = strawberry.field(description="When it ends by itself; null if it was refused.")
    user_errors: list[ImpersonationUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="Whether an impersonation has ended.")
class ImpersonationEndPayload:
    """The outcome."""

    is_ended: bool = strawberry.field(description="Whether its token is worth nothing from now on.")
    user_errors: list[ImpersonationUserError] = strawberry.field(description=USER_ERRORS)


async def impersonation_begin(info: Info, given: ImpersonationBeginInput) -> ImpersonationBeginPayload:
    """Let an employee look at an account as its customer sees it, or say why not."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    number = number_of(given.customer_id, type_name="Customer")
    wanted = WantedImpersonation(customer_id=number, reason=given.reason, minutes=given.minutes)
    try:
        async with unit_of_work(context.engine) as session:
            begun = await begin_impersonation(session, viewer=context.viewer, wanted=wanted, now=context.now)
    except Refusal as refusal:
        return ImpersonationBeginPayload(impersonation_id=None, token=None, ends_at=None, user_errors=[_error(refusal)])
    return ImpersonationBeginPayload(
        impersonation_id=encode_id(type_name=TYPE_NAME, number=begun.id),
        token=begun.token,
        ends_at=begun.ends_at,
        user_errors=[],
    )


async def impersonation_end(info: Info, given: ImpersonationEndInput) -> ImpersonationEndPayload:
    """End an impersonation, also by its own token, or say why not."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    number = number_of(given.impersonation_id, type_name=TYPE_NAME)
    try:
        async with unit_of_work(context.engine) as session:
            await end_impersonation(session, viewer=context.viewer, impersonation_id=number, now=context.now)
    except Refusal as refusal:
        return ImpersonationEndPayload(is_ended=False, user_errors=[_error(refusal)])
    return ImpersonationEndPayload(is_ended=True, user_errors=[])


def _error(refusal: Refusal) -> ImpersonationUserError:
    return user_error(ImpersonationUserError, ImpersonationErrorCode, refusal)
