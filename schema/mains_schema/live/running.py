"""A subscription that runs: begun by running its operation without an event, and run again for each event."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphql import GraphQLError
from mains_server.access.records import Viewer
from mains_server.db.outbox import Committed
from starlette.websockets import WebSocket
from strawberry.http import GraphQLRequestData
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from mains_schema.declaring import errors
from mains_schema.http.asked import insist_on_kinds, request_of
from mains_schema.http.edge import spender_of, with_document
from mains_schema.http.limits import published
from mains_schema.http.view import GraphQLView
from mains_schema.live.feeds import FEEDS, Begun, Feed, Happened
from mains_schema.live.messages import Message

ONLY = (OperationType.SUBSCRIPTION,)


@dataclass(frozen=True, slots=True)
class Running:
    """What a client asked for: the operation, the feed of its field, and perhaps the one customer it is about."""

    id: str
    given: GraphQLRequestData
    feed: Feed
    customer_id: int | None

    def numbers(self, events: Iterable[Committed]) -> Sequence[int]:
        """Give the rows to tell of, each once: they are read as they are now, however often they changed."""
        found = (
            self.feed.number(event)
            for event in events
            if self.customer_id is None or event.customer_id in (None, self.customer_id)
        )
        return list(dict.fromkeys(number for number in found if number is not None))


async def begun(view: GraphQLView, websocket: WebSocket, *, message: Message, viewer: Viewer) -> Running:
    """Begin a subscription, or raise why it cannot: `Refused`, or an error of its document, variables or budget."""
    insist_on_kinds(message.payload)
    given = request_of(await with_document(message.payload, edge=view.edge))
    if view.edge.budget is not None:
        await view.edge.budget.insist(_spender(viewer, websocket), now=view.now())
    asked = Begun()
    result = await _run(view, websocket, given=given, viewer=viewer, root=asked)
    for error in result.errors or ():
        if not is_unseen(error):
            raise error
    if asked.field == "":
        raise errors.bad_input("This subscription asks for nothing; every `@skip` and `@include` is decided at once.")
    _spend(view, websocket, viewer=viewer, result=result)
    return Running(message.id, given, FEEDS[asked.field], asked.customer_id)


async def result_of(
    view: GraphQLView, websocket: WebSocket, *, running: Running, viewer: Viewer, number: int
) -> Mapping[str, Any] | None:
    """Read what an event is about; None where the viewer may not see it. Raises where there is no budget left."""
    root = Happened(running.feed.target, number)
    if view.edge.budget is not None:
        await view.edge.budget.ask(_spender(viewer, websocket), now=view.now())
    result = await _run(view, websocket, given=running.given, viewer=narrowed(viewer, running.customer_id), root=root)
    cost = _spend(view, websocket, viewer=viewer, result=result)
    told: dict[str, Any] = {"data": result.data, "extensions": {"cost": cost}}
    if result.errors:
        if any(is_unseen(error) for error in result.errors):
            return None
        told["errors"] = [error.formatted for error in result.errors]
    return told


async def _run(
    view: GraphQLView, websocket: WebSocket, *, given: GraphQLRequestData, viewer: Viewer, root: Begun | Happened
) -> ExecutionResult:
    """Run the operation once, as any other; it is a subscription or nothing."""
    limit = asyncio.timeout(view.edge.operation_seconds_max)
    try:
        async with limit:
            return await view.schema.execute(
                given.query,
                variable_values=given.variables,
                context_value=view.context_of(viewer, websocket, view.now()),
                root_value=root,
                operation_name=given.operation_name,
                allowed_operation_types=ONLY,
            )
    except InvalidOperationTypeError:
        raise errors.bad_input("Only subscriptions are run here; send queries and mutations over HTTP.") from None
    except TimeoutError:
        if not limit.expired():
            raise
        raise errors.took_too_long() from None


def narrowed(viewer: Viewer, customer_id: int | None) -> Viewer:
    """Let a viewer see what they may as the customers they act for, or as one of them, whatever else they may."""
    grants = tuple(one for one in viewer.grants if customer_id in (None, one.customer_id))
    return replace(viewer, grants=grants, staff=frozenset())


def _spend(view: GraphQLView, websocket: WebSocket, *, viewer: Viewer, result: ExecutionResult) -> Mapping[str, Any]:
    cost: Mapping[str, Any] = (result.extensions or {}).get("cost") or published(0)
    if view.edge.budget is None:
        return cost
    now, spender = view.now(), _spender(viewer, websocket)
    allowance = view.edge.budget.spend(spender, rows=max(cost["rows"], 1), now=now)
    if allowance.left < 0:
        words = f"At most {allowance.rows} rows a minute are read for one token; subscribe again later."
        raise errors.rate_limited(words, seconds=allowance.seconds)
    return {**cost, "budget": allowance.as_json()}


def _spender(viewer: Viewer, websocket: WebSocket) -> str:
    return spender_of(viewer, None if websocket.client is None else websocket.client.host)


def is_unseen(error: GraphQLError) -> bool:
    """Tell whether the root field itself has nothing to show, which `feeds.Unseen` says."""
    return len(error.path or ()) == 1 and (error.extensions or {}).get("code") == errors.ErrorCode.NOT_FOUND.value
