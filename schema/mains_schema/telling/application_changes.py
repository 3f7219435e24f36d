"""What applicants and employees do with applications."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry
from mains_server.access.records import Refusal
from mains_server.applications import operations
from mains_server.applications.operations import AnswersWrong, once
from mains_server.applications.queries import application_by_id
from mains_server.applications.records import NewApplication, Offer, StepKind, StepRequest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delegation.operations import log_application
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Context, Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, USER_ERRORS, user_error
from mains_schema.telling.application import Application
from mains_schema.telling.application_errors import ApplicationErrorCode, ApplicationUserError

APPLICATION_ID = "Global id of the application."
ANSWERS_MAX = 100


class ApplicationFieldErrorCode(Enum):
    """Why an answer does not do."""

    MISSING = "MISSING"
    UNKNOWN = "UNKNOWN"
    TOO_LONG = "TOO_LONG"
    NOT_OF_KIND = "NOT_OF_KIND"
    OUT_OF_RANGE = "OUT_OF_RANGE"


described(
    ApplicationFieldErrorCode,
    "Why an answer does not do.",
    {
        "MISSING": "An answer is needed.",
        "UNKNOWN": "The form has no such field, or it is answered twice.",
        "TOO_LONG": "It has too many characters.",
        "NOT_OF_KIND": "It is not what the field asks for.",
        "OUT_OF_RANGE": "The number is too small or too large.",
    },
)


@strawberry.type(description="Why the answer to a field does not do.")
class ApplicationFieldError:
    """A field and what is wrong."""

    field: str = strawberry.field(description="Name of the field.")
    code: ApplicationFieldErrorCode = strawberry.field(description="What is wrong.")
    message: str = strawberry.field(description=IN_ENGLISH)


@strawberry.type(description="An application as it stands now, or why nothing was done.")
class ApplicationPayload:
    """An application, or a refusal."""

    application: Application | None = strawberry.field(description="The application; null if it was refused.")
    user_errors: list[ApplicationUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="An application that was sent in, or why it was not taken.")
class ApplicationSubmitPayload:
    """An application, or a refusal with the fields that are wrong."""

    application: Application | None = strawberry.field(description="The application; null if it was refused.")
    field_errors: list[ApplicationFieldError] = strawberry.field(
        description="Each answer that does not do, if `userErrors` has ANSWERS_WRONG; empty otherwise."
    )
    user_errors: list[ApplicationUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.input(description="The answer to a field.")
class ApplicationAnswerInput:
    """A field and its answer."""

    field: str = strawberry.field(description="Name of the field.")
    value: str = strawberry.field(description="The answer; an empty one is none.")


@strawberry.input(description="What is applied for.")
class ApplicationSubmitInput:
    """A type and its answers."""

    adapter: str = strawberry.field(description="Code of the utility.")
    type: str = strawberry.field(description="Code of the type, of `applicationTypes`.")
    answers: list[ApplicationAnswerInput] = strawberry.field(description="One for each field; at most 40.")
    customer_id: strawberry.ID | None = strawberry.field(
        description="Global id of the customer it is for; left out by who is none yet.", default=strawberry.UNSET
    )
    contract_id: strawberry.ID | None = strawberry.field(
        description="Global id of the contract it is about, where the type needs one.", default=strawberry.UNSET
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="A step on an application.")
class ApplicationStepInput:
    """Which, and what to say."""

    application_id: strawberry.ID = strawberry.field(description=APPLICATION_ID)
    note: str | None = strawberry.field(
        description="What to say, for both sides to read; at most 4,000 characters. Asking, answering, the operator's"
        " answer and rejecting need one.",
        default=strawberry.UNSET,
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="A cost offer.")
class ApplicationOfferInput:
    """What it costs and until when that holds."""

    application_id: strawberry.ID = strawberry.field(description=APPLICATION_ID)
    amount: Decimal = strawberry.field(description="What it costs in EUR, with VAT; 0 to 1,000,000, whole cents.")
    until: date = strawberry.field(description="Last day on which it is accepted; today or later.")
    note: str | None = strawberry.field(description="What it covers.", default=strawberry.UNSET)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="An application that is done.")
class ApplicationCompleteInput:
    """Which, and what came of it."""

    application_id: strawberry.ID = strawberry.field(description=APPLICATION_ID)
    contract_id: strawberry.ID | None = strawberry.field(
        description="Global id of the contract that came of it.", default=strawberry.UNSET
    )
    note: str | None = strawberry.field(description="What was done.", default=strawberry.UNSET)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


async def application_submit(info: Info, given: ApplicationSubmitInput) -> ApplicationSubmitPayload:
    """Send an application in."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    new = NewApplication(
        adapter=given.adapter,
        type=given.type,
        answers=tuple((one.field, one.value) for one in given.answers[:ANSWERS_MAX]),
        customer_id=_number(given.customer_id, "Customer"),
        contract_id=_number(given.contract_id, "Contract"),
    )
    answers = [[one.field, one.value] for one in given.answers[:ANSWERS_MAX]]
    body = {"what": [new.adapter, new.type, new.customer_id, new.contract_id], "answers": answers}
    try:
        async with unit_of_work(context.engine) as session:
            number = await once(
                session,
                viewer=context.viewer,
                asked=("application_submit", given.idempotency_key, body),
                now=context.now,
                do=lambda: _submitted(session, context=context, new=new),
            )
    except Refusal as refusal:
        wrong = refusal.errors if isinstance(refusal, AnswersWrong) else ()
        fields = [
            ApplicationFieldError(field=one.field, code=ApplicationFieldErrorCode[one.code], message=one.message)
            for one in wrong
        ]
        return ApplicationSubmitPayload(application=None, field_errors=fields, user_errors=[_error(refusal)])
    return ApplicationSubmitPayload(application=changed(Application, number), field_errors=[], user_errors=[])


