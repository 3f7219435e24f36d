"""Registering for a customer's account: what is answered, what it costs, and who gets in."""

from dataclasses import replace

import pytest
from mains_server.access.records import Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.registration import operations, rules
from mains_server.registration.records import RegistrationRefused
from mains_server.signin import rules as rules_of_signin
from mains_server.signin.records import MessageRoad, NewSession
from sqlalchemy import text

from tests.schema.asking import counted
from tests.server.registration.conftest import ASKED, DAY, HOUR, KEY, MINUTE, NOW

pytestmark = pytest.mark.asyncio


def noted(calls, given):
    calls.append(given)
    return given


MESSAGES = "select kind, road, address, language from signin_message order by id"


@pytest.mark.parametrize(
    ("given", "road", "address"),
    [
        ({}, "EMAIL", "anna@example.lv"),
        ({"number": " c 1 ", "identifier": "16117519997"}, "EMAIL", "anna@example.lv"),
        ({"number": "C-2", "identifier": "32867300679"}, "SMS", "+371 20000001"),
        ({"number": "C-3", "identifier": "328673-00679"}, "LETTER", None),
        ({"number": "C-4", "identifier": "40003521600"}, "EMAIL", "firm@example.lv"),
    ],
)
async def test_a_code_goes_to_the_contact_on_file_and_one_to_the_new_address(begin, rows, given, road, address):
    await begin(**given)

    assert await rows(MESSAGES) == [
        ("REGISTRATION_CODE", road, address, "lv"),
        ("REGISTRATION_EMAIL", "EMAIL", "new@example.lv", "en"),
    ]


ALL_ROADS = {"email": "anna@example.lv", "phone": "+371 20000009"}


@pytest.mark.parametrize(
    ("wanted", "on_file", "road", "address"),
    [
        (MessageRoad.SMS, ALL_ROADS, "SMS", "+371 20000009"),
        (MessageRoad.LETTER, ALL_ROADS, "LETTER", None),
        (MessageRoad.EMAIL, ALL_ROADS, "EMAIL", "anna@example.lv"),
        (MessageRoad.SMS, {"email": "anna@example.lv", "phone": None}, "EMAIL", "anna@example.lv"),
        (MessageRoad.EMAIL, {"email": None, "phone": "+371 20000009"}, "SMS", "+371 20000009"),
        (MessageRoad.EMAIL, {"email": None, "phone": None}, "LETTER", None),
        (MessageRoad.SMS, {"email": None, "phone": "ask my son"}, "LETTER", None),
        (MessageRoad.SMS, {"email": "no address", "phone": ""}, "LETTER", None),
    ],
)
async def test_the_code_comes_by_the_road_that_is_asked_for_where_it_is_on_file(
    begin, engine, rows, wanted, on_file, road, address
):
    async with unit_of_work(engine) as session:
        change = text("update customer set email = :email, phone = :phone where number = 'C-1'")
        await session.execute(change, on_file)

    begun = await begin(channel=wanted)

    assert (await rows(MESSAGES))[0] == ("REGISTRATION_CODE", road, address, "lv")
    assert begun.expires_at == NOW + 14 * DAY


@pytest.mark.parametrize("wanted", MessageRoad)
async def test_no_answer_tells_what_is_on_file_and_all_are_the_same_work(engine, begin, wanted):
    with counted(engine) as by_mail:
        fits = await begin()

    for given in ({}, {"number": "C-2", "identifier": "32867300679"}, {"number": "C-9"}, {"number": "C-5"}):
        with counted(engine) as work:
            begun = await begin(channel=wanted, **given)
        assert (begun.expires_at, len(begun.token)) == (fits.expires_at, len(fits.token))
        assert work == by_mail


@pytest.mark.parametrize("given", [{}, {"number": "C-9"}, {"number": "C-5"}, {"number": "C-1", "identifier": "1"}])
async def test_adding_a_customer_is_the_same_work_whatever_fits(engine, customers, rows, given):
    ((person,),) = await rows("select id from person")
    viewer = Viewer(person_id=person)
    works = []

    for asked in (ASKED, replace(ASKED, **given)):
        with counted(engine) as work:
            async with unit_of_work(engine) as session:
                begun = await operations.begin_addition(session, viewer=viewer, asked=asked, now=NOW)
        works.append((work, begun.expires_at, len(begun.token)))

    assert works[0] == works[1]


