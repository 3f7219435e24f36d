"""Mutations about notices that go by letter."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import OFFICE

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import by
from mains_schema.telling.letters import (
    NoticeMailingMakeInput,
    NoticeMailingPayload,
    NoticeMailingPostInput,
    notice_mailing_make,
    notice_mailing_post,
)


@section
class LetterMutations:
    """Notices to the printer, and to the post."""

    @by(OFFICE)
    @resolved(
        "Puts the notices that wait for the printer into one mailing, which is closed with that; a notice is in one."
    )
    async def notice_mailing_make(
        self,
        info: Info,
        given: Annotated[NoticeMailingMakeInput, strawberry.argument(name="input", description="A key.")],
    ) -> NoticeMailingPayload:
        """Make a mailing."""
        return await notice_mailing_make(info, given)

    @by(OFFICE)
    @resolved("Says that a mailing of notices was posted.")
    async def notice_mailing_post(
        self,
        info: Info,
        given: Annotated[NoticeMailingPostInput, strawberry.argument(name="input", description="Which.")],
    ) -> NoticeMailingPayload:
        """Mark a mailing as posted."""
        return await notice_mailing_post(info, given)
