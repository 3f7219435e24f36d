"""Mutations about notices that go by letter."""

from __future__ import annotations

from mains_server.access.records import OFFICE

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import by
from mains_schema.telling.letters import (
    NoticeMailingPayload,
    notice_mailing_make,
    notice_mailing_post,
)


@section
class LetterMutations:
    """Notices to the printer, and to the post."""

    notice_mailing_make: NoticeMailingPayload = by(OFFICE)(
        mutation(
            "Puts the notices that wait for the printer into one mailing, which is closed with that; a notice"
            " is in one.",
            notice_mailing_make,
            given="A key.",
        )
    )
    notice_mailing_post: NoticeMailingPayload = by(OFFICE)(
        mutation("Says that a mailing of notices was posted.", notice_mailing_post, given="Which.")
    )
