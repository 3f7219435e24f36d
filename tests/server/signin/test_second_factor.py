"""The second factor on the real database: set up, asked for, used once, counted, turned off."""

import asyncio
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import pytest_asyncio
from mains_server.access.operations import create_person
from mains_server.access.records import NewPerson, Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.sealing import Seal
from mains_server.signin import operations, passwords, queries, second_factor, sessions
from mains_server.signin.records import (
    Device,
    FactorNeeded,
    Lifetimes,
    NewSession,
    SessionMode,
    SigninRefusalCode,
    SigninRefused,
)
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LIFETIMES = Lifetimes(access=HOUR, session=24 * HOUR)
PASSWORD = "correct horse battery"
SEAL = Seal(b"k" * 32)
WRONG = "000 000"


class Anna:
    """Somebody with an app, on a server whose clock tests move."""

    def __init__(self, engine, person):
        self.engine, self.person, self.now = engine, person, NOW
        self.viewer = None
        self.secret = ""

    async def do(self, change, **given):
        async with unit_of_work(self.engine) as session:
            return await change(session, now=self.now, **given)

    async def begin(self):
        device = Device(name="Phone", mode=SessionMode.BEARER)
        made = await self.do(sessions.begin_session, person=self.person, device=device, lifetimes=LIFETIMES)
        self.viewer = Viewer(person_id=self.person.id, session_id=made.id)
        return made

    async def enrol(self):
        made = await self.do(second_factor.begin_enrolment, viewer=self.viewer, seal=SEAL)
        self.secret = made.secret
        return made

    async def confirm(self, code):
        return await self.do(second_factor.confirm_enrolment, viewer=self.viewer, code=code, seal=SEAL)

    async def sign_in(self, password=PASSWORD):
        email = self.person.email
        return await self.do(operations.create_session, email=email, password=password, lifetimes=LIFETIMES)

    async def answer(self, challenge, code, seal=SEAL):
        given = {"challenge": challenge, "code": code, "seal": seal, "lifetimes": LIFETIMES}
        return await self.do(second_factor.answer_challenge, **given)

    def code(self):
        return pyotp.TOTP(self.secret).at(self.now)

    async def one(self, statement):
        async with unit_of_work(self.engine) as session:
            return (await session.execute(text(statement))).all()

    async def told(self):
        return [row[0] for row in await self.one("select kind from signin_message order by id")]


@pytest_asyncio.fixture
async def anna(engine):
    async with unit_of_work(engine) as session:
        new = NewPerson(email="anna@example.lv", name="Anna", language="en")
        person = await create_person(session, person=new, now=NOW)
        await operations.set_password(session, person_id=person.id, password=PASSWORD, now=NOW)
    found = Anna(engine, person)
    await found.begin()
    return found


@pytest_asyncio.fixture
async def guarded(anna):
    """Anna, whose second factor is on; the code that turned it on is used."""
    await anna.enrol()
    anna.recovery_codes = await anna.confirm(anna.code())
    anna.now += MINUTE
    return anna


async def test_an_app_counts_only_once_a_code_of_it_came(anna):
    await anna.enrol()

    assert isinstance(await anna.sign_in(), NewSession)
    assert await anna.told() == []


async def test_a_wrong_code_does_not_turn_it_on(anna):
    await anna.enrol()

    refused = await anna.confirm(WRONG)

    assert refused.code is SigninRefusalCode.CODE_WRONG
    assert isinstance(await anna.sign_in(), NewSession)


async def test_beginning_again_replaces_a_secret_that_was_not_confirmed(anna):
    first = await anna.enrol()
    await anna.enrol()

    refused = await anna.confirm(pyotp.TOTP(first.secret).at(anna.now))

    assert isinstance(refused, SigninRefused)
    assert isinstance(await anna.confirm(anna.code()), tuple)


async def test_turning_it_on_ends_other_sessions_and_is_told(anna):
    other = await anna.begin()
    mine = await anna.begin()
    await anna.enrol()

    codes = await anna.confirm(anna.code())

    assert len(codes) == 10
    assert await anna.told() == ["SECOND_FACTOR_ON"]
    async with unit_of_work(anna.engine) as session:
        assert await queries.viewer_of_token(session, token=mine.token, now=NOW) is not None
        assert await queries.viewer_of_token(session, token=other.token, now=NOW) is None


