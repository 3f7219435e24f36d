"""Reminders by text message that customers pay for: noted when a gateway took one, taken back if it never came."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.contracts.charging import FeePrice, NewFee, forget_fee, note_fee, price_of_fee
from mains_server.contracts.queries import contract_by_id
from mains_server.dunning.reminding import FeeAsked, charged_day, take_back_fee
from mains_server.notifications.queries import TIME_ZONE, utilities_of
from mains_server.notifications.records import Channel, WaitingNotice
from mains_server.notifications.topics import Utilities

REMINDER = re.compile(r"reminder ([0-9]+)", re.ASCII)
WITH_FEE, WITHOUT_FEE = "overdue_with_fee", "overdue"


def home_day(now: datetime) -> date:
    """Give the civil day where utilities bill."""
    return now.astimezone(ZoneInfo(TIME_ZONE)).date()


def text_fee_code(utilities: Utilities, code: str) -> str | None:
    """Name the fee of a reminder by text message that a customer of a utility chose; None where it is free."""
    live = utilities.get(code)
    return None if live is None else live.utility.text_reminder_fee


async def text_fees(
    session: AsyncSession, *, customer_ids: Sequence[int], utilities: Utilities, now: datetime
) -> Mapping[int, tuple[FeePrice, ...]]:
    """Tell what reminders by text message would cost customers today, by the prices of each of their utilities."""
    today = home_day(now)
    found = await utilities_of(session, customer_ids=customer_ids, today=today)
    prices: dict[str, FeePrice | None] = {}
    for adapter in sorted({code for codes in found.values() for code in codes}):
        fee = text_fee_code(utilities, adapter)
        if fee is not None:
            price = await price_of_fee(session, adapter=utilities[adapter], code=fee, on=today, now=now)
            prices[adapter] = price
    return {
        customer: tuple(price for code in codes if (price := prices.get(code)) is not None)
        for customer, codes in found.items()
    }


async def charge_text(session: AsyncSession, *, notice: WaitingNotice, utilities: Utilities, now: datetime) -> None:
    """Note the fee of a reminder that a gateway took by text message, once, on the contract that it is about.

    Nothing is noted where its customer did not accept the fee, neither a bill nor a note would take it in, or its
    utility is not there.
    """
    adapter = utilities.get(notice.adapter or "")
    is_paid = notice.channel is Channel.SMS and notice.fee_code is not None and notice.fee_contract_id is not None
    if adapter is None or not is_paid:
        return
    assert notice.fee_contract_id is not None and notice.fee_code is not None
    contract = await contract_by_id(session, contract_id=notice.fee_contract_id)
    assert contract is not None, "who is reminded has a contract"
    asked = FeeAsked(adapter=adapter, code=notice.fee_code, today=home_day(now), now=now)
    day = await charged_day(session, contract=contract, asked=asked)
    if day is None or notice.fee_code not in adapter.fee_codes(on=day):
        return
    fee = NewFee(
        code=notice.fee_code,
        quantity=Decimal(1),
        day=day,
        reason=f"text message: {notice.subject}",
        source="notifications",
        key=_key(notice),
    )
    await note_fee(session, contract=contract, fee=fee, adapter=adapter, now=now)


async def take_back_charge(session: AsyncSession, *, notice: WaitingNotice) -> str:
    """Take back what a text message that did not arrive would cost, and give the template to go on with.

    A fee that a bill has taken in stays: what was issued is never edited.
    """
    if notice.channel is not Channel.SMS:
        return notice.template
    if notice.fee_contract_id is not None:
        contract = await contract_by_id(session, contract_id=notice.fee_contract_id)
        assert contract is not None, "who is reminded has a contract"
        await forget_fee(session, contract=contract, key=_key(notice))
    found = REMINDER.fullmatch(notice.occasion)
    if notice.template == WITH_FEE and found is not None and notice.customer_id is not None:
        is_gone = await take_back_fee(session, reminder_id=int(found[1]), customer_id=notice.customer_id)
        return WITHOUT_FEE if is_gone else WITH_FEE
    return notice.template


def _key(notice: WaitingNotice) -> str:
    return f"text {notice.occasion}"
