"""Ways back opened, approved, stopped and used; and everything that is refused, which changes nothing."""

import asyncio
from datetime import timedelta

import pyotp
import pytest
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.recovery import operations, using
from mains_server.recovery.operations import RecoveryUnknown
from mains_server.signin import second_factor, sessions
from mains_server.signin.queries import person_of
from mains_server.signin.records import Device, NewSession, SigninRefusalCode

from tests.server.recovery.conftest import LIFETIMES, SEAL

pytestmark = pytest.mark.asyncio
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
EVERYWHERE = [("EMAIL", "anna.home@example.lv"), ("EMAIL", "anna@example.lv")]
PHONES = [("SMS", "+37120000001"), ("SMS", "+37120000007")]


async def _link(town):
    """Wait, and give the token of the link that was sent."""
    town.now += 72 * HOUR
    assert await town.send() == 1
    return await town.secret_in("recovery_ready")


async def _begin(town, token):
    return await town.do(using.begin_use, token=token, desk=town.desk)


async def _finish(town, token, code):
    return await town.do(using.finish_use, token=token, code=code, desk=town.desk)


async def test_everybody_on_file_is_told_at_once_and_the_link_stands_nowhere(town):
    number = await town.open()

    assert sorted(await town.told("recovery_opened")) == EVERYWHERE + PHONES
    token = await town.secret_in("recovery_opened")
    everything = str(await town.rows("select n::text from notice n")) + str(
        await town.rows("select r::text from account_recovery r")
    )
    assert len(token) == 43 and token not in everything
    assert await town.rows("select acts_at - opened_at, reason, proof from account_recovery") == [
        (72 * HOUR, "Lost her phone", "Passport at the desk")
    ]
    assert await town.rows("select act, person_id, subjects from audit_entry") == [
        ("accountRecoveryOpened", town.admin.person_id, [["Viewer", town.anna.id], ["AccountRecovery", number]])
    ]


async def test_after_the_wait_a_new_app_takes_the_place_of_all_that_was_lost(town):
    number = await town.open()
    token = await _link(town)
    assert await town.told("recovery_ready") == [("EMAIL", "anna@example.lv")]
    new_app = pyotp.TOTP((await _begin(town, token)).secret)

    codes = await _finish(town, token, new_app.at(town.now))

    assert len(codes) == 10
    assert (await town.stands())[0][1:] == (10, 0, 0)
    assert sorted(await town.told("recovery_done")) == EVERYWHERE + PHONES
    assert (await town.rows("select act, person_id from audit_entry order by id desc limit 1")) == [
        ("accountRecoveryFinish", town.anna.id)
    ]
    town.now += MINUTE
    asked = await town.do(second_factor.ask_for_factor, person_id=town.anna.id, device=Device(), now=town.now)
    given = {"challenge": asked.challenge, "seal": SEAL, "now": town.now, "lifetimes": LIFETIMES}
    old = await town.do(second_factor.answer_challenge, code=town.old_app.at(town.now), **given)
    new = await town.do(second_factor.answer_challenge, code=new_app.at(town.now), **given)
    assert (old.code, type(new)) == (SigninRefusalCode.CODE_WRONG, NewSession)
    with pytest.raises(RecoveryUnknown):
        await _begin(town, token)
    with pytest.raises(RecoveryUnknown):
        await town.do(operations.withdraw_recovery, recovery_id=number, desk=town.desk)


async def test_until_a_code_of_the_new_app_comes_nothing_changes(town):
    await town.open()
    before = await town.stands()
    token = await _link(town)

    first = await _begin(town, token)
    second = await _begin(town, token)
    wrong = [await _finish(town, token, code) for code in ("000000", pyotp.TOTP(first.secret).at(town.now))]

    assert [one.code for one in wrong] == [SigninRefusalCode.CODE_WRONG] * 2
    assert await town.stands() == before
    assert len(await _finish(town, token, pyotp.TOTP(second.secret).at(town.now))) == 10


async def test_without_a_beginning_no_code_is_right(town):
    await town.open()
    token = await _link(town)

    assert (await _finish(town, token, "000000")).code is SigninRefusalCode.CODE_WRONG


async def test_ten_tries_are_enough(town):
    await town.open()
    token = await _link(town)
    app = pyotp.TOTP((await _begin(town, token)).secret)

    tries = [await _finish(town, token, "000000") for _ in range(10)]
    late = await _finish(town, token, app.at(town.now))

    assert {one.code for one in tries} == {SigninRefusalCode.CODE_WRONG}
    assert late.code is SigninRefusalCode.TOO_MANY_ATTEMPTS


async def test_nothing_acts_before_the_wait_is_over(town):
    await town.open()
    town.now += 72 * HOUR - SECOND

    assert await town.send() == 0
    assert await town.told("recovery_ready") == []


async def test_a_link_is_sent_once_also_by_two_at_once(town):
    await town.open()
    town.now += 72 * HOUR

    assert sorted(await asyncio.gather(town.send(), town.send())) == [0, 1]
    assert len(await town.told("recovery_ready")) == 1


