"""What a job works with, handed to it so that it asks nobody for a connection or the time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The database, as an engine and as an address for COPY, and the moment at which the job began."""

    engine: AsyncEngine
    address: str
    now: datetime


Task = Callable[..., Awaitable[Any]]
