"""Registering, passwords and one's own data over HTTP: a neighbour who knows the customer number gets nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from mains_schema.served import graphql_app
from mains_server.adapters.host import AdapterHost
from mains_server.consumption.links import ChartLinks
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin.codes import code_of, token_of
from mains_server.signin.operations import set_password
from mains_server.signin.throttling import Bound
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NOW
from tests.schema.test_sessions import SIGN_IN, ask, bearer
from tests.schema.town import settle

pytestmark = pytest.mark.asyncio
PASSWORD = "correct horse battery"
KEY = b"k" * 32
BEGIN = """mutation ($input: RegistrationBeginInput!) { registrationBegin(input: $input) {
    registration expiresAt userErrors { code } } }"""
CONFIRM = """mutation ($input: RegistrationConfirmInput!) { registrationConfirm(input: $input) {
    token userErrors { code } } }"""
FORGOT = (
    """mutation ($email: String!) { passwordResetRequest(input: {email: $email}) { isTaken userErrors { code } } }"""
)
RESET = """mutation ($input: PasswordResetInput!) { passwordReset(input: $input) { isChanged userErrors { code } } }"""
CHANGE = """mutation ($password: String!) { passwordChange(input: {password: $password}) {
    isChanged userErrors { code } } }"""
UPDATE = """mutation ($input: CustomerUpdateInput!) { customerUpdate(input: $input) {
    customer { email phone iban language address { postcode country } } warnings userErrors { code path } } }"""
CUSTOMER_4, CUSTOMER_1 = "Q3VzdG9tZXI6NA", "Q3VzdG9tZXI6MQ"


@dataclass
class Office:
    """The server, and a clock that tests move."""

    engine: AsyncEngine
    http: httpx2.AsyncClient = field(init=False)
    app: Any = field(init=False)
    now: datetime = NOW

    async def rows(self, statement: str) -> Any:
        async with self.engine.begin() as connection:
            found = await connection.execute(text(statement))
            return found.all() if found.returns_rows else None

    async def codes(self) -> tuple[str, str]:
        """Give the codes of the last registration, as its messages carry them."""
        row_id, nonce = (await self.rows("select id, nonce from registration order by id desc limit 1"))[0]
        code, email_code = (
            code_of(key=KEY, purpose=kind, row_id=row_id, nonce=nonce)
            for kind in ("REGISTRATION_CODE", "REGISTRATION_EMAIL")
        )
        return code, email_code

    async def sign_in(self) -> dict[str, str]:
        made = await ask(self.http, SIGN_IN, input={"email": "person4@example.lv", "password": PASSWORD})
        return bearer(made["sessionCreate"]["token"])


@pytest_asyncio.fixture
async def office(engine: AsyncEngine) -> AsyncIterator[Office]:
    """Customer 4 has an owner; customer 3 has none, a personal code and an e-mail address."""
    found = Office(engine)
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=1, lines=1)
        await connection.exec_driver_sql("select setval('person_id_seq', 1000), setval('access_grant_id_seq', 1000)")
    await found.rows("delete from access_grant where customer_id = 3")
    await found.rows("update customer set personal_code = '161175-19997', email = 'third@example.lv' where id = 3")
    async with unit_of_work(engine) as session:
        await set_password(session, person_id=4, password=PASSWORD, now=NOW)
    found.app = graphql_app(
        engine=engine,
        host=AdapterHost(adapters=(), live={}),
        session_lifetime=timedelta(days=30),
        links=ChartLinks(KEY),
        clock=lambda: found.now,
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=found.app), base_url="http://mains") as found.http:
        yield found


def newcomer(**given: str) -> dict[str, str]:
    return {"number": "C-000003", "identifier": "161175-19997", "email": "new@example.lv"} | given


def codes_given(registration: str, code: str, email_code: str) -> dict[str, str]:
    return {"registration": registration, "code": code, "emailCode": email_code} | {
        "name": "Jauna Kliente",
        "password": "another long thought",
    }


async def test_a_customer_registers_and_sees_what_is_theirs(office: Office) -> None:
    begun = (await ask(office.http, BEGIN, input=newcomer()))["registrationBegin"]

    made = await ask(office.http, CONFIRM, input=codes_given(begun["registration"], *await office.codes()))

    token = made["registrationConfirm"]["token"]
    seen = await ask(office.http, "{ viewer { email customers { nodes { number } } } }", bearer(token))
    assert seen == {"viewer": {"email": "new@example.lv", "customers": {"nodes": [{"number": "C-000003"}]}}}


async def test_a_neighbour_who_knows_the_customer_number_learns_and_gets_nothing(office: Office) -> None:
    """Also with the personal code: what is missing is the code that went to the customer's own contact."""
    asked = [newcomer(identifier="111111-11111"), newcomer(number="C-999999"), newcomer(number="C-000004"), newcomer()]
    answers = [(await ask(office.http, BEGIN, input=one))["registrationBegin"] for one in asked]
    _, email_code = await office.codes()

    given = codes_given(answers[-1]["registration"], "22222-22222", email_code)
    tried = await ask(office.http, CONFIRM, input=given)

    assert {(one["expiresAt"], len(one["registration"]), str(one["userErrors"])) for one in answers} == {
        ("2023-04-03T10:00:00.000Z", 43, "[]")
    }
    refused = {"token": None, "userErrors": [{"code": "REGISTRATION_NOT_CONFIRMED"}]}
    assert tried == {"registrationConfirm": refused}
    assert await office.rows("select count(*) from person where email = 'new@example.lv'") == [(0,)]


