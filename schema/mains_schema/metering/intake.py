"""Readings by other roads than one at a time: several at once, and files with a report row by row."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intake.operations import create_upload, submit_many
from mains_server.intake.records import (
    ManyReading,
    ManyReadings,
    RowOutcome,
    RowReport,
    UploadMode,
    UploadRequest,
    UploadStatus,
)
from mains_server.intake.tables import ReadingUpload as RU
from mains_server.intake.tables import ReadingUploadRow as RUR
from mains_server.metering.records import ReadingSource
from sqlalchemy import ColumnElement, select

from mains_schema.compiling.changed import changed
from mains_schema.declaring.connection import Connection
from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.expressions import plain
from mains_schema.declaring.mapping import (
    OrderBy,
    ascending,
    column,
    connection,
    descending,
    described,
    filters,
    key,
    mapped,
    one,
    one_of,
    orders,
    where,
)
from mains_schema.declaring.node import Node, number_of
from mains_schema.declaring.payload import USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.declaring.scope import oneself, through
from mains_schema.metering.meter import Reading
from mains_schema.metering.reading import ReadingErrorCode

if TYPE_CHECKING:
    from mains_schema.metering.supply import Building

UPLOADS = oneself(RU.person_id)
UPLOAD_PATH = "/uploads/readings/{token}"


def _of_upload(seen: ColumnElement[bool]) -> ColumnElement[bool]:
    return plain(RUR.upload_id).in_(select(plain(RU.id)).where(seen).correlate(None))


@orders
class ReadingUploadOrder(OrderBy):
    """Order of uploads."""

    NEWEST = descending("Last announced first.", RU.created_at)


@orders
class ReadingUploadRowOrder(OrderBy):
    """Order of an upload's rows."""

    LINE = ascending("As they stand in the file.", RUR.line)


@filters
class ReadingUploadRowFilter:
    """Which rows; conditions add up."""

    outcome: list[RowOutcome] | None = where("Of one of these outcomes.", one_of(RUR.outcome))


@mapped(RUR, scope=through(UPLOADS, _of_upload))
class ReadingUploadRow(Node):
    """One row of a file and what became of it."""

    id: strawberry.ID = key("Global id.", RUR.id)
    line: int = column("Its line in the file, from 1; the header is a line too.", RUR.line)
    outcome: RowOutcome = column("What became of it.", RUR.outcome)
    text: str = column("Its cells, shortened, with whatever a spreadsheet would calculate disarmed by `'`.", RUR.text)
    code: str | None = column(
        "Short stable code of why it was not taken: one of `ReadingErrorCode`, or of the file; null if it was taken.",
        RUR.code,
    )
    message: str | None = column("The same for people, in English; null if there is nothing to say.", RUR.message)
    reading: Reading | None = one(
        "The reading; null if none was taken, or the viewer may send it in but not see it.", RUR.reading_id
    )


@mapped(RU, scope=UPLOADS)
class ReadingUpload(Node):
    """A file of readings that the viewer announced, and its report."""

    id: strawberry.ID = key("Global id.", RU.id)
    source: ReadingSource = column("By which road its readings come.", RU.source)
    mode: UploadMode = column("What one bad row does to the others.", RU.mode)
    status: UploadStatus = column("How far it is.", RU.status)
    created_at: datetime = column("When it was announced.", RU.created_at)
    expires_at: datetime = column("Until when its file can be sent.", RU.expires_at)
    taken_at: datetime | None = column("When its file came; null before that.", RU.taken_at)
    code: str | None = column(
        "Short stable code of why the whole file was refused, such as `FILE_ENCODING`; null if it was not.", RU.code
    )
    message: str | None = column("The same for people, in English; null if there is nothing to say.", RU.message)
    building: Building | None = one("The building it is about; null for any meters.", RU.building_id)
    rows: Connection[ReadingUploadRow] = connection(
        "Its rows with their outcomes; at most 5,000.",
        RUR.upload_id,
        orders=ReadingUploadRowOrder,
        filters=ReadingUploadRowFilter,
    )


class ReadingUploadErrorCode(Enum):
    """Why a file may not be sent."""

    BUILDING_UNKNOWN = "BUILDING_UNKNOWN"
    UPLOAD_NOT_ALLOWED = "UPLOAD_NOT_ALLOWED"


described(
    ReadingUploadErrorCode,
    "Why a file may not be sent.",
    {
        "BUILDING_UNKNOWN": "There is no such building that the viewer manages.",
        "UPLOAD_NOT_ALLOWED": "The viewer may not send in files from this source.",
    },
)


@strawberry.type(description="Why a file may not be sent.")
class ReadingUploadUserError:
    """A refusal."""

    code: ReadingUploadErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description="The same for people, in English.")
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")


@strawberry.input(description="A file of readings that will be sent.")
class ReadingUploadCreateInput:
    """Whose readings, and how to take them."""

    building_id: strawberry.ID | None = strawberry.field(
        description="Global id of the building, for its manager; employees may leave it out.", default=strawberry.UNSET
    )
    source: ReadingSource = strawberry.field(
        description="`MANAGER` for a building's manager; `STAFF`, `INSTALLER` or `CONTROL_ROUND` for employees."
    )
    mode: UploadMode = strawberry.field(description="What one bad row does to the others.")


