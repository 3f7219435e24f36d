"""What resolvers get of a request besides its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from mains_server.access.records import Viewer
from mains_server.adapters.host import AdapterHost
from mains_spi import Labels
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry.types.info import Info as StrawberryInfo

from mains_schema.resolve import Reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the process has for all requests: the adapters, their words, and how long a session lasts."""

    host: AdapterHost
    labels: Mapping[tuple[str, str], Labels] = field(default_factory=dict)
    session_lifetime: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One request: its reads, and the engine that operations open their own transactions on."""

    reads: Reads
    engine: AsyncEngine
    services: Services

    @property
    def viewer(self) -> Viewer:
        """Who asks."""
        return self.reads.viewer


Info = StrawberryInfo[Context, None]
