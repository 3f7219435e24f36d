"""Links by which the readings of one place are sent in once, by whoever has the link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from mains_spi.readings import USUAL_READING_RULES
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Permission, Refusal, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.contracts.queries import contract_by_id, supply_point_by_id
from mains_server.contracts.records import Contract
from mains_server.intake import queries, rules
from mains_server.intake.records import (
    LinkForm,
    LinkOutcome,
    LinkRegister,
    LinkState,
    LinkView,
    MadeLink,
    NewLink,
    RefusedRow,
    RowReading,
    UploadMode,
)
from mains_server.intake.tables import ReadingLink
from mains_server.intake.taking import Sending, take_rows
from mains_server.metering import gathering
from mains_server.metering.judging import plausible_range
from mains_server.metering.operations import STAFF_WHO_READ
from mains_server.metering.queries import meters_at, registers_of_meters
from mains_server.metering.records import InstalledRegister, ReadingSource, SystemViewer
from mains_server.metering.rules import civil_day
from mains_server.metering.windows import is_asked

LINK_LASTS = timedelta(days=14)
LINK_LASTS_MAX = timedelta(days=60)
REFUSED_MAX = 20


class ContractUnknown(Refusal):
    """There is no such contract, or the viewer may not send in readings for it; the two look alike."""

    code = "CONTRACT_UNKNOWN"
    path = "contractId"


class SupplyPointUnknown(Refusal):
    """The contract does not have this supply point now."""

    code = "SUPPLY_POINT_UNKNOWN"
    path = "supplyPointId"


class LinkRegistersUnknown(Refusal):
    """The supply point has no such registers that people read."""

    code = "REGISTER_UNKNOWN"
    path = "registerIds"


class LinkPeriodWrong(Refusal):
    """A link must open before it ends, and end soon."""

    code = "PERIOD_WRONG"
    path = "expiresAt"


class LinkUnknown(Refusal):
    """There is no such link that the viewer may revoke."""

    code = "LINK_UNKNOWN"
    path = "linkId"


class LinkEnded(Refusal):
    """The link was used or revoked already."""

    code = "LINK_ENDED"
    path = "linkId"


async def create_link(session: AsyncSession, *, viewer: Viewer, request: NewLink, now: datetime) -> MadeLink:
    """Make a link for the registers of a place that people read; its token is kept as a hash only."""
    contract = await contract_by_id(session, contract_id=request.contract_id)
    if contract is None or not _may(viewer, contract.customer_id, contract.id):
        raise ContractUnknown("there is no such contract for which you may send in readings")
    registers = await _registers_for(session, contract=contract, request=request, now=now)
    opens_at = request.opens_at or now
    expires_at = request.expires_at or opens_at + LINK_LASTS
    if not max(now, opens_at) < expires_at <= now + LINK_LASTS_MAX:
        raise LinkPeriodWrong(f"a link ends after it opens, and within {LINK_LASTS_MAX.days} days")
    token = rules.new_token()
    row = ReadingLink(
        customer_id=contract.customer_id,
        contract_id=contract.id,
        supply_point_id=request.supply_point_id,
        register_ids=list(registers),
        token_hash=rules.token_hash(token),
        opens_at=opens_at,
        expires_at=expires_at,
        created_at=now,
        created_by_person_id=viewer.person_id,
    )
    session.add(row)
    await session.flush()
    return MadeLink(id=row.id, token=token, expires_at=expires_at)


async def revoke_link(session: AsyncSession, *, viewer: Viewer, link_id: int, now: datetime) -> None:
    """Make a link worthless from now on."""
    link = await queries.lock_link(session, link_id=link_id)
    if link is None or not _may(viewer, link.customer_id, link.contract_id):
        raise LinkUnknown("there is no such link that you may revoke")
    if link.used_at is not None or link.revoked_at is not None:
        raise LinkEnded("the link was used or revoked already")
    link.revoked_at = now
    await session.flush()


async def look_at_link(
    session: AsyncSession, *, token: str, now: datetime, host: AdapterHost | None = None
) -> LinkView:
    """Show what a link is for while it can be used; otherwise only that it cannot, and why."""
    link = await queries.link_by_token(session, token=token)
    state = state_of(link, now=now)
    if link is None or state is not LinkState.OPEN:
        return LinkView(state=state)
    point = await supply_point_by_id(session, supply_point_id=link.supply_point_id)
    contract = await contract_by_id(session, contract_id=link.contract_id)
    assert point is not None and contract is not None
    registers = await _registers(session, link=link, now=now)
    shown = [await _shown(session, register=one, contract=contract, now=now, host=host) for one in registers]
    form = LinkForm(
        address=f"{point.address.line}, {point.address.city}",
        opens_at=link.opens_at,
        expires_at=link.expires_at,
        registers=tuple(shown),
    )
    return LinkView(state=state, form=form)


async def submit_by_link(
    session: AsyncSession,
    *,
    token: str,
    values: Sequence[tuple[str, Decimal]],
    now: datetime,
    host: AdapterHost | None = None,
) -> LinkOutcome:
    """Take all the readings a link asks for, and with them the link; a refusal is counted and leaves it as it is.

    Refusals are returned, not raised, because the caller's transaction must keep their number.
    """
    link = await queries.lock_link_by_token(session, token=token)
    state = state_of(link, now=now)
    if link is None or state is not LinkState.OPEN:
        return LinkOutcome(state=state)
    registers = await _registers(session, link=link, now=now)
    rows = tuple(_rows(values, {register.code: register.id for register in registers}))
    viewer = SystemViewer(
        source=ReadingSource.LINK,
        actor=f"link {link.id}",
        contract_ids=frozenset({link.contract_id}),
        supply_point_ids=frozenset({link.supply_point_id}),
    )
    sending = Sending(viewer=viewer, key=f"link:{link.id}", mode=UploadMode.ALL_OR_NOTHING, now=now, host=host)
    reports = await take_rows(session, rows=rows, sending=sending)
    is_taken = all(report.reading_id is not None for report in reports)
    if is_taken:
        link.used_at = now
    else:
        link.refused_count += 1
    await session.flush()
    return LinkOutcome(state=state, rows=reports, is_taken=is_taken)


def state_of(link: ReadingLink | None, *, now: datetime) -> LinkState:
    """Tell whether a link can be used now."""
    if link is None:
        return LinkState.UNKNOWN
    if link.revoked_at is not None:
        return LinkState.REVOKED
    if link.used_at is not None:
        return LinkState.USED
    if now >= link.expires_at:
        return LinkState.EXPIRED
    if now < link.opens_at:
        return LinkState.NOT_OPEN_YET
    return LinkState.TRIED_TOO_OFTEN if link.refused_count >= REFUSED_MAX else LinkState.OPEN


def _may(viewer: Viewer, customer_id: int, contract_id: int) -> bool:
    if viewer.staff & STAFF_WHO_READ:
        return True
    return viewer.may(Permission.SUBMIT_READINGS, customer_id=customer_id, contract_id=contract_id)


async def _registers_for(
    session: AsyncSession, *, contract: Contract, request: NewLink, now: datetime
) -> tuple[int, ...]:
    point = await supply_point_by_id(session, supply_point_id=request.supply_point_id)
    today = None if point is None else civil_day(now, time_zone=point.time_zone)
    if today is None or not any(
        cover.supply_point_id == request.supply_point_id
        and (cover.starts or contract.starts) <= today
        and (cover.ends is None or today <= cover.ends)
        for cover in contract.covers
    ):
        raise SupplyPointUnknown("the contract does not have this supply point now")
    meters = await meters_at(session, supply_point_id=request.supply_point_id)
    there = tuple(
        register.id
        for meter in meters
        if meter.installed_on <= today and (meter.removed_on is None or today < meter.removed_on)
        for register in meter.registers
        if is_asked(register.collection)
    )
    wanted = request.register_ids or there
    if not wanted or not set(wanted) <= set(there):
        raise LinkRegistersUnknown("there are no such registers that people read at this supply point")
    return tuple(dict.fromkeys(wanted))


async def _registers(session: AsyncSession, *, link: ReadingLink, now: datetime) -> list[InstalledRegister]:
    found = await registers_of_meters(session, supply_point_ids=[link.supply_point_id])
    return sorted((register for register in found if register.id in link.register_ids), key=lambda one: one.code)


async def _shown(
    session: AsyncSession, *, register: InstalledRegister, contract: Contract, now: datetime, host: AdapterHost | None
) -> LinkRegister:
    adapter = None if host is None else host.live.get(contract.adapter)
    limits = USUAL_READING_RULES if adapter is None else adapter.utility.reading_rules
    reading = await gathering.in_context(session, register=register, value=Decimal(0), taken_at=now, limits=limits)
    last = reading.before[-1] if reading.before else None
    return LinkRegister(
        serial=register.serial,
        code=register.code,
        previous=None if last is None else last.value,
        previous_on=None if last is None else last.counts_for,
        plausible=plausible_range(reading),
    )


def _rows(values: Sequence[tuple[str, Decimal]], registers: dict[str, int]) -> Sequence[RowReading | RefusedRow]:
    """Put values to registers by their codes; each must be there, once."""
    codes = [code for code, _ in values]
    if sorted(codes) != sorted(registers):
        words = f"give one value for each of {', '.join(registers)}"
        return [
            RefusedRow(line=place, text=code[:40], code="VALUES_INCOMPLETE", message=words)
            for place, code in enumerate(codes or [""], start=1)
        ]
    return [
        RowReading(line=place, text=code, register_id=registers[code], value=value, taken_at=None)
        for place, (code, value) in enumerate(values, start=1)
    ]
