"""Inviting, answering, changing and ending delegations; for each refusal nothing changes."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from mains_server.access.operations import DelegationEmpty, DelegationEndsTooEarly
from mains_server.access.records import GrantRole, PaymentLimits, Permission
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delegation import operations
from mains_server.delegation.operations import (
    AlreadyActing,
    CustomerUnknown,
    DelegationUnknown,
    InvitationEnded,
    NotOwner,
    TooManyInvitations,
)
from mains_server.delegation.records import DelegationTerms
from mains_server.delegation.rules import InvitedNotNamed, LimitWrong
from sqlalchemy import text

from tests.server.delegation.conftest import PAY, VIEW

pytestmark = pytest.mark.asyncio


async def test_who_accepts_may_what_was_offered_and_both_read_of_it(family):
    grant = await family.delegate("anna", permissions=PAY, contract_ids=frozenset({family.contracts[0]}))

    anna = await family.viewer("anna")
    assert [(g.id, g.permissions, g.contract_ids) for g in anna.grants] == [(grant, PAY, {family.contracts[0]})]
    assert await family.log() == ["INVITED", "ACCEPTED"]
    assert await family.told() == ["delegation.invited", "delegation.accepted"]


async def test_an_invitation_is_answered_once_also_by_two_at_a_time(family):
    invitation = await family.invite()

    done = await asyncio.gather(
        *(family.accept(invitation, name) for name in ("anna", "juris")), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in done) == ["InvitationEnded", "int"]
    assert len(await family.grants()) == 2


@pytest.mark.parametrize("kind", ["declined", "withdrawn", "expired", "unknown"])
async def test_an_invitation_that_is_over_gives_nothing(family, kind):
    invitation, at = await family.invite(), family.now
    if kind == "declined":
        async with unit_of_work(family.utility.engine) as session:
            await operations.decline(session, invitation_id=invitation, person_id=None, now=at)
    elif kind == "withdrawn":
        await family.act(operations.withdraw_invitation, by="grandmother", invitation_id=invitation)
    elif kind == "expired":
        at += timedelta(days=7)
    else:
        invitation += 1

    with pytest.raises((InvitationEnded, operations.InvitationUnknown)):
        await family.accept(invitation, "anna", at)

    assert await family.grants() == {"grandmother": "OWNER"}


async def test_a_delegate_widens_nothing_and_passes_nothing_on(family):
    grant = await family.delegate("anna", permissions=frozenset(Permission))
    other = await family.delegate("juris")
    before = await family.grants()

    with pytest.raises(NotOwner):
        await family.invite(by="anna")
    with pytest.raises(NotOwner):
        await family.invite(by="anna", role=GrantRole.OWNER)
    for one in (grant, other):
        with pytest.raises(DelegationUnknown):
            await family.act(operations.revoke, by="anna", grant_id=one)
        with pytest.raises(DelegationUnknown):
            terms = DelegationTerms(permissions=frozenset(Permission))
            await family.act(operations.change, by="anna", grant_id=one, terms=terms)

    assert await family.grants() == before


async def test_the_owner_is_never_locked_out(family):
    await family.delegate("anna", permissions=frozenset(Permission))
    owner = (await family.viewer("grandmother")).grants[0].id

    for name, what in (("anna", operations.revoke), ("anna", operations.leave), ("grandmother", operations.leave)):
        with pytest.raises(DelegationUnknown):
            await family.act(what, by=name, grant_id=owner)
    with pytest.raises(DelegationUnknown):
        await family.act(operations.revoke, by="grandmother", grant_id=owner)

    assert (await family.grants())["grandmother"] == "OWNER"


async def test_revoking_and_leaving_hold_at_once(family):
    first, second = await family.delegate("anna"), await family.delegate("juris")

    await family.act(operations.revoke, by="grandmother", grant_id=first)
    await family.act(operations.leave, by="juris", grant_id=second)

    assert await family.grants() == {"grandmother": "OWNER"}
    assert (await family.log())[-2:] == ["REVOKED", "LEFT"]
    with pytest.raises(DelegationUnknown):
        await family.act(operations.revoke, by="grandmother", grant_id=first)


async def test_a_change_holds_from_now_on_and_the_old_right_stays_readable(family):
    grant = await family.delegate("anna", permissions=PAY)

    added = await family.act(
        operations.change, by="grandmother", grant_id=grant, terms=DelegationTerms(permissions=VIEW)
    )

    assert await family.grants() == {"grandmother": "OWNER", "anna": "VIEW"}
    async with unit_of_work(family.utility.engine) as session:
        rows = await session.execute(text("select id, permissions, ends_at is null from access_grant order by id"))
        assert [tuple(row) for row in rows][1:] == [(grant, ["PAY", "VIEW"], False), (added, ["VIEW"], True)]


async def test_who_buys_the_flat_is_its_one_owner_and_the_sellers_family_is_out(family):
    await family.delegate("anna", permissions=PAY)
    waiting = await family.invite()
    sale = await family.invite(role=GrantRole.OWNER)

    await family.accept(sale, "buyer")

    assert await family.grants() == {"buyer": "OWNER"}
    with pytest.raises(InvitationEnded):
        await family.accept(waiting, "juris")
    with pytest.raises(CustomerUnknown):
        await family.invite(by="grandmother")
    assert (await family.log())[-1] == "OWNERSHIP_TRANSFERRED"
    assert "delegation.revoked" in await family.told()


CONTACTS = "update customer set email = :email, phone = '+371 20 000 009', iban = 'LV80BANK0000435195001'"
CONTACT_OF = "select email, phone, iban, language, address_line, name from customer"


async def sold(family, *, email, deliver="PORTAL"):
    """Sell the flat, of which somebody is told at this address, to a buyer with a phone who reads Russian."""
    async with unit_of_work(family.utility.engine) as session:
        await session.execute(text(CONTACTS), {"email": email})
        await session.execute(text("update contract set delivery = :way where number = 'K-1'"), {"way": deliver})
        await session.execute(text("update person set phone = '+371 20 000 001', language = 'ru' where name = 'buyer'"))
    await family.accept(await family.invite(role=GrantRole.OWNER), "buyer")
    async with unit_of_work(family.utility.engine) as session:
        told = text("select payload from outbox_event where kind = 'delegation.ownership_transferred'")
        return (await session.execute(text(CONTACT_OF))).one(), await session.scalar(told)


@pytest.mark.parametrize(
    ("email", "left"),
    [
        ("old@example.lv", {"email": "old@example.lv", "language": "lv"}),
        ("Grandmother@example.lv", None),
        ("BUYER@example.lv", None),
        (None, None),
    ],
)
async def test_who_takes_an_account_over_is_reached_and_the_seller_is_not(family, email, left):
    contact, payload = await sold(family, email=email)

    assert tuple(contact) == ("buyer@example.lv", "+371 20 000 001", None, "ru", "Lielā iela 1", "C-1")
    assert payload == {"from": family.persons["grandmother"], "to": family.persons["buyer"], "left": left}


async def test_invoices_leave_the_sellers_internet_bank(family):
    await sold(family, email=None, deliver="BANK")

    async with unit_of_work(family.utility.engine) as session:
        ways = await session.scalars(text("select delivery from contract order by number"))
        assert list(ways) == ["PORTAL", "PORTAL"]


async def test_a_sale_that_is_not_taken_moves_no_contact(family):
    async with unit_of_work(family.utility.engine) as session:
        await session.execute(text(CONTACTS), {"email": "old@example.lv"})

    await family.invite(role=GrantRole.OWNER)

    async with unit_of_work(family.utility.engine) as session:
        assert tuple((await session.execute(text(CONTACT_OF))).one())[:3] == (
            "old@example.lv", "+371 20 000 009", "LV80BANK0000435195001",
        )  # fmt: skip


async def test_two_buyers_at_once_leave_one_owner(family):
    sales = [await family.invite(role=GrantRole.OWNER) for _ in range(2)]

    done = await asyncio.gather(
        family.accept(sales[0], "buyer"), family.accept(sales[1], "juris"), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in done) == ["InvitationEnded", "int"]
    assert list((await family.grants()).values()) == ["OWNER"]


async def test_nobody_acts_twice_for_one_customer(family):
    await family.delegate("anna")
    invitation = await family.invite(permissions=PAY)

    for name in ("anna", "grandmother"):
        with pytest.raises(AlreadyActing):
            await family.accept(invitation, name)

    assert await family.grants() == {"grandmother": "OWNER", "anna": "VIEW"}


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"permissions": frozenset()}, DelegationEmpty),
        ({"contract_ids": frozenset()}, DelegationEmpty),
        ({"contract_ids": frozenset({999})}, DelegationEmpty),
        ({"ends_in": timedelta(0)}, DelegationEndsTooEarly),
        ({"email": None}, InvitedNotNamed),
        ({"email": "nobody"}, InvitedNotNamed),
        ({"email": "a@b.lv,c@d.lv"}, InvitedNotNamed),
        ({"email": "a@b.lv\nBcc: c@d.lv"}, InvitedNotNamed),
        ({"limits": PaymentLimits(cap_month=Decimal("50"))}, LimitWrong),
        ({"permissions": PAY, "limits": PaymentLimits(cap_month=Decimal("0"))}, LimitWrong),
        ({"permissions": PAY, "limits": PaymentLimits(cap_payment=Decimal("-1"))}, LimitWrong),
        ({"permissions": PAY, "limits": PaymentLimits(approval_above=Decimal("0.001"))}, LimitWrong),
        ({"permissions": PAY, "limits": PaymentLimits(cap_month=Decimal("NaN"))}, LimitWrong),
    ],
)
async def test_an_invitation_that_makes_no_sense_is_not_made(family, given, refusal):
    given = dict(given)
    if "ends_in" in given:
        given["ends_at"] = family.now + given.pop("ends_in")

    with pytest.raises(refusal):
        await family.invite(**given)

    assert (await family.log(), await family.told()) == ([], [])


async def test_invitations_do_not_become_a_mailing(family):
    for _ in range(20):
        await family.invite()

    with pytest.raises(TooManyInvitations):
        await family.invite()

    assert len(await family.told()) == 20


async def test_a_stranger_is_told_nothing_of_the_customer(family):
    with pytest.raises(CustomerUnknown):
        await family.invite(by="juris")


async def test_the_log_is_append_only(family):
    await family.invite()

    with pytest.raises(Exception, match="delegation_activity"):
        await family.utility.run("update delegation_activity set kind = 'LEFT'")


async def test_invitations_that_came_to_nothing_are_forgotten_after_ninety_days(family):
    accepted, _ = await family.invite(), await family.invite(email="elsewhere@example.lv")
    await family.accept(accepted, "anna")

    for later in (timedelta(days=97), timedelta(days=97, seconds=1)):
        async with unit_of_work(family.utility.engine) as session:
            await operations.forget_invitations(session, now=family.now + later)
            left = (await session.execute(text("select count(*) from delegation_invitation"))).scalar_one()
        assert left == (2 if later == timedelta(days=97) else 1)

    assert await family.grants() == {"grandmother": "OWNER", "anna": "VIEW"}