async def test_a_week_later_the_link_is_worth_nothing_and_another_way_may_be_opened(town):
    await town.open()
    token = await _link(town)
    town.now += 7 * 24 * HOUR

    with pytest.raises(RecoveryUnknown):
        await _begin(town, token)
    town.admin = await town.session_of(await town.do(person_of, person_id=town.admin.person_id))
    await town.open()
    assert await town.rows("select count(*) from account_recovery where ended_at is null") == [(1,)]


@pytest.mark.parametrize("by", ["LINK", "SESSION", "STAFF"])
@pytest.mark.parametrize("when", ["waiting", "ready"])
async def test_whoever_is_told_stops_it(town, by, when):
    number = await town.open()
    before = await town.stands()
    stop = await town.secret_in("recovery_opened")
    token = await _link(town) if when == "ready" else None
    if token is not None:
        await _begin(town, token)

    if by == "LINK":
        await town.do(operations.stop_by_token, token=stop, desk=town.desk)
    elif by == "SESSION":
        await town.do(operations.stop_own, viewer=town.viewer, desk=town.desk)
    else:
        await town.do(operations.withdraw_recovery, recovery_id=number, desk=town.desk)

    assert await town.rows("select stopped_by, sealed from account_recovery") == [(by, None)]
    assert sorted(await town.told("recovery_stopped")) == EVERYWHERE + PHONES
    town.now += 72 * HOUR
    assert await town.send() == 0
    if token is not None:
        with pytest.raises(RecoveryUnknown):
            await _finish(town, token, "000000")
    with pytest.raises(RecoveryUnknown):
        await town.do(operations.stop_by_token, token=stop, desk=town.desk)
    assert await town.stands() == before


async def test_of_two_administrators_the_other_approves(strict):
    number = await strict.open()
    with pytest.raises(operations.OneselfNotPermitted):
        await strict.approve(number, viewer=strict.admin)
    with pytest.raises(operations.OneselfNotPermitted):
        await strict.approve(number, viewer=strict.viewer)

    await strict.approve(number)

    with pytest.raises(operations.NotToBeApproved):
        await strict.approve(number)
    assert await strict.rows("select approved_by from account_recovery") == [(strict.boss.person_id,)]
    assert await strict.send() == 0, "an approval shortens no wait"
    assert await _link(strict)


async def test_what_nobody_approves_never_acts(strict):
    await strict.open()
    strict.now += 72 * HOUR

    assert await strict.send() == 0


async def test_what_one_alone_opened_needs_no_approval(town):
    with pytest.raises(operations.NotToBeApproved):
        await town.approve(await town.open())


async def test_what_cannot_be_opened_is_refused_and_tells_nobody(town):
    _, plain = await town.person("plain")
    refused = {}
    for code, more in {
        "ACCOUNT_UNKNOWN": {"email": "nobody@example.lv"},
        "NOTHING_LOST": {"email": "plain@example.lv"},
        "REASON_MISSING": {"proof": " x "},
        "ONESELF_NOT_PERMITTED": {"viewer": town.viewer},
    }.items():
        refused[code] = await _refused(town.open(**more))
    refused["ACCOUNT_UNKNOWN\x00"] = await _refused(town.open(email="an\x00na@example.lv")) + "\x00"
    late = town.now
    town.now += 5 * MINUTE
    refused["REAUTHENTICATION_NEEDED"] = await _refused(town.open())
    town.now = late

    assert {code: code for code in refused} == refused
    assert plain.person_id is not None
    assert await town.rows("select id from notice") == await town.rows("select id from account_recovery") == []


async def test_one_way_back_at_a_time_also_for_two_who_open_it_at_once(town):
    found = await asyncio.gather(town.open(), town.open(viewer=town.boss), return_exceptions=True)

    assert sorted(type(one).__name__ for one in found) == ["RecoveryOpen", "int"]
    assert len(await town.told("recovery_opened")) == 4


async def test_a_session_left_open_approves_nothing(strict):
    number = await strict.open()
    strict.now += 5 * MINUTE

    with pytest.raises(sessions.ReauthenticationNeeded):
        await strict.approve(number)


@pytest.mark.parametrize("token", ["", "x" * 43, "\x00", "\ud800"])
async def test_a_token_that_is_none_does_nothing(town, token):
    await town.open()

    for use in (operations.stop_by_token, using.begin_use):
        with pytest.raises(RecoveryUnknown):
            await town.do(use, token=token, desk=town.desk)


async def _refused(attempt):
    with pytest.raises(Refusal) as refused:
        await attempt
    return refused.value.code


async def test_a_year_later_it_is_forgotten_but_for_the_trail(town):
    await town.open()
    over = (await town.rows("select expires_at from account_recovery"))[0][0]

    for later in (timedelta(days=365), timedelta(days=365, seconds=1)):
        async with unit_of_work(town.engine) as session:
            await operations.forget_recoveries(session, now=over + later)
        left = await town.rows("select count(*) from account_recovery")
        assert left == [(1 if later == timedelta(days=365) else 0,)]

    assert await town.rows("select count(*) > 0 from audit_entry") == [(True,)]