async def test_a_customer_is_added_once_and_by_five_tries(engine, codes, rows, customers):
    ((person,),) = await rows("select id from person")
    viewer = Viewer(person_id=person)

    async def confirm(token, code):
        async with unit_of_work(engine) as session:
            return await operations.confirm_addition(
                session, viewer=viewer, token=token, code=code, key=KEY, now=NOW + MINUTE
            )

    async def add():
        async with unit_of_work(engine) as session:
            return (await operations.begin_addition(session, viewer=viewer, asked=ASKED, now=NOW)).token

    worn = await add()
    worn_code, _ = await codes()
    tried = [await confirm(worn, "22222-22222") for _ in range(5)] + [await confirm(worn, worn_code)]
    token = await add()
    code, _ = await codes()
    added = [await confirm(token, code), await confirm(token, code)]

    assert tried == [RegistrationRefused()] * 6
    assert added == [customers[0], RegistrationRefused()]
    assert await rows("select customer_id from access_grant where ends_at is null order by 1") == [
        (customers[0],),
        (customers[4],),
    ]


async def test_an_address_on_file_is_not_proven_by_a_code_that_went_elsewhere(begin, confirm, codes, rows, engine):
    begun = await begin(email="anna@example.lv", channel=MessageRoad.LETTER)
    code, email_code = await codes()

    assert (await rows(MESSAGES))[1][:3] == ("REGISTRATION_EMAIL", "EMAIL", "anna@example.lv")
    assert await confirm(begun, (code, "")) == RegistrationRefused()
    assert isinstance(await confirm(begun, (code, email_code)), NewSession)


async def test_both_codes_make_the_first_owner_and_sign_them_in(begin, confirm, codes, rows, customers):
    begun = await begin()

    made = await confirm(begun, await codes())

    assert isinstance(made, NewSession)
    assert (made.person.email, made.person.name, made.person.language) == ("new@example.lv", "Anna Jaunā", "en")
    grants = await rows(f"select role from access_grant where customer_id = {customers[0]}")
    assert grants == [("OWNER",)]
    assert await confirm(begun, await codes()) == RegistrationRefused()


async def test_the_address_on_file_needs_one_code_only(begin, confirm, codes, rows):
    begun = await begin(email="Anna@example.lv")
    code, _ = await codes()

    assert isinstance(await confirm(begun, (code, "")), NewSession)
    assert (await rows(MESSAGES))[1][:2] == ("REGISTRATION_EMAIL", "NOBODY")


@pytest.mark.parametrize("wrong", [0, 1])
async def test_one_code_without_the_other_lets_nobody_in(begin, confirm, codes, rows, wrong):
    begun = await begin()
    both = list(await codes())
    both[wrong] = "22222-22222"

    assert await confirm(begun, both) == RegistrationRefused()
    assert await rows("select count(*) from person") == [(1,)]
    assert await rows("select count(*) from access_grant") == [(1,)]


NOT_FITTING = [
    {"number": "C-9"},
    {"number": ""},
    {"number": "' or 1=1 --"},
    {"number": "C-1", "identifier": "161175-19998"},
    {"number": "C-1", "identifier": ""},
    {"number": "C-4", "identifier": "161175-19997"},
    {"number": "C-6", "identifier": ""},
    {"number": "C-6", "identifier": "-"},
    {"number": "C-5"},
    {"number": "\ud800\x00", "identifier": "\ud800\x00"},
]


@pytest.mark.parametrize("given", NOT_FITTING)
async def test_what_fits_nobody_is_answered_alike_after_the_same_work(engine, begin, rows, monkeypatch, given):
    hashes = []
    real = rules._digest
    monkeypatch.setattr(rules, "_digest", lambda one: real(noted(hashes, one)))
    with counted(engine) as right:
        fits = await begin()
    right_hashes = len(hashes)

    with counted(engine) as wrong:
        begun = await begin(**given)

    assert (begun.expires_at, len(begun.token)) == (fits.expires_at, len(fits.token))
    assert wrong == right
    assert len(hashes) == 2 * right_hashes
    assert await rows("select customer_id from registration order by id desc limit 1") == [(None,)]


