"""Who is linked to whom: after a proof, once, told, and removed."""

from datetime import timedelta

import pytest
from mains_server.access.operations import grant_owner
from mains_server.openid import operations
from mains_server.openid.records import Unlinked
from mains_server.signin import sessions
from starlette.responses import Response

from tests.openid import ISSUER, PERSONAL_CODE, SUBJECT

pytestmark = pytest.mark.asyncio
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
KEY = b"k" * 32
CUSTOMER = f"""insert into customer (id, number, kind, name, language, personal_code, address_line, address_city,
    address_postcode, address_country, created_at) values (7, 'C-7', 'PRIVATE', 'Anna', 'lv', '{PERSONAL_CODE}',
    'Lielā iela 1', 'Jelgava', 'LV-3001', 'LV', '2023-01-01') returning id"""


async def test_a_session_left_open_links_nothing(town):
    _, viewer = await town.person("anna")
    ticket = (await town.sign_in()).ticket
    town.now += 5 * MINUTE

    with pytest.raises(sessions.ReauthenticationNeeded):
        await town.link(viewer)
    with pytest.raises(sessions.ReauthenticationNeeded):
        await town.do(operations.link_by_ticket, viewer=viewer, ticket=ticket)
    assert await town.links() == []


async def test_a_link_is_made_in_the_session_that_began_it(town):
    anna, viewer = await town.person("anna")
    _, thief = await town.person("thief")

    with pytest.raises(operations.OpenidRefused):
        await town.link(viewer, returning=thief)
    with pytest.raises(operations.OpenidRefused):
        await town.link(viewer, returning=await town.session_of(anna))
    assert await town.links() == []


async def test_a_subject_is_of_one_account(town, anna):
    _, other = await town.person("other")

    with pytest.raises(operations.LinkedElsewhere):
        await town.link(other)

    assert await town.links() == [(anna.id, "bank", SUBJECT)]


async def test_linking_twice_links_and_tells_once(town, anna):
    await town.link(await town.session_of(anna))

    assert await town.links() == [(anna.id, "bank", SUBJECT)]
    assert await town.told() == [("OPENID_LINKED", "anna@example.lv")]


async def test_a_ticket_links_once_and_for_an_hour(town):
    person, viewer = await town.person("anna")
    ticket, late = (await town.sign_in()).ticket, (await town.sign_in()).ticket

    await town.do(operations.link_by_ticket, viewer=viewer, ticket=ticket)

    assert await town.links() == [(person.id, "bank", SUBJECT)]
    assert await town.told() == [("OPENID_LINKED", "anna@example.lv")]
    with pytest.raises(operations.TicketWrong):
        await town.do(operations.link_by_ticket, viewer=viewer, ticket=ticket)
    with pytest.raises(operations.TicketWrong):
        await town.do(operations.link_by_ticket, viewer=viewer, ticket="guessed")
    town.now += HOUR
    viewer = await town.session_of(person)
    with pytest.raises(operations.TicketWrong):
        await town.do(operations.link_by_ticket, viewer=viewer, ticket=late)


@pytest.mark.parametrize(
    ("told", "is_linked"),
    [("PNOLV-010180-12345", True), ("01018012345", True), ("020280-54321", False), (None, False), (7, False)],
)
async def test_who_registers_is_linked_where_the_personal_code_is_the_customers(town, told, is_linked):
    person, _ = await town.person("anna")
    await town.rows(CUSTOMER)
    await town.do(grant_owner, customer_id=7, person_id=person.id)
    town.bank.claims |= {"personal_code": told}
    ticket = (await town.sign_in()).ticket

    given = {"person": person, "ticket": ticket, "secret": KEY}
    assert await town.do(operations.link_at_registration, **given) is is_linked

    assert await town.links() == ([(person.id, "bank", SUBJECT)] if is_linked else [])
    assert await town.rows("select used_at is not null from openid_ticket") == [(is_linked,)]
    assert await town.do(operations.link_at_registration, **given) is False or not is_linked


@pytest.mark.parametrize(
    ("told", "is_linked"),
    [
        ({"sub": SUBJECT, "personal_code": "PNOLV-010180-12345"}, True),
        ({"sub": SUBJECT, "personal_code": "020280-54321"}, False),
        ({"sub": SUBJECT}, False),
        ({"sub": SUBJECT, "personal_code": 7}, False),
        (Response("down", status_code=503), False),
        (Response("a.signed.token", media_type="application/jwt"), False),
    ],
)
async def test_a_personal_code_that_the_token_lacks_is_read_from_userinfo(town, told, is_linked):
    person, _ = await town.person("anna")
    await town.rows(CUSTOMER)
    await town.do(grant_owner, customer_id=7, person_id=person.id)
    town.bank.claims, town.bank.userinfo = {"sub": SUBJECT}, told
    town.bank.document = {"userinfo_endpoint": f"{ISSUER}/me"}
    ticket = (await town.sign_in()).ticket

    given = {"person": person, "ticket": ticket, "secret": KEY}
    assert await town.do(operations.link_at_registration, **given) is is_linked
    assert town.bank.asked.count("userinfo") == 1


@pytest.mark.parametrize("told", [{"sub": "another", "personal_code": "010180-12345"}, {}, [], "text"])
async def test_userinfo_of_somebody_else_is_refused(town, told):
    """OpenID Connect Core 1.0, 5.3.2: what it says must not be used unless its subject is that of the token."""
    town.bank.claims, town.bank.userinfo = {"sub": SUBJECT}, told
    town.bank.document = {"userinfo_endpoint": f"{ISSUER}/me"}

    with pytest.raises(operations.OpenidRefused):
        await town.sign_in()

    assert await town.rows("select count(*) from openid_ticket") == [(0,)]


@pytest.mark.parametrize(
    ("claims", "document"),
    [
        ({"sub": SUBJECT, "personal_code": "010180-12345"}, {"userinfo_endpoint": f"{ISSUER}/me"}),
        ({"sub": SUBJECT}, {}),
        ({"sub": SUBJECT}, {"userinfo_endpoint": "http://bank.example/me"}),
        ({"sub": SUBJECT}, {"userinfo_endpoint": 7}),
    ],
)
async def test_userinfo_is_asked_only_where_it_is_needed_and_safe(town, claims, document):
    town.bank.claims, town.bank.document = claims, document

    await town.sign_in()

    assert "userinfo" not in town.bank.asked


async def test_a_link_is_removed_by_its_person_alone_and_told(town, anna):
    _, other = await town.person("other")
    (number,) = (await town.rows("select id from openid_link"))[0]

    with pytest.raises(operations.LinkUnknown):
        await town.do(operations.unlink, viewer=other, link_id=number)
    viewer = await town.session_of(anna)
    town.now += 5 * MINUTE
    with pytest.raises(sessions.ReauthenticationNeeded):
        await town.do(operations.unlink, viewer=viewer, link_id=number)
    await town.do(operations.unlink, viewer=await town.session_of(anna), link_id=number)

    assert await town.links() == []
    assert (await town.told())[-1] == ("OPENID_UNLINKED", "anna@example.lv")
    assert isinstance(await town.sign_in(), Unlinked)
