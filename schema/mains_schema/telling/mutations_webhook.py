"""Mutations of webhooks."""

from __future__ import annotations

from mains_server.access.records import ADMINS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
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
    WebhookDeliveryPayload,
    WebhookFailedResendPayload,
    WebhookPayload,
    WebhookSecretPayload,
)

FOR_MAKING = " For administrators and owners of businesses."
FOR_WHOM = " For administrators, and for the owner of a business about what they made."


@section
class WebhookMutations:
    """Addresses that are told of events."""

    webhook_create: WebhookSecretPayload = mutation(
        "Makes a webhook, which is told of what happens from now on." + FOR_MAKING,
        webhook_create,
        given="Where to, and of what.",
    )
    webhook_update: WebhookPayload = mutation(
        "Changes where a webhook leads, or what it is told of." + FOR_WHOM, webhook_update, given="What."
    )
    webhook_secret_rotate: WebhookSecretPayload = mutation(
        "Gives a webhook a new secret; messages are signed with the one before too for 24 hours." + FOR_WHOM,
        webhook_secret_rotate,
        given="Which.",
    )
    webhook_disable: WebhookPayload = also_by(ADMINS)(
        mutation("Tells a webhook nothing any more. For the owner of the business.", webhook_disable, given="Which.")
    )
    webhook_enable: WebhookPayload = mutation(
        "Tells a webhook again, also what waited; of what happened meanwhile it is not told." + FOR_WHOM,
        webhook_enable,
        given="Which.",
    )
    webhook_test: WebhookDeliveryPayload = mutation(
        "Sends a webhook a message of the type `webhook.test`, past what waits." + FOR_WHOM,
        webhook_test,
        given="Which.",
    )
    webhook_delivery_resend: WebhookDeliveryPayload = mutation(
        "Sends a message that was given up again, under the same `webhook-id`." + FOR_WHOM,
        webhook_delivery_resend,
        given="Which.",
    )
    webhook_failed_resend: WebhookFailedResendPayload = mutation(
        "Sends all that was given up of a webhook since an instant again." + FOR_WHOM,
        webhook_failed_resend,
        given="Since when.",
    )
