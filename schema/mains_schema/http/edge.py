"""What the edge of a server process allows: how long, how much, to whom, and which documents."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mains_server.access.records import Viewer
from mains_server.access.rules import address_hash

from mains_schema.declaring.errors import bad_input, forbidden, rate_limited
from mains_schema.http.asked import Refused

OPERATION_SECONDS_MAX = 30
BODY_SECONDS_MAX = 30
ROWS_A_MINUTE = 1_000_000
WINDOW_SECONDS = 60

FindDocument = Callable[[str], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a token has left of its minute."""

    rows: int
    left: int
    seconds: int

    def as_json(self) -> dict[str, int]:
        """Word it as `extensions.cost.budget` does."""
        return {"rows": self.rows, "left": max(self.left, 0), "resetsInSeconds": self.seconds}


class Budget:
    """Counts what each session, or each network address without one, has read in this minute of this process.

    It bounds the work of one process, so each counts for itself, and an answer costs no write in the database; what
    must hold across processes (guesses at passwords, references, comparisons) is counted there. An operation is let in
    while anything is left and its whole cost is taken off afterwards, so nobody reads more than a minute's rows and one
    document over. Minutes begin for all at once, and with them the memory is emptied.
    """

    def __init__(self, rows_a_minute: int) -> None:
        self.rows = rows_a_minute
        self._minute = 0
        self._spent: dict[str, int] = {}

    def insist(self, spender: str, *, now: datetime, rows_a_minute: int | None = None) -> None:
        """Refuse who has nothing left, of the fewer rows that their token reads if it does; say how long to wait."""
        allowance = self.spend(spender, rows=0, now=now, rows_a_minute=rows_a_minute)
        if allowance.left <= 0:
            words = f"At most {allowance.rows} rows a minute are read for one token; wait {allowance.seconds} seconds."
            error = rate_limited(words, seconds=allowance.seconds)
            raise Refused(429, error, {"Retry-After": str(allowance.seconds)})

    def spend(self, spender: str, *, rows: int, now: datetime, rows_a_minute: int | None = None) -> Allowance:
        """Take an operation's cost off, and tell what is left."""
        minute, second = divmod(int(now.timestamp()), WINDOW_SECONDS)
        if minute != self._minute:
            self._minute, self._spent = minute, {}
        spent = self._spent.get(spender, 0) + rows
        if rows:
            self._spent[spender] = spent
        allowed = self.rows if rows_a_minute is None else min(rows_a_minute, self.rows)
        return Allowance(allowed, allowed - spent, WINDOW_SECONDS - second)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What a process allows; the defaults are those of a developer's own server, without a budget.

    With `has_editor` browsers get GraphiQL, a page for trying queries out; with `hides_schema` introspection is off.
    `find_document` gives a registered document by its hash; with `only_registered` no other is run. `origins` are the
    sites, besides our own, whose pages may use a session kept in a cookie. A process holds `sockets_max`
    WebSockets, and `sockets_per_address` of one network address.
    """

    has_editor: bool = False
    hides_schema: bool = False
    operation_seconds_max: int = OPERATION_SECONDS_MAX
    body_seconds_max: int = BODY_SECONDS_MAX
    budget: Budget | None = None
    find_document: FindDocument | None = None
    only_registered: bool = False
    origins: frozenset[str] = frozenset()
    sockets_max: int = 5_000
    sockets_per_address: int = 100


PLAIN_EDGE = Edge()


def spender_of(viewer: Viewer, address: str | None) -> str:
    """Name whose budget a request is counted on: the token's or session's, or the network address's of who has none."""
    if viewer.machine is not None:
        return f"machine token {viewer.machine.token_id}"
    if viewer.is_signed_in:
        return f"session {viewer.session_id} of {viewer.person_id}"
    return f"address {address_hash(address or '')}"


async def with_document(given: Mapping[str, Any], *, edge: Edge) -> Mapping[str, Any]:
    """Put a registered document in the place of its hash; where only registered ones are run, refuse all others.

    The hash is the SHA-256 of the text in hex, as `documentId` or as Apollo's `extensions.persistedQuery.sha256Hash`,
    whose clients know the answer `PersistedQueryNotFound`.
    """
    named, text = _named(given), given.get("query") or None
    if text is None and named is not None:
        found = await _found(edge, named)
        if found is None:
            raise Refused(400, bad_input("PersistedQueryNotFound"))
        return {**given, "query": found}
    if text is None or (named is None and not edge.only_registered):
        return given
    real = hashlib.sha256(text.encode()).hexdigest()
    if named is not None and named != real:
        raise Refused(400, bad_input("The hash in this request is not that of its document."))
    if edge.only_registered and await _found(edge, real) is None:
        raise Refused(403, forbidden("Only documents that were registered are run here."))
    return given


async def _found(edge: Edge, named: str) -> str | None:
    return None if edge.find_document is None else await edge.find_document(named)


def _named(given: Mapping[str, Any]) -> str | None:
    persisted = (given.get("extensions") or {}).get("persistedQuery")
    named = given.get("documentId") or (persisted.get("sha256Hash") if isinstance(persisted, dict) else None)
    return named.removeprefix("sha256:").lower() if isinstance(named, str) else None