@strawberry.type(description="Where to send a file of readings, or why not.")
class ReadingUploadCreatePayload:
    """The address is shown this once."""

    upload_url: str | None = strawberry.field(
        description="Path under the API's address to send the file to by PUT: CSV of at most 10 MB, once, within 15 "
        "minutes. The answer is the report as JSON. Null if the upload was refused."
    )
    reading_upload: ReadingUpload | None = strawberry.field(
        description="The upload, WAITING for its file; null if it was refused."
    )
    user_errors: list[ReadingUploadUserError] = strawberry.field(description=USER_ERRORS)


class ReadingSubmitManyErrorCode(Enum):
    """Why several readings were not looked at."""

    TOO_MANY_READINGS = "TOO_MANY_READINGS"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    ReadingSubmitManyErrorCode,
    "Why several readings were not looked at.",
    {
        "TOO_MANY_READINGS": "There are none, or more than 200.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why several readings were not looked at.")
class ReadingSubmitManyUserError:
    """A refusal."""

    code: ReadingSubmitManyErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description="The same for people, in English.")
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")


@strawberry.input(description="What one of several registers showed.")
class ReadingOfManyInput:
    """One value of one register."""

    register_id: strawberry.ID = strawberry.field(description="Global id of the register.")
    value: Decimal = strawberry.field(description="What it showed, in its unit: up to 12 digits and 6 decimals.")
    taken_at: datetime | None = strawberry.field(
        description="When somebody looked; now if left out. Not in the future.", default=strawberry.UNSET
    )


@strawberry.input(description="Several readings, such as those of a whole house.")
class ReadingSubmitManyInput:
    """Readings that are sent in together."""

    idempotency_key: str = strawberry.field(
        description="1 to 200 characters, such as a UUID: repeating a request with its key does it once, for 30 days."
    )
    mode: UploadMode = strawberry.field(description="What one bad reading does to the others.")
    readings: list[ReadingOfManyInput] = strawberry.field(description="The readings, 1 to 200.")


@strawberry.type(description="What became of one of several readings.")
class ReadingOfManyOutcome:
    """One row of the report."""

    position: int = strawberry.field(description="Its place among those sent, from 1.")
    outcome: RowOutcome = strawberry.field(description="What became of it.")
    code: ReadingErrorCode | None = strawberry.field(description="Why it was refused; null if it was not.")
    message: str | None = strawberry.field(description="The same for people, in English; null likewise.")
    reading: Reading | None = strawberry.field(
        description="The reading; null if none was taken, or the viewer may send it in but not see it."
    )


@strawberry.type(description="What became of several readings.")
class ReadingSubmitManyPayload:
    """A report in the order in which they were sent."""

    outcomes: list[ReadingOfManyOutcome] = strawberry.field(
        description="One for each reading, in their order; empty if none was looked at."
    )
    user_errors: list[ReadingSubmitManyUserError] = strawberry.field(description=USER_ERRORS)


async def reading_upload_create(info: Info, given: ReadingUploadCreateInput) -> ReadingUploadCreatePayload:
    """Give out an address for a file, or say why not."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    building = number_of(given.building_id, type_name="Building") if given.building_id else None
    request = UploadRequest(building_id=building, source=given.source, mode=given.mode)
    try:
        async with unit_of_work(context.engine) as session:
            made = await create_upload(session, viewer=context.viewer, request=request, now=context.now)
    except Refusal as refusal:
        error = user_error(ReadingUploadUserError, ReadingUploadErrorCode, refusal)
        return ReadingUploadCreatePayload(upload_url=None, reading_upload=None, user_errors=[error])
    return ReadingUploadCreatePayload(
        upload_url=UPLOAD_PATH.format(token=made.token),
        reading_upload=changed(ReadingUpload, made.id),
        user_errors=[],
    )


async def reading_submit_many(info: Info, given: ReadingSubmitManyInput) -> ReadingSubmitManyPayload:
    """Take several readings in, each or all of them, and report on each."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    request = ManyReadings(
        idempotency_key=given.idempotency_key,
        mode=given.mode,
        readings=tuple(
            ManyReading(
                register_id=number_of(reading.register_id, type_name="Register"),
                value=reading.value,
                taken_at=reading.taken_at or None,
            )
            for reading in given.readings
        ),
    )
    try:
        async with unit_of_work(context.engine) as session:
            reports = await submit_many(
                session, viewer=context.viewer, request=request, now=context.now, host=context.services.host
            )
    except Refusal as refusal:
        error = user_error(ReadingSubmitManyUserError, ReadingSubmitManyErrorCode, refusal)
        return ReadingSubmitManyPayload(outcomes=[], user_errors=[error])
    return ReadingSubmitManyPayload(outcomes=[_outcome(report) for report in reports], user_errors=[])


def _outcome(report: RowReport) -> ReadingOfManyOutcome:
    reading: Any = None if report.reading_id is None else changed(Reading, report.reading_id)
    return ReadingOfManyOutcome(
        position=report.line,
        outcome=report.outcome,
        code=None if report.code is None else ReadingErrorCode[report.code],
        message=report.message,
        reading=reading,
    )
