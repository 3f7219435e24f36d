"""Sessions that are refreshed, stolen, listed and ended, on the real database."""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from mains_server.access.operations import create_person
from mains_server.access.records import NewPerson, Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin import queries, sessions
from mains_server.signin.records import Device, Lifetimes, NewSession, RefreshRefusalCode, SessionMode
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LIFETIMES = Lifetimes(access=60 * MINUTE, session=30 * DAY)


@pytest_asyncio.fixture
async def anna(engine):
    async with unit_of_work(engine) as session:
        new = NewPerson(email="anna@example.lv", name="Anna", language="lv")
        return await create_person(session, person=new, now=NOW)


@pytest.fixture
def begin(engine, anna):
    async def begun(mode=SessionMode.BEARER, name="Phone", now=NOW):
        async with unit_of_work(engine) as session:
            device = Device(name=name, mode=mode)
            return await sessions.begin_session(session, person=anna, device=device, now=now, lifetimes=LIFETIMES)

    return begun


@pytest.fixture
def refresh(engine):
    async def refreshed(token, now=NOW + MINUTE):
        async with unit_of_work(engine) as session:
            return await sessions.refresh_session(session, refresh_token=token, now=now, lifetimes=LIFETIMES)

    return refreshed


@pytest.fixture
def is_good(engine):
    async def good(made, now=NOW + MINUTE):
        async with unit_of_work(engine) as session:
            return await queries.viewer_of_token(session, token=made.token, now=now) is not None

    return good


async def test_a_token_lives_an_hour_and_its_session_a_month(begin, is_good):
    made = await begin()

    assert (made.expires_at, made.ends_at) == (NOW + 60 * MINUTE, NOW + 30 * DAY)
    assert await is_good(made, now=NOW + 59 * MINUTE)
    assert not await is_good(made, now=NOW + 60 * MINUTE)


async def test_a_refresh_replaces_both_tokens(begin, refresh, is_good):
    first = await begin()

    second = await refresh(first.refresh_token, now=NOW + 90 * MINUTE)

    assert isinstance(second, NewSession)
    assert second.id == first.id
    assert len({first.token, first.refresh_token, second.token, second.refresh_token}) == 4
    assert second.expires_at == NOW + 150 * MINUTE
    assert second.ends_at == NOW + 90 * MINUTE + 30 * DAY
    assert await is_good(second, now=NOW + 100 * MINUTE)
    assert not await is_good(first)


async def test_a_refresh_token_that_comes_again_ends_the_whole_session(begin, refresh, is_good):
    first = await begin()
    thiefs = await refresh(first.refresh_token)

    again = await refresh(first.refresh_token, now=NOW + 2 * MINUTE)

    assert again.code is RefreshRefusalCode.REFRESH_TOKEN_REUSED
    assert not await is_good(thiefs, now=NOW + 2 * MINUTE)
    assert (await refresh(thiefs.refresh_token)).code is RefreshRefusalCode.REFRESH_TOKEN_WRONG


async def test_of_two_tabs_the_later_gets_nothing_and_the_session_lives_on(begin, refresh, is_good):
    first = await begin(mode=SessionMode.COOKIE)
    faster = await refresh(first.refresh_token, now=NOW)

    later = await refresh(first.refresh_token, now=NOW + timedelta(seconds=10))

    assert later.code is RefreshRefusalCode.REFRESH_RACED
    assert later.is_retryable
    assert await is_good(faster)


async def test_a_cookie_that_comes_back_later_ends_the_session_too(begin, refresh, is_good):
    first = await begin(mode=SessionMode.COOKIE)
    thiefs = await refresh(first.refresh_token, now=NOW)

    later = await refresh(first.refresh_token, now=NOW + timedelta(seconds=11))

    assert later.code is RefreshRefusalCode.REFRESH_TOKEN_REUSED
    assert not await is_good(thiefs)


