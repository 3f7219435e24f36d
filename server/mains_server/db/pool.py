"""SQLAlchemy's pool, out of which connections may stay with short reads from one to the next.

Taking a connection out of the pool and putting it back costs more than a small read does.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import AsyncAdaptedQueuePool

FRESH_SECONDS = 1.0


class KeepingPool(AsyncAdaptedQueuePool):
    """A pool that knows what is kept beside it, and takes it back before anybody has to wait for a connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept: list[tuple[float, Any]] = []

    @property
    def kept(self) -> int:
        """How many connections wait for the next read."""
        return len(self._kept)

    def take_kept(self) -> Any | None:
        """Give the connection that was used last, unless it lay idle for so long that it must be asked if it lives."""
        if not self._kept:
            return None
        used, fairy = self._kept.pop()
        if time.monotonic() - used < FRESH_SECONDS:
            return fairy
        self._kept.append((used, fairy))
        self._take_all_back()
        return None

    def keep(self, fairy: Any) -> bool:
        """Keep a connection for the next read, if it works and the pool has another for whoever comes."""
        driver = fairy.driver_connection
        if self.checkedout() >= self.size() or driver.is_closed() or driver.is_in_transaction():
            return False
        self._kept.append((time.monotonic(), fairy))
        return True

    def dispose(self) -> None:
        """Close what is kept, too."""
        self._take_all_back()
        super().dispose()

    def _do_get(self) -> Any:
        if self._kept and self._pool.empty():
            self._take_back()
        return super()._do_get()

    def _take_all_back(self) -> None:
        while self._kept:
            self._take_back()

    def _take_back(self) -> None:
        """Put the connection that was idle longest into the pool, with the time it was used last."""
        used, fairy = self._kept.pop(0)
        noted = fairy.info
        fairy.close()
        noted["used"] = used
