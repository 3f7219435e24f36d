"""Transactions: one per request, task or booking. Nothing else in the house commits."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

Write = Callable[[AsyncSession], Awaitable[None]]
_last: ContextVar[Write | None] = ContextVar("last", default=None)


@contextmanager
def before_commit(write: Write) -> Iterator[None]:
    """Write something more into each unit of work that ends well inside this block: both happen, or neither."""
    token = _last.set(write)
    try:
        yield
    finally:
        _last.reset(token)


@asynccontextmanager
async def unit_of_work(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """Open one transaction: everything done in it happens when the block ends well, and nothing if it raises."""
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        yield session
        if (write := _last.get()) is not None:
            await session.flush()
            await write(session)


@asynccontextmanager
async def read_session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """Open a session that sees one moment of the database and refuses to write."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        async with AsyncSession(connection, expire_on_commit=False) as session:
            yield session
