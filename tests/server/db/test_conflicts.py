"""What the database breaks off for another's sake is done again, so often; nothing else is."""

import pytest
from asyncpg.exceptions import DeadlockDetectedError, UniqueViolationError
from mains_server.db.conflicts import do_again
from sqlalchemy.exc import DBAPIError

pytestmark = pytest.mark.asyncio


class Deadlock(Exception):
    sqlstate = "40P01"


def failing(*errors):
    left = list(errors)
    calls = []

    async def work():
        calls.append(1)
        if left:
            raise left.pop(0)
        return "done"

    return work, calls


@pytest.mark.parametrize("error", [DeadlockDetectedError("deadlock"), DBAPIError("select", {}, Deadlock("deadlock"))])
async def test_a_deadlock_is_done_again(error):
    work, calls = failing(error, error)

    assert await do_again(work) == "done"
    assert len(calls) == 3


async def test_so_often_and_not_for_ever():
    work, calls = failing(*[DeadlockDetectedError("deadlock")] * 9)

    with pytest.raises(DeadlockDetectedError):
        await do_again(work, tries_max=3)
    assert len(calls) == 3


async def test_anything_else_is_not_done_again():
    work, calls = failing(UniqueViolationError("there already"))

    with pytest.raises(UniqueViolationError):
        await do_again(work)
    assert len(calls) == 1
