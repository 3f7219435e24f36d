"""Customers who may register, and what registering and confirming is to tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from mains_server.access.operations import create_person, grant_owner
from mains_server.access.records import NewPerson
from mains_server.customers.operations import load_customers
from mains_server.customers.records import Address, CustomerKind, NewCustomer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.registration import operations
from mains_server.registration.records import RegistrationAsked, RegistrationConfirmed
from mains_server.signin.codes import code_of
from mains_server.signin.records import Lifetimes
from sqlalchemy import text

NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LIFETIMES = Lifetimes(access=HOUR, session=30 * DAY)
KEY = b"k" * 32
HOME = Address(line="Lielā iela 1", city="Jelgava", postcode="LV-3001", country="LV")
PERSON = {"kind": CustomerKind.PRIVATE, "language": "lv", "address": HOME}
ASKED = RegistrationAsked(number="C-1", identifier="161175-19997", email="new@example.lv", language="en")


@pytest_asyncio.fixture
async def customers(engine):
    """Anna is reached by mail, Bruno by phone, Cilda by letter, a firm by its number; Dace has an account."""
    new = [
        NewCustomer(number="C-1", name="Anna", personal_code="161175-19997", email="anna@example.lv", **PERSON),
        NewCustomer(number="C-2", name="Bruno", personal_code="328673-00679", phone="+371 20000001", **PERSON),
        NewCustomer(number="C-3", name="Cilda", personal_code="32867300679", **PERSON),
        NewCustomer(
            number="C-4", name="SIA", registration_number="40003521600", email="firm@example.lv",
            **(PERSON | {"kind": CustomerKind.BUSINESS}),
        ),
        NewCustomer(number="C-5", name="Dace", personal_code="161175-19997", email="dace@example.lv", **PERSON),
        NewCustomer(number="C-6", name="Nobody", email="none@example.lv", **PERSON),
    ]  # fmt: skip
    async with unit_of_work(engine) as session:
        ids = await load_customers(session, customers=new, now=NOW)
        owner = NewPerson(email="owner@example.lv", name="Dace", language="ru")
        person = await create_person(session, person=owner, now=NOW)
        await grant_owner(session, customer_id=ids[4], person_id=person.id, now=NOW)
    return ids


@pytest.fixture
def begin(engine, customers):
    async def begun(now=NOW, **given):
        async with unit_of_work(engine) as session:
            return await operations.begin_registration(session, asked=replace(ASKED, **given), now=now)

    return begun


@pytest.fixture
def confirm(engine):
    async def confirmed(begun, codes, now=NOW + MINUTE, **given):
        asked = RegistrationConfirmed(
            token=begun.token, code=codes[0], email_code=codes[1], name="Anna Jaunā", password="correct horse battery"
        )
        async with unit_of_work(engine) as session:
            return await operations.confirm_registration(
                session, given=replace(asked, **given), key=KEY, now=now, lifetimes=LIFETIMES
            )

    return confirmed


@pytest.fixture
def rows(engine):
    async def found(statement):
        async with unit_of_work(engine) as session:
            return (await session.execute(text(statement))).all()

    return found


@pytest.fixture
def codes(rows):
    """Give the two codes of the last registration, as their messages would carry them."""

    async def made():
        number, nonce = (await rows("select id, nonce from registration order by id desc limit 1"))[0]
        kinds = ("REGISTRATION_CODE", "REGISTRATION_EMAIL")
        return tuple(code_of(key=KEY, purpose=kind, row_id=number, nonce=nonce) for kind in kinds)

    return made
