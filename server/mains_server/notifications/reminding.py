"""What the calendar brings: what is due soon, reading windows, ends of agreed prices, and payments that came in.

Each is looked for among what holds now, and told once by its occasion: run again, beside another worker, after a crash,
or on a day that comes twice because a clock was put back, it tells nothing twice; what a day that was left out would
have told is told on the next one, while it still holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from mains_spi.readings import ReadingRules
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.metering.windows import window_on
from mains_server.notifications import statements
from mains_server.notifications.charging import text_fee_code
from mains_server.notifications.operations import tell_all
from mains_server.notifications.records import Amount, Message, Recipient, TextFee, Topic, Value
from mains_server.notifications.sealing import Seal
from mains_server.notifications.topics import Utilities
from mains_server.notifications.wordings import THE_SERVERS, Wordings

DUE_WITHIN = timedelta(days=3)
CLOSES_WITHIN = timedelta(days=2)
NEWS_DAYS = 3
AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What reminders are made with: the database, the moment, the civil day, and how utilities take readings."""

    engine: AsyncEngine
    seal: Seal
    now: datetime
    today: date
    reading_rules: Mapping[str, ReadingRules]
    wordings: Wordings = THE_SERVERS
    utilities: Utilities = field(default_factory=dict)


async def remind_of_day(day: Day) -> Counter[str]:
    """Tell everything that the day brings, and count what was news by template."""
    counts: Counter[str] = Counter()
    for template, statement, values in _asked(day):
        counts[template] += await _tell_found(day, template=template, statement=statement, values=values)
    return +counts


def _asked(day: Day) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give what is looked for: a template, the SQL that finds whom it is for, and the SQL's values."""
    soon = {"today": day.today, "until": day.today + DUE_WITHIN}
    yield "due_soon", statements.DUE_SOON, soon
    yield "levelled_due", statements.LEVELLED_DUE, soon
    yield "price_period_ends", statements.PRICE_PERIOD_ENDS, {"today": day.today}
    since = {"since": day.now - timedelta(days=NEWS_DAYS), "upto": day.now}
    yield "payment_received", statements.PAYMENTS_RECEIVED, since
    for adapter, rules in sorted(day.reading_rules.items()):
        window = window_on(day.today, rules=rules)
        if not window.is_open(on=day.today):
            continue
        values = {
            "adapter": adapter,
            "today": day.today,
            "counts_for": window.counts_for,
            "opens": window.opens_on,
            "closes": window.closes_on,
        }
        is_closing = window.closes_on - day.today <= CLOSES_WITHIN
        yield "reading_window_closes" if is_closing else "reading_window_opens", statements.UNREAD, values


async def _tell_found(day: Day, *, template: str, statement: str, values: dict[str, Any]) -> int:
    """Tell those whom a statement finds, so many a transaction, in the order of what it is about."""
    told = after = 0
    while True:
        asked = {**values, "prefix": f"{template.replace('_', ' ')} ", "after": after, "most": AT_ONCE}
        async with read_session(day.engine) as session:
            rows = (await session.execute(text(statement), asked)).all()
        messages = [_message(template, row, day=day) for row in rows]
        if messages:
            async with unit_of_work(day.engine) as session:
                told += await tell_all(session, messages=messages, seal=day.seal, now=day.now, wordings=day.wordings)
        if len(rows) < AT_ONCE:
            return told
        after = rows[-1].id


TOPICS = {
    "due_soon": Topic.REMINDER,
    "levelled_due": Topic.REMINDER,
    "price_period_ends": Topic.CONTRACT,
    "payment_received": Topic.PAYMENT,
    "reading_window_opens": Topic.READING_WINDOW,
    "reading_window_closes": Topic.READING_WINDOW,
}


def _message(template: str, row: Any, *, day: Day) -> Message:
    """Make the message of a row: its columns are the values that the template has places for."""
    named = dict(row._mapping)
    for column in ("id", "customer_id", "occasion"):
        named.pop(column)
    currency, adapter, contract_id = (named.pop(column, None) for column in ("currency", "adapter", "contract_id"))
    fee_code = None if contract_id is None else text_fee_code(day.utilities, adapter)
    values: dict[str, Value] = named
    if currency is not None:
        values["amount"] = Amount(amount=named["amount"], currency=currency)
    until = named.get("due") or named.get("closes")
    if until is not None:
        values["days"] = (until - day.today).days
    return Message(
        occasion=row.occasion,
        topic=TOPICS[template],
        template=template,
        to=Recipient(customer_id=row.customer_id),
        values=values,
        adapter=adapter,
        fee=None if fee_code is None else TextFee(contract_id=contract_id, code=fee_code),
    )
