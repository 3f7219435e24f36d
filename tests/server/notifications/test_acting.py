"""Who acts for whom is told to those it is about, and an invitation's link to the invited alone."""

from datetime import timedelta
from decimal import Decimal

import pytest
from mains_server.access.records import GrantRole, PaymentLimits
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delegation import operations, spending
from mains_server.delegation.links import InvitationLinks
from mains_server.delegation.records import DelegationTerms, PaymentWanted
from mains_server.notifications.events import deliver_events
from mains_server.notifications.listening import ears
from mains_server.notifications.sending import send_notices

from tests.server.delegation.conftest import PAY, VIEW
from tests.server.notifications.conftest import SEAL, Hand

pytestmark = pytest.mark.asyncio
PAGE = "https://portal.example/invited"


@pytest.fixture
def post(desk, family):
    """Deliver what happened, send what was told, and give whom it reached with which subject."""

    async def deliver(*, page=PAGE):
        await deliver_events(desk.engine, ears=ears(seal=SEAL, now=family.now, invitation_page=page), now=family.now)
        hand = Hand()
        await send_notices(desk.office(hand, now=family.now))
        return hand.taken

    return deliver


@pytest.fixture
def flat(desk, family):
    """Reach the grandmother by mail."""

    async def known():
        await family.utility.run(
            "update customer set email = 'flat@example.lv', language = 'en', name = 'Berta' where id = :id",
            id=family.customer_id,
        )
        await family.utility.run("update person set language = 'en'")
        return family

    return known


async def test_the_invited_get_a_link_that_stands_nowhere(desk, flat, post):
    family = await flat()
    invitation = await family.invite(email="new@example.lv")
    await deliver_events(desk.engine, ears=ears(seal=SEAL, now=family.now, invitation_page=PAGE), now=family.now)
    waiting = await desk.rows("select row_to_json(n)::text from notice n")

    ((address, subject, body),) = await post()

    token = body.split(f"{PAGE}#")[1].split()[0]
    assert (address, subject) == ("new@example.lv", "grandmother invites you")
    assert InvitationLinks(SEAL.secret).read(token) == invitation
    stored = waiting + await desk.rows("select row_to_json(n)::text from notice n")
    stored += await desk.rows("select row_to_json(e)::text from outbox_event e")
    assert not any(token in row[0] or token.partition(".")[2] in row[0] for row in stored)


async def test_without_a_page_the_mail_has_the_token(flat, post):
    family = await flat()
    invitation = await family.invite()

    ((_, _, body),) = await post(page=None)

    assert InvitationLinks(SEAL.secret).sign(invitation) in body.split()


async def test_known_and_unknown_are_invited_alike(flat, post):
    family = await flat()
    await family.invite(email="anna@example.lv")
    await family.invite(email="nobody@example.lv")

    (_, *known), (_, *unknown) = await post()

    assert known[0] == unknown[0]
    assert len(known[1]) == len(unknown[1])


async def test_an_invitation_that_was_withdrawn_is_not_sent(desk, flat, post):
    family = await flat()
    early, late = await family.invite(), await family.invite()
    await family.act(operations.withdraw_invitation, by="grandmother", invitation_id=early)
    await deliver_events(desk.engine, ears=ears(seal=SEAL, now=family.now), now=family.now)
    await family.act(operations.withdraw_invitation, by="grandmother", invitation_id=late)

    assert await post() == []
    assert await desk.rows("select occasion, state, sealed from notice where state <> 'FAILED'") == [
        (f"invitation {late}", "SUPERSEDED", None)
    ]


async def test_each_change_is_told_to_whom_it_is_about(flat, post):
    family = await flat()
    grant = await family.delegate("anna", permissions=PAY)
    await post()
    changed = await family.act(
        operations.change, by="grandmother", grant_id=grant, terms=DelegationTerms(permissions=VIEW)
    )
    await family.act(operations.revoke, by="grandmother", grant_id=changed)
    declined = await family.invite()
    async with unit_of_work(family.utility.engine) as session:
        await operations.decline(session, invitation_id=declined, person_id=None, now=family.now)

    told = [(address, subject) for address, subject, _ in await post()]

    assert told == [
        ("anna@example.lv", "What you may do for Berta has changed"),
        ("flat@example.lv", "Access of anna has ended"),
        ("anna@example.lv", "Your access to the account of Berta has ended"),
        ("flat@example.lv", "Helper declined your invitation"),
    ]


