"""What a demonstration sent to anybody: mails, text messages and letters, which leave no demonstration."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import strawberry
from mains_server.notifications.records import CaughtMessage, Channel

from mains_schema.declaring.errors import forbidden
from mains_schema.declaring.given import Given

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

DEMO_INBOX_ROWS = 50
MESSAGES_MAX = 100
DEMO_INBOX_GIVEN = (
    Given("channel", Channel | None, "By which road; by default all. PORTAL has none: it is `Customer.notices`."),
    Given("to", str | None, "Whose: a part of the address or number, as written there; by default everybody's."),
)


@strawberry.type(description="A file that came with a message.")
class DemoFile:
    """One file."""

    name: str = strawberry.field(description="Its name.")
    media_type: str = strawberry.field(description="Its media type, such as `application/pdf`.")
    path: str | None = strawberry.field(
        description="Where the server gives it to everybody, such as `/inbox/3/0`; null for files of letters."
    )


@strawberry.type(description="What somebody would have got, had this been no demonstration.")
class DemoMessage:
    """One message."""

    channel: Channel = strawberry.field(description="By which road: EMAIL, SMS or POST.")
    to: str = strawberry.field(description="E-mail address, phone number, or name and postal address.")
    subject: str = strawberry.field(description="Its subject; empty for text messages.")
    text: str = strawberry.field(description="Its words, with codes and links as their addressee reads them.")
    at: datetime = strawberry.field(description="When it was sent, or written for the printer.")
    files: list[DemoFile] = strawberry.field(description="Files that came with it; at most a few.")


async def demo_inbox(reads: Reads, *, channel: Channel | None = None, to: str | None = None) -> list[DemoMessage]:
    """Give what a demonstration caught; raises FORBIDDEN where nothing is caught, such as in production."""
    caught = reads.demo_inbox
    if caught is None:
        raise forbidden("Only a demonstration has an inbox that everybody reads.")
    wanted = (to or "").casefold()
    found = [one for one in caught() if channel in (None, one.channel) and wanted in one.to.casefold()]
    return [_shown(one) for one in found[:MESSAGES_MAX]]


def _shown(one: CaughtMessage) -> DemoMessage:
    return DemoMessage(
        channel=one.channel,
        to=one.to,
        subject=one.subject,
        text=one.text,
        at=one.at,
        files=[DemoFile(name=file.name, media_type=file.media_type, path=file.path) for file in one.files],
    )
