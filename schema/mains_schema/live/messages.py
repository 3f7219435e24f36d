"""The messages of graphql-transport-ws, read strictly: what the protocol does not know ends the connection.

https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverWebSocket.md says what each code means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import orjson
from graphql import GraphQLError

PROTOCOL = "graphql-transport-ws"
ID_LENGTH_MAX = 100
TEXT_LENGTH_MAX = 1_000_000
PONG = orjson.dumps({"type": "pong"}).decode()
ACK = orjson.dumps({"type": "connection_ack"}).decode()


class Close(IntEnum):
    """Why a connection is closed: codes of the protocol, and 1013 of WebSocket itself for `come back later`."""

    COME_BACK_LATER = 1013
    BAD_MESSAGE = 4400
    NOT_BEGUN = 4401
    FORBIDDEN = 4403
    NO_PROTOCOL = 4406
    TOO_LONG_TO_BEGIN = 4408
    ID_TWICE = 4409
    BEGUN_TWICE = 4429


class Closing(Exception):
    """A connection that cannot go on, with the code and words that the other side is told."""

    def __init__(self, code: Close, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its type, the id of the subscription it is about (or none), and what it carries."""

    type: str
    id: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


NEEDS_ID = frozenset({"subscribe", "complete"})
FROM_CLIENTS = frozenset({"connection_init", "ping", "pong"}) | NEEDS_ID


def message_of(received: Mapping[str, Any]) -> Message:
    """Read what ASGI received, or close."""
    text = received.get("text")
    if text is None:
        raise Closing(Close.BAD_MESSAGE, "Messages are text, not binary.")
    if len(text) > TEXT_LENGTH_MAX:
        raise Closing(Close.BAD_MESSAGE, f"A message has at most {TEXT_LENGTH_MAX} characters.")
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Closing(Close.BAD_MESSAGE, "This message is not JSON.") from None
    if not isinstance(found, dict) or not isinstance(found.get("type"), str) or found["type"] not in FROM_CLIENTS:
        raise Closing(Close.BAD_MESSAGE, "A message is an object with a `type` that clients may send.")
    id_, payload = found.get("id", ""), found.get("payload")
    if found["type"] in NEEDS_ID and not (isinstance(id_, str) and 0 < len(id_) <= ID_LENGTH_MAX):
        raise Closing(Close.BAD_MESSAGE, f"`id` must be a string of 1 to {ID_LENGTH_MAX} characters.")
    if not isinstance(payload, dict | None) or (found["type"] == "subscribe" and payload is None):
        raise Closing(Close.BAD_MESSAGE, "`payload` must be an object.")
    return Message(found["type"], id_ if found["type"] in NEEDS_ID else "", payload or {})


def next_text(id_: str, result: Mapping[str, Any]) -> str:
    """Word one event of a subscription."""
    return orjson.dumps({"id": id_, "type": "next", "payload": result}).decode()


def error_text(id_: str, errors: Sequence[GraphQLError]) -> str:
    """Word that a subscription is over, or never began, because of errors."""
    return orjson.dumps({"id": id_, "type": "error", "payload": [error.formatted for error in errors]}).decode()
