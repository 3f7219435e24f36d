"""Employees: invited, given roles and deprived of them, deactivated everywhere at once; one administrator stays."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from mains_server.access.operations import EmailTaken, add_staff, create_person
from mains_server.access.records import NewPerson, StaffRole
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.signin import staffing
from mains_server.signin.operations import create_session, set_password
from mains_server.signin.passwords import ResetRefused, request_reset, reset_password
from mains_server.signin.queries import employees, viewer_of_token
from mains_server.signin.records import Lifetimes, NewEmployee
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LIFETIMES = Lifetimes(access=timedelta(hours=1), session=30 * DAY)
KEY = b"k" * 32
PASSWORD = "correct horse battery"
ADMIN, CLERK, OPERATOR = StaffRole.ADMIN, StaffRole.BILLING_CLERK, StaffRole.OPERATOR
WANTED = NewEmployee(email="eva@utility.example", name="Eva", language="en", roles=frozenset({CLERK}))


class Office:
    """The room, one transaction a call."""

    def __init__(self, engine):
        self.engine = engine

    async def do(self, operation, **given):
        """Do something in a transaction of its own."""
        async with unit_of_work(self.engine) as session:
            return await operation(session, now=given.pop("now", NOW), **given)

    async def person(self, name, *roles, password=PASSWORD):
        """Make somebody who works here already."""
        new = NewPerson(email=f"{name}@utility.example", name=name, language="lv")
        person = await self.do(create_person, person=new)
        if password is not None:
            await self.do(set_password, person_id=person.id, password=password)
        for role in roles:
            await self.do(add_staff, person_id=person.id, role=role)
        return person.id

    async def token(self, name):
        """Sign somebody in."""
        email = f"{name}@utility.example"
        made = await self.do(create_session, email=email, password=PASSWORD, lifetimes=LIFETIMES)
        return made.token

    async def roles(self, token, now=NOW):
        """Tell which roles whoever has a token has; None where it is no good."""
        async with read_session(self.engine) as session:
            viewer = await viewer_of_token(session, token=token, now=now)
        return None if viewer is None else viewer.staff

    async def invite(self, **given):
        """Invite Eva, or somebody like her."""
        new = NewEmployee(
            email=given.pop("email", WANTED.email),
            name=given.pop("name", WANTED.name),
            language="en",
            roles=given.pop("roles", WANTED.roles),
        )
        return await self.do(staffing.invite_employee, new=new, key=KEY, **given)

    async def rows(self, statement):
        """Read."""
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement))]


@pytest_asyncio.fixture
async def office(engine):
    return Office(engine)


async def test_an_invitation_is_good_once_and_for_three_days(office):
    made = await office.invite()

    late = await office.do(reset_password, token=made.code, password=PASSWORD, now=NOW + 3 * DAY)
    in_time = await office.do(reset_password, token=made.code, password=PASSWORD, now=NOW + 3 * DAY - MINUTE)
    again = await office.do(reset_password, token=made.code, password="another long thought")

    assert (late, in_time, again) == (ResetRefused(), None, ResetRefused())
    assert await office.roles(await office.token("eva")) == {CLERK}
    sent = await office.rows("select kind, road, address, language from signin_message order by id limit 1")
    assert sent == [("STAFF_INVITED", "EMAIL", "eva@utility.example", "en")]
    assert made.code not in repr(made)


async def test_who_has_no_password_yet_is_invited_again_and_the_first_code_is_worth_nothing(office):
    first = await office.invite()
    second = await office.invite(roles=frozenset({OPERATOR}))

    assert await office.do(reset_password, token=first.code, password=PASSWORD) == ResetRefused()
    assert await office.do(reset_password, token=second.code, password=PASSWORD) is None
    assert await office.roles(await office.token("eva")) == {CLERK, OPERATOR}


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"email": "nobody"}, staffing.WorkAddressMalformed),
        ({"email": "a@b.lv\r\nBcc: c@d.lv"}, staffing.WorkAddressMalformed),
        ({"name": " "}, staffing.WorkNameMalformed),
        ({"name": "x" * 201}, staffing.WorkNameMalformed),
        ({"roles": frozenset()}, staffing.RolesMissing),
        ({"email": "KUND@utility.example"}, EmailTaken),
        ({"email": "anna@utility.example"}, EmailTaken),
    ],
)
async def test_what_is_no_invitation_is_refused_and_nothing_is_written(office, given, refusal):
    await office.person("kund", password=None)
    await office.person("anna", ADMIN)

    with pytest.raises(refusal):
        await office.invite(**given)

    assert await office.rows("select count(*) from person") == [(2,)]
    assert await office.rows("select role from staff_member") == [("ADMIN",)]
    assert await office.rows("select count(*) from signin_message") == [(0,)]


async def test_a_role_holds_from_the_next_request_and_is_gone_with_the_next(office):
    eva = await office.person("eva", CLERK)
    token = await office.token("eva")
    told = [await office.roles(token)]

    for operation in (staffing.give_role, staffing.give_role, staffing.take_role, staffing.take_role):
        await office.do(operation, person_id=eva, role=OPERATOR)
        told.append(await office.roles(token))

    assert told == [{CLERK}, {CLERK, OPERATOR}, {CLERK, OPERATOR}, {CLERK}, {CLERK}]
    kept = await office.rows("select role, since, ended_at from staff_member order by id")
    assert kept == [("BILLING_CLERK", NOW, None), ("OPERATOR", NOW, NOW)]


async def test_nobody_gives_a_role_to_themselves_or_to_who_is_no_employee(office):
    anna, kund = await office.person("anna", ADMIN), await office.person("kund")

    with pytest.raises(staffing.OwnRole):
        await office.do(staffing.give_role, person_id=anna, role=CLERK, by=anna)
    with pytest.raises(staffing.EmployeeUnknown):
        await office.do(staffing.give_role, person_id=kund, role=ADMIN, by=anna)
    with pytest.raises(staffing.EmployeeUnknown):
        await office.do(staffing.take_role, person_id=kund, role=CLERK)
    with pytest.raises(staffing.EmployeeUnknown):
        await office.do(staffing.deactivate_employee, person_id=999)

    assert await office.rows("select person_id, role from staff_member") == [(anna, "ADMIN")]


async def test_the_last_administrator_who_can_sign_in_stays(office):
    anna = await office.person("anna", ADMIN)
    await office.invite(roles=frozenset({ADMIN}))

    with pytest.raises(staffing.LastAdmin):
        await office.do(staffing.take_role, person_id=anna, role=ADMIN)
    with pytest.raises(staffing.LastAdmin):
        await office.do(staffing.deactivate_employee, person_id=anna)

    assert await office.roles(await office.token("anna")) == {ADMIN}


async def test_of_two_administrators_who_take_the_role_from_each_other_one_stays(office):
    both = [await office.person("anna", ADMIN), await office.person("berta", ADMIN)]

    told = await asyncio.gather(
        *(office.do(staffing.take_role, person_id=one, role=ADMIN) for one in both), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in told) == ["LastAdmin", "NoneType"]
    assert await office.rows("select count(*) from staff_member where ended_at is null") == [(1,)]


async def test_who_is_deactivated_is_out_everywhere_and_can_be_invited_again(office):
    await office.person("anna", ADMIN)
    eva = await office.person("eva", CLERK, OPERATOR)
    tokens = [await office.token("eva"), await office.token("eva")]

    await office.do(staffing.deactivate_employee, person_id=eva)

    assert [await office.roles(one) for one in tokens] == [None, None]
    refused = await office.do(
        create_session, email="eva@utility.example", password=PASSWORD, lifetimes=LIFETIMES, now=NOW + MINUTE
    )
    assert refused.code.name == "WRONG_EMAIL_OR_PASSWORD"
    async with read_session(office.engine) as session:
        listed = [(one.name, one.roles, one.has_password) for one in await employees(session)]
    assert listed == [("anna", (ADMIN,), True), ("eva", (), False)]
    await office.do(staffing.deactivate_employee, person_id=eva)
    back = await office.invite()
    assert back.person_id == eva
    assert await office.rows(f"select role from staff_member where person_id = {eva} and ended_at is null") == [
        ("BILLING_CLERK",)
    ]


async def test_who_is_deactivated_gets_no_code_to_come_back_by(office):
    await office.person("anna", ADMIN)
    eva = await office.person("eva", CLERK)
    await office.do(staffing.deactivate_employee, person_id=eva)

    for name in ("anna", "eva"):
        await office.do(request_reset, email=f"{name}@utility.example", key=KEY)

    assert await office.rows("select road, address from signin_message order by id") == [
        ("EMAIL", "anna@utility.example"),
        ("NOBODY", None),
    ]


async def test_a_code_that_was_on_its_way_ends_with_the_account(office):
    await office.person("anna", ADMIN)
    made = await office.invite()

    await office.do(staffing.deactivate_employee, person_id=made.person_id)

    assert await office.do(reset_password, token=made.code, password=PASSWORD) == ResetRefused()


LINK = "insert into openid_link (person_id, provider, subject, created_at) values ({0}, 'bank', 's', now())"
KEY_OF_A_DEVICE = """insert into passkey (person_id, credential_id, public_key, handle, sign_count, transports,
    is_synced, name, created_at, suspended_at) values ({0}, 'c', 'k', 'h', 0, '{{}}', false, 'Phone', now(), %s)"""
WAYS_IN = [(LINK, True), (KEY_OF_A_DEVICE % "null", True), (KEY_OF_A_DEVICE % "now()", False), (None, False)]


@pytest.mark.parametrize(("by", "counts"), WAYS_IN)
async def test_an_administrator_who_signs_in_without_a_password_stays_one_too(office, by, counts):
    anna = await office.person("anna", ADMIN)
    berta = await office.person("berta", ADMIN, password=None)
    if by is not None:
        async with unit_of_work(office.engine) as session:
            await session.execute(text(by.format(berta)))

    taking = office.do(staffing.take_role, person_id=anna, role=ADMIN)
    if counts:
        await taking
    else:
        with pytest.raises(staffing.LastAdmin):
            await taking

    assert await office.rows("select count(*) from staff_member where ended_at is null") == [(1 if counts else 2,)]