async def test_who_has_no_mail_on_file_registers_by_text_message_or_letter(office: Office) -> None:
    await office.rows("update customer set email = null, phone = '+371 20000003' where id = 3")

    answers = [
        (await ask(office.http, BEGIN, input=newcomer(channel=channel)))["registrationBegin"]
        for channel in ("EMAIL", "SMS", "LETTER")
    ]
    roads = await office.rows("select road, address from signin_message where kind = 'REGISTRATION_CODE' order by id")
    made = await ask(office.http, CONFIRM, input=codes_given(answers[-1]["registration"], *await office.codes()))

    assert roads == [("SMS", "+371 20000003"), ("SMS", "+371 20000003"), ("LETTER", None)]
    assert len({one["expiresAt"] for one in answers}) == 1
    assert made["registrationConfirm"]["userErrors"] == []


ADD = """mutation ($input: RegistrationAddBeginInput!) { registrationAddBegin(input: $input) {
    registration expiresAt userErrors { code } } }"""
ADDED = """mutation ($input: RegistrationAddConfirmInput!) { registrationAddConfirm(input: $input) {
    customerId userErrors { code path } } }"""
MINE = "{ viewer { customers { nodes { number } } accesses { nodes { role customer { number } } } } }"
NOT_ADDED = {"customerId": None, "userErrors": [{"code": "REGISTRATION_NOT_CONFIRMED", "path": "code"}]}


async def test_who_has_an_account_adds_their_business_and_switches_to_it(office: Office) -> None:
    token = await office.sign_in()
    begun = (await ask(office.http, ADD, token, input={"number": "C-000003", "identifier": "161175-19997"}))[
        "registrationAddBegin"
    ]
    code, _ = await office.codes()

    added = await ask(office.http, ADDED, token, input={"registration": begun["registration"], "code": code})

    assert added["registrationAddConfirm"] == {"customerId": "Q3VzdG9tZXI6Mw", "userErrors": []}
    mine = (await ask(office.http, MINE, token))["viewer"]
    assert sorted(one["number"] for one in mine["customers"]["nodes"]) == ["C-000003", "C-000004"]
    assert {"role": "OWNER", "customer": {"number": "C-000003"}} in mine["accesses"]["nodes"]
    told = await office.rows("select kind, road, address from signin_message order by id")
    assert told == [
        ("REGISTRATION_CODE", "EMAIL", "third@example.lv"),
        ("REGISTRATION_EMAIL", "NOBODY", "person4@example.lv"),
    ]
    trail = await office.rows("select act, person_id from audit_entry where customer_id = 3")
    assert trail == [("registrationAddConfirm", 4)]


