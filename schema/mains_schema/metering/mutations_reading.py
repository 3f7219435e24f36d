"""Mutations of readings."""

from __future__ import annotations

from mains_server.access.records import OPERATORS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import also_by
from mains_schema.metering.intake import (
    ReadingSubmitManyPayload,
    ReadingUploadCreatePayload,
    reading_submit_many,
    reading_upload_create,
)
from mains_schema.metering.reading import ReadingSubmitPayload, reading_submit
from mains_schema.metering.reading_link import (
    ReadingLinkCreatePayload,
    ReadingLinkRevokePayload,
    ReadingLinkSubmitPayload,
    reading_link_create,
    reading_link_revoke,
    reading_link_submit,
)


@section
class ReadingMutations:
    """Sending readings in, by every road."""

    reading_submit: ReadingSubmitPayload = also_by(OPERATORS)(
        mutation(
            "Sends in what a register showed. A later value for the same day takes the place of an earlier one.",
            reading_submit,
            given="What.",
        )
    )
    reading_submit_many: ReadingSubmitManyPayload = also_by(OPERATORS)(
        mutation(
            "Sends in several readings, such as a whole house's, and reports on each. UNAUTHENTICATED without"
            " a session.",
            reading_submit_many,
            given="What.",
        )
    )
    reading_upload_create: ReadingUploadCreatePayload = mutation(
        "Announces a file of readings and gives the address to send it to. UNAUTHENTICATED without a session.",
        reading_upload_create,
        given="What.",
    )
    reading_link_create: ReadingLinkCreatePayload = also_by(OPERATORS)(
        mutation(
            "Makes a link by which readings are sent in once without signing in. UNAUTHENTICATED without a session.",
            reading_link_create,
            given="For what.",
        )
    )
    reading_link_revoke: ReadingLinkRevokePayload = also_by(OPERATORS)(
        mutation(
            "Takes a link back before it is used. UNAUTHENTICATED without a session.",
            reading_link_revoke,
            given="Which.",
        )
    )
    reading_link_submit: ReadingLinkSubmitPayload = mutation(
        "Sends in all the readings that a link asks for, once; no session is needed.",
        reading_link_submit,
        given="What.",
    )
