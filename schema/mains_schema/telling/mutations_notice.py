"""Mutations about what people are told."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import OPERATORS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import also_by, by
from mains_schema.telling.notice import (
    EventSendAgainInput,
    EventSendAgainPayload,
    event_send_again,
)
from mains_schema.telling.preferences import (
    NoticePreferenceSetInput,
    NoticePreferenceSetPayload,
    notice_preference_set,
)


@section
class NoticeMutations:
    """Choosing channels, and sending on what was given up."""

    @also_by(OPERATORS)
    @resolved(
        "Chooses by which channels a customer hears of a topic, for who may request services on all its contracts."
        " What the law or a contract asks for goes by letter where no chosen channel gets through."
    )
    async def notice_preference_set(
        self,
        info: Info,
        given: Annotated[NoticePreferenceSetInput, strawberry.argument(name="input", description="What is chosen.")],
    ) -> NoticePreferenceSetPayload:
        """Choose channels."""
        return await notice_preference_set(info, given)

    @by(OPERATORS)
    @resolved("Sends an event again that was given up.")
    async def event_send_again(
        self,
        info: Info,
        given: Annotated[EventSendAgainInput, strawberry.argument(name="input", description="Which event.")],
    ) -> EventSendAgainPayload:
        """Send an event again."""
        return await event_send_again(info, given)
