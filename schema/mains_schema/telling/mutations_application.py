"""Mutations on applications."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import OPERATORS
from mains_server.applications.records import StepKind

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import also_by, by
from mains_schema.telling.application_changes import (
    ApplicationCompleteInput,
    ApplicationOfferInput,
    ApplicationPayload,
    ApplicationStepInput,
    ApplicationSubmitInput,
    ApplicationSubmitPayload,
    application_complete,
    application_offer,
    application_step,
    application_submit,
)
from mains_schema.telling.attachment import (
    ApplicationAttachmentCreateInput,
    ApplicationAttachmentCreatePayload,
    attachment_create,
)

StepGiven = Annotated[ApplicationStepInput, strawberry.argument(name="input", description="Which, and what to say.")]


@section
class ApplicationMutations:
    """Applications, and what becomes of them."""

    @resolved(
        "Sends an application in; its answers must fit the form. Operators may for any customer who asked them to."
        " UNAUTHENTICATED without a session."
    )
    async def application_submit(
        self,
        info: Info,
        given: Annotated[ApplicationSubmitInput, strawberry.argument(name="input", description="What for.")],
    ) -> ApplicationSubmitPayload:
        """Apply."""
        return await application_submit(info, given)

    @also_by(OPERATORS)
    @resolved("Gives an address to send a file of an application to. UNAUTHENTICATED without a session.")
    async def application_attachment_create(
        self,
        info: Info,
        given: Annotated[ApplicationAttachmentCreateInput, strawberry.argument(name="input", description="Which.")],
    ) -> ApplicationAttachmentCreatePayload:
        """Announce a file."""
        return await attachment_create(info, given)

    @by(OPERATORS)
    @resolved("Makes the applicant a cost offer, or another one instead.")
    async def application_offer(
        self,
        info: Info,
        given: Annotated[ApplicationOfferInput, strawberry.argument(name="input", description="The offer.")],
    ) -> ApplicationPayload:
        """Offer."""
        return await application_offer(info, given)

    @by(OPERATORS)
    @resolved("Says that what was applied for is done, and which contract came of it.")
    async def application_complete(
        self,
        info: Info,
        given: Annotated[ApplicationCompleteInput, strawberry.argument(name="input", description="Which.")],
    ) -> ApplicationPayload:
        """Complete."""
        return await application_complete(info, given)

    @by(OPERATORS)
    @resolved("Takes an application up.")
    async def application_take_up(self, info: Info, given: StepGiven) -> ApplicationPayload:
        """Takes an application up."""
        return await application_step(info, StepKind.TAKE_UP, given)

    @by(OPERATORS)
    @resolved("Asks the applicant for more.")
    async def application_ask(self, info: Info, given: StepGiven) -> ApplicationPayload:
        """Asks the applicant for more."""
        return await application_step(info, StepKind.ASK, given)

    @resolved("Answers what the utility asked.")
    async def application_answer(self, info: Info, given: StepGiven) -> ApplicationPayload:
        """Answers what the utility asked."""
        return await application_step(info, StepKind.ANSWER, given)

    @by(OPERATORS)
    @resolved("Sends an application on to the network operator.")
    async def application_forward(self, info: Info, given: StepGiven) -> ApplicationPayload:
        """Sends an application on to the network operator."""
        return await application_step(info, StepKind.FORWARD, given)

    @by(OPERATORS)
    @resolved("Notes what the network operator answered.")
    async def application_operator_answer(self, info: Info, given: StepGiven) -> ApplicationPayload:
        """Notes what the network operator answered."""
        return await application_step(info, StepKind.OPERATOR_ANSWER, given)

    @resolved("Accepts the cost offer, until its last day; nothing is charged by it.")
    async def application_offer_accept(self, info: Info, given: StepGiven) -> ApplicationPayload:
        """Accepts the cost offer, until its last day; nothing is charged by it."""
        return await application_step(info, StepKind.OFFER_ACCEPT, given)

    @resolved("Refuses the cost offer, which ends the application.")
    async def application_offer_refuse(self, info: Info, given: StepGiven) -> ApplicationPayload:
        """Refuses the cost offer, which ends the application."""
        return await application_step(info, StepKind.OFFER_REFUSE, given)

    @by(OPERATORS)
    @resolved("Rejects an application, with the reason.")
    async def application_reject(self, info: Info, given: StepGiven) -> ApplicationPayload:
        """Rejects an application, with the reason."""
        return await application_step(info, StepKind.REJECT, given)

    @resolved("Withdraws an application that no offer was accepted on.")
    async def application_withdraw(self, info: Info, given: StepGiven) -> ApplicationPayload:
        """Withdraws an application that no offer was accepted on."""
        return await application_step(info, StepKind.WITHDRAW, given)
