"""The asynchronous engine: asyncpg, instants in UTC, JSON by orjson."""

from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from mains_server.db.addresses import asyncpg_url


def make_engine(*, address: str, connections_max: int = 10, role: str | None = None) -> AsyncEngine:
    """Make the engine for an address; all its connections speak UTC, so that an instant reads the same on each.

    With a role, connections work under it; that of `migrate.server_role` cannot change the books. What a statement was
    asked with stays out of its error messages, and so out of logs.
    """
    as_role = {} if role is None else {"role": role}
    return create_async_engine(
        asyncpg_url(address),
        pool_size=connections_max,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
        json_serializer=_json_text,
        json_deserializer=orjson.loads,
        connect_args={"server_settings": {"timezone": "UTC", "application_name": "mains", **as_role}},
    )


def _json_text(value: Any) -> str:
    """Decimals have no JSON of their own; whoever stores one says which text it is, so orjson refuses it here."""
    return orjson.dumps(value).decode()
