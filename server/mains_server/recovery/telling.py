"""What everybody on file of an account is told about the way back into it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Person
from mains_server.notifications.operations import tell_all
from mains_server.notifications.records import Channel, Message, Recipient, Topic, Value
from mains_server.notifications.sealing import Seal
from mains_server.recovery import queries

NOTHING: Mapping[str, str] = {}


async def tell_everywhere(
    session: AsyncSession,
    *,
    person: Person,
    occasion: str,
    seal: Seal,
    now: datetime,
    values: Mapping[str, Value] = NOTHING,
    secrets: Mapping[str, str] = NOTHING,
) -> None:
    """Tell every address and number on file at once, whatever channels are preferred: one of them is the owner's.

    The template is named by the occasion's first words, such as `recovery opened 7`.
    """
    recipients = await queries.everywhere(session, person=person, now=now)
    messages = [
        _message(to, occasion=f"{occasion} to {place}", template=_template(occasion), values=values, secrets=secrets)
        for place, to in enumerate(recipients, start=1)
    ]
    await tell_all(session, messages=messages, seal=seal, now=now)


async def tell_link(
    session: AsyncSession, *, person: Person, occasion: str, until: datetime, link: str, seal: Seal, now: datetime
) -> None:
    """Send the account's own address, and nobody else, the link that uses the way back."""
    to = Recipient(person_id=person.id, email=person.email, language=person.language)
    values, secrets = {"until": until}, {"link": link}
    message = _message(to, occasion=occasion, template=_template(occasion), values=values, secrets=secrets)
    await tell_all(session, messages=[message], seal=seal, now=now)


def _message(
    to: Recipient, *, occasion: str, template: str, values: Mapping[str, Value], secrets: Mapping[str, str]
) -> Message:
    return Message(
        occasion=occasion,
        topic=Topic.ACCOUNT,
        template=template,
        to=to,
        values=values,
        secrets=secrets,
        channels=(Channel.EMAIL,) if to.email is not None else (Channel.SMS,),
    )


def _template(occasion: str) -> str:
    return "_".join(occasion.split()[:2])
