"""A stranger who applied becomes a customer, whose owner they are; refusals leave nothing behind."""

from dataclasses import replace

import pytest
from mains_schema.declaring.node import encode_id
from mains_schema.served import schema
from mains_server.access.queries import viewer_of_person
from mains_server.access.records import Permission, Refusal
from mains_server.applications.becoming import Becoming, make_customer
from mains_server.applications.records import StepKind
from mains_server.customers.records import Address, CustomerKind
from mains_server.db.unit_of_work import unit_of_work

from tests.schema.asking import NO_ADAPTERS, Asker
from tests.server.applications.test_operations import Office, house, office, utilities
from tests.server.intake.conftest import NOW

__all__ = ["house", "office", "utilities"]
pytestmark = pytest.mark.asyncio
PLACE = Address(line=" Jūras iela  7", city="Jelgava", postcode="3001", country="lv")
WHO = Becoming(application_id=1, number="C-900", kind=CustomerKind.PRIVATE, name="Anna Ozola", address=PLACE)
TABLES = ("customer", "access_grant", "application_step", "outbox_event")


async def become(office, viewer, application, **changes):
    """Make the applicant a customer."""
    given = replace(WHO, **{"application_id": application, **changes})
    async with unit_of_work(office.engine) as session:
        return await make_customer(session, viewer=viewer, given=given, now=NOW)


async def counts(office):
    return [(await office.rows(f"select count(*) from {table}"))[0][0] for table in TABLES]


async def test_the_applicant_owns_the_customer_and_what_was_applied_for(office: Office):
    stranger, staff = office.house.stranger, office.house.staff
    number = await office.submit(stranger)

    assert await become(office, staff, number, phone="26123456") == number

    ((customer, *data),) = await office.rows(
        "select id, number, name, language, email, phone, address_line, address_postcode from customer"
        " where number = 'C-900'"
    )
    assert data == ["C-900", "Anna Ozola", "lv", "stranger@e.lv", "+371 26 123 456", "Jūras iela 7", "LV-3001"]
    async with unit_of_work(office.engine) as session:
        now_owner = await viewer_of_person(session, person_id=stranger.person_id, now=NOW)
    assert now_owner.customers_with(Permission.REQUEST_SERVICES) == {customer}
    assert await office.rows("select state, customer_id from application") == [("SUBMITTED", customer)]
    assert await office.rows("select kind, is_staff, person_id from application_step order by number") == [
        ("SUBMIT", False, stranger.person_id),
        ("CUSTOMER_CREATE", True, staff.person_id),
    ]
    await office.step(now_owner, number, StepKind.WITHDRAW)


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"number": " "}, "CUSTOMER_DATA_WRONG", "number"),
        ({"number": "9" * 41}, "CUSTOMER_DATA_WRONG", "number"),
        ({"number": "C-1"}, "CUSTOMER_NUMBER_TAKEN", "number"),
        ({"name": ""}, "CUSTOMER_DATA_WRONG", "name"),
        ({"name": "a\0b"}, "CUSTOMER_DATA_WRONG", "name"),
        ({"email": "anna"}, "CUSTOMER_DATA_WRONG", "email"),
        ({"phone": "123"}, "PHONE_MALFORMED", "phone"),
        ({"language": "de"}, "LANGUAGE_UNKNOWN", "language"),
        ({"personal_code": "!"}, "PERSONAL_CODE_MALFORMED", "personalCode"),
        ({"vat_number": "L" * 33}, "CUSTOMER_DATA_WRONG", "vatNumber"),
        ({"address": replace(PLACE, postcode="1")}, "ADDRESS_MALFORMED", "address"),
        ({"application_id": 999_999}, "APPLICATION_UNKNOWN", "applicationId"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_written(office: Office, changes, code, path):
    number = await office.submit(office.house.stranger)
    before = await counts(office)

    with pytest.raises(Refusal) as refused:
        await become(office, office.house.staff, number, **changes)

    assert (refused.value.code, refused.value.path) == (code, path)
    assert await counts(office) == before


async def test_nobody_becomes_a_customer_twice_or_by_an_application_that_is_over(office: Office):
    house = office.house
    own = await office.submit(house.family, customer_id=house.customers[1])
    over, first = [await office.submit(house.stranger) for _ in range(2)]
    await office.step(house.stranger, over, StepKind.WITHDRAW)
    await become(office, house.staff, first)

    for viewer, number, code in (
        (house.staff, own, "APPLICANT_IS_CUSTOMER"),
        (house.staff, first, "APPLICANT_IS_CUSTOMER"),
        (house.staff, over, "STEP_NOT_POSSIBLE"),
        (house.clerk, over, "APPLICATION_UNKNOWN"),
        (house.stranger, over, "APPLICATION_UNKNOWN"),
    ):
        with pytest.raises(Refusal) as refused:
            await become(office, viewer, number, number="C-901")
        assert refused.value.code == code
    assert await office.rows("select count(*) from customer where number = 'C-901'") == [(0,)]


async def test_it_is_done_once_over_graphql(office: Office):
    asker = Asker(schema(), office.engine, replace(NO_ADAPTERS, host=office.host))
    number = await office.submit(office.house.stranger)
    mutation = """mutation ($input: ApplicationCustomerCreateInput!) { applicationCustomerCreate(input: $input) {
      application { state customer { number name } steps { kind } } userErrors { code path } } }"""
    given = {
        "applicationId": encode_id(type_name="Application", number=number),
        "number": "C-900",
        "kind": "PRIVATE",
        "name": "Anna Ozola",
        "idempotencyKey": "k",
        "address": {"line": "Jūras iela 7", "city": "Jelgava", "postcode": "LV-3001", "country": "LV"},
    }

    answers = [await asker.resolve(mutation, viewer=office.house.staff, input=given) for _ in range(2)]
    refused = await asker.resolve(mutation, viewer=office.house.staff, input={**given, "idempotencyKey": "k2"})

    assert answers[0].data == answers[1].data
    shown = answers[0].data["applicationCustomerCreate"]
    assert shown["application"]["customer"] == {"number": "C-900", "name": "Anna Ozola"}
    assert [one["kind"] for one in shown["application"]["steps"]] == ["SUBMIT", "CUSTOMER_CREATE"]
    error = {"code": "APPLICANT_IS_CUSTOMER", "path": "applicationId"}
    assert refused.data["applicationCustomerCreate"] == {"application": None, "userErrors": [error]}
