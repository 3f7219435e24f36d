"""Sending in a reading."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.billing.operations import note_correction
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.queries import is_billed
from mains_server.metering.operations import submit_reading
from mains_server.metering.records import PlausibleRange as PlausibleRecord
from mains_server.metering.records import ReadingOutcome, ReadingSubmission

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Context, Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.declaring.scalars import Quantity
from mains_schema.metering.meter import Reading


class ReadingErrorCode(Enum):
    """Why a reading was not taken."""

    REGISTER_UNKNOWN = "REGISTER_UNKNOWN"
    READING_UNIT_WRONG = "READING_UNIT_WRONG"
    READING_MALFORMED = "READING_MALFORMED"
    READING_NEGATIVE = "READING_NEGATIVE"
    READING_TOO_LARGE = "READING_TOO_LARGE"
    READING_IN_FUTURE = "READING_IN_FUTURE"
    READING_BEFORE_INSTALLATION = "READING_BEFORE_INSTALLATION"
    READING_AFTER_REMOVAL = "READING_AFTER_REMOVAL"
    READING_RUNS_BACKWARDS = "READING_RUNS_BACKWARDS"
    READING_ABOVE_LATER_ONE = "READING_ABOVE_LATER_ONE"
    READING_LOOKS_SWAPPED = "READING_LOOKS_SWAPPED"
    READING_ALREADY_BILLED = "READING_ALREADY_BILLED"
    ADAPTER_REFUSED = "ADAPTER_REFUSED"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    ReadingErrorCode,
    "Why a reading was not taken.",
    {
        "REGISTER_UNKNOWN": "The viewer has no such register on that day.",
        "READING_UNIT_WRONG": "The register counts in another unit.",
        "READING_NEGATIVE": "A meter shows nothing below zero.",
        "READING_MALFORMED": "The value is not a plain number a register can show.",
        "READING_TOO_LARGE": "The value has more digits than the meter.",
        "READING_IN_FUTURE": "Nobody can have read the meter yet.",
        "READING_BEFORE_INSTALLATION": "The meter was not installed on that day yet.",
        "READING_AFTER_REMOVAL": "The meter was not installed on that day any more.",
        "READING_RUNS_BACKWARDS": "The register showed more before.",
        "READING_ABOVE_LATER_ONE": "The register showed less afterwards.",
        "READING_LOOKS_SWAPPED": "The value cannot be this register's, but fits another one of the same meter.",
        "ADAPTER_REFUSED": "The utility turns the reading down; the message says why, in the viewer's language.",
        "READING_ALREADY_BILLED": "Another value for that day has been billed.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why a reading was not taken.")
class ReadingUserError:
    """A refusal."""

    code: ReadingErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description="The same for people, in English unless the code says otherwise.")
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")


@strawberry.type(description="What a register could show by the customer's habits.")
class PlausibleRange:
    """Bounds of a plausible value."""

    lowest: Quantity = strawberry.field(description="What it showed last; a lower value is refused.")
    highest: Quantity | None = strawberry.field(
        description="A higher value is flagged; null while no habit is known. Below `lowest` if it restarts at zero."
    )


@strawberry.input(description="What a register showed.")
class ReadingSubmitInput:
    """One value of one register."""

    register_id: strawberry.ID = strawberry.field(description="Global id of the register.")
    value: Decimal = strawberry.field(description="What it showed, in its unit: up to 12 digits and 6 decimals.")
    unit: str | None = strawberry.field(
        description="Unit the value is in, to be sure; another one than the register's is refused, never converted.",
        default=strawberry.UNSET,
    )
    taken_at: datetime | None = strawberry.field(
        description="When somebody looked; now if left out. Not in the future. For which day it "
        "counts follows by the utility's rules; `Reading.countsFor` tells.",
        default=strawberry.UNSET,
    )
    idempotency_key: str = strawberry.field(
        description="1 to 200 characters, such as a UUID: repeating a request with its key does it once, for 30 days."
    )


@strawberry.type(description="What became of a reading that was sent in.")
class ReadingSubmitPayload:
    """The reading, or why it was not taken."""

    reading: Reading | None = strawberry.field(
        description="The reading, ACCEPTED or FLAGGED; null if it was refused, or the viewer may send in but not see."
    )
    plausible: PlausibleRange | None = strawberry.field(
        description="What would have been plausible; null if that does not matter."
    )
    user_errors: list[ReadingUserError] = strawberry.field(description=USER_ERRORS)


async def reading_submit(info: Info, given: ReadingSubmitInput) -> ReadingSubmitPayload:
    """Take a reading in, or say why not."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    request = ReadingSubmission(
        register_id=number_of(given.register_id, type_name="Register"),
        value=given.value,
        unit=given.unit or None,
        taken_at=given.taken_at or None,
        idempotency_key=given.idempotency_key,
    )
    try:
        outcome = await _submitted(context, request)
    except Refusal as refusal:
        error = user_error(ReadingUserError, ReadingErrorCode, refusal)
        plausible = _plausible(getattr(refusal, "plausible", None))
        return ReadingSubmitPayload(reading=None, plausible=plausible, user_errors=[error])
    reading = changed(Reading, outcome.reading_id)
    return ReadingSubmitPayload(reading=reading, plausible=_plausible(outcome.plausible), user_errors=[])


async def _submitted(context: Context, request: ReadingSubmission) -> ReadingOutcome:
    async with unit_of_work(context.engine) as session:
        return await submit_reading(
            session,
            viewer=context.viewer,
            request=request,
            now=context.now,
            is_billed=is_billed,
            host=context.services.host,
            note_correction=note_correction,
        )


def _plausible(found: PlausibleRecord | None) -> PlausibleRange | None:
    if found is None:
        return None
    highest = None if found.highest is None else Quantity(value=found.highest, unit=found.unit)
    return PlausibleRange(lowest=Quantity(value=found.lowest, unit=found.unit), highest=highest)