async def test_a_session_that_was_not_used_for_a_month_has_ended(begin, refresh):
    made = await begin()

    assert (await refresh(made.refresh_token, now=NOW + 30 * DAY)).code is RefreshRefusalCode.REFRESH_TOKEN_WRONG


async def test_no_session_lives_longer_than_half_a_year(begin, refresh):
    made = await begin()
    last, now = made.ends_at, NOW
    while isinstance(made, NewSession):
        last, now = made.ends_at, now + 29 * DAY
        made = await refresh(made.refresh_token, now=now)

    assert last == NOW + 180 * DAY


@pytest.mark.parametrize("token", ["", "x" * 43, "\ud800", "\x00", "a" * 10_000])
async def test_an_unknown_refresh_token_gets_nothing(begin, refresh, is_good, token):
    made = await begin()

    assert (await refresh(token)).code is RefreshRefusalCode.REFRESH_TOKEN_WRONG
    assert await is_good(made)


async def test_an_access_token_refreshes_nothing(begin, refresh):
    made = await begin()

    assert (await refresh(made.token)).code is RefreshRefusalCode.REFRESH_TOKEN_WRONG


async def test_signing_out_everywhere_spares_nobody_but_who_is_to_be_spared(engine, anna, begin, is_good):
    one, two, three = await begin(), await begin(), await begin()

    async with unit_of_work(engine) as session:
        but_one = await sessions.revoke_all_sessions(session, person_id=anna.id, now=NOW, but=one.id)

    assert (but_one, await is_good(one), await is_good(two), await is_good(three)) == (2, True, False, False)
    async with unit_of_work(engine) as session:
        assert await sessions.revoke_all_sessions(session, person_id=anna.id, now=NOW) == 1
    assert not await is_good(one)


@pytest.mark.parametrize(
    ("name", "kept"),
    [("", ""), ("  My\tphone\n", "My phone"), ("x\x00y\u202ez", "x y z"), ("ā" * 300, "ā" * 200), ("\ud800", "")],
)
async def test_a_device_is_called_what_can_be_shown(engine, begin, name, kept):
    made = await begin(name=name)

    async with unit_of_work(engine) as session:
        assert await session.scalar(text(f"select device from session where id = {made.id}")) == kept


async def test_a_proof_lasts_five_minutes(engine, anna, begin):
    made = await begin()
    viewer = Viewer(person_id=anna.id, session_id=made.id)

    async with unit_of_work(engine) as session:
        await sessions.require_proof(session, viewer=viewer, now=NOW + 5 * MINUTE - timedelta(seconds=1))
        with pytest.raises(sessions.ReauthenticationNeeded):
            await sessions.require_proof(session, viewer=viewer, now=NOW + 5 * MINUTE)
        await sessions.note_proof(session, session_id=made.id, now=NOW + 6 * MINUTE)
        await sessions.require_proof(session, viewer=viewer, now=NOW + 7 * MINUTE)
        with pytest.raises(sessions.ReauthenticationNeeded):
            await sessions.require_proof(session, viewer=Viewer(person_id=anna.id), now=NOW)


async def test_what_ended_a_month_ago_is_forgotten(engine, begin, refresh):
    ended, live = await begin(), await begin()
    await refresh(live.refresh_token, now=NOW + 20 * DAY)

    async with unit_of_work(engine) as session:
        await sessions.forget_sessions(session, now=NOW + 61 * DAY)
        rows = await session.execute(text("select id, (select count(*) from refresh_token) from session"))

    assert rows.all() == [(live.id, 2)]
    assert ended.id != live.id


async def test_refresh_tokens_show_nowhere_and_are_stored_as_hashes(engine, begin, refresh):
    made = await begin()
    again = await refresh(made.refresh_token)

    async with unit_of_work(engine) as session:
        stored = await session.scalar(text("select string_agg(t::text, ' ') from refresh_token t"))
    for token in (made.refresh_token, again.refresh_token):
        assert token not in f"{made!r} {again!r} {stored}"
        assert token.encode().hex() not in stored