async def test_adding_tells_nothing_and_costs_the_same_whosever_the_customer_is(office: Office) -> None:
    """A customer to add, one that is not there, another's, one's own, and a personal code that does not fit."""
    token = await office.sign_in()
    asked = [("C-000003", "161175-19997"), ("C-999999", "1"), ("C-000001", "1"), ("C-000004", "1"), ("C-000003", "1")]

    answers = [
        (await ask(office.http, ADD, token, input={"number": number, "identifier": identifier}))["registrationAddBegin"]
        for number, identifier in asked
    ]
    tried = [
        await ask(office.http, ADDED, token, input={"registration": one["registration"], "code": "22222-22222"})
        for one in answers
    ]

    assert len({(one["expiresAt"], len(one["registration"]), str(one["userErrors"])) for one in answers}) == 1
    assert tried == [{"registrationAddConfirm": NOT_ADDED}] * 5
    refused = await ask(office.http, ADD, token, input={"number": "C-000002", "identifier": "1"})
    assert refused["registrationAddBegin"]["userErrors"] == [{"code": "TOO_MANY_ATTEMPTS"}]


async def test_what_one_began_another_cannot_confirm(office: Office) -> None:
    """Neither somebody else who is signed in, nor a newcomer; nor does who adds confirm a newcomer's."""
    async with unit_of_work(office.engine) as session:
        await set_password(session, person_id=1, password=PASSWORD, now=NOW)
    token = await office.sign_in()
    other = bearer(
        (await ask(office.http, SIGN_IN, input={"email": "person1@example.lv", "password": PASSWORD}))["sessionCreate"][
            "token"
        ]
    )
    add = {"number": "C-000003", "identifier": "161175-19997"}
    begun = (await ask(office.http, ADD, token, input=add))["registrationAddBegin"]["registration"]
    code, email_code = await office.codes()

    told = [
        (await ask(office.http, ADDED, other, input={"registration": begun, "code": code}))["registrationAddConfirm"],
        (await ask(office.http, CONFIRM, input=codes_given(begun, code, email_code)))["registrationConfirm"],
        await ask(office.http, ADDED, input={"registration": begun, "code": code}),
        await ask(office.http, ADD, input=add),
    ]
    newcomers = (await ask(office.http, BEGIN, input=newcomer()))["registrationBegin"]["registration"]
    code, _ = await office.codes()
    last = await ask(office.http, ADDED, token, input={"registration": newcomers, "code": code})

    refused = {"token": None, "userErrors": [{"code": "REGISTRATION_NOT_CONFIRMED"}]}
    assert told == [NOT_ADDED, refused, ["UNAUTHENTICATED"], ["UNAUTHENTICATED"]]
    assert last["registrationAddConfirm"] == NOT_ADDED
    assert await office.rows("select count(*) from access_grant where customer_id = 3") == [(0,)]


@pytest.mark.parametrize(
    "given",
    [{"email": "thief@example.lv"}, {"phone": "20000001"}, {"iban": "LV80BANK0000435195001"}, {"language": "en"}],
)
async def test_a_delegate_changes_neither_contact_nor_bank_data(office: Office, given: dict[str, str]) -> None:
    """Also not with every permission on all contracts and a fresh proof."""
    await office.rows(
        "insert into access_grant (customer_id, person_id, role, permissions, starts_at)"
        " values (3, 4, 'DELEGATE', '{VIEW,PAY,SUBMIT_READINGS,REQUEST_SERVICES}', '2020-01-01')"
    )
    token = await office.sign_in()
    before = await office.rows("select c::text from customer c order by id")

    answer = (await ask(office.http, UPDATE, token, input={"customerId": "Q3VzdG9tZXI6Mw"} | given))["customerUpdate"]

    assert answer["userErrors"] == [{"code": "CUSTOMER_UNKNOWN", "path": "customerId"}]
    assert await office.rows("select c::text from customer c order by id") == before