async def _submitted(session: AsyncSession, *, context: Context, new: NewApplication) -> int:
    """Take an application in, and let the customer's owner read of it where a delegate sent it."""
    viewer, now = context.viewer, context.now
    number = await operations.submit_application(session, viewer=viewer, new=new, host=context.services.host, now=now)
    row = await application_by_id(session, application_id=number)
    assert row is not None, "it was written just now"
    if row.customer_id is not None:
        note = f"{new.adapter}: {new.type}"
        log_application(session, viewer=viewer, customer_id=row.customer_id, note=note, now=now)
    return number


async def application_step(info: Info, kind: StepKind, given: ApplicationStepInput) -> ApplicationPayload:
    """Take a step that brings nothing but words."""
    step = StepRequest(application_id=_application(given), kind=kind, note=given.note or None)
    return await _taken(info, step, key=given.idempotency_key, body={})


async def application_offer(info: Info, given: ApplicationOfferInput) -> ApplicationPayload:
    """Make a cost offer."""
    offer = Offer(amount=given.amount, currency="EUR", until=given.until)
    step = StepRequest(application_id=_application(given), kind=StepKind.OFFER, note=given.note or None, offer=offer)
    return await _taken(info, step, key=given.idempotency_key, body={"offer": [str(given.amount), str(given.until)]})


async def application_complete(info: Info, given: ApplicationCompleteInput) -> ApplicationPayload:
    """Say that an application is done."""
    contract_id = _number(given.contract_id, "Contract")
    step = StepRequest(
        application_id=_application(given), kind=StepKind.COMPLETE, note=given.note or None, contract_id=contract_id
    )
    return await _taken(info, step, key=given.idempotency_key, body={"contract": contract_id})


async def _taken(info: Info, step: StepRequest, *, key: str, body: Mapping[str, Any]) -> ApplicationPayload:
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    same = {**body, "application": step.application_id, "note": step.note}
    try:
        async with unit_of_work(context.engine) as session:
            number = await once(
                session,
                viewer=context.viewer,
                asked=(f"application_{step.kind.name.lower()}", key, same),
                now=context.now,
                do=lambda: operations.take_step(
                    session, viewer=context.viewer, step=step, now=context.now, today=context.reads.today
                ),
            )
    except Refusal as refusal:
        return ApplicationPayload(application=None, user_errors=[_error(refusal)])
    return ApplicationPayload(application=changed(Application, number), user_errors=[])


def _application(given: Any) -> int:
    return number_of(given.application_id, type_name="Application")


def _number(id_: Any, type_name: str) -> int | None:
    return number_of(id_, type_name=type_name) if id_ else None


def _error(refusal: Refusal) -> ApplicationUserError:
    return user_error(ApplicationUserError, ApplicationErrorCode, refusal)