async def test_a_password_alone_gives_no_session_then(guarded):
    needed = await guarded.sign_in()

    assert isinstance(needed, FactorNeeded)
    assert needed.expires_at == guarded.now + 5 * MINUTE
    async with unit_of_work(guarded.engine) as session:
        assert await queries.viewer_of_token(session, token=needed.challenge, now=guarded.now) is None


async def test_a_code_gives_the_session_that_waited(guarded):
    needed = await guarded.sign_in()

    made = await guarded.answer(needed.challenge, guarded.code())

    assert (made.person.id, made.mode) == (guarded.person.id, SessionMode.BEARER)
    again = await guarded.answer(needed.challenge, pyotp.TOTP(guarded.secret).at(guarded.now, counter_offset=1))
    assert again.code is SigninRefusalCode.CHALLENGE_WRONG


async def test_a_code_is_good_once(guarded):
    first, second = await guarded.sign_in(), await guarded.sign_in()
    code = guarded.code()
    await guarded.answer(first.challenge, code)

    replayed = await guarded.answer(second.challenge, code)
    guarded.now += 30 * SECOND
    later = await guarded.answer(second.challenge, guarded.code())

    assert replayed.code is SigninRefusalCode.CODE_WRONG
    assert isinstance(later, NewSession)


async def test_the_code_that_turned_it_on_signs_nobody_in(anna):
    await anna.enrol()
    await anna.confirm(anna.code())

    refused = await anna.answer((await anna.sign_in()).challenge, anna.code())

    assert refused.code is SigninRefusalCode.CODE_WRONG


async def test_of_two_who_send_one_code_at_once_one_gets_in(guarded):
    waiting = [await guarded.sign_in(), await guarded.sign_in()]
    code = guarded.code()

    made = await asyncio.gather(*(guarded.answer(one.challenge, code) for one in waiting))

    assert sorted(type(one).__name__ for one in made) == ["NewSession", "SigninRefused"]


async def test_a_challenge_waits_five_minutes(guarded):
    needed = await guarded.sign_in()
    guarded.now += 5 * MINUTE

    refused = await guarded.answer(needed.challenge, guarded.code())

    assert refused.code is SigninRefusalCode.CHALLENGE_WRONG


@pytest.mark.parametrize("challenge", ["", "x" * 43, "\x00", "\ud800", "a" * 100_000])
async def test_an_unknown_challenge_gets_nothing(guarded, challenge):
    refused = await guarded.answer(challenge, guarded.code())

    assert refused.code is SigninRefusalCode.CHALLENGE_WRONG


async def test_another_password_ends_what_waits_for_a_code(guarded):
    needed = await guarded.sign_in()
    await guarded.do(passwords.change_password, viewer=guarded.viewer, password="another long thought")

    refused = await guarded.answer(needed.challenge, guarded.code())

    assert refused.code is SigninRefusalCode.CHALLENGE_WRONG


async def test_after_ten_tries_even_a_right_code_must_wait(guarded):
    guarded.now += HOUR
    needed = await guarded.sign_in()
    for _ in range(10):
        assert (await guarded.answer(needed.challenge, WRONG)).code is SigninRefusalCode.CODE_WRONG

    refused = await guarded.answer((await guarded.sign_in()).challenge, guarded.code())
    guarded.now += 15 * MINUTE
    later = await guarded.answer((await guarded.sign_in()).challenge, guarded.code())

    assert (refused.code, refused.retry_at) == (SigninRefusalCode.TOO_MANY_ATTEMPTS, NOW + 76 * MINUTE)
    assert isinstance(later, NewSession)


async def test_thirty_tries_are_all_there_are_in_a_day(guarded):
    for _ in range(3):
        guarded.now += 15 * MINUTE
        needed = await guarded.sign_in()
        for _ in range(10):
            await guarded.answer(needed.challenge, WRONG)
    guarded.now += 15 * MINUTE

    refused = await guarded.answer((await guarded.sign_in()).challenge, guarded.code())

    assert refused.code is SigninRefusalCode.TOO_MANY_ATTEMPTS
    assert refused.retry_at == guarded.now + 24 * HOUR


