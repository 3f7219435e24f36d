"""Mutations of webhooks."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import ADMINS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import also_by
from mains_schema.telling.webhook_changes import (
    webhook_create,
    webhook_delivery_resend,
    webhook_disable,
    webhook_enable,
    webhook_failed_resend,
    webhook_secret_rotate,
    webhook_test,
    webhook_update,
)
from mains_schema.telling.webhook_payloads import (
    WebhookCreateInput,
    WebhookDeliveryInput,
    WebhookDeliveryPayload,
    WebhookFailedResendInput,
    WebhookFailedResendPayload,
    WebhookInput,
    WebhookPayload,
    WebhookSecretPayload,
    WebhookUpdateInput,
)

FOR_MAKING = " For administrators and owners of businesses."
FOR_WHOM = " For administrators, and for the owner of a business about what they made."


def _input(doc: str) -> object:
    return strawberry.argument(name="input", description=doc)


@section
class WebhookMutations:
    """Addresses that are told of events."""

    @resolved("Makes a webhook, which is told of what happens from now on." + FOR_MAKING)
    async def webhook_create(
        self, info: Info, given: Annotated[WebhookCreateInput, _input("Where to, and of what.")]
    ) -> WebhookSecretPayload:
        """Make a webhook."""
        return await webhook_create(info, given)

    @resolved("Changes where a webhook leads, or what it is told of." + FOR_WHOM)
    async def webhook_update(self, info: Info, given: Annotated[WebhookUpdateInput, _input("What.")]) -> WebhookPayload:
        """Change a webhook."""
        return await webhook_update(info, given)

    @resolved("Gives a webhook a new secret; messages are signed with the one before too for 24 hours." + FOR_WHOM)
    async def webhook_secret_rotate(
        self, info: Info, given: Annotated[WebhookInput, _input("Which.")]
    ) -> WebhookSecretPayload:
        """Replace a secret."""
        return await webhook_secret_rotate(info, given)

    @also_by(ADMINS)
    @resolved("Tells a webhook nothing any more. For the owner of the business.")
    async def webhook_disable(self, info: Info, given: Annotated[WebhookInput, _input("Which.")]) -> WebhookPayload:
        """Disable a webhook."""
        return await webhook_disable(info, given)

    @resolved("Tells a webhook again, also what waited; of what happened meanwhile it is not told." + FOR_WHOM)
    async def webhook_enable(self, info: Info, given: Annotated[WebhookInput, _input("Which.")]) -> WebhookPayload:
        """Enable a webhook."""
        return await webhook_enable(info, given)

    @resolved("Sends a webhook a message of the type `webhook.test`, past what waits." + FOR_WHOM)
    async def webhook_test(
        self, info: Info, given: Annotated[WebhookInput, _input("Which.")]
    ) -> WebhookDeliveryPayload:
        """Ping a webhook."""
        return await webhook_test(info, given)

    @resolved("Sends a message that was given up again, under the same `webhook-id`." + FOR_WHOM)
    async def webhook_delivery_resend(
        self, info: Info, given: Annotated[WebhookDeliveryInput, _input("Which.")]
    ) -> WebhookDeliveryPayload:
        """Send a message again."""
        return await webhook_delivery_resend(info, given)

    @resolved("Sends all that was given up of a webhook since an instant again." + FOR_WHOM)
    async def webhook_failed_resend(
        self, info: Info, given: Annotated[WebhookFailedResendInput, _input("Since when.")]
    ) -> WebhookFailedResendPayload:
        """Send what failed again."""
        return await webhook_failed_resend(info, given)
