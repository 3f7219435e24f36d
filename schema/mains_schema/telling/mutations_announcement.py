"""Mutations about announcements."""

from __future__ import annotations

from mains_server.access.records import OPERATORS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import by
from mains_schema.telling.announcement import AnnouncementSendPayload, announcement_send


@section
class AnnouncementMutations:
    """Telling customers what the server has no notice for."""

    announcement_send: AnnouncementSendPayload = by(OPERATORS)(
        mutation(
            "Announces something to customers of a utility, each once by the channels that they chose for the"
            " topic; count them before with `Staff.announcementPreview`. It cannot be taken back.",
            announcement_send,
            given="What is told.",
        )
    )
