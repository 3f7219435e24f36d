"""How the sandbox tells a shop what happened: signed, again until it is heard, and as badly as it is asked to."""

from __future__ import annotations

import http.client
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, PriorityQueue
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

from mains_payment_sandbox.signing import signature

WAITS = (0.5, 1, 2, 4, 8, 15, 30, 60, 60, 60)
TIMEOUT_SECONDS = 10


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """How the provider behaves: `down` answers no call, `silent` tells nothing, `copies` and `delay` are of events."""

    down: bool = False
    silent: bool = False
    copies: int = 1
    delay: float = 0


@dataclass(frozen=True, slots=True, order=True)
class _Letter:
    due: float
    turn: int
    tries: int
    provider: str
    body: bytes


class Messenger:
    """Sends webhooks in the order in which they are due, each again until it is answered with 2xx."""

    def __init__(self, *, webhooks: str, key: str) -> None:
        self.webhooks, self.key = webhooks.rstrip("/"), key
        self.behaviour = Behaviour()
        self._letters: PriorityQueue[_Letter] = PriorityQueue()
        self._is_over = Event()
        self._turn = 0
        Thread(target=self._work, name="sandbox-webhooks", daemon=True).start()

    def tell(self, events: Sequence[tuple[str, dict[str, Any]]], *, provider: str, **how: Any) -> None:
        """Tell of events, each a type and what it is about; `copies`, `delay` and `is_shuffled` say how."""
        if self.behaviour.silent or how.get("is_silent"):
            return
        ordered = list(reversed(events)) if how.get("is_shuffled") else list(events)
        due = time.monotonic() + float(how.get("delay") or self.behaviour.delay)
        for kind, told in ordered:
            body = _body(kind, told)
            for _ in range(int(how.get("copies") or self.behaviour.copies)):
                self._put(due, 0, provider, body)

    def stop(self) -> None:
        """Send no more."""
        self._is_over.set()

    def _put(self, due: float, tries: int, provider: str, body: bytes) -> None:
        self._turn += 1
        self._letters.put(_Letter(due, self._turn, tries, provider, body))

    def _work(self) -> None:
        while not self._is_over.is_set():
            try:
                letter = self._letters.get(timeout=0.2)
            except Empty:
                continue
            wait = letter.due - time.monotonic()
            if wait > 0:
                self._letters.put(letter)
                self._is_over.wait(min(wait, 0.05))
            elif not self._is_heard(letter) and letter.tries < len(WAITS):
                due = time.monotonic() + WAITS[letter.tries]
                self._put(due, letter.tries + 1, letter.provider, letter.body)

    def _is_heard(self, letter: _Letter) -> bool:
        parts = urlsplit(f"{self.webhooks}/{letter.provider}")
        signed = signature(key=self.key, body=letter.body, timestamp=int(time.time()))
        headers = {"Content-Type": "application/json", "Sandbox-Signature": signed}
        connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", parts.path, body=letter.body, headers=headers)
            return connection.getresponse().status // 100 == 2
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _body(kind: str, told: dict[str, Any]) -> bytes:
    about = "refund" if "refundReference" in told else "payment"
    event = {
        "id": f"evt_{secrets.token_hex(8)}",
        "type": kind,
        "occurredAt": datetime.now(UTC).isoformat(),
        about: told,
    }
    return json.dumps(event).encode()
