"""Signing in with a provider on the real database: away, back, and all that is refused."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from mains_server.access.operations import add_staff
from mains_server.access.records import StaffRole
from mains_server.notifications.sealing import Seal
from mains_server.openid import flow, operations, rules
from mains_server.openid.records import Returned, Unlinked
from mains_server.signin import second_factor
from mains_server.signin.records import Device, FactorNeeded, NewSession, SessionMode
from mains_server.signin.staffing import deactivate_employee

from tests.openid import PERSONAL_CODE, SECRET, Bank

pytestmark = pytest.mark.asyncio
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
KEY = b"k" * 32


async def test_whoever_is_linked_gets_a_session(town, anna):
    made = await town.sign_in()

    assert isinstance(made, NewSession)
    assert (made.person, made.mode, made.expires_at) == (anna, SessionMode.BEARER, town.now + HOUR)
    assert await town.rows("select last_used_at from openid_link") == [(town.now,)]
    assert await town.told() == [("OPENID_LINKED", "anna@example.lv")]


async def test_a_subject_that_is_linked_to_nobody_gets_a_ticket_whoever_it_is(town):
    """Neither the address nor the personal code that the provider tells finds an account."""
    await town.person("anna")
    town.bank.claims |= {"email": "anna@example.lv", "email_verified": True}

    known = await town.sign_in()
    town.bank.claims |= {"sub": "another", "email": "nobody@example.lv", "personal_code": "020280-54321"}
    unknown = await town.sign_in()

    assert (type(known), type(unknown)) == (Unlinked, Unlinked)
    assert known.expires_at == unknown.expires_at == town.now + HOUR
    assert await town.links() == []
    assert len(await town.rows("select id from session")) == 1


async def test_a_link_of_who_works_here_no_longer_opens_nothing(town, anna):
    await town.do(add_staff, person_id=anna.id, role=StaffRole.OPERATOR)
    before = await town.sign_in()
    await town.do(deactivate_employee, person_id=anna.id)

    after = await town.sign_in()

    assert (type(before), type(after)) == (NewSession, Unlinked)


async def test_a_subject_of_another_provider_is_another(town, anna):
    other = replace(town.bank.providers.by_code["bank"], code="other")
    town.bank.providers = replace(town.bank.providers, by_code={"other": other})

    assert isinstance(await town.sign_in(provider="other"), Unlinked)


async def test_a_code_is_good_once(town, anna):
    begun = await town.away()
    state, code = town.bank.let_in(begun.url)
    returned = Returned(state=state, code=code, key=begun.key)

    first = await town.finish(returned)

    assert isinstance(first, NewSession)
    with pytest.raises(operations.OpenidRefused):
        await town.finish(returned)
    assert town.bank.asked.count("token") == 2  # the link's and the sign-in's: what came again was not sent on


async def test_of_two_who_come_back_at_once_one_gets_in(town, anna):
    begun = await town.away()
    state, code = town.bank.let_in(begun.url)
    returned = Returned(state=state, code=code, key=begun.key)

    outcomes = await asyncio.gather(*(town.finish(returned) for _ in range(5)), return_exceptions=True)

    assert sorted(type(one).__name__ for one in outcomes) == ["NewSession", *["OpenidRefused"] * 4]


@pytest.mark.parametrize(
    "more",
    [
        {"key": "of another browser"},
        {"key": ""},
        {"state": "of another way"},
        {"state": ""},
        {"code": "of another client"},
        {"code": ""},
        {"issuer": "https://other.example"},
    ],
    ids=str,
)
async def test_what_is_of_another_browser_way_or_provider_is_refused(town, anna, more):
    begun = await town.away()

    with pytest.raises(operations.OpenidRefused) as refused:
        await town.back(begun, **more)

    assert str(refused.value) == operations.AGAIN
    assert len(await town.rows("select id from session")) == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another client"},
        {"iss": "https://other.example"},
        {"nonce": "of another way"},
        {"exp": 1_000_000_000},
        {"sub": ""},
    ],
    ids=str,
)
async def test_a_token_of_something_else_is_refused(town, anna, claims):
    town.bank.claims |= claims

    with pytest.raises(operations.OpenidRefused) as refused:
        await town.sign_in()

    assert str(refused.value) == operations.AGAIN
    assert len(await town.rows("select id from session")) == 1


async def test_a_code_of_somebody_elses_way_is_refused(town, anna):
    """Whoever smuggles their own code into another's way back has another nonce and verifier."""
    mine, theirs = await town.away(), await town.away()
    state, _ = town.bank.let_in(mine.url)
    _, code = town.bank.let_in(theirs.url)

    with pytest.raises(operations.OpenidRefused):
        await town.finish(Returned(state=state, code=code, key=mine.key))


