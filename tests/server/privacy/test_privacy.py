"""All that is stored about a person is given out, and taken away but for what the law keeps."""

import io
import json
import zipfile
from datetime import UTC, date, datetime
from hashlib import sha256

import pytest
from mains_server.books.queries import check_books
from mains_server.db.registry import stored_tables
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.privacy.links import LIFETIME, ExportLinks
from mains_server.privacy.operations import ContractStillRuns, CustomerUnknown, MoneyStillOpen, erase_customer
from mains_server.privacy.queries import export
from mains_server.privacy.records import ExportAsked
from mains_server.privacy.rules import (
    COLUMNS_KEPT,
    FILES_KEPT,
    KEPT,
    NOT_EXPORTED,
    condition_of,
    hidden_columns,
    kept_until,
    personal_columns,
    ruleless,
    unruled_columns,
    unruled_files,
)
from mains_server.privacy.statements import OF_CUSTOMER, OF_PERSON
from mains_server.signin.operations import create_session, set_password
from mains_server.signin.records import Lifetimes
from sqlalchemy import Column, LargeBinary, MetaData, String, Table, text
from sqlalchemy.exc import DBAPIError

from tests.server.payments.test_operations import asked, received

NOW = datetime(2024, 2, 10, 9, 30, tzinfo=UTC)
TODAY = date(2024, 2, 10)
LIFETIMES = Lifetimes(access=LIFETIME, session=LIFETIME)
PASSWORD = "quite a long one"
PERSON = """insert into person (email, name, phone, language, created_at)
values (:email, :name, :phone, 'lv', :now) returning id"""
GRANT = """insert into access_grant (customer_id, person_id, role, permissions, starts_at)
values (:customer, :person, :role, '{VIEW}', :now) returning id"""

CONTACTS = "update customer set email = 'anna@example.lv', phone = '+371 29', personal_code = '010190-11111'"
PROTECTED = """insert into customer_protection (customer_id, kind, starts, proof)
values (:c, 'LOW_INCOME', '2024-01-01', 'x') returning id"""


async def person(utility, name, *, customer=None, role="OWNER"):
    found = await utility.run(PERSON, email=f"{name}@example.lv", name=name, phone="+371 2000" + name[:1], now=NOW)
    if customer is not None:
        await utility.run(GRANT, customer=customer, person=found, role=role, now=NOW)
    return found


async def former_customer(utility):
    """A customer whose contract has ended, with an invoice that was paid."""
    customer = await utility.customer()
    contract = await utility.contract(customer, ends=date(2024, 2, 1))
    await utility.run(CONTACTS)
    await utility.run(PROTECTED, c=customer)
    return customer, contract


async def erase(engine, customer):
    async with unit_of_work(engine) as session:
        return await erase_customer(session, customer_id=customer, today=TODAY, now=NOW)


async def rows(engine, statement):
    async with read_session(engine) as session:
        return [tuple(row) for row in await session.execute(text(statement))]


def test_every_table_with_a_customer_or_a_person_has_a_rule():
    assert ruleless(stored_tables()) == []
    assert all(reason for reason in [*KEPT.values(), *NOT_EXPORTED.values()])


def test_every_table_with_a_customer_or_a_person_is_exported():
    about = [table for table in stored_tables() if {"customer_id", "person_id"} & set(table.columns.keys())]

    assert [t.name for t in about if condition_of(t) is None and t.name not in NOT_EXPORTED] == []
    assert len(about) > 40


def test_every_column_that_may_say_who_somebody_is_has_a_rule():
    """The list is made of the tables: a new column with such a name fails here until an erasure takes it, or a reason
    to keep it is written down."""
    tables = stored_tables()

    assert unruled_columns(tables, statements=(OF_CUSTOMER, OF_PERSON)) == []
    assert set(COLUMNS_KEPT) <= set(personal_columns(tables)), "a column that is gone needs no reason"
    assert all(COLUMNS_KEPT.values())


def test_every_column_of_bytes_is_emptied_or_says_why_not():
    tables = stored_tables()
    bytes_ = {f"{t.name}.{c.name}" for t in tables for c in t.columns if isinstance(c.type, LargeBinary)}

    assert unruled_files(tables, statements=(OF_CUSTOMER, OF_PERSON)) == []
    assert set(FILES_KEPT) <= bytes_, "a column that is gone needs no reason"
    assert unruled_files([Table("x", MetaData(), Column("scan", LargeBinary))], statements=()) == ["x.scan"]