async def test_each_alias_of_a_request_is_one_try(office: Office) -> None:
    fields = " ".join(
        f'a{n}: registrationBegin(input: {{number: "C-000003", identifier: "{n}", email: "a{n}@b.lv"}}) '
        "{ userErrors { code } }"
        for n in range(7)
    )

    answer = await ask(office.http, f"mutation {{ {fields} }}")

    told = [[error["code"] for error in one["userErrors"]] for one in answer.values()]
    assert told == [[]] * 5 + [["TOO_MANY_ATTEMPTS"]] * 2
    assert await office.rows("select count(*) from registration") == [(5,)]


async def test_one_network_has_twenty_tries_and_an_hour_later_more(office: Office) -> None:
    async def tried(n: int) -> Any:
        given = newcomer(number=f"X-{n}", email=f"a{n}@b.lv")
        return (await ask(office.http, BEGIN, input=given))["registrationBegin"]["userErrors"]

    told = [await tried(n) for n in range(21)]
    office.now += timedelta(minutes=15)

    assert told == [[]] * 20 + [[{"code": "TOO_MANY_ATTEMPTS"}]]
    assert await tried(22) == []


async def test_all_together_have_so_many_tries_whoever_they_are(office: Office, monkeypatch: Any) -> None:
    monkeypatch.setattr("mains_server.registration.rules.OF_ALL", Bound("registration of all", 2, timedelta(hours=1)))

    told = [
        (await ask(office.http, BEGIN, input=newcomer(number=f"X-{n}", email=f"a{n}@b.lv")))["registrationBegin"]
        for n in range(3)
    ]

    assert [[error["code"] for error in one["userErrors"]] for one in told] == [[], [], ["TOO_MANY_ATTEMPTS"]]


async def test_a_forgotten_password_is_reset_and_nobody_learns_who_has_an_address(office: Office) -> None:
    known = await ask(office.http, FORGOT, email="person4@example.lv")
    unknown = await ask(office.http, FORGOT, email="nobody@example.lv")
    ((row_id, nonce),) = await office.rows("select row_id, nonce from signin_message where road = 'EMAIL'")
    code = token_of(key=KEY, purpose="PASSWORD_RESET", row_id=row_id, nonce=nonce)

    reset = await ask(office.http, RESET, input={"code": code, "password": "another long thought"})

    assert known == unknown == {"passwordResetRequest": {"isTaken": True, "userErrors": []}}
    assert reset == {"passwordReset": {"isChanged": True, "userErrors": []}}
    wrong = await ask(office.http, RESET, input={"code": code, "password": "another long thought"})
    assert wrong["passwordReset"]["userErrors"] == [{"code": "RESET_CODE_WRONG"}]


async def test_a_password_is_changed_with_a_fresh_proof_only(office: Office) -> None:
    token = await office.sign_in()
    early = await ask(office.http, CHANGE, token, password="short")
    office.now += timedelta(minutes=5)

    late = await ask(office.http, CHANGE, token, password="another long thought")

    assert early["passwordChange"]["userErrors"] == [{"code": "PASSWORD_TOO_SHORT"}]
    assert late["passwordChange"]["userErrors"] == [{"code": "REAUTHENTICATION_NEEDED"}]
    assert await ask(office.http, CHANGE, password="another long thought") == ["UNAUTHENTICATED"]


async def test_an_owner_corrects_contact_data_and_the_old_address_is_told(office: Office) -> None:
    token = await office.sign_in()
    await office.rows("update customer set email = 'old@example.lv' where id = 4")
    given = {
        "email": "new@example.lv",
        "phone": "20000001",
        "iban": "LV80 BANK 0000 4351 9500 1",
        "personalCode": "161375-19997",
        "language": "ru",
        "address": {"line": "Lielā 1", "city": "Jelgava", "postcode": "3001", "country": "lv"},
    }

    answer = (await ask(office.http, UPDATE, token, input={"customerId": CUSTOMER_4} | given))["customerUpdate"]

    assert answer["userErrors"] == []
    assert answer["warnings"] == ["PERSONAL_CODE_DOUBTFUL"]
    assert answer["customer"] == {
        "email": "new@example.lv",
        "phone": "+371 20 000 001",
        "iban": "LV80BANK0000435195001",
        "language": "ru",
        "address": {"postcode": "LV-3001", "country": "LV"},
    }
    told = await office.rows("select kind, address from signin_message order by id")
    assert told == [("EMAIL_CHANGED", "old@example.lv"), ("BANK_ACCOUNT_CHANGED", "old@example.lv")]


