"""The asynchronous engine: asyncpg, instants in UTC, JSON by orjson."""

import time
from typing import Any

import orjson
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import greenlet_spawn

from mains_server.db.addresses import asyncpg_url
from mains_server.db.pool import FRESH_SECONDS, KeepingPool

# Statements differ by parameters alone, so each is planned once a connection: planning a portal page takes longer than
# reading it. Compiling a plan to machine code takes longer still.
PLANS = {"plan_cache_mode": "force_generic_plan", "jit": "off"}


def make_engine(
    *, address: str, connections_max: int = 10, role: str | None = None, statement_seconds_max: int | None = None
) -> AsyncEngine:
    """Make the engine for an address; all its connections speak UTC, so that an instant reads the same on each.

    With a role, connections work under it; that of `migrate.server_role` cannot change the books. What a statement was
    asked with stays out of its error messages, and so out of logs. PostgreSQL gives up a statement after
    `statement_seconds_max`.
    """
    as_role = {} if role is None else {"role": role}
    limit = {} if statement_seconds_max is None else {"statement_timeout": f"{statement_seconds_max}s"}
    engine = create_async_engine(
        asyncpg_url(address),
        poolclass=KeepingPool,
        pool_size=connections_max,
        max_overflow=0,
        hide_parameters=True,
        json_serializer=_json_text,
        json_deserializer=orjson.loads,
        connect_args={"server_settings": {"timezone": "UTC", "application_name": "mains", **PLANS, **as_role, **limit}},
    )
    event.listen(engine.sync_engine, "checkin", _note_use)
    event.listen(engine.sync_engine, "checkout", _insist_on_life)
    return engine


class Lent:
    """A connection that is taken from the pool when it is first needed, and given back once.

    It is outside any transaction: each statement stands alone, and none may leave a setting behind.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._fairy: Any = None

    async def connection(self) -> Any:
        """Give asyncpg's connection."""
        if self._fairy is None:
            self._fairy = self._pool.take_kept() or await greenlet_spawn(self._engine.sync_engine.raw_connection)
        return self._fairy.driver_connection

    async def give_back(self) -> None:
        """Put the connection back into the pool, if it was taken."""
        fairy, self._fairy = self._fairy, None
        if fairy is not None and not self._pool.keep(fairy):
            await greenlet_spawn(fairy.close)

    @property
    def _pool(self) -> KeepingPool:
        pool = self._engine.sync_engine.pool
        assert isinstance(pool, KeepingPool)
        return pool


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _insist_on_life(connection: Any, record: Any, _proxy: Any) -> None:
    """Ask a connection that lay idle whether it still stands; the pool makes another if it does not."""
    if time.monotonic() - record.info.get("used", 0.0) < FRESH_SECONDS:
        return
    try:
        connection.ping()
    except Exception as error:
        raise DisconnectionError from error


def _json_text(value: Any) -> str:
    """Decimals have no JSON of their own; whoever stores one says which text it is, so orjson refuses it here."""
    return orjson.dumps(value).decode()
