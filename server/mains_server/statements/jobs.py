"""Work of the statements room for the queue: movements that a crash left unmatched are matched without being told."""

from __future__ import annotations

from mains_server.db.work import Task, Work
from mains_server.statements.matching import match_new_lines


async def match_bank_lines(work: Work) -> None:
    """Match what is new, as whoever took its statement in would have; twice, or beside it, is once."""
    await match_new_lines(work.engine, now=work.now)


TASKS: dict[str, Task] = {"match_bank_lines": match_bank_lines}
EVERY = {"match_bank_lines": "*/5 * * * *"}
