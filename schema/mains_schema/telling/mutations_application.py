"""Mutations on applications."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mains_server.access.records import OPERATORS
from mains_server.applications.records import StepKind

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import also_by, by
from mains_schema.telling.application_changes import (
    ApplicationPayload,
    ApplicationStepInput,
    ApplicationSubmitPayload,
    application_complete,
    application_offer,
    application_step,
    application_submit,
)
from mains_schema.telling.attachment import (
    ApplicationAttachmentCreatePayload,
    attachment_create,
)

STEP = "Which, and what to say."


def _step(kind: StepKind) -> Callable[[Info, ApplicationStepInput], Awaitable[ApplicationPayload]]:
    async def act(info: Info, given: ApplicationStepInput) -> ApplicationPayload:
        return await application_step(info, kind, given)

    return act


@section
class ApplicationMutations:
    """Applications, and what becomes of them."""

    application_submit: ApplicationSubmitPayload = mutation(
        "Sends an application in; its answers must fit the form. Operators may for any customer who asked"
        " them to. UNAUTHENTICATED without a session.",
        application_submit,
        given="What for.",
    )
    application_attachment_create: ApplicationAttachmentCreatePayload = also_by(OPERATORS)(
        mutation(
            "Gives an address to send a file of an application to. UNAUTHENTICATED without a session.",
            attachment_create,
            given="Which.",
        )
    )
    application_offer: ApplicationPayload = by(OPERATORS)(
        mutation("Makes the applicant a cost offer, or another one instead.", application_offer, given="The offer.")
    )
    application_complete: ApplicationPayload = by(OPERATORS)(
        mutation(
            "Says that what was applied for is done, and which contract came of it.",
            application_complete,
            given="Which.",
        )
    )

    application_take_up: ApplicationPayload = by(OPERATORS)(
        mutation("Takes an application up.", _step(StepKind.TAKE_UP), given=STEP)
    )
    application_ask: ApplicationPayload = by(OPERATORS)(
        mutation("Asks the applicant for more.", _step(StepKind.ASK), given=STEP)
    )
    application_answer: ApplicationPayload = mutation(
        "Answers what the utility asked.", _step(StepKind.ANSWER), given=STEP
    )
    application_forward: ApplicationPayload = by(OPERATORS)(
        mutation("Sends an application on to the network operator.", _step(StepKind.FORWARD), given=STEP)
    )
    application_operator_answer: ApplicationPayload = by(OPERATORS)(
        mutation("Notes what the network operator answered.", _step(StepKind.OPERATOR_ANSWER), given=STEP)
    )
    application_offer_accept: ApplicationPayload = mutation(
        "Accepts the cost offer, until its last day; nothing is charged by it.",
        _step(StepKind.OFFER_ACCEPT),
        given=STEP,
    )
    application_offer_refuse: ApplicationPayload = mutation(
        "Refuses the cost offer, which ends the application.", _step(StepKind.OFFER_REFUSE), given=STEP
    )
    application_reject: ApplicationPayload = by(OPERATORS)(
        mutation("Rejects an application, with the reason.", _step(StepKind.REJECT), given=STEP)
    )
    application_withdraw: ApplicationPayload = mutation(
        "Withdraws an application that no offer was accepted on.", _step(StepKind.WITHDRAW), given=STEP
    )
