"""Readings by text message: whose phone it is, which meter is meant, and how it is answered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.queries import persons_with_phone, viewer_of_person
from mains_server.access.records import Permission
from mains_server.adapters.host import AdapterHost
from mains_server.contracts.queries import managed_buildings, points_of_buildings, points_of_contracts
from mains_server.customers.queries import customers_with_phone
from mains_server.intake import queries
from mains_server.intake.records import (
    InboundMessage,
    MessageAnswer,
    RowOutcome,
    RowReading,
    RowReport,
    SmsCode,
    Texter,
    UploadMode,
)
from mains_server.intake.sms_text import TextedReadings, read_text
from mains_server.intake.tables import SmsInbound
from mains_server.intake.taking import Sending, take_rows
from mains_server.metering.queries import registers_of_meters
from mains_server.metering.records import InstalledRegister, ReadingSource, SystemViewer
from mains_server.metering.rules import civil_day

HOME_PREFIX = "371"
HOME_DIGITS = 8
KEPT_CHARACTERS_MAX = 500
LANGUAGES = ("lv", "en", "ru")
ANSWERS: Mapping[SmsCode, tuple[str, str, str]] = {
    SmsCode.ACCEPTED: (
        "Paldies! Skaitītāja {meter} rādījums {values} pieņemts.",
        "Thank you! Reading {values} of meter {meter} is taken.",
        "Спасибо! Показание {values} счётчика {meter} принято.",
    ),
    SmsCode.FLAGGED: (
        "Paldies! Skaitītāja {meter} rādījums {values} ir neparasts, mēs to pārbaudīsim.",
        "Thank you! Reading {values} of meter {meter} is unusual; we will check it.",
        "Спасибо! Показание {values} счётчика {meter} необычно, мы его проверим.",
    ),
    SmsCode.REFUSED: (
        "Skaitītāja {meter} rādījumu {values} nevar pieņemt. Pārbaudiet un sūtiet vēlreiz.",
        "Reading {values} of meter {meter} cannot be taken. Please look again and resend.",
        "Показание {values} счётчика {meter} принять нельзя. Проверьте и отправьте снова.",
    ),
    SmsCode.UNREADABLE: (
        "Ziņu nesapratām. Sūtiet skaitītāja numuru un rādījumu, piemēram: 12345 678,5",
        "We did not understand. Send the meter number and the reading, such as: 12345 678.5",
        "Мы не поняли сообщение. Отправьте номер счётчика и показание, например: 12345 678,5",
    ),
    SmsCode.NOT_KNOWN: (
        "Šim tālruņa numuram nav tāda skaitītāja. Sūtiet no tālruņa, ko esat mums norādījis.",
        "This phone number has no such meter. Send from the phone that you told us.",
        "У этого номера телефона нет такого счётчика. Отправьте с телефона, который вы нам указали.",
    ),
}


async def take_message(
    session: AsyncSession, *, message: InboundMessage, now: datetime, host: AdapterHost | None = None
) -> MessageAnswer:
    """Take the readings of a text message in and answer it; the same message again gets the same answer.

    Whose phone it is not, and whose meter it is not, are answered in the same words.
    """
    await queries.lock_message(session, gateway=message.gateway, message_id=message.message_id)
    kept = await queries.message_answer(session, gateway=message.gateway, message_id=message.message_id)
    if kept is not None:
        return kept
    texter = await _texter(session, phone=message.sender, now=now)
    answer, reading_id = await _answer(session, message=message, texter=texter, now=now, host=host)
    row = SmsInbound(
        gateway=message.gateway,
        message_id=message.message_id,
        sender=_kept(message.sender),
        body=_kept(message.text),
        received_at=message.received_at,
        code=answer.code.name,
        reading_id=reading_id,
        answer=answer.answer,
    )
    session.add(row)
    await session.flush()
    return answer


def phone_digits(phone: str) -> tuple[str, ...]:
    """List how a phone number may be kept, as digits alone: with the country or, for a number of ours, without."""
    digits = re.sub(r"[^0-9]", "", phone).removeprefix("00")
    if len(digits) == HOME_DIGITS:
        return digits, HOME_PREFIX + digits, f"00{HOME_PREFIX}{digits}"
    if digits.startswith(HOME_PREFIX) and len(digits) == len(HOME_PREFIX) + HOME_DIGITS:
        return digits.removeprefix(HOME_PREFIX), digits, f"00{digits}"
    return (digits, f"00{digits}") if digits else ()


async def _texter(session: AsyncSession, *, phone: str, now: datetime) -> Texter:
    """Find out for whose meters a phone may send readings, as a person's or as a customer's."""
    digits = phone_digits(phone)
    contracts: set[int] = set()
    customers: set[int] = set()
    languages = []
    for person in await persons_with_phone(session, digits=digits):
        viewer = await viewer_of_person(session, person_id=person.id, now=now)
        if viewer is not None:
            contracts |= viewer.contracts_with(Permission.SUBMIT_READINGS)
            customers |= viewer.customers_with(Permission.SUBMIT_READINGS)
            languages.append(person.language)
    for customer in await customers_with_phone(session, digits=digits):
        customers.add(customer.id)
        languages.append(customer.language)
    language = languages[-1] if languages else LANGUAGES[0]
    return Texter(contract_ids=frozenset(contracts), customer_ids=frozenset(customers), language=language)


async def _points_of(session: AsyncSession, *, texter: Texter, now: datetime) -> frozenset[int]:
    """List the places for whose meters somebody may send readings; who manages a house, for every one in it."""
    customers, contracts, day = sorted(texter.customer_ids), sorted(texter.contract_ids), now.date()
    own = await points_of_contracts(session, customer_ids=customers, contract_ids=contracts, day=day)
    buildings = await managed_buildings(session, customer_ids=customers, contract_ids=contracts, day=day)
    houses = await points_of_buildings(session, building_ids=sorted(buildings)) if buildings else ()
    return own | {point.id for point in houses}


async def _answer(
    session: AsyncSession, *, message: InboundMessage, texter: Texter, now: datetime, host: AdapterHost | None
) -> tuple[MessageAnswer, int | None]:
    texted = read_text(message.text)
    points = await _points_of(session, texter=texter, now=now)
    if not points:
        return _said(SmsCode.NOT_KNOWN, texter.language), None
    if texted is None:
        return _said(SmsCode.UNREADABLE, texter.language), None
    registers = await registers_of_meters(session, supply_point_ids=sorted(points))
    found = _meant(texted, registers=[one for one in registers if _is_there(one, now)])
    if found is None:
        code = SmsCode.UNREADABLE if texted.meter is None else SmsCode.NOT_KNOWN
        return _said(code, texter.language), None
    viewer = SystemViewer(
        source=ReadingSource.SMS, actor=_actor(message.sender), supply_point_ids=points, language=texter.language
    )
    sending = Sending(
        viewer=viewer, key=f"sms:{message.message_id}", mode=UploadMode.ALL_OR_NOTHING, now=now, host=host
    )
    reports = await take_rows(session, rows=_rows(found), sending=sending)
    return _said(_code(reports), texter.language, found=found), reports[0].reading_id


def _meant(
    texted: TextedReadings, *, registers: Sequence[InstalledRegister]
) -> tuple[tuple[InstalledRegister, Decimal], ...] | None:
    """Find the registers that a message means; without a meter's number there must be no doubt which."""
    if texted.meter is not None:
        registers = [one for one in registers if one.serial.casefold() == texted.meter]
    chosen = []
    for code, value in texted.values:
        fitting = [one for one in registers if code is None or one.code.casefold() == code]
        if len(fitting) != 1:
            return None
        chosen.append((fitting[0], value))
    return tuple(chosen) if len({one.meter_id for one, _ in chosen}) == 1 else None