def test_a_new_column_without_a_rule_is_named():
    columns = (Column(name, String) for name in ("contact_email", "nickname", "billing_address", "color"))
    table = Table("customer", MetaData(), *columns)

    assert unruled_columns([table], statements=(OF_CUSTOMER, OF_PERSON)) == [
        "customer.billing_address",
        "customer.contact_email",
    ]


def test_no_export_shows_secrets():
    hidden = {table.name: hidden_columns(table) for table in stored_tables()}

    assert hidden["session"] == ["token_hash"]
    assert hidden["reading_link"] == ["token_hash"]


@pytest.mark.parametrize(
    ("issued_on", "until"), [(date(2022, 1, 1), date(2033, 1, 1)), (date(2022, 12, 31), date(2033, 1, 1))]
)
def test_documents_are_kept_ten_years_after_their_year(issued_on, until):
    assert kept_until(issued_on=issued_on) == until


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1], lambda t: "x" + t, lambda t: t + ".x", lambda _t: "ā", lambda _t: ""]
)
def test_a_link_that_was_changed_leads_nowhere(spoil):
    links, asked = ExportLinks(b"k" * 32), ExportAsked(person_id=1, session_id=2)
    token = links.sign(asked, now=NOW)

    assert links.read(token, now=NOW) == asked
    assert links.read(token, now=NOW + LIFETIME) is None
    assert ExportLinks(b"x" * 32).read(token, now=NOW) is None
    assert links.read(spoil(token), now=NOW) is None


@pytest.mark.asyncio
async def test_an_export_holds_what_is_the_persons_and_nothing_of_others(engine, utility):
    customer, other = await utility.customer("C-1"), await utility.customer("C-2")
    await utility.invoice(customer, await utility.contract(customer, "K-1"))
    await utility.invoice(other, await utility.contract(other, "K-2"))
    anna = await person(utility, "anna", customer=customer)
    await person(utility, "berta", customer=other)
    await person(utility, "cecilia", customer=customer, role="DELEGATE")
    async with unit_of_work(engine) as session:
        await set_password(session, person_id=anna, password=PASSWORD, now=NOW)

    async with read_session(engine) as session:
        packed = await export(session, person_id=anna, now=NOW)

    files = zipfile.ZipFile(io.BytesIO(packed))
    found = {name: json.loads(files.read(name)) for name in files.namelist() if name.endswith(".json")}
    assert [row["email"] for row in found["person.json"]] == ["anna@example.lv"]
    assert [row["number"] for row in found["customer.json"]] == ["C-1"]
    assert [row["customer_id"] for row in found["invoice.json"]] == [customer]
    assert {row["customer_id"] for row in found["ledger_entry.json"]} == {customer}
    words = b"".join(files.read(name) for name in files.namelist())
    assert b"berta" not in words and b"C-2" not in words and b"argon2" not in words
    assert {f"{table.name}.json" for table in stored_tables() if condition_of(table)} == set(found)


@pytest.mark.asyncio
async def test_a_delegate_takes_away_nothing_of_the_customers(engine, utility):
    customer = await utility.customer()
    cecilia = await person(utility, "cecilia", customer=customer, role="DELEGATE")

    async with read_session(engine) as session:
        files = zipfile.ZipFile(io.BytesIO(await export(session, person_id=cecilia, now=NOW)))

    assert json.loads(files.read("customer.json")) == []
    assert len(json.loads(files.read("access_grant.json"))) == 1