async def test_who_took_longer_than_ten_minutes_begins_again(town, anna):
    begun = await town.away()
    town.now += 10 * MINUTE

    with pytest.raises(operations.OpenidRefused):
        await town.back(begun)


async def test_a_sign_in_is_no_link_and_a_link_no_sign_in(town):
    _, viewer = await town.person("anna")
    begun, linking = await town.away(), await town.away(viewer)
    state, code = town.bank.let_in(begun.url)

    with pytest.raises(operations.OpenidRefused):
        returned = Returned(state=state, code=code, key=begun.key)
        await flow.finish_link(town.traveller, returned=returned, viewer=viewer)
    with pytest.raises(operations.OpenidRefused):
        await town.back(linking)
    assert await town.links() == []


async def test_a_session_in_a_cookie_is_begun_for_a_front_end_of_ours_only(town, anna):
    begun = await town.away(device=Device(mode=SessionMode.COOKIE))

    with pytest.raises(flow.CookieNotPermitted):
        await town.back(begun)

    assert len(await town.rows("select id from session")) == 1


async def test_an_account_with_a_second_factor_is_asked_for_it(town, anna):
    await turn_on_second_factor(town, anna)

    made = await town.sign_in()

    assert isinstance(made, FactorNeeded)
    assert made.expires_at == town.now + 5 * MINUTE


async def test_a_provider_that_proved_two_factors_is_enough(town):
    town.bank = Bank(lambda: town.now, strong_acrs=frozenset({"high"}))
    person, viewer = await town.person("anna")
    await town.link(viewer)
    await turn_on_second_factor(town, person)

    weak = await town.sign_in()
    town.bank.claims |= {"acr": "high"}
    strong = await town.sign_in()

    assert (type(weak), type(strong)) == (FactorNeeded, NewSession)


async def turn_on_second_factor(town, person):
    viewer, seal = await town.session_of(person), Seal(KEY)
    made = await town.do(second_factor.begin_enrolment, viewer=viewer, seal=seal)
    code = pyotp.TOTP(made.secret).at(town.now)
    await town.do(second_factor.confirm_enrolment, viewer=viewer, code=code, seal=seal)


async def test_a_browser_keeps_its_key_and_no_other_is_taken_over(town):
    first = await town.away()

    again = await town.away(key=first.key)
    planted = await town.away(key="short")

    assert again.key == first.key and again.state != first.state
    assert rules.is_key(planted.key) and planted.key != first.key


async def test_what_is_secret_stands_nowhere(town):
    begun = await town.away()
    ticket = (await town.back(begun)).ticket
    stored = str(await town.rows("select f::text, t::text from openid_flow f, openid_ticket t"))

    secrets = [begun.key, begun.state, ticket, PERSONAL_CODE, rules.verifier_of(key=begun.key, state=begun.state)]
    for secret in secrets:
        assert secret not in f"{begun!r} {stored}"
        assert secret.encode().hex() not in stored
    assert SECRET not in repr(town.bank.providers)


async def test_what_is_over_is_forgotten(town):
    await town.sign_in()
    town.now += 3 * HOUR

    await town.do(operations.forget_flows)

    assert await town.rows("select id from openid_flow") == await town.rows("select id from openid_ticket") == []