def _is_there(register: InstalledRegister, now: datetime) -> bool:
    today = civil_day(now, time_zone=register.time_zone)
    return register.installed_on <= today and (register.removed_on is None or today < register.removed_on)


def _rows(found: Sequence[tuple[InstalledRegister, Decimal]]) -> tuple[RowReading, ...]:
    return tuple(
        RowReading(line=place, text="", register_id=register.id, value=value, taken_at=None)
        for place, (register, value) in enumerate(found, start=1)
    )


def _code(reports: Sequence[RowReport]) -> SmsCode:
    outcomes = {report.outcome for report in reports}
    if RowOutcome.REFUSED in outcomes:
        return SmsCode.REFUSED
    return SmsCode.FLAGGED if RowOutcome.FLAGGED in outcomes else SmsCode.ACCEPTED


def _said(code: SmsCode, language: str, *, found: Sequence[tuple[InstalledRegister, Decimal]] = ()) -> MessageAnswer:
    words = ANSWERS[code][LANGUAGES.index(language) if language in LANGUAGES else 0]
    meter = found[0][0].serial if found else ""
    values = " / ".join(format(value, "f") for _, value in found)
    values = values if language == "en" else values.replace(".", ",")
    return MessageAnswer(code=code, answer=words.format(meter=meter, values=values))


def _actor(phone: str) -> str:
    """Name a phone in one way, however a gateway writes it, so that who sends from it can correct themselves."""
    return phone_digits(phone)[0]


def _kept(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text[:KEPT_CHARACTERS_MAX])
