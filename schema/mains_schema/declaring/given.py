"""Values that a room is asked for with arguments of the client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mains_schema.declaring.expressions import plain
from mains_schema.declaring.mapping import Asked, ReadField


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """An argument of an asked field: its name in Python, its type, and what it means."""

    name: str
    kind: Any
    doc: str


def asked_with(
    doc: str, ask: Callable[..., Awaitable[Any]], *columns: object, given: Sequence[Given], rows: int
) -> Any:
    """Declare a value that a room is asked for, given columns of the row and, by name, arguments of the client.

    `rows` is about how many it reads; the cost of a document counts with it. A root has no columns.
    """
    asked = Asked(ask, [plain(part) for part in columns], given, rows)
    return ReadField(description=doc, metadata={"source": asked})
