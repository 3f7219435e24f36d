"""Acts by the command line about rights and money: each is on the audit trail, in the transaction that does it."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.audit.operations import append, count_as_act, subjects_noted
from mains_server.audit.records import NewEntry
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import before_commit, unit_of_work


@contextmanager
def on_the_trail(*, act: str, now: datetime, words: str | None = None) -> Iterator[None]:
    """Write an act of whoever sits at the server down in each transaction that this block commits.

    What it is about is noted by `note_subject`. No person of ours is known to have done it, so the entry names the
    account of the operating system.
    """

    async def write(session: AsyncSession) -> None:
        entry = NewEntry(
            act=f"mains {act}",
            person_id=None,
            session_id=None,
            roles=(),
            subjects=subjects_noted(session),
            reason=": ".join(part for part in (_account(), words) if part),
            address_hash=None,
            at=now,
        )
        await append(session, entry=entry, owners={"Customer": "customer.id"})

    with before_commit(write):
        yield


@asynccontextmanager
async def acting(
    engine: AsyncEngine, *, act: str, now: datetime, words: str | None = None
) -> AsyncIterator[AsyncSession]:
    """Open one transaction for an act that is written down in it."""
    with on_the_trail(act=act, now=now, words=words):
        async with unit_of_work(engine) as session:
            yield session


def note_run(address: str, *, act: str, now: datetime, words: str | None = None) -> None:
    """Write down that a run begins, in a transaction of its own: a run commits many, and is one act.

    So it is on the trail also where it dies half way, or finds that there is nothing to do.
    """
    asyncio.run(_note_run(address, act=act, now=now, words=words))


async def _note_run(address: str, *, act: str, now: datetime, words: str | None) -> None:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with acting(engine, act=act, now=now, words=words) as session:
            await count_as_act(session)
    finally:
        await engine.dispose()


def _account() -> str:
    try:
        return f"system account {getpass.getuser()}"
    except (KeyError, OSError):
        return f"system account {os.getuid()}"
