"""A repeated request gets the answer it got before."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from mains_server.db.idempotency import KeyReused, body_hash, claim_key, forget_answers, keep_answer
from mains_server.db.unit_of_work import unit_of_work
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)


@pytest_asyncio.fixture
async def persons(engine):
    async with unit_of_work(engine) as session:
        for name in ("anna", "juris"):
            await session.execute(
                text("insert into person (email, name, language, created_at) values (:name, :name, 'lv', now())"),
                {"name": name},
            )
        return list(await session.scalars(text("select id from person order by id")))


async def ask(engine, person_id, value="1", *, answer="done", now=NOW, key="k", operation="pay", pause=0):
    async with unit_of_work(engine) as session:
        words = {"person_id": person_id, "operation": operation, "key": key}
        before = await claim_key(session, **words, body={"value": value}, now=now)
        if before is not None:
            return before["text"]
        await asyncio.sleep(pause)
        if answer == "fail":
            raise ZeroDivisionError
        await keep_answer(session, **words, answer={"text": answer})
        return answer


async def test_the_same_request_gets_the_same_answer(engine, persons):
    assert await ask(engine, persons[0], answer="first") == "first"
    assert await ask(engine, persons[0], answer="second") == "first"


async def test_the_same_key_for_another_request_is_refused(engine, persons):
    await ask(engine, persons[0], "1")

    with pytest.raises(KeyReused, match="choose a new one"):
        await ask(engine, persons[0], "2")

    assert await ask(engine, persons[0], "1", answer="second") == "done"


async def test_a_key_is_the_persons_and_the_operations_own(engine, persons):
    await ask(engine, persons[0], answer="first")

    assert await ask(engine, persons[1], answer="other person") == "other person"
    assert await ask(engine, persons[0], answer="other operation", operation="read") == "other operation"


async def test_a_failed_request_leaves_its_key_free(engine, persons):
    with pytest.raises(ZeroDivisionError):
        await ask(engine, persons[0], "1", answer="fail")

    assert await ask(engine, persons[0], "2") == "done"


async def test_an_answer_is_kept_for_thirty_days(engine, persons):
    await ask(engine, persons[0], "1", answer="old")

    almost = NOW + timedelta(days=30) - timedelta(seconds=1)
    assert await ask(engine, persons[0], "1", answer="new", now=almost) == "old"
    assert await ask(engine, persons[0], "2", answer="new", now=NOW + timedelta(days=30)) == "new"


async def test_of_two_at_once_one_works_and_both_get_its_answer(engine, persons):
    answers = await asyncio.gather(
        ask(engine, persons[0], answer="a", pause=0.2), ask(engine, persons[0], answer="b", pause=0.2)
    )

    assert len(set(answers)) == 1


async def test_the_order_of_a_body_does_not_matter():
    assert body_hash({"a": "1", "b": None}) == body_hash({"b": None, "a": "1"})
    assert body_hash({"a": "1"}) != body_hash({"a": 1})


async def test_answers_are_forgotten_when_their_keys_are_free_again(engine, persons):
    for number in range(3):
        await ask(engine, persons[0], key=f"k{number}", now=NOW + timedelta(days=number))

    counts = []
    for _ in range(3):
        async with unit_of_work(engine) as session:
            counts.append(await forget_answers(session, now=NOW + timedelta(days=31), most=1))

    assert counts == [1, 1, 0]
    assert await ask(engine, persons[0], answer="other", key="k2", now=NOW + timedelta(days=31)) == "done"