@pytest.mark.asyncio
async def test_an_erasure_leaves_documents_and_books_alone(engine, utility):
    customer, contract = await former_customer(utility)
    anna = await person(utility, "anna", customer=customer)
    await person(utility, "cecilia", customer=customer, role="DELEGATE")
    async with unit_of_work(engine) as session:
        await set_password(session, person_id=anna, password=PASSWORD, now=NOW)
        begun = await create_session(
            session,
            email="anna@example.lv",
            password=PASSWORD,
            now=NOW,
            lifetimes=LIFETIMES,
        )
    await utility.invoice(customer, contract)
    before = await rows(engine, "select customer_name, billing_address, total from invoice")

    with pytest.raises(MoneyStillOpen):
        await erase(engine, customer)
    await received(utility, asked(customer, "121.00"))
    erased = await erase(engine, customer)

    assert erased.kept_until == date(2035, 1, 1)
    assert await rows(engine, "select name, email, phone, personal_code, address_line from customer") == [
        ("", None, None, None, "")
    ]
    assert await rows(engine, "select customer_name, billing_address, total from invoice") == before
    assert await rows(engine, "select count(*) from customer_protection") == [(0,)]
    assert await rows(engine, "select count(*) from access_grant where ends_at is null") == [(0,)]
    assert await rows(engine, "select count(*) from credential") == [(0,)]
    assert await rows(engine, f"select revoked_at is not null from session where id = {begun.id}") == [(True,)]
    assert await rows(engine, "select name, email from person order by id") == [
        ("", f"erased-{anna}@invalid"),
        ("cecilia", "cecilia@example.lv"),
    ]
    async with read_session(engine) as session:
        assert (await check_books(session)).count == 0
    assert (await erase(engine, customer)).kept_until == erased.kept_until, "again, it stays so"


def hashed(receipt, address):
    return "sha256:" + sha256(f"{receipt}:{address}".encode()).hexdigest()


SENT = """insert into delivery_receipt (customer_id, delivery_id, at, address, outcome, detail, files)
values (:c, 1, :now, :to, 'ACCEPTED', '250 queued for anna@example.lv', '{}') returning id"""
DONE = """insert into delegation_activity (customer_id, kind, person_id, about_person_id, name, note, at)
values (:c, 'INVITED', :p, null, 'Cilda Bite', 'a note', :now) returning id"""
CODE = """insert into signin_message (kind, road, address, language, created_at, tries)
values ('PASSWORD_CHANGED', 'EMAIL', :to, 'lv', :now, 1) returning id"""
BEGUN = """insert into registration (token_hash, nonce, email, language, is_email_proven, created_at, code_ends_at,
    expires_at, tries) values (:token, '', :to, 'lv', false, :now, :now, :now, 0) returning id"""
STRANGER = """insert into notice (occasion, number, topic, template, template_version, language, channel, others,
    address, subject, body, values, state, tries, created_at)
values (:to, 1, 'ACCOUNT', 'contact_left', '1', 'lv', 'EMAIL', '{}', :to, 'x', 'x', '{}', 'SENT', 1, :now)
returning id"""
INVITED = """insert into delegation_invitation (customer_id, invited_by_person_id, role, name, email, permissions,
    status, created_at, expires_at) values (:c, :p, 'DELEGATE', 'Anna, next door', :to, '{VIEW}', :status, :now, :now)
returning id"""


@pytest.mark.asyncio
async def test_an_erasure_leaves_proof_that_was_sent_and_not_to_where(engine, utility):
    customer, _ = await former_customer(utility)
    other = await utility.customer("C-2")
    anna = await person(utility, "anna", customer=customer)
    mine = await utility.run(SENT, c=customer, to="Anna@example.lv", now=NOW)
    await utility.run(SENT, c=customer, to=None, now=NOW)
    theirs = await utility.run(SENT, c=other, to="anna@example.lv", now=NOW)
    await utility.run(DONE, c=customer, p=anna, now=NOW)
    await utility.run("update customer set iban = 'LV80BANK0000435195001' where id = :c", c=customer)

    for _ in range(2):
        await erase(engine, customer)

    assert await rows(engine, "select id, at, outcome, address, detail from delivery_receipt order by id") == [
        (mine, NOW, "ACCEPTED", hashed(mine, "anna@example.lv"), ""),
        (mine + 1, NOW, "ACCEPTED", None, ""),
        (theirs, NOW, "ACCEPTED", "anna@example.lv", "250 queued for anna@example.lv"),
    ]
    assert await rows(engine, "select kind, name, note from delegation_activity") == [("INVITED", None, None)]
    assert await rows(engine, "select iban from customer where iban is not null") == []


