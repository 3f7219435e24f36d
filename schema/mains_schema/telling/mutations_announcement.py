"""Mutations about announcements."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import OPERATORS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import by
from mains_schema.telling.announcement import AnnouncementSendInput, AnnouncementSendPayload, announcement_send


@section
class AnnouncementMutations:
    """Telling customers what the server has no notice for."""

    @by(OPERATORS)
    @resolved(
        "Announces something to customers of a utility, each once by the channels that they chose for the topic; count"
        " them before with `Staff.announcementPreview`. It cannot be taken back."
    )
    async def announcement_send(
        self,
        info: Info,
        given: Annotated[AnnouncementSendInput, strawberry.argument(name="input", description="What is told.")],
    ) -> AnnouncementSendPayload:
        """Send an announcement."""
        return await announcement_send(info, given)
