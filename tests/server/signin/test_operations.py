"""Signing in and out on the real database."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from mains_server.access.operations import create_person
from mains_server.access.records import NewPerson, Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin import hashing, operations, queries, rules, sessions
from mains_server.signin.records import Lifetimes, NewSession, SigninRefusalCode
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LIFETIMES = Lifetimes(access=DAY, session=DAY)
PASSWORD = "correct horse battery"


@pytest_asyncio.fixture
async def anna(engine):
    async with unit_of_work(engine) as session:
        new = NewPerson(email="Anna@example.lv", name="Anna", language="lv")
        person = await create_person(session, person=new, now=NOW)
        await operations.set_password(session, person_id=person.id, password=PASSWORD, now=NOW)
    return person


async def sign_in(engine, password=PASSWORD, email="anna@example.lv", now=NOW):
    async with unit_of_work(engine) as session:
        return await operations.create_session(session, email=email, password=password, now=now, lifetimes=LIFETIMES)


async def viewer(engine, token, now=NOW):
    async with unit_of_work(engine) as session:
        return await queries.viewer_of_token(session, token=token, now=now)


async def count(engine, table):
    async with unit_of_work(engine) as session:
        return await session.scalar(text(f"select count(*) from {table}"))


async def test_the_right_password_begins_a_session(engine, anna):
    made = await sign_in(engine)

    assert made.person == anna
    assert made.expires_at == NOW + DAY
    assert len(made.token) == 43
    assert await viewer(engine, made.token) == Viewer(person_id=anna.id, session_id=made.id, language="lv")


async def test_a_token_is_stored_only_as_its_hash(engine, anna):
    made = await sign_in(engine)

    async with unit_of_work(engine) as session:
        stored = await session.scalar(text("select session::text || credential::text from session, credential"))
    assert made.token not in stored
    assert PASSWORD not in stored
    assert "$argon2id$" in stored


async def test_secrets_show_neither_in_representations_nor_in_logs(engine, anna, caplog):
    caplog.set_level(logging.DEBUG)

    made = await sign_in(engine)
    refused = await sign_in(engine, password="wrong horse battery")
    async with unit_of_work(engine) as session:
        credential = await queries.credential_by_email(session, email="anna@example.lv")

    shown = f"{made!r} {refused!r} {credential!r} {caplog.text}"
    assert made.token not in shown
    assert PASSWORD not in shown
    assert "wrong horse battery" not in shown
    assert "$argon2id$" not in shown


async def test_a_session_ends_when_it_expires(engine, anna):
    made = await sign_in(engine)

    assert await viewer(engine, made.token, now=NOW + DAY - timedelta(seconds=1)) is not None
    assert await viewer(engine, made.token, now=NOW + DAY) is None


async def test_a_revoked_session_is_worth_nothing(engine, anna):
    made, other = await sign_in(engine), await sign_in(engine)
    seen = await viewer(engine, made.token)

    async with unit_of_work(engine) as session:
        await sessions.revoke_session(session, viewer=seen, session_id=seen.session_id, now=NOW)

    assert await viewer(engine, made.token) is None
    assert await viewer(engine, other.token) is not None
    with pytest.raises(sessions.SessionUnknown):
        async with unit_of_work(engine) as session:
            await sessions.revoke_session(session, viewer=seen, session_id=seen.session_id, now=NOW)


async def test_another_persons_session_cannot_be_revoked(engine, anna):
    made = await sign_in(engine)

    with pytest.raises(sessions.SessionUnknown):
        async with unit_of_work(engine) as session:
            stranger = Viewer(person_id=anna.id + 1)
            await sessions.revoke_session(session, viewer=stranger, session_id=made.id, now=NOW)

    assert await viewer(engine, made.token) is not None


async def test_a_new_password_ends_every_session(engine, anna):
    made = await sign_in(engine)

    async with unit_of_work(engine) as session:
        await operations.set_password(session, person_id=anna.id, password="another long one", now=NOW)

    assert await viewer(engine, made.token) is None
    assert isinstance(await sign_in(engine, password="another long one"), NewSession)
    assert (await sign_in(engine)).code is SigninRefusalCode.WRONG_EMAIL_OR_PASSWORD


@pytest.mark.parametrize(
    ("password", "refusal"),
    [("x" * 9, operations.PasswordTooShort), ("x" * 1001, operations.PasswordTooLong)],
)
async def test_a_password_of_a_bad_length_is_refused_and_the_old_one_stays(engine, anna, password, refusal):
    with pytest.raises(refusal):
        async with unit_of_work(engine) as session:
            await operations.set_password(session, person_id=anna.id, password=password, now=NOW)

    assert isinstance(await sign_in(engine), NewSession)


async def test_an_unknown_address_and_a_wrong_password_look_alike(engine, anna):
    wrong = await sign_in(engine, password="wrong horse battery")
    unknown = await sign_in(engine, email="nobody@example.lv")

    assert wrong == unknown
    assert wrong.code is SigninRefusalCode.WRONG_EMAIL_OR_PASSWORD
    assert wrong.retry_at is None
    assert await count(engine, "session") == 0


@pytest.mark.parametrize("email", ["", "anna\x00@example.lv", "\ud800", "' or 1=1 --"])
async def test_an_impossible_address_is_answered_like_any_unknown_one(engine, anna, email):
    refused = await sign_in(engine, email=email)

    assert refused.code is SigninRefusalCode.WRONG_EMAIL_OR_PASSWORD


@pytest.mark.parametrize("email", ["anna@example.lv", "nobody@example.lv"])
async def test_after_ten_failures_even_the_right_password_must_wait(engine, anna, email):
    for second in range(10):
        await sign_in(engine, password="wrong", email=email, now=NOW + timedelta(seconds=second))

    closed = await sign_in(engine, email=email, now=NOW + timedelta(minutes=1))

    assert closed.code is SigninRefusalCode.TOO_MANY_ATTEMPTS
    assert closed.retry_at == NOW + timedelta(minutes=15)
    assert await count(engine, "session") == 0
    assert await count(engine, "signin_attempt") == 10


async def test_an_address_opens_again_and_a_success_forgets_the_failures(engine, anna):
    for second in range(10):
        await sign_in(engine, password="wrong", now=NOW + timedelta(seconds=second))

    made = await sign_in(engine, now=NOW + timedelta(minutes=15))

    assert isinstance(made, NewSession)
    assert await count(engine, "signin_attempt") == 0


async def test_while_one_guess_is_looked_at_another_is_sent_away(engine, anna):
    async with unit_of_work(engine) as session:
        await queries.lock_address(session, address=rules.email_hash("anna@example.lv"))
        second = await sign_in(engine)

    assert second.code is SigninRefusalCode.TOO_MANY_ATTEMPTS
    assert second.retry_at == NOW + timedelta(seconds=1)
    assert await count(engine, "session") == 0
    assert isinstance(await sign_in(engine), NewSession)


async def test_hashing_leaves_the_event_loop_free(engine, anna):
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    clock = asyncio.create_task(tick())
    await hashing.beside_the_loop(lambda: rules.hash_password("x" * 12))
    clock.cancel()

    assert ticks >= 3


async def test_too_long_a_queue_of_passwords_is_refused(engine, anna, monkeypatch):
    monkeypatch.setattr(hashing, "HASHING_WAITS_MAX", 0)

    with pytest.raises(hashing.SigninBusy) as refused:
        await sign_in(engine)

    assert refused.value.is_retryable
    assert await count(engine, "session") == 0


@pytest.mark.parametrize("token", ["", "x" * 43, "\ud800", "\x00"])
async def test_an_unknown_token_has_no_viewer(engine, anna, token):
    assert await viewer(engine, token) is None