@pytest.mark.asyncio
async def test_an_erasure_finds_a_person_by_address_too(engine, utility):
    """Codes, registrations that fitted nobody, notices to an address, and what others called who they had invited."""
    customer, _ = await former_customer(utility)
    other = await utility.customer("C-2")
    anna = await person(utility, "anna", customer=customer)
    berta = await person(utility, "berta", customer=other)
    for to in ("ANNA@example.lv", "berta@example.lv"):
        await utility.run(CODE, to=to, now=NOW)
        await utility.run(BEGUN, to=to, token=to.encode(), now=NOW)
        await utility.run(STRANGER, to=to, now=NOW)
    await utility.run(INVITED, c=other, p=berta, to="Anna@example.lv", status="DECLINED", now=NOW)

    await erase(engine, customer)

    for table, column in (("signin_message", "address"), ("registration", "email"), ("notice", "address")):
        assert await rows(engine, f"select {column} from {table}") == [("berta@example.lv",)]
    assert await rows(engine, "select name, email, phone from delegation_invitation") == [("", "erased@invalid", None)]
    assert (anna, await rows(engine, f"select name from person where id = {berta}")) == (anna, [("berta",)])


TOKEN = """insert into machine_token (person_id, partner, name, token_hash, scopes, customer_ids, contract_ids,
    building_ids, supply_point_ids, rows_a_minute, created_at, expires_at)
values (:p, :partner, 'x', :hash, '{}', '{}', '{}', '{}', '{}', 1, :now, :now) returning id"""


@pytest.mark.asyncio
async def test_a_partners_token_outlives_who_answered_for_it(engine, utility):
    customer, _ = await former_customer(utility)
    anna = await person(utility, "anna", customer=customer)
    for partner in (None, "Skaitītāji SIA"):
        await utility.run(TOKEN, p=anna, partner=partner, hash=str(partner).encode(), now=NOW)

    await erase(engine, customer)

    assert await rows(engine, "select partner from machine_token") == [("Skaitītāji SIA",)]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "change",
    [
        "update delivery_receipt set outcome = 'REFUSED'",
        "update delivery_receipt set address = 'somebody@example.lv'",
        "update delivery_receipt set detail = 'sha256:not one'",
        "update delegation_activity set name = 'Somebody'",
        "update delegation_activity set kind = 'LEFT', name = null",
        "delete from delivery_receipt",
        "delete from delegation_activity",
    ],
)
async def test_what_happened_is_redacted_and_never_changed(engine, utility, change):
    customer = await utility.customer()
    await utility.run(SENT, c=customer, to="anna@example.lv", now=NOW)
    await utility.run(DONE, c=customer, p=await person(utility, "anna"), now=NOW)

    with pytest.raises(DBAPIError, match="append-only"):
        await utility.run(change)


@pytest.mark.asyncio
async def test_an_export_holds_receipts_and_what_was_told(engine, utility):
    customer = await utility.customer()
    anna = await person(utility, "anna", customer=customer)
    await utility.run(SENT, c=customer, to="anna@example.lv", now=NOW)

    async with read_session(engine) as session:
        files = zipfile.ZipFile(io.BytesIO(await export(session, person_id=anna, now=NOW)))

    assert [row["address"] for row in json.loads(files.read("delivery_receipt.json"))] == ["anna@example.lv"]


@pytest.mark.asyncio
async def test_who_owns_another_customer_keeps_their_login(engine, utility):
    customer, _ = await former_customer(utility)
    other = await utility.customer("C-2")
    anna = await person(utility, "anna", customer=customer)
    await utility.run(GRANT, customer=other, person=anna, role="OWNER", now=NOW)

    await erase(engine, customer)

    assert await rows(engine, "select name from person") == [("anna",)]
    assert await rows(engine, "select customer_id from access_grant where ends_at is null") == [(other,)]


@pytest.mark.asyncio
async def test_a_customer_who_is_supplied_or_unknown_is_not_erased(engine, utility):
    customer = await utility.customer()
    await utility.contract(customer)

    with pytest.raises(ContractStillRuns):
        await erase(engine, customer)
    with pytest.raises(CustomerUnknown):
        await erase(engine, customer + 1)

    assert await rows(engine, "select name from customer") == [("C-1",)]
