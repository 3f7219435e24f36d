"""Mutations on outages, and on links to calendars of them."""

from __future__ import annotations

from mains_server.access.records import OPERATORS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import by
from mains_schema.telling.outage_changes import (
    OutageCalendarPayload,
    OutagePayload,
    OutageUploadCreatePayload,
    outage_calendar_create,
    outage_calendar_revoke,
    outage_cancel,
    outage_move,
    outage_plan,
    outage_restore,
    outage_upload_create,
)


@section
class OutageMutations:
    """Outages planned and changed, and calendars of them."""

    outage_plan: OutagePayload = by(OPERATORS)(
        mutation(
            "Announces an outage; whoever is supplied there is owed a notice. Less than five days ahead it is"
            " marked late.",
            outage_plan,
            given="Which.",
        )
    )
    outage_move: OutagePayload = by(OPERATORS)(
        mutation(
            "Moves an outage; notices of its former time that were not sent never are.", outage_move, given="Which."
        )
    )
    outage_cancel: OutagePayload = by(OPERATORS)(
        mutation(
            "Cancels an outage; whoever was to be told of it hears so at once, with the reason, never by post.",
            outage_cancel,
            given="Which.",
        )
    )
    outage_restore: OutagePayload = by(OPERATORS)(
        mutation("Says that supply is back, before or after the planned end.", outage_restore, given="Which.")
    )
    outage_upload_create: OutageUploadCreatePayload = by(OPERATORS)(
        mutation("Gives an address to send a feed of outages to.", outage_upload_create)
    )
    outage_calendar_create: OutageCalendarPayload = mutation(
        "Makes a secret link to a calendar of one's own outages. UNAUTHENTICATED without a session.",
        outage_calendar_create,
    )
    outage_calendar_revoke: OutageCalendarPayload = mutation(
        "Revokes a link of one's own to a calendar. UNAUTHENTICATED without a session.",
        outage_calendar_revoke,
        given="Which.",
    )