HOME = {"line": "Lielā 1", "city": "Jelgava", "postcode": "LV-3001", "country": "LV"}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"email": "x"}, "EMAIL_MALFORMED"),
        ({"email": "a@b.lv\r\nBcc: c@d.lv"}, "EMAIL_MALFORMED"),
        ({"phone": "12"}, "PHONE_MALFORMED"),
        ({"phone": "call me"}, "PHONE_MALFORMED"),
        ({"phone": "+371 99999999"}, "PHONE_MALFORMED"),
        ({"iban": "LV81BANK0000435195001"}, "IBAN_MALFORMED"),
        ({"iban": "LV80"}, "IBAN_MALFORMED"),
        ({"iban": "XX80BANK0000435195001"}, "IBAN_MALFORMED"),
        ({"language": "de"}, "LANGUAGE_UNKNOWN"),
        ({"personalCode": "'; drop table"}, "PERSONAL_CODE_MALFORMED"),
        ({"address": HOME | {"postcode": "30010"}}, "ADDRESS_MALFORMED"),
        ({"address": HOME | {"country": "Latvia"}}, "ADDRESS_MALFORMED"),
        ({"address": HOME | {"line": " "}}, "ADDRESS_MALFORMED"),
        ({"address": HOME | {"city": "x" * 201}}, "ADDRESS_MALFORMED"),
    ],
)
async def test_contact_data_that_cannot_be_is_refused_and_nothing_is_changed(
    office: Office, given: dict[str, Any], code: str
) -> None:
    token = await office.sign_in()
    before = await office.rows("select c::text from customer c order by id")

    answer = (await ask(office.http, UPDATE, token, input={"customerId": CUSTOMER_4} | given))["customerUpdate"]

    assert [error["code"] for error in answer["userErrors"]] == [code]
    assert await office.rows("select c::text from customer c order by id") == before


@pytest.mark.parametrize("given", [{"email": "thief@example.lv"}, {"email": None}, {"iban": "LV80BANK0000435195001"}])
async def test_address_and_bank_account_need_a_fresh_proof(office: Office, given: dict[str, Any]) -> None:
    token = await office.sign_in()
    await office.rows("update customer set email = 'old@example.lv' where id = 4")
    office.now += timedelta(minutes=6)

    refused = await ask(office.http, UPDATE, token, input={"customerId": CUSTOMER_4} | given)
    taken = await ask(office.http, UPDATE, token, input={"customerId": CUSTOMER_4, "phone": "+371 20000001"})

    assert refused["customerUpdate"]["userErrors"] == [{"code": "REAUTHENTICATION_NEEDED", "path": None}]
    assert taken["customerUpdate"]["customer"]["email"] == "old@example.lv"
    assert await office.rows("select count(*) from signin_message") == [(0,)]


async def test_another_customer_is_not_there(office: Office) -> None:
    token = await office.sign_in()

    answer = await ask(office.http, UPDATE, token, input={"customerId": CUSTOMER_1, "language": "ru"})

    assert answer["customerUpdate"]["userErrors"] == [{"code": "CUSTOMER_UNKNOWN", "path": "customerId"}]


async def test_a_person_corrects_what_they_are_called(office: Office) -> None:
    token = await office.sign_in()
    update = """mutation { viewerUpdate(input: {name: " Anna  Ozola ", phone: "20000001", language: "en"}) {
        viewer { name phone language } userErrors { code } } }"""

    answer = (await ask(office.http, update, token))["viewerUpdate"]

    assert answer["viewer"] == {"name": "Anna Ozola", "phone": "+371 20 000 001", "language": "en"}
