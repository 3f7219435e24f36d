"""One WebSocket: begun with a token, at most ten subscriptions, each event re-authorised before it is sent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from graphql import GraphQLError
from mains_server.access.records import Permission, Viewer
from mains_server.db.outbox import Committed
from mains_server.machines.rules import is_machine_token
from starlette.websockets import WebSocket, WebSocketDisconnect

from mains_schema.declaring import errors
from mains_schema.http.asked import TOKEN_LENGTH_MAX, Refused
from mains_schema.http.view import GraphQLView
from mains_schema.live.feeds import RIGHTS
from mains_schema.live.hub import Hub
from mains_schema.live.messages import ACK, PONG, PROTOCOL, Close, Closing, Message, error_text, message_of, next_text
from mains_schema.live.running import Running, begun, result_of

SUBSCRIPTIONS_MAX = 10
EVENTS_WAITING_MAX = 1_000
EVENTS_REMEMBERED_MAX = 200
REMEMBERED_FOR = timedelta(seconds=60)


class LiveSocket:
    """The state of one connection; `serve` is its whole life.

    One task obeys the client, another tells it what happened. Whichever of them cannot go on ends both.
    """

    begin_seconds_max = 10
    send_seconds_max = 10
    recheck_seconds = 15

    def __init__(self, websocket: WebSocket, *, view: GraphQLView, hub: Hub) -> None:
        self._websocket = websocket
        self._view = view
        self._hub = hub
        self._token = ""
        self._viewer: Viewer | None = None
        self._running: dict[str, Running] = {}
        self._waiting: deque[tuple[Committed, str | None]] = deque()
        self._recent: deque[tuple[datetime, Committed]] = deque(maxlen=EVENTS_REMEMBERED_MAX)
        self._is_too_slow = False
        self._wake = asyncio.Event()
        self._was_greeted = asyncio.Event()
        self._has_begun = asyncio.Event()
        self._sending = asyncio.Lock()

    async def serve(self) -> None:
        """Accept the connection and keep it until one side ends it."""
        if PROTOCOL not in self._websocket.scope.get("subprotocols", ()):
            await self._websocket.accept()
            await self._websocket.close(Close.NO_PROTOCOL, f"Speak {PROTOCOL}.")
            return
        await self._websocket.accept(PROTOCOL)
        client = self._websocket.client
        try:
            with self._hub.place("" if client is None else client.host):
                await _first_of(self._obey(), self._tell())
        except Closing as closing:
            await self._close(closing)
        except WebSocketDisconnect:
            pass
        finally:
            self._hub.forget(self)

    def offer(self, event: Committed) -> None:
        """Take an event that may concern this socket, to look at it when its turn comes."""
        self._recent.append((self._view.now(), event))
        if event.kind in RIGHTS or any(event.kind in one.feed.finds for one in self._running.values()):
            self._put(event, None)

    def _put(self, event: Committed, only: str | None) -> None:
        if len(self._waiting) >= EVENTS_WAITING_MAX:
            self._is_too_slow = True
        else:
            self._waiting.append((event, only))
        self._wake.set()

    async def _obey(self) -> None:
        while True:
            received = await self._websocket.receive()
            if received["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(received.get("code", 1000))
            message = message_of(received)
            match message.type:
                case "connection_init":
                    await self._begin(message)
                case "ping":
                    await self._send(PONG)
                case "subscribe":
                    await self._subscribe(message)
                case "complete":
                    self._running.pop(message.id, None)

    async def _begin(self, message: Message) -> None:
        """Find out who it is, by the token of the message or else by the cookie of a front end of ours."""
        if self._was_greeted.is_set():
            raise Closing(Close.BEGUN_TWICE, "There was a connection_init already.")
        self._was_greeted.set()
        self._token = self._token_of(message)
        await self._hub.begun()
        await self._look_who()
        self._has_begun.set()
        await self._send(ACK)

    def _token_of(self, message: Message) -> str:
        given = message.payload.get("authorization", message.payload.get("Authorization"))
        if given is not None:
            scheme, _, token = given.partition(" ") if isinstance(given, str) else ("", "", "")
            if scheme.lower() != "bearer" or not 0 < len(token) <= TOKEN_LENGTH_MAX:
                raise Closing(Close.FORBIDDEN, "`authorization` must be `Bearer` and a token.")
            if is_machine_token(token):
                raise Closing(Close.FORBIDDEN, "The token of software asks; it does not listen.")
            return token
        caller = self._view.caller(self._websocket)
        if caller.session_token is None:
            raise Closing(Close.FORBIDDEN, "Sign in first: send `authorization` in the payload of connection_init.")
        if not caller.is_ours:
            raise Closing(Close.FORBIDDEN, "A session in a cookie may be used by its own front end only.")
        return caller.session_token

    async def _look_who(self) -> Viewer:
        """Find out anew who it is and what they may see now; an employee looks as the customers they act for."""
        now = self._view.now()
        viewer = await self._view.viewer_by(self._token, now)
        if viewer is None or viewer.person_id is None:
            raise Closing(Close.FORBIDDEN, "This session token is unknown, expired or revoked. Refresh it or sign in.")
        if self._viewer is None or viewer.grants != self._viewer.grants:
            self._hub.follow(self, person_id=viewer.person_id, customers=_customers(viewer))
        self._viewer = viewer
        return viewer

    async def _subscribe(self, message: Message) -> None:
        if not self._has_begun.is_set():
            raise Closing(Close.NOT_BEGUN, "Send connection_init first, and wait for connection_ack.")
        if message.id in self._running:
            raise Closing(Close.ID_TWICE, f"There is a subscription {message.id} already.")
        try:
            if len(self._running) >= SUBSCRIPTIONS_MAX:
                raise errors.too_complex(f"At most {SUBSCRIPTIONS_MAX} subscriptions run on one connection.")
            viewer = await self._look_who()
            running = await begun(self._view, self._websocket, message=message, viewer=viewer)
            self._insist_on_rights(running, viewer)
        except Refused as refused:
            await self._send(error_text(message.id, [refused.error]))
        except GraphQLError as error:
            await self._send(error_text(message.id, errors.typed([error])))
        else:
            self._running[message.id] = running
            self._remind(running)

    def _remind(self, running: Running) -> None:
        """Tell a new subscription also what just happened, so that who reads once connected misses nothing."""
        since = self._view.now() - REMEMBERED_FOR
        for at, event in self._recent:
            if at >= since:
                self._put(event, running.id)

    def _insist_on_rights(self, running: Running, viewer: Viewer) -> None:
        customers = _customers(viewer)
        if running.feed.is_personal and running.customer_id is None:
            return
        if not customers or running.customer_id not in (None, *customers):
            raise errors.forbidden("There is no such customer whom you may look at.")

    async def _tell(self) -> None:
        """Tell what happened, in its order, as long as there is somebody who may know it."""
        try:
            async with asyncio.timeout(self.begin_seconds_max):
                await self._was_greeted.wait()
        except TimeoutError:
            raise Closing(Close.TOO_LONG_TO_BEGIN, "There was no connection_init in time.") from None
        await self._has_begun.wait()
        while True:
            await self._wait()
            if self._is_too_slow:
                raise Closing(Close.COME_BACK_LATER, "You are too slow for what happens; connect anew and read it.")
            events = list(self._waiting)
            self._waiting.clear()
            async with self._hub.turns:
                viewer = await self._look_who()
                texts = await self._texts(viewer, events)
            for text in texts:
                await self._send(text)

    async def _wait(self) -> None:
        """Wait for events; now and then look without one whether the session still holds."""
        try:
            async with asyncio.timeout(self.recheck_seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _texts(self, viewer: Viewer, events: Sequence[tuple[Committed, str | None]]) -> list[str]:
        texts = []
        for running in list(self._running.values()):
            try:
                self._insist_on_rights(running, viewer)
                mine = [event for event, only in events if only in (None, running.id)]
                for number in running.numbers(mine):
                    result = await result_of(self._view, self._websocket, running=running, viewer=viewer, number=number)
                    if result is not None and self._running.get(running.id) is running:
                        texts.append(next_text(running.id, result))
            except GraphQLError as error:
                if self._running.get(running.id) is running:
                    del self._running[running.id]
                    texts.append(error_text(running.id, errors.typed([error])))
        return texts

    async def _send(self, text: str) -> None:
        """Send one message; who takes nothing in for a while is cut."""
        try:
            async with asyncio.timeout(self.send_seconds_max), self._sending:
                await self._websocket.send_text(text)
        except TimeoutError:
            raise Closing(Close.COME_BACK_LATER, "You take nothing in.") from None
        except (RuntimeError, OSError):
            raise WebSocketDisconnect(1006) from None

    async def _close(self, closing: Closing) -> None:
        try:
            async with asyncio.timeout(self.send_seconds_max):
                await self._websocket.close(closing.code, closing.words)
        except (RuntimeError, OSError, WebSocketDisconnect):
            return


def endpoint_of(view: GraphQLView, hub: Hub) -> Callable[[WebSocket], Awaitable[None]]:
    """Give the endpoint that keeps WebSockets of `/graphql`."""

    async def keep(websocket: WebSocket) -> None:
        await LiveSocket(websocket, view=view, hub=hub).serve()

    return keep


def _customers(viewer: Viewer) -> frozenset[int]:
    return frozenset(grant.customer_id for grant in viewer.grants if Permission.VIEW in grant.permissions)


async def _first_of(*parts: Awaitable[None]) -> None:
    """Run parts until one ends, and end the others with it.

    Parts wait by `asyncio.timeout`: in Python 3.11 `wait_for` loses a cancellation that meets what it waits for.
    """
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(part) for part in parts]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
