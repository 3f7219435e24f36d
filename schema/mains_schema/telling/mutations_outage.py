"""Mutations on outages, and on links to calendars of them."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import OPERATORS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import by
from mains_schema.telling.outage_changes import (
    OutageCalendarPayload,
    OutageCalendarRevokeInput,
    OutageCancelInput,
    OutageMoveInput,
    OutagePayload,
    OutagePlanInput,
    OutageRestoreInput,
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

    @by(OPERATORS)
    @resolved(
        "Announces an outage; whoever is supplied there is owed a notice. Less than five days ahead it is marked late."
    )
    async def outage_plan(
        self, info: Info, given: Annotated[OutagePlanInput, strawberry.argument(name="input", description="Which.")]
    ) -> OutagePayload:
        """Plan an outage."""
        return await outage_plan(info, given)

    @by(OPERATORS)
    @resolved("Moves an outage; notices of its former time that were not sent never are.")
    async def outage_move(
        self, info: Info, given: Annotated[OutageMoveInput, strawberry.argument(name="input", description="Which.")]
    ) -> OutagePayload:
        """Move an outage."""
        return await outage_move(info, given)

    @by(OPERATORS)
    @resolved("Cancels an outage; whoever was to be told of it hears so at once, with the reason, never by post.")
    async def outage_cancel(
        self, info: Info, given: Annotated[OutageCancelInput, strawberry.argument(name="input", description="Which.")]
    ) -> OutagePayload:
        """Cancel an outage."""
        return await outage_cancel(info, given)

    @by(OPERATORS)
    @resolved("Says that supply is back, before or after the planned end.")
    async def outage_restore(
        self, info: Info, given: Annotated[OutageRestoreInput, strawberry.argument(name="input", description="Which.")]
    ) -> OutagePayload:
        """Say that supply is back."""
        return await outage_restore(info, given)

    @by(OPERATORS)
    @resolved("Gives an address to send a feed of outages to.")
    async def outage_upload_create(self, info: Info) -> OutageUploadCreatePayload:
        """Announce a feed."""
        return await outage_upload_create(info)

    @resolved("Makes a secret link to a calendar of one's own outages. UNAUTHENTICATED without a session.")
    async def outage_calendar_create(self, info: Info) -> OutageCalendarPayload:
        """Make a link."""
        return await outage_calendar_create(info)

    @resolved("Revokes a link of one's own to a calendar. UNAUTHENTICATED without a session.")
    async def outage_calendar_revoke(
        self,
        info: Info,
        given: Annotated[OutageCalendarRevokeInput, strawberry.argument(name="input", description="Which.")],
    ) -> OutageCalendarPayload:
        """Revoke a link."""
        return await outage_calendar_revoke(info, given)
