"""Mutations about what people are told."""

from __future__ import annotations

from mains_server.access.records import OPERATORS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import also_by, by
from mains_schema.telling.notice import (
    EventSendAgainPayload,
    event_send_again,
)
from mains_schema.telling.preferences import (
    NoticePreferenceSetPayload,
    notice_preference_set,
)


@section
class NoticeMutations:
    """Choosing channels, and sending on what was given up."""

    notice_preference_set: NoticePreferenceSetPayload = also_by(OPERATORS)(
        mutation(
            "Chooses by which channels a customer hears of a topic, for who may request services on all its"
            " contracts. What the law or a contract asks for goes by letter where no chosen channel gets"
            " through.",
            notice_preference_set,
            given="What is chosen.",
        )
    )
    event_send_again: EventSendAgainPayload = by(OPERATORS)(
        mutation("Sends an event again that was given up.", event_send_again, given="Which event.")
    )