@pytest.mark.parametrize(
    ("says", "subject"), [(True, "You can pay €43.10 for Berta"), (False, "A payment for Berta was refused")]
)
async def test_an_owner_hears_what_waits_and_the_delegate_what_was_said(desk, flat, post, says, subject):
    family = await flat()
    await family.delegate("anna", permissions=PAY, limits=PaymentLimits(approval_above=Decimal("10.00")))
    await post()
    wanted = PaymentWanted(
        customer_id=family.customer_id,
        contract_ids=frozenset(family.contracts),
        amount=Decimal("43.10"),
        currency="EUR",
        key="k",
        shown_reference="RF 18",
    )
    await family.act(spending.ask_approval, by="anna", wanted=wanted)
    asked = await post()
    ((approval,),) = await desk.rows("select id from payment_approval")
    await family.act(spending.decide_approval, by="grandmother", approval_id=approval, is_approved=says)

    decided = await post()

    assert [(to, words) for to, words, _ in asked] == [("flat@example.lv", "anna asks to pay €43.10 for you")]
    assert [(to, words) for to, words, _ in decided] == [("anna@example.lv", subject)]


async def test_a_delegates_payment_is_told_with_its_amount(flat, post):
    family = await flat()
    await family.delegate("anna", permissions=PAY)
    await post()
    await family.utility.run(
        "insert into delegated_payment (customer_id, grant_id, person_id, intent_id, month, amount, freed, currency,"
        " is_ended, begun_at) values (:customer, 1, :anna, 7, '2024-02-01', 43.10, 0, 'EUR', false, :now)",
        customer=family.customer_id,
        anna=family.persons["anna"],
        now=family.now,
    )
    async with unit_of_work(family.utility.engine) as session:
        await spending.note_captured(session, intent_id=7, amount=Decimal("43.10"), now=family.now)

    assert [(to, words) for to, words, _ in await post()] == [("flat@example.lv", "anna paid €43.10 for you")]


async def test_a_sale_is_told_to_both_by_their_own_address(flat, post):
    family = await flat()
    waiting = await family.invite(email="late@example.lv")
    await family.accept(await family.invite(role=GrantRole.OWNER, email="buyer@example.lv"), "buyer")

    told = [(to, words) for to, words, _ in await post()]

    assert waiting
    assert ("grandmother@example.lv", "The account of Berta was handed over") in told
    assert ("buyer@example.lv", "The account of Berta is yours") in told
    assert ("flat@example.lv", "We no longer write to this address about Berta") in told
    assert "late@example.lv" not in dict(told)


async def test_what_the_seller_wished_to_hear_of_is_not_the_buyers_wish(desk, flat, post):
    family = await flat()
    await family.utility.run(
        "insert into notice_preference (customer_id, topic, channels, changed_at, fees_accepted_at)"
        " values (:id, 'REMINDER', '{SMS}', :now, :now) returning id",
        id=family.customer_id,
        now=family.now,
    )
    await family.accept(await family.invite(role=GrantRole.OWNER, email="buyer@example.lv"), "buyer")

    await post()

    assert await desk.rows("select count(*) from notice_preference") == [(0,)]


async def test_an_invitation_that_ran_out_is_not_sent(desk, flat):
    family = await flat()
    await family.invite()
    late, hand = family.now + timedelta(days=8), Hand()

    await deliver_events(desk.engine, ears=ears(seal=SEAL, now=late), now=late)
    await send_notices(desk.office(hand, now=late))

    assert hand.taken == []
    assert await desk.rows("select sealed from notice where occasion like 'invitation%'") == [(None,)]