async def test_a_recovery_code_is_good_once_and_told(guarded):
    code = guarded.recovery_codes[0].lower()

    made = await guarded.answer((await guarded.sign_in()).challenge, code)
    again = await guarded.answer((await guarded.sign_in()).challenge, code)

    assert isinstance(made, NewSession)
    assert again.code is SigninRefusalCode.CODE_WRONG
    assert await guarded.told() == ["SECOND_FACTOR_ON", "RECOVERY_CODE_USED"]
    async with unit_of_work(guarded.engine) as session:
        assert (await queries.factor_state(session, person_id=guarded.person.id)).recovery_codes_left == 9


async def test_renewed_recovery_codes_replace_those_before(guarded):
    given = {"viewer": guarded.viewer, "code": guarded.code(), "seal": SEAL}
    fresh = await guarded.do(second_factor.renew_recovery_codes, **given)

    old = await guarded.answer((await guarded.sign_in()).challenge, guarded.recovery_codes[1])
    new = await guarded.answer((await guarded.sign_in()).challenge, fresh[1])

    assert old.code is SigninRefusalCode.CODE_WRONG
    assert isinstance(new, NewSession)
    assert "RECOVERY_CODES_MADE" in await guarded.told()


async def test_turning_it_off_needs_a_code_and_leaves_nothing(guarded):
    refused = await guarded.do(second_factor.disable, viewer=guarded.viewer, code=WRONG, seal=SEAL)
    still = await guarded.sign_in()

    done = await guarded.do(second_factor.disable, viewer=guarded.viewer, code=guarded.code(), seal=SEAL)

    assert refused.code is SigninRefusalCode.CODE_WRONG
    assert isinstance(still, FactorNeeded)
    assert done is None
    assert isinstance(await guarded.sign_in(), NewSession)
    assert await guarded.one("select 1 from second_factor union all select 1 from recovery_code") == []
    assert await guarded.told() == ["SECOND_FACTOR_ON", "SECOND_FACTOR_OFF"]
    gone = await guarded.answer(still.challenge, guarded.recovery_codes[0])
    assert gone.code is SigninRefusalCode.CHALLENGE_WRONG


async def test_a_session_left_open_changes_nothing(guarded):
    guarded.now += 10 * MINUTE
    given = {"viewer": guarded.viewer, "code": guarded.code(), "seal": SEAL}

    for change in (second_factor.disable, second_factor.renew_recovery_codes, second_factor.confirm_enrolment):
        with pytest.raises(sessions.ReauthenticationNeeded):
            await guarded.do(change, **given)
    with pytest.raises(sessions.ReauthenticationNeeded):
        await guarded.do(second_factor.begin_enrolment, viewer=guarded.viewer, seal=SEAL)
    assert isinstance(await guarded.sign_in(), FactorNeeded)


async def test_what_is_on_is_not_begun_again_and_what_is_off_not_turned_off(anna):
    given = {"viewer": anna.viewer, "seal": SEAL}
    for change in (second_factor.disable, second_factor.confirm_enrolment, second_factor.renew_recovery_codes):
        with pytest.raises(second_factor.FactorIsOff):
            await anna.do(change, code=WRONG, **given)
    await anna.enrol()
    await anna.confirm(anna.code())

    with pytest.raises(second_factor.FactorIsOn):
        await anna.enrol()
    with pytest.raises(second_factor.FactorIsOn):
        await anna.confirm(anna.code())


async def test_the_secret_and_the_codes_stand_nowhere(anna):
    made = await anna.enrol()
    codes = await anna.confirm(anna.code())
    needed = await anna.sign_in()
    statement = "select f::text, r::text, c::text from second_factor f, recovery_code r, signin_challenge c"

    stored = str(await anna.one(statement))

    for secret in (made.secret, made.uri, *codes, needed.challenge):
        assert secret not in f"{made!r} {needed!r} {stored}"
        assert secret.encode().hex() not in stored


async def test_another_secret_of_the_server_takes_recovery_codes_only(guarded):
    other = Seal(b"o" * 32)

    refused = await guarded.answer((await guarded.sign_in()).challenge, guarded.code(), other)
    made = await guarded.answer((await guarded.sign_in()).challenge, guarded.recovery_codes[0], other)

    assert refused.code is SigninRefusalCode.CODE_WRONG
    assert isinstance(made, NewSession)


async def test_what_waited_too_long_is_forgotten(guarded):
    await guarded.sign_in()
    guarded.now += 11 * MINUTE

    await guarded.do(second_factor.forget_challenges)

    assert await guarded.one("select id from signin_challenge") == []
