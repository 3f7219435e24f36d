"""Steps of applications that the applicant hears of, in words without the name of the form: it was sent on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.notifications import statements
from mains_server.notifications.queries import TIME_ZONE
from mains_server.notifications.records import Amount, Event, Message, Recipient, Topic, Value

TEMPLATES: Mapping[str, str] = {
    "SUBMIT": "application_received",
    "ASK": "application_question",
    "FORWARD": "application_forwarded",
    "OPERATOR_ANSWER": "application_answered",
    "OFFER": "application_offer",
    "OFFER_ACCEPT": "application_accepted",
    "COMPLETE": "application_done",
    "REJECT": "application_rejected",
}
"""By step. Who withdraws, answers or refuses an offer knows it, and that somebody took it up is no news."""
WITH_NOTE = frozenset({"ASK", "OPERATOR_ANSWER", "REJECT"})


async def application_changed(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell the customer, or the person who is none yet, what the step of an application means to them."""
    step = event.payload["step"]
    if step not in TEMPLATES:
        return ()
    values_of = {"id": event.payload["application_id"], "number": event.payload["number"]}
    row = (await session.execute(text(statements.APPLICATION), values_of)).one_or_none()
    if row is None:
        return ()
    values: dict[str, Value] = {"sent": row.created_at.astimezone(ZoneInfo(TIME_ZONE)).date()}
    if step in WITH_NOTE:
        values["note"] = row.note
    if step == "OFFER":
        values |= {"amount": Amount(amount=row.offer_amount, currency=row.offer_currency), "until": row.offer_until}
    to = Recipient(person_id=row.person_id) if event.customer_id is None else Recipient(customer_id=event.customer_id)
    occasion = f"application {row.id} step {event.payload['number']}"
    return (
        Message(
            occasion=occasion,
            topic=Topic.CONTRACT,
            template=TEMPLATES[step],
            to=to,
            values=values,
            adapter=row.adapter,
        ),
    )
