"""All adapters as this process found them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mains_server.adapters.live import LiveAdapter
from mains_server.adapters.records import Adapter


class UnknownAdapter(Exception):
    """No active adapter serves this utility; the message says which one is meant and why it is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterHost:
    """The adapters found, active or set aside, and the live ones by the code of their utility."""

    adapters: tuple[Adapter, ...]
    live: Mapping[str, LiveAdapter]

    def adapter(self, code: str) -> LiveAdapter:
        """Give the adapter that serves a utility, or say why there is none."""
        found = self.live.get(code)
        if found is not None:
            return found
        for adapter in self.adapters:
            if code in (adapter.code, adapter.name):
                raise UnknownAdapter(f"adapter {code} is set aside: {adapter.reason}")
        raise UnknownAdapter(f"no adapter is installed for {code}")

    def codes(self) -> tuple[str, ...]:
        """Give the codes of the utilities that are served."""
        return tuple(self.live)
