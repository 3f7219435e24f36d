"""How the sandbox tells what became of messages: signed, again until it is heard, as badly as it is asked to."""

from __future__ import annotations

import heapq
import http.client
import json
import secrets
import time
from datetime import UTC, datetime
from threading import Condition, Thread
from urllib.parse import urlsplit

from mains_sms_sandbox.signing import HEADER, signature

WAITS = (1, 1, 2, 4, 8, 15, 30, 60, 60, 60)
TIMEOUT_SECONDS = 10


class Reporter:
    """Sends delivery reports when they are due, each again until it is answered with 2xx."""

    def __init__(self, *, webhook: str, key: str) -> None:
        self.webhook, self.key = webhook, key
        self._due: list[tuple[float, int, int, bytes]] = []
        self._changed = Condition()
        self._is_over = False
        self._turn = 0
        Thread(target=self._work, name="sms-sandbox-reports", daemon=True).start()

    def tell(self, told: dict[str, str], *, delay: float, copies: int) -> None:
        """Tell of a message after so many seconds, so many times."""
        report = {"id": f"dlr_{secrets.token_hex(8)}", "occurredAt": datetime.now(UTC).isoformat(), **told}
        body = json.dumps(report).encode()
        for _ in range(copies):
            self._put(time.monotonic() + delay, 0, body)

    def stop(self) -> None:
        """Send no more."""
        with self._changed:
            self._is_over = True
            self._changed.notify()

    def _put(self, due: float, tries: int, body: bytes) -> None:
        with self._changed:
            self._turn += 1
            heapq.heappush(self._due, (due, self._turn, tries, body))
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                if self._is_over:
                    return
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                _, _, tries, body = heapq.heappop(self._due)
            if not self._is_heard(body) and tries < len(WAITS):
                self._put(time.monotonic() + WAITS[tries], tries + 1, body)

    def _is_heard(self, body: bytes) -> bool:
        parts = urlsplit(self.webhook)
        signed = signature(key=self.key, body=body, timestamp=int(time.time()))
        headers = {"Content-Type": "application/json", HEADER: signed}
        connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", parts.path, body=body, headers=headers)
            return connection.getresponse().status // 100 == 2
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
