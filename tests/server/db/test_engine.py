"""Every connection speaks UTC, and an error says nothing of what was asked."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

pytestmark = pytest.mark.asyncio


async def test_connections_speak_utc(engine):
    async with engine.connect() as connection:
        assert await connection.scalar(text("show timezone")) == "UTC"


async def test_an_error_keeps_values_to_itself(engine):
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as refused:
            await connection.execute(text("select cast(:secret as text) from nowhere"), {"secret": "canary-7319"})

    assert "nowhere" in str(refused.value)
    assert "canary-7319" not in str(refused.value)
