"""Changes of the intake room: files announced and taken in, and several readings at once."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, BinaryIO

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import claim_request
from mains_server.access.queries import viewer_of_person
from mains_server.access.records import ANONYMOUS, Permission, Refusal, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.contracts.queries import managed_buildings, points_by_identifiers, points_of_buildings
from mains_server.contracts.records import SupplyPoint
from mains_server.db.idempotency import keep_answer
from mains_server.intake import queries, rules
from mains_server.intake.matching import match_rows
from mains_server.intake.reading_file import FileRefused, FileRow, ReadingFile, read_reading_file
from mains_server.intake.records import (
    ManyReadings,
    NewUpload,
    RefusedRow,
    RowOutcome,
    RowReading,
    RowReport,
    UploadMode,
    UploadReport,
    UploadRequest,
    UploadStatus,
)
from mains_server.intake.tables import ReadingUpload, ReadingUploadRow
from mains_server.intake.taking import Sending, take_rows
from mains_server.metering.operations import STAFF_WHO_READ
from mains_server.metering.queries import registers_of_meters
from mains_server.metering.records import InstalledRegister, ReadingSource

SUBMIT_MANY = "reading_submit_many"
READINGS_MAX = 200
MANAGER_SOURCES = frozenset({ReadingSource.MANAGER})
STAFF_SOURCES = frozenset({ReadingSource.STAFF, ReadingSource.INSTALLER, ReadingSource.CONTROL_ROUND})


class UploadNotAllowed(Refusal):
    """The viewer may not send in files of this kind, or may not any more."""

    code = "UPLOAD_NOT_ALLOWED"
    path = "source"


class BuildingUnknown(Refusal):
    """There is no such building, or the viewer does not manage it; the two look alike."""

    code = "BUILDING_UNKNOWN"
    path = "buildingId"


class UploadUnknown(Refusal):
    """Nobody was given this address."""

    code = "UPLOAD_UNKNOWN"


class UploadExpired(Refusal):
    """The address was not used in time."""

    code = "UPLOAD_EXPIRED"


class UploadUsed(Refusal):
    """Another file was sent to this address."""

    code = "UPLOAD_USED"


class TooManyReadings(Refusal):
    """More readings were sent at once than one request may have, or none."""

    code = "TOO_MANY_READINGS"
    path = "readings"


async def create_upload(session: AsyncSession, *, viewer: Viewer, request: UploadRequest, now: datetime) -> NewUpload:
    """Give out an address to which one file of readings may be sent, for a quarter of an hour."""
    await _check_road(session, viewer=viewer, building_id=request.building_id, source=request.source, now=now)
    token = rules.new_token()
    assert viewer.person_id is not None
    row = ReadingUpload(
        person_id=viewer.person_id,
        building_id=request.building_id,
        source=request.source,
        mode=request.mode,
        status=UploadStatus.WAITING,
        token_hash=rules.token_hash(token),
        created_at=now,
        expires_at=now + rules.UPLOAD_LASTS,
    )
    session.add(row)
    await session.flush()
    return NewUpload(id=row.id, token=token, expires_at=row.expires_at)


async def take_upload(
    session: AsyncSession,
    *,
    token: str,
    file: BinaryIO,
    sha256: str,
    now: datetime,
    host: AdapterHost | None = None,
) -> UploadReport:
    """Take a file of readings in, once; the same bytes again get the same report.

    Who announced it must still be allowed to.
    """
    upload = await queries.lock_upload(session, token=token)
    if upload is None:
        raise UploadUnknown("there is no such address; ask for a new one by readingUploadCreate")
    if upload.status is not UploadStatus.WAITING:
        if upload.sha256 != sha256:
            raise UploadUsed("another file was sent to this address; ask for a new one by readingUploadCreate")
        return await queries.upload_report(session, upload=upload)
    if now >= upload.expires_at:
        raise UploadExpired("this address has expired; ask for a new one by readingUploadCreate")
    viewer = await viewer_of_person(session, person_id=upload.person_id, now=now) or ANONYMOUS
    points = await _check_road(session, viewer=viewer, building_id=upload.building_id, source=upload.source, now=now)
    sending = Sending(viewer=viewer, key=f"upload:{upload.id}", mode=upload.mode, now=now, host=host)
    report = await _report_on(session, file=file, upload=upload, points=points, sending=sending)
    await _keep_report(session, upload=upload, report=report, sha256=sha256, now=now)
    return report


async def take_file(
    session: AsyncSession, *, viewer: Viewer, file: BinaryIO, source: ReadingSource, sending: Sending
) -> tuple[RowReport, ...]:
    """Take in a file that an employee has at hand, and report on each row."""
    await _check_road(session, viewer=viewer, building_id=None, source=source, now=sending.now)
    rows = await _matched(session, found=read_reading_file(file), points=None, source=source)
    return await take_rows(session, rows=rows, sending=sending)


async def submit_many(
    session: AsyncSession, *, viewer: Viewer, request: ManyReadings, now: datetime, host: AdapterHost | None = None
) -> tuple[RowReport, ...]:
    """Take several readings in, and report on each in order; the same key and body get the same report again."""
    if not 1 <= len(request.readings) <= READINGS_MAX:
        raise TooManyReadings(f"send 1 to {READINGS_MAX} readings at once")
    assert viewer.person_id is not None
    person_id, key = viewer.person_id, request.idempotency_key
    body = _body(request)
    answer = await claim_request(session, person_id=person_id, operation=SUBMIT_MANY, key=key, body=body, now=now)
    if answer is not None:
        return tuple(_report_of(kept) for kept in answer["rows"])
    rows = [
        RowReading(line=place, text="", register_id=reading.register_id, value=reading.value, taken_at=reading.taken_at)
        for place, reading in enumerate(request.readings, start=1)
    ]
    sending = Sending(viewer=viewer, key=f"many:{rules.token_hash(key)}", mode=request.mode, now=now, host=host)
    reports = await take_rows(session, rows=rows, sending=sending)
    kept = {"rows": [{**asdict(report), "outcome": report.outcome.name} for report in reports]}
    await keep_answer(session, person_id=person_id, operation=SUBMIT_MANY, key=key, answer=kept)
    return reports


async def buildings_managed(session: AsyncSession, *, viewer: Viewer, now: datetime) -> frozenset[int]:
    """List the buildings for which the viewer may send in the readings of everybody."""
    customers = viewer.customers_with(Permission.SUBMIT_READINGS)
    contracts = viewer.contracts_with(Permission.SUBMIT_READINGS)
    if not customers and not contracts:
        return frozenset()
    return await managed_buildings(
        session, customer_ids=sorted(customers), contract_ids=sorted(contracts), day=now.astimezone(UTC).date()
    )


async def _check_road(
    session: AsyncSession, *, viewer: Viewer, building_id: int | None, source: ReadingSource, now: datetime
) -> tuple[SupplyPoint, ...] | None:
    """Refuse who may not send in a file from this source; gives the places it may be about, None for all."""
    is_staff = bool(viewer.staff & STAFF_WHO_READ)
    if source not in (STAFF_SOURCES if is_staff else MANAGER_SOURCES):
        allowed = "STAFF, INSTALLER or CONTROL_ROUND" if is_staff else "MANAGER"
        raise UploadNotAllowed(f"you may send in files from the source {allowed}")
    if building_id is None:
        if is_staff:
            return None
        raise BuildingUnknown("name the building whose readings the file holds")
    points = await points_of_buildings(session, building_ids=[building_id])
    is_managed = is_staff or building_id in await buildings_managed(session, viewer=viewer, now=now)
    if not points or not is_managed:
        raise BuildingUnknown("there is no such building that you manage")
    return points


async def _report_on(
    session: AsyncSession,
    *,
    file: BinaryIO,
    upload: ReadingUpload,
    points: tuple[SupplyPoint, ...] | None,
    sending: Sending,
) -> UploadReport:
    try:
        found = read_reading_file(file)
    except FileRefused as refused:
        return UploadReport(
            upload_id=upload.id, mode=upload.mode, status=UploadStatus.REFUSED, rows=(), code=refused.code,
            message=refused.message,
        )  # fmt: skip
    rows = await _matched(session, found=found, points=points, source=upload.source)
    reports = await take_rows(session, rows=rows, sending=sending)
    is_refused = upload.mode is UploadMode.ALL_OR_NOTHING and rules.counts(reports)[RowOutcome.REFUSED] > 0
    return UploadReport(
        upload_id=upload.id,
        mode=upload.mode,
        status=UploadStatus.REFUSED if is_refused else UploadStatus.TAKEN,
        rows=reports,
        code="ROWS_REFUSED" if is_refused else None,
        message=_words(found, is_refused=is_refused),
    )


def _words(found: ReadingFile, *, is_refused: bool) -> str | None:
    if is_refused:
        return "nothing was taken, because rows were refused; correct them and send the file again to a new address"
    return f"columns that were not read: {', '.join(found.ignored)}" if found.ignored else None


async def _matched(
    session: AsyncSession, *, found: ReadingFile, points: tuple[SupplyPoint, ...] | None, source: ReadingSource
) -> tuple[RowReading | RefusedRow, ...]:
    """Find what the rows mean among the places they may be about."""
    rows = [row for row in found.rows if isinstance(row, FileRow)]
    if points is None:
        points = await points_by_identifiers(session, identifiers=sorted({row.point for row in rows if row.point}))
        serials = {serial for row in rows for serial in (row.meter, row.meter.upper()) if serial}
    else:
        serials = set()
    registers: tuple[InstalledRegister, ...] = await registers_of_meters(
        session, serials=sorted(serials), supply_point_ids=[point.id for point in points]
    )
    by_identifier: dict[str, frozenset[int]] = {}
    for point in points:
        by_identifier[point.identifier] = by_identifier.get(point.identifier, frozenset()) | {point.id}
    return match_rows(rows=found.rows, registers=registers, points=by_identifier, source=source)


async def _keep_report(
    session: AsyncSession, *, upload: ReadingUpload, report: UploadReport, sha256: str, now: datetime
) -> None:
    upload.status, upload.sha256, upload.taken_at = report.status, sha256, now
    upload.code, upload.message = report.code, report.message
    await session.flush()
    if report.rows:
        kept = [{"upload_id": upload.id, **asdict(row)} for row in report.rows]
        await session.execute(insert(ReadingUploadRow), kept)


def _body(request: ManyReadings) -> dict[str, Any]:
    return {
        "mode": request.mode.name,
        "readings": [
            [r.register_id, str(r.value), None if r.taken_at is None else r.taken_at.astimezone(UTC).isoformat()]
            for r in request.readings
        ],
    }


def _report_of(kept: dict[str, Any]) -> RowReport:
    return RowReport(**{**kept, "outcome": RowOutcome[kept["outcome"]]})
