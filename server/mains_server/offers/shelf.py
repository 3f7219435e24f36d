"""A place for what was worked out last, so that who asks alike finds it ready."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any


class Shelf:
    """Keeps what was asked for last, for all threads of a process; a key names everything that the value depends on."""

    def __init__(self, *, entries_max: int) -> None:
        self._entries_max = entries_max
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> Any:
        """Give what is kept under a key, or None."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def keep(self, key: Hashable, value: Any) -> Any:
        """Keep a value, drop what was not asked for longest, and give the value."""
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._entries_max:
                self._kept.popitem(last=False)
        return value
