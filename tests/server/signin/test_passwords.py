"""Passwords changed and reset, and what is told of it, on the real database."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from mains_server.access.operations import create_person
from mains_server.access.records import NewPerson, Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin import operations, passwords, queries, rules, sessions, throttling
from mains_server.signin.codes import code_of, is_code, token_of
from mains_server.signin.records import Device, Lifetimes, NewSession
from sqlalchemy import text

from tests.schema.asking import counted

NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LIFETIMES = Lifetimes(access=HOUR, session=24 * HOUR)
OLD, NEW = "correct horse battery", "another long thought"
KEY = b"k" * 32


@pytest_asyncio.fixture
async def anna(engine):
    async with unit_of_work(engine) as session:
        new = NewPerson(email="anna@example.lv", name="Anna", language="en")
        person = await create_person(session, person=new, now=NOW)
        await operations.set_password(session, person_id=person.id, password=OLD, now=NOW)
    return person


def noted(calls, given):
    calls.append(given)
    return given


async def sign_in(engine, password, now=NOW):
    async with unit_of_work(engine) as session:
        return await operations.create_session(
            session, email="anna@example.lv", password=password, now=now, lifetimes=LIFETIMES
        )


async def begin(engine, anna):
    async with unit_of_work(engine) as session:
        return await sessions.begin_session(session, person=anna, device=Device(), now=NOW, lifetimes=LIFETIMES)


async def request(engine, email="anna@example.lv", now=NOW):
    async with unit_of_work(engine) as session:
        await passwords.request_reset(session, email=email, key=KEY, now=now)


async def reset(engine, token, password=NEW, now=NOW + MINUTE):
    async with unit_of_work(engine) as session:
        return await passwords.reset_password(session, token=token, password=password, now=now)


async def one(engine, statement):
    async with unit_of_work(engine) as session:
        return (await session.execute(text(statement))).all()


async def sent_token(engine):
    (row,) = await one(engine, "select row_id, nonce from signin_message where kind = 'PASSWORD_RESET' order by id")
    return token_of(key=KEY, purpose="PASSWORD_RESET", row_id=row[0], nonce=row[1])


@pytest.mark.asyncio
async def test_a_changed_password_ends_the_other_sessions_and_is_told(engine, anna):
    mine, other = await begin(engine, anna), await begin(engine, anna)
    viewer = Viewer(person_id=anna.id, session_id=mine.id)

    async with unit_of_work(engine) as session:
        await passwords.change_password(session, viewer=viewer, password=NEW, now=NOW + MINUTE)

    async with unit_of_work(engine) as session:
        assert await queries.viewer_of_token(session, token=mine.token, now=NOW + 2 * MINUTE) is not None
        assert await queries.viewer_of_token(session, token=other.token, now=NOW + 2 * MINUTE) is None
    assert isinstance(await sign_in(engine, NEW), NewSession)
    told = await one(engine, "select kind, road, address, language from signin_message")
    assert told == [("PASSWORD_CHANGED", "EMAIL", "anna@example.lv", "en")]


@pytest.mark.asyncio
async def test_a_password_is_not_changed_without_a_fresh_proof(engine, anna):
    mine = await begin(engine, anna)
    viewer = Viewer(person_id=anna.id, session_id=mine.id)

    with pytest.raises(sessions.ReauthenticationNeeded):
        async with unit_of_work(engine) as session:
            await passwords.change_password(session, viewer=viewer, password=NEW, now=NOW + 5 * MINUTE)

    assert isinstance(await sign_in(engine, OLD), NewSession)
    assert await one(engine, "select * from signin_message") == []


@pytest.mark.parametrize(
    "password",
    [
        "1234567890",
        "qwertyuiop",
        "QWERTYUIOP",
        "password123",
        "aaaaaaaaaaaa",
        "abababababab",
        "iloveyou123",
    ],
)
def test_a_common_password_is_refused(password):
    with pytest.raises(operations.PasswordTooCommon):
        operations.insist_on_strength(password, about=())


@pytest.mark.parametrize("password", ["anna@example.lv", "anna.ozolina", "Anna Ozolina 1"])
def test_ones_own_name_is_no_password(password):
    with pytest.raises(operations.PasswordTooCommon):
        operations.insist_on_strength(password, about=("anna@example.lv", "Anna Ozolina"))


@pytest.mark.parametrize("password", [OLD, NEW, "mains-demo-2022", "парольдлинный 7", "ļoti gara parole"])
def test_other_passwords_are_taken(password):
    operations.insist_on_strength(password, about=("anna@example.lv", "Anna Ozolina"))


@pytest.mark.asyncio
async def test_a_reset_gives_a_new_password_once_and_ends_every_session(engine, anna):
    made = await begin(engine, anna)
    await request(engine)
    token = await sent_token(engine)

    first = await reset(engine, f" {token.lower()}\n")
    second = await reset(engine, token, password="a third long thought")

    assert first is None
    assert second == passwords.ResetRefused()
    assert isinstance(await sign_in(engine, NEW), NewSession)
    async with unit_of_work(engine) as session:
        assert await queries.viewer_of_token(session, token=made.token, now=NOW + 2 * MINUTE) is None


@pytest.mark.asyncio
async def test_a_reset_ends_after_an_hour_and_takes_others_with_it(engine, anna):
    await request(engine)
    late = await sent_token(engine)

    assert await reset(engine, late, now=NOW + HOUR) == passwords.ResetRefused()
    assert isinstance(await sign_in(engine, OLD), NewSession)


@pytest.mark.parametrize("token", ["", "x", "\x00", "\ud800", "A" * 40, "A" * 100_000])
@pytest.mark.asyncio
async def test_a_wrong_code_changes_nothing(engine, anna, token):
    await request(engine)

    assert await reset(engine, token) == passwords.ResetRefused()
    assert isinstance(await sign_in(engine, OLD), NewSession)


@pytest.mark.asyncio
async def test_an_unknown_address_costs_the_same_work_and_is_sent_nothing(engine, anna):
    with counted(engine) as known:
        await request(engine)
    with counted(engine) as unknown:
        await request(engine, email="nobody@example.lv")

    assert known == unknown
    roads = await one(engine, "select road, address, next_try_at is null from signin_message order by id")
    assert roads == [("EMAIL", "anna@example.lv", False), ("NOBODY", None, True)]


@pytest.mark.asyncio
async def test_a_wrong_code_costs_the_same_hash_as_a_right_one(engine, anna, monkeypatch):
    hashes = []
    real = rules.hash_password
    monkeypatch.setattr(rules, "hash_password", lambda password: real(noted(hashes, password)))
    await request(engine)

    await reset(engine, "WRONG")
    wrong = len(hashes)
    await reset(engine, await sent_token(engine))

    assert (wrong, len(hashes)) == (1, 2)


@pytest.mark.asyncio
async def test_neither_code_nor_password_stands_anywhere(engine, anna, caplog):
    caplog.set_level(logging.DEBUG)
    await request(engine)
    token = await sent_token(engine)
    await reset(engine, token)

    rows = await one(engine, "select m::text from signin_message m union all select r::text from password_reset r")
    for secret in (token, NEW):
        assert secret not in f"{rows} {caplog.text}"
        assert secret.encode().hex() not in f"{rows}"


@pytest.mark.asyncio
async def test_tries_are_counted_by_what_is_tried_and_forgotten_in_time(engine):
    bound = throttling.Bound("test", 2, HOUR)

    async def tried(what, now=NOW):
        async with unit_of_work(engine) as session:
            return await throttling.claim_tries(session, tries=[(bound, what)], now=now)

    assert [await tried("a"), await tried("a"), await tried("a"), await tried("b")] == [True, True, False, True]
    assert await tried("a", now=NOW + HOUR)
    async with unit_of_work(engine) as session:
        await throttling.forget_tries(session, now=NOW + timedelta(days=3))
    assert await one(engine, "select * from counted_try") == []


def test_codes_differ_by_row_purpose_key_and_nonce():
    same = {"key": KEY, "purpose": "A", "row_id": 1, "nonce": b"n"}
    others = [{"key": b"x"}, {"purpose": "B"}, {"row_id": 2}, {"nonce": b"m"}]

    code = code_of(**same)

    assert len({code, *(code_of(**(same | other)) for other in others)}) == 5
    assert len(code) == 11
    assert is_code(f" {code.lower().replace('-', '')} ", code=code)
    assert not is_code("", code=code)
    assert not is_code("x" * 100_000, code=code)


@pytest.mark.asyncio
async def test_resets_and_failures_are_forgotten_in_time(engine, anna):
    await request(engine)
    await sign_in(engine, "wrong")
    over = NOW + HOUR + timedelta(days=30)

    left = []
    for now in (NOW + timedelta(days=2), over, over + MINUTE):
        async with unit_of_work(engine) as session:
            await passwords.forget_resets(session, now=now)
            await throttling.forget_tries(session, now=now)
            counts = "select (select count(*) from signin_attempt), (select count(*) from password_reset)"
            left.append(tuple((await session.execute(text(counts))).one()))

    assert left == [(1, 1), (0, 1), (0, 0)]
