"""The one statement that every request begins with knows what the ORM's questions know."""

from datetime import UTC, datetime, timedelta

import pytest
from mains_server.db.engine import Lent
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.signin.queries import viewer_of_text, viewer_of_token, viewer_text_by_token
from mains_server.signin.rules import token_hash
from sqlalchemy import text

from tests.schema.town import settle

NOW = datetime(2023, 3, 20, 10, tzinfo=UTC)
TOKENS = {n: f"token-{n}" for n in range(1, 6)}
REVOKE = text("update session set revoked_at = :now where person_id = 4")
EXPIRE = text("update session set expires_at = :now where person_id = 5")
DELEGATE = text(
    "update access_grant set role = 'DELEGATE', permissions = '{VIEW,PAY}', contract_ids = '{2}', ends_at = :ends"
    " where person_id = 2"
)


@pytest.mark.asyncio
async def test_both_ways_give_the_same_viewer(engine) -> None:
    async with engine.begin() as connection:
        await settle(connection, customers=5, months=1, lines=1)
        await connection.execute(DELEGATE, {"ends": NOW + timedelta(days=1)})
    async with unit_of_work(engine) as session:
        made = text(
            "insert into session (id, person_id, token_hash, device, created_at, expires_at, ends_at, last_used_at,"
            " proved_at) values (:n, :n, :h, '', :c, :e, :e, :c, :c)"
        )
        for n, token in TOKENS.items():
            values = {"n": n, "h": token_hash(token), "c": NOW, "e": NOW + timedelta(hours=1)}
            await session.execute(made, values)
        await session.execute(REVOKE, {"now": NOW})
        await session.execute(EXPIRE, {"now": NOW})
    found = []

    for token in [*TOKENS.values(), "unknown"]:
        lent = Lent(engine)
        text_of = await viewer_text_by_token(await lent.connection(), token=token, now=NOW)
        await lent.give_back()
        by_token = None if text_of is None else viewer_of_text(text_of)
        async with read_session(engine) as session:
            assert by_token == await viewer_of_token(session, token=token, now=NOW)
        found.append(by_token is not None)

    assert found == [True, True, True, False, False, False]
