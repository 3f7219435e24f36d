"""A passkey made, signing somebody in and proving them; and everything that lets nobody in."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from mains_server.access.records import Refusal
from mains_server.passkeys import flow, operations, rules
from mains_server.signin import second_factor, sessions
from mains_server.signin.records import SessionMode, SigninRefused

from tests.passkeys import ATTESTED, IS_THERE, ORIGIN, PRESENT, VERIFIED, Authenticator, Key, b64, unb64
from tests.server.passkeys.conftest import PHONE, SEAL

pytestmark = pytest.mark.asyncio
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
REFUSED = "PASSKEY_REFUSED"
OTHER = Key(handle=b"somebody else")
# What each way of going wrong is refused with, when a passkey signs.
BAD_ASSERTIONS = {
    "another page": ({"said": {"origin": "https://evil.example"}}, "ORIGIN_WRONG"),
    "a page that looks like ours": ({"said": {"origin": ORIGIN + ":8443"}}, "ORIGIN_WRONG"),
    "our page inside another": ({"said": {"crossOrigin": True}}, "ORIGIN_WRONG"),
    "an origin that is no text": ({"said": {"origin": ["https://portal.example"]}}, "PASSKEY_MALFORMED"),
    "another domain": ({"domain": "evil.example"}, "RELYING_PARTY_WRONG"),
    "nobody verified": ({"flags": PRESENT}, "PERSON_UNVERIFIED"),
    "nobody present": ({"flags": VERIFIED}, "PERSON_UNVERIFIED"),
    "another challenge": ({"said": {"challenge": b64(b"x" * 32)}}, "CHALLENGE_WRONG"),
    "an empty challenge": ({"said": {"challenge": ""}}, "CHALLENGE_WRONG"),
    "a challenge that is none": ({"said": {"challenge": 7}}, "PASSKEY_MALFORMED"),
    "an answer to another question": ({"said": {"type": "webauthn.create"}}, "PASSKEY_MALFORMED"),
    "signed by another key": ({"signer": OTHER}, REFUSED),
    "a passkey that nobody has": ({"key": OTHER}, REFUSED),
    "another's handle": ({"handle": b"somebody else"}, REFUSED),
    "no handle": ({"response": {"userHandle": None}}, REFUSED),
    "no signature": ({"response": {"signature": ""}}, REFUSED),
    "a signature that is none": ({"response": {"signature": b64(b"no DER")}}, REFUSED),
    "two ids": ({"whole": {"id": b64(b"another")}}, REFUSED),
    "flags that cannot be": ({"flags": IS_THERE | 16}, REFUSED),
    "too short": ({"response": {"authenticatorData": b64(b"short")}}, "PASSKEY_MALFORMED"),
    "no client data": ({"response": {"clientDataJSON": b64(b"[]")}}, "PASSKEY_MALFORMED"),
    "another type": ({"whole": {"type": "password"}}, "PASSKEY_MALFORMED"),
    "no answer": ({"whole": {"response": None}}, "PASSKEY_MALFORMED"),
    "a number for an id": ({"whole": {"rawId": 7}}, "PASSKEY_MALFORMED"),
    "too long": ({"whole": {"more": "x" * 20_000}}, "PASSKEY_MALFORMED"),
}
# The same, when one is made.
NO_POINT = bytes.fromhex("a5010203262001215820") + b"\1" * 32 + bytes.fromhex("225820") + b"\1" * 32
SECRET_ALGORITHM = bytes.fromhex("a401040305") + bytes.fromhex("20582041") + b"k" * 32
BAD_ATTESTATIONS = {
    "another page": ({"said": {"origin": "https://evil.example"}}, "ORIGIN_WRONG"),
    "our page inside another": ({"said": {"crossOrigin": True}}, "ORIGIN_WRONG"),
    "another domain": ({"domain": "evil.example"}, "RELYING_PARTY_WRONG"),
    "nobody verified": ({"flags": PRESENT | ATTESTED}, "PERSON_UNVERIFIED"),
    "another challenge": ({"said": {"challenge": b64(b"x" * 32)}}, "CHALLENGE_WRONG"),
    "an answer to another question": ({"said": {"type": "webauthn.get"}}, "PASSKEY_MALFORMED"),
    "a key that is no point": ({"cose": NO_POINT}, REFUSED),
    "a key of an algorithm we do not know": ({"cose": SECRET_ALGORITHM}, "PASSKEY_MALFORMED"),
    "no key": ({"cose": b""}, "PASSKEY_MALFORMED"),
    "who built it": ({"attested": {"fmt": "packed", "attStmt": {"x5c": [b"x"]}}}, "PASSKEY_MALFORMED"),
    "a safety net": ({"attested": {"fmt": "android-safetynet"}}, "PASSKEY_MALFORMED"),
    "signed by another key": ({"attested": {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"x"}}}, REFUSED),
    "a statement about nothing": ({"attested": {"attStmt": {"sig": b"x"}}}, REFUSED),
    "another id": ({"whole": {"id": b64(b"another"), "rawId": b64(b"another")}}, REFUSED),
    "no map": ({"response": {"attestationObject": b64(b"\x80")}}, "PASSKEY_MALFORMED"),
    "broken off": ({"response": {"attestationObject": b64(b"\xa3")}}, "PASSKEY_MALFORMED"),
}


async def test_a_passkey_is_made_and_signs_its_person_in(town):
    anna, viewer = await town.person("anna")

    await town.add(viewer)
    town.now += MINUTE
    made = await town.sign_in()

    assert (made.person, made.mode) == (anna, SessionMode.BEARER)
    assert await town.kept() == [(anna.id, "Phone", 1, None)]
    assert await town.rows("select transports, is_synced, last_used_at from passkey") == [
        (["internal", "hybrid"], False, town.now)
    ]
    assert await town.rows(f"select way, device from session where id = {made.id}") == [("PASSKEY", "Phone")]
    assert await town.told() == [("PASSKEY_ADDED", "anna@example.lv")]


async def test_what_proves_nobody_lets_nobody_in(town, anna):
    before = (await town.kept(), await town.rows("select id from session"))

    found = {wrong: await _refused(town.sign_in(**lies)) for wrong, (lies, _) in BAD_ASSERTIONS.items()}

    assert found == {wrong: code for wrong, (_, code) in BAD_ASSERTIONS.items()}
    assert (await town.kept(), await town.rows("select id from session")) == before


@pytest.mark.parametrize("text", ["", "null", "[]", "{", "7", '"x"', "{}", "[" * 10_000, '{"id": "\\ud800"}'])
async def test_what_is_no_answer_is_refused(text):
    for read in (rules.read_made, rules.read_signed):
        with pytest.raises(rules.PasskeyMalformed):
            read(text)


async def test_what_proves_no_passkey_is_not_kept(town):
    _, viewer = await town.person("anna")

    found = {wrong: await _refused(town.add(viewer, **lies)) for wrong, (lies, _) in BAD_ATTESTATIONS.items()}

    assert found == {wrong: code for wrong, (_, code) in BAD_ATTESTATIONS.items()}
    assert (await town.kept(), await town.told()) == ([], [])


async def test_a_challenge_is_answered_once_whatever_the_answer_was_worth(town, anna):
    options = await town.ask_to_sign_in()
    with pytest.raises(rules.PasskeyRefused):
        await town.let_in(town.phone.sign(options, signer=OTHER))

    with pytest.raises(operations.ChallengeWrong):
        await town.let_in(town.phone.sign(options))

    taken = town.phone.sign(await town.ask_to_sign_in())
    await town.let_in(taken)
    with pytest.raises(operations.ChallengeWrong):
        await town.let_in(taken)


async def test_of_two_who_send_one_answer_at_once_one_gets_in(town, anna):
    answer = town.phone.sign(await town.ask_to_sign_in())

    found = await asyncio.gather(town.let_in(answer), town.let_in(answer), return_exceptions=True)

    assert sorted(type(one).__name__ for one in found) == ["ChallengeWrong", "NewSession"]


async def test_a_challenge_waits_five_minutes(town, anna):
    _, viewer = anna
    to_sign, to_make = await town.ask_to_sign_in(), await town.ask_to_register(viewer)
    assert to_make.expires_at == town.now + 5 * MINUTE
    town.now += 5 * MINUTE

    with pytest.raises(operations.ChallengeWrong):
        await town.let_in(town.phone.sign(to_sign))
    with pytest.raises(operations.ChallengeWrong):
        await town.register(viewer, Authenticator().make(to_make.json))


async def test_a_challenge_is_of_its_purpose_and_session(town, anna):
    person, viewer = anna
    _, thief = await town.person("thief")
    other = Authenticator()
    to_prove = (await flow.begin_proof(town.door, viewer=viewer)).json

    for seen_by in (thief, await town.session_of(person)):
        to_make = (await town.ask_to_register(viewer)).json
        with pytest.raises(operations.ChallengeWrong):
            await town.register(seen_by, other.make(to_make))
    with pytest.raises(operations.ChallengeWrong):
        await town.let_in(town.phone.sign(to_prove))
    assert len(await town.kept()) == 1


async def test_who_signs_is_not_asked_for_a_code_of_an_app(town, anna):
    person, viewer = anna
    enrolled = await town.do(second_factor.begin_enrolment, viewer=viewer, seal=SEAL, now=town.now)
    code = pyotp.TOTP(enrolled.secret).at(town.now)
    await town.do(second_factor.confirm_enrolment, viewer=viewer, code=code, seal=SEAL, now=town.now)

    made = await town.sign_in()

    assert made.person == person


async def test_where_there_is_a_second_factor_making_a_passkey_needs_a_code_of_it(town):
    _, viewer = await town.person("anna")
    enrolled = await town.do(second_factor.begin_enrolment, viewer=viewer, seal=SEAL, now=town.now)
    app = pyotp.TOTP(enrolled.secret)
    await town.do(second_factor.confirm_enrolment, viewer=viewer, code=app.at(town.now), seal=SEAL, now=town.now)
    town.now += MINUTE

    with pytest.raises(second_factor.CodeNeeded):
        await town.ask_to_register(viewer)
    assert isinstance(await town.ask_to_register(viewer, code="000000"), SigninRefused)
    assert await town.rows("select id from passkey_challenge") == []

    options = await town.ask_to_register(viewer, code=app.at(town.now))
    await town.register(viewer, town.phone.make(options.json))
    assert len(await town.kept()) == 1


async def test_a_session_left_open_makes_no_passkey(town):
    _, viewer = await town.person("anna")
    town.now += 5 * MINUTE

    with pytest.raises(sessions.ReauthenticationNeeded):
        await town.ask_to_register(viewer)

    assert await town.rows("select id from passkey_challenge") == []


async def test_a_passkey_proves_its_person_in_their_session(town, anna):
    _, viewer = anna
    town.now += 10 * MINUTE
    with pytest.raises(sessions.ReauthenticationNeeded):
        await town.do(sessions.require_proof, viewer=viewer, now=town.now)

    options = await flow.begin_proof(town.door, viewer=viewer)
    answer = town.phone.sign(options.json, response={"userHandle": None})
    await flow.finish_proof(town.door, viewer=viewer, credential=answer)

    await town.do(sessions.require_proof, viewer=viewer, now=town.now)


async def test_anothers_passkey_proves_nobody(town, anna):
    _, thief = await town.person("thief")
    with pytest.raises(operations.PasskeyUnknown):
        await flow.begin_proof(town.door, viewer=thief)
    own = Authenticator()
    await town.register(thief, own.make((await town.ask_to_register(thief)).json))
    town.now += 10 * MINUTE
    options = (await flow.begin_proof(town.door, viewer=thief)).json

    with pytest.raises(rules.PasskeyRefused):
        await flow.finish_proof(town.door, viewer=thief, credential=town.phone.sign(options))

    with pytest.raises(sessions.ReauthenticationNeeded):
        await town.do(sessions.require_proof, viewer=thief, now=town.now)


async def test_a_cookie_is_for_our_own_pages(town, anna):
    options = await town.ask_to_sign_in(replace(PHONE, mode=SessionMode.COOKIE))

    with pytest.raises(flow.CookieNotPermitted):
        await town.let_in(town.phone.sign(options))
    made = await town.let_in(town.phone.sign(options), may_have_cookie=True)

    assert made.mode is SessionMode.COOKIE


async def test_where_passkeys_are_not_set_up_everything_says_so(town, anna):
    _, viewer = anna
    town.party = None

    for step in (
        town.ask_to_register(viewer),
        town.register(viewer, "{}"),
        town.ask_to_sign_in(),
        town.let_in("{}"),
        flow.begin_proof(town.door, viewer=viewer),
        flow.finish_proof(town.door, viewer=viewer, credential="{}"),
    ):
        with pytest.raises(flow.PasskeysOff):
            await step


async def test_challenges_are_kept_as_hashes_and_forgotten(town, anna):
    challenge = unb64(json.loads(await town.ask_to_sign_in())["challenge"])
    stored = str(await town.rows("select c::text from passkey_challenge c"))
    assert challenge.hex() not in stored

    town.now += 11 * MINUTE
    await town.do(operations.forget_challenges, now=town.now)

    assert await town.rows("select id from passkey_challenge") == []


async def _refused(attempt):
    """Give the code that an attempt is refused with."""
    with pytest.raises(Refusal) as refused:
        await attempt
    return refused.value.code
