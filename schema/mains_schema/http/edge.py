"""What the edge of a server process allows: how long, how much, to whom, and which documents."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mains_server.access.records import Viewer
from mains_server.access.rules import address_hash
from mains_server.db.budgets import Asked, Lease

from mains_schema.declaring.errors import bad_input, forbidden, rate_limited
from mains_schema.http.asked import Refused

OPERATION_SECONDS_MAX = 30
BODY_SECONDS_MAX = 30
ROWS_A_MINUTE = 1_000_000
WINDOW_SECONDS = 60
SHARES = 20
UNASKED_SHARES = 50

FindDocument = Callable[[str], Awaitable[str | None]]
TakeRows = Callable[[Asked], Awaitable[Lease]]


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a token has left of its minute."""

    rows: int
    left: int
    seconds: int

    def as_json(self) -> dict[str, int]:
        """Word it as `extensions.cost.budget` does."""
        return {"rows": self.rows, "left": max(self.left, 0), "resetsInSeconds": self.seconds}


@dataclass(slots=True)
class _Account:
    """What a process knows of somebody's minute: read here, granted to it, and taken by all processes when it asked."""

    read: int = 0
    granted: int = 0
    taken: int = 0
    is_over: bool = False
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def left_of(self, allowed: int) -> int:
        """Give what is left of a minute's rows, as far as this process knows."""
        return allowed - self.taken + self.granted - self.read


class Budget:
    """Counts what each token, session, or network address without one reads in a minute, in all processes together.

    A process takes a twentieth of a minute's rows ahead (`take`) and asks again when they are read, so that most
    answers cost no write. A person, or who has no session, reads a fiftieth before that, so that theirs cost none at
    all; software with a limit of its own asks from its first row. Without `take` a process counts for itself alone.

    An operation is let in while anything is left and its whole cost is taken off afterwards, so nobody reads more than
    a minute's rows and what is under way. Minutes begin for all at once, and with them the memory is emptied.
    """

    def __init__(self, rows_a_minute: int, *, take: TakeRows | None = None) -> None:
        self.rows = rows_a_minute
        self._take = take
        self._minute = 0
        self._accounts: dict[str, _Account] = {}

    async def insist(self, spender: str, *, now: datetime, rows_a_minute: int | None = None) -> None:
        """Refuse who has nothing left, of the fewer rows that their token reads if it does; say how long to wait."""
        await self.ask(spender, now=now, rows_a_minute=rows_a_minute)
        allowance = self.spend(spender, rows=0, now=now, rows_a_minute=rows_a_minute)
        if allowance.left <= 0:
            words = f"At most {allowance.rows} rows a minute are read for one token; wait {allowance.seconds} seconds."
            error = rate_limited(words, seconds=allowance.seconds)
            raise Refused(429, error, {"Retry-After": str(allowance.seconds)})

    async def ask(self, spender: str, *, now: datetime, rows_a_minute: int | None = None) -> None:
        """Take rows ahead, where those that were taken before are read; one request at a time does it for a spender."""
        account = self._account(spender, now)
        if self._take is None or not self._must_ask(account, rows_a_minute):
            return
        async with account.asking:
            if not self._must_ask(account, rows_a_minute):
                return
            allowed = self._allowed(rows_a_minute)
            unasked = account.read - account.granted
            asked = Asked(
                spender=spender,
                minute=_minute_of(now),
                read=unasked,
                wanted=max(allowed // SHARES, 1),
                allowed=allowed,
            )
            lease = await self._take(asked)
            account.granted += unasked + lease.granted
            account.taken = lease.taken
            account.is_over = lease.granted == 0

    def spend(self, spender: str, *, rows: int, now: datetime, rows_a_minute: int | None = None) -> Allowance:
        """Take an operation's cost off, and tell what is left as far as this process knows."""
        account = self._account(spender, now)
        account.read += rows
        allowed = self._allowed(rows_a_minute)
        return Allowance(allowed, account.left_of(allowed), WINDOW_SECONDS - int(now.timestamp()) % WINDOW_SECONDS)

    def _account(self, spender: str, now: datetime) -> _Account:
        minute = _minute_of(now)
        if minute != self._minute:
            self._minute, self._accounts = minute, {}
        account = self._accounts.get(spender)
        if account is None:
            account = self._accounts[spender] = _Account()
        return account

    def _allowed(self, rows_a_minute: int | None) -> int:
        return self.rows if rows_a_minute is None else min(rows_a_minute, self.rows)

    def _must_ask(self, account: _Account, rows_a_minute: int | None) -> bool:
        unasked = self.rows // UNASKED_SHARES if rows_a_minute is None else 0
        return not account.is_over and account.read >= max(account.granted, unasked)


def _minute_of(now: datetime) -> int:
    return int(now.timestamp()) // WINDOW_SECONDS


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
