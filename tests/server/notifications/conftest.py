"""Customers to tell, a carrier that answers as a test wants, and what became of notices."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from mains_server.delivery.records import ReceiptOutcome
from mains_server.notifications.records import Channel, Handed
from mains_server.notifications.sealing import Seal
from mains_server.notifications.sending import Office
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.server.delegation.conftest import family  # noqa: F401

NOON = datetime(2024, 2, 10, 12, 0, tzinfo=UTC)
SEAL = Seal(b"a secret of the server, long enough")


@dataclass
class Hand:
    """Takes what it is given: `answers` in turn, then it accepts."""

    answers: list[ReceiptOutcome] = field(default_factory=list)
    taken: list[tuple[str, str, str]] = field(default_factory=list)

    async def carry(self, notice, *, subject, body, now):
        outcome = self.answers.pop(0) if self.answers else ReceiptOutcome.ACCEPTED
        if outcome is ReceiptOutcome.ACCEPTED:
            self.taken.append((notice.address, subject, body))
        return Handed(outcome=outcome, detail=outcome.name.lower())


@dataclass(frozen=True)
class Desk:
    """The room on a test's database."""

    engine: AsyncEngine
    utility: Any

    async def customer(self, number="C-1", **changed):
        """Have a customer, reached as given."""
        customer_id = await self.utility.customer(number)
        values = {"email": f"{number.lower()}@example.lv", "language": "en", **changed}
        sets = ", ".join(f"{name} = :{name}" for name in values)
        await self.utility.run(f"update customer set {sets} where id = :id", id=customer_id, **values)
        return customer_id

    def office(self, hand, *channels, now=NOON, seal=SEAL):
        """Give an office with a hand for each channel."""
        return Office(
            engine=self.engine, carriers=dict.fromkeys(channels or (Channel.EMAIL,), hand), seal=seal, now=now
        )

    async def rows(self, statement, **values):
        """Read rows."""
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement), values)]

    async def states(self):
        """Give every notice's occasion, channel and state."""
        return await self.rows("select occasion, channel, state from notice order by occasion, number")


@pytest.fixture
def desk(engine, utility):
    """Give the room."""
    return Desk(engine, utility)