async def test_a_wrong_code_costs_the_same_whether_or_not_the_number_exists(engine, begin, confirm, monkeypatch):
    hashes = []
    real = rules_of_signin.hash_password
    monkeypatch.setattr(rules_of_signin, "hash_password", lambda one: real(noted(hashes, one)))
    exists, unknown = await begin(), await begin(number="C-9")

    with counted(engine) as right:
        first = await confirm(exists, ("22222-22222", "22222-22222"))
    with counted(engine) as wrong:
        second = await confirm(unknown, ("22222-22222", "22222-22222"))

    assert first == second == RegistrationRefused()
    assert (right, len(hashes)) == (wrong, 2)


async def test_what_fits_nobody_is_never_confirmed(begin, confirm, codes, rows):
    begun = await begin(number="C-9")

    assert await confirm(begun, await codes()) == RegistrationRefused()
    assert await rows("select count(*) from person") == [(1,)]


async def test_who_has_an_account_is_told_by_mail_and_the_newcomer_nothing(begin, confirm, codes, rows):
    begun = await begin(number="C-5")

    assert (await rows(MESSAGES))[0] == ("REGISTRATION_TRIED", "EMAIL", "owner@example.lv", "ru")
    assert await confirm(begun, await codes()) == RegistrationRefused()


async def test_an_address_that_has_an_account_is_not_told_apart_from_a_wrong_code(begin, confirm, codes, rows):
    begun = await begin(email="OWNER@example.lv")

    assert await confirm(begun, await codes()) == RegistrationRefused()
    assert (await rows(MESSAGES))[-1] == ("REGISTRATION_TRIED", "EMAIL", "OWNER@example.lv", "en")
    assert await rows("select count(*) from access_grant") == [(1,)]


async def test_a_registration_is_good_for_five_tries(begin, confirm, codes):
    begun = await begin()
    for _ in range(5):
        assert await confirm(begun, ("22222-22222", "")) == RegistrationRefused()

    assert await confirm(begun, await codes()) == RegistrationRefused()


@pytest.mark.parametrize(
    ("number", "identifier", "after", "is_good"),
    [
        ("C-1", "161175-19997", HOUR - MINUTE, True),
        ("C-1", "161175-19997", HOUR, False),
        ("C-3", "328673-00679", 14 * DAY - MINUTE, True),
        ("C-3", "328673-00679", 14 * DAY, False),
    ],
)
async def test_a_code_of_a_mail_lasts_an_hour_and_of_a_letter_a_fortnight(
    begin, confirm, codes, number, identifier, after, is_good
):
    begun = await begin(number=number, identifier=identifier)

    made = await confirm(begun, await codes(), now=NOW + after)

    assert isinstance(made, NewSession) is is_good


async def test_of_two_with_codes_one_becomes_the_owner(begin, confirm, codes, rows):
    one = await begin()
    ones = await codes()
    other = await begin(email="other@example.lv")
    others = await codes()
    await confirm(other, others)

    with pytest.raises(operations.RegistrationOvertaken):
        await confirm(one, ones)

    assert await rows("select count(*) from access_grant") == [(2,)]
    assert await rows("select count(*) from person where email = 'new@example.lv'") == [(0,)]


@pytest.mark.parametrize("email", ["", "x", "a b@c.lv", "a@b\r\nBcc: c@d.lv", "\x00@x.lv", "a@" + "b" * 300 + ".lv"])
async def test_an_address_that_is_none_is_refused_and_nothing_is_written(begin, rows, email):
    with pytest.raises(operations.EmailMalformed):
        await begin(email=email)

    assert await rows("select * from registration") == []


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\x00b"])
async def test_a_name_that_is_none_is_refused(begin, confirm, codes, name):
    begun = await begin()

    with pytest.raises(operations.NameMalformed):
        await confirm(begun, await codes(), name=name)


async def test_neither_codes_nor_personal_codes_show(begin, codes, rows):
    begun = await begin()

    stored = await rows("select r::text from registration r union all select m::text from signin_message m")
    for secret in (*await codes(), begun.token, ASKED.identifier):
        assert secret not in f"{stored} {begun!r} {ASKED!r}"
