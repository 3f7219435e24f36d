"""Mutations of readings."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import OPERATORS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import also_by
from mains_schema.metering.intake import (
    ReadingSubmitManyInput,
    ReadingSubmitManyPayload,
    ReadingUploadCreateInput,
    ReadingUploadCreatePayload,
    reading_submit_many,
    reading_upload_create,
)
from mains_schema.metering.reading import ReadingSubmitInput, ReadingSubmitPayload, reading_submit
from mains_schema.metering.reading_link import (
    ReadingLinkCreateInput,
    ReadingLinkCreatePayload,
    ReadingLinkRevokeInput,
    ReadingLinkRevokePayload,
    ReadingLinkSubmitInput,
    ReadingLinkSubmitPayload,
    reading_link_create,
    reading_link_revoke,
    reading_link_submit,
)


@section
class ReadingMutations:
    """Sending readings in, by every road."""

    @also_by(OPERATORS)
    @resolved("Sends in what a register showed. A later value for the same day takes the place of an earlier one.")
    async def reading_submit(
        self, info: Info, given: Annotated[ReadingSubmitInput, strawberry.argument(name="input", description="What.")]
    ) -> ReadingSubmitPayload:
        """Send in a reading."""
        return await reading_submit(info, given)

    @also_by(OPERATORS)
    @resolved(
        "Sends in several readings, such as a whole house's, and reports on each. UNAUTHENTICATED without a session."
    )
    async def reading_submit_many(
        self,
        info: Info,
        given: Annotated[ReadingSubmitManyInput, strawberry.argument(name="input", description="What.")],
    ) -> ReadingSubmitManyPayload:
        """Send in several readings."""
        return await reading_submit_many(info, given)

    @resolved("Announces a file of readings and gives the address to send it to. UNAUTHENTICATED without a session.")
    async def reading_upload_create(
        self,
        info: Info,
        given: Annotated[ReadingUploadCreateInput, strawberry.argument(name="input", description="What.")],
    ) -> ReadingUploadCreatePayload:
        """Announce a file of readings."""
        return await reading_upload_create(info, given)

    @also_by(OPERATORS)
    @resolved("Makes a link by which readings are sent in once without signing in. UNAUTHENTICATED without a session.")
    async def reading_link_create(
        self,
        info: Info,
        given: Annotated[ReadingLinkCreateInput, strawberry.argument(name="input", description="For what.")],
    ) -> ReadingLinkCreatePayload:
        """Make a link."""
        return await reading_link_create(info, given)

    @also_by(OPERATORS)
    @resolved("Takes a link back before it is used. UNAUTHENTICATED without a session.")
    async def reading_link_revoke(
        self,
        info: Info,
        given: Annotated[ReadingLinkRevokeInput, strawberry.argument(name="input", description="Which.")],
    ) -> ReadingLinkRevokePayload:
        """Take a link back."""
        return await reading_link_revoke(info, given)

    @resolved("Sends in all the readings that a link asks for, once; no session is needed.")
    async def reading_link_submit(
        self,
        info: Info,
        given: Annotated[ReadingLinkSubmitInput, strawberry.argument(name="input", description="What.")],
    ) -> ReadingLinkSubmitPayload:
        """Send in readings by a link."""
        return await reading_link_submit(info, given)
