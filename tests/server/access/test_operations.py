"""Persons, owners, delegates and staff, as they are given and taken on the real database."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from mains_server.access import operations, queries
from mains_server.access.records import GrantRole, NewDelegate, NewPerson, Permission, StaffRole
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import unit_of_work

pytestmark = pytest.mark.asyncio
NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


async def person(engine, name):
    async with unit_of_work(engine) as session:
        new = NewPerson(email=f"{name}@example.lv", name=name, language="lv")
        return await operations.create_person(session, person=new, now=NOW)


async def owner_of(engine, customer_id, person_id):
    async with unit_of_work(engine) as session:
        return await operations.grant_owner(session, customer_id=customer_id, person_id=person_id, now=NOW)


async def viewer(engine, person_id, now=NOW):
    async with unit_of_work(engine) as session:
        return await queries.viewer_of_person(session, person_id=person_id, now=now)


async def grants(engine, customer_id, now=NOW):
    async with unit_of_work(engine) as session:
        return await queries.grants_on_customer(session, customer_id=customer_id, now=now)


async def test_an_address_belongs_to_one_person(engine):
    anna = await person(engine, "anna")

    with pytest.raises(operations.EmailTaken, match="sign in with it") as refused:
        await person(engine, "ANNA")

    assert refused.value.code == "EMAIL_TAKEN"
    async with unit_of_work(engine) as session:
        assert await queries.person_by_email(session, email="anna@example.lv") == anna


async def test_an_owner_may_everything_on_the_customer(engine):
    anna = await person(engine, "anna")
    grant_id = await owner_of(engine, 1, anna.id)

    seen = await viewer(engine, anna.id)

    assert [(g.id, g.customer_id, g.role) for g in seen.grants] == [(grant_id, 1, GrantRole.OWNER)]
    assert all(seen.may(permission, customer_id=1, contract_id=99) for permission in Permission)


async def test_a_customer_has_one_owner(engine):
    anna, juris = await person(engine, "anna"), await person(engine, "juris")
    await owner_of(engine, 1, anna.id)

    with pytest.raises(operations.CustomerHasOwner):
        await owner_of(engine, 1, juris.id)

    assert (await viewer(engine, juris.id)).grants == ()
    assert len(await grants(engine, 1)) == 1


async def test_of_two_who_become_owner_at_once_one_is_refused(engine):
    anna, juris = await person(engine, "anna"), await person(engine, "juris")

    answers = await asyncio.gather(owner_of(engine, 1, anna.id), owner_of(engine, 1, juris.id), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["CustomerHasOwner", "int"]
    assert len(await grants(engine, 1)) == 1


async def test_ownership_is_handed_over_and_not_ended(engine):
    anna, juris = await person(engine, "anna"), await person(engine, "juris")
    grant_id = await owner_of(engine, 1, anna.id)

    with pytest.raises(operations.OwnerGrantCannotEnd):
        async with unit_of_work(engine) as session:
            await operations.end_grant(session, grant_id=grant_id, now=LATER)
    async with unit_of_work(engine) as session:
        await operations.transfer_ownership(session, customer_id=1, person_id=juris.id, now=LATER)

    assert (await viewer(engine, anna.id, now=LATER)).grants == ()
    assert [g.role for g in (await viewer(engine, juris.id, now=LATER)).grants] == [GrantRole.OWNER]


@pytest.mark.parametrize(("customer_id", "refusal"), [(1, operations.CustomerHasOwner), (2, operations.GrantUnknown)])
async def test_ownership_is_handed_over_only_to_somebody_else_by_somebody(engine, customer_id, refusal):
    anna = await person(engine, "anna")
    await owner_of(engine, 1, anna.id)

    with pytest.raises(refusal):
        async with unit_of_work(engine) as session:
            await operations.transfer_ownership(session, customer_id=customer_id, person_id=anna.id, now=LATER)

    assert [g.customer_id for g in (await viewer(engine, anna.id, now=LATER)).grants] == [1]


async def test_a_delegate_has_what_was_given_until_its_end(engine):
    juris = await person(engine, "juris")
    delegate = NewDelegate(
        customer_id=1,
        person_id=juris.id,
        permissions=frozenset({Permission.VIEW}),
        contract_ids=frozenset({12, 11}),
        ends_at=LATER,
    )
    async with unit_of_work(engine) as session:
        await operations.grant_delegate(session, delegate=delegate, now=NOW)

    seen = await viewer(engine, juris.id)

    assert seen.contracts_with(Permission.VIEW) == {11, 12}
    assert seen.customers_with(Permission.VIEW) == frozenset()
    assert (await viewer(engine, juris.id, now=LATER)).grants == ()


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"permissions": frozenset()}, operations.DelegationEmpty),
        ({"contract_ids": frozenset()}, operations.DelegationEmpty),
        ({"ends_at": NOW}, operations.DelegationEndsTooEarly),
    ],
)
async def test_a_delegation_worth_nothing_is_refused(engine, change, refusal):
    juris = await person(engine, "juris")
    delegate = {"customer_id": 1, "person_id": juris.id, "permissions": frozenset({Permission.PAY})} | change

    with pytest.raises(refusal):
        async with unit_of_work(engine) as session:
            await operations.grant_delegate(session, delegate=NewDelegate(**delegate), now=NOW)

    assert await grants(engine, 1) == ()


async def test_an_ended_delegation_cannot_end_again(engine):
    juris = await person(engine, "juris")
    async with unit_of_work(engine) as session:
        delegate = NewDelegate(customer_id=1, person_id=juris.id, permissions=frozenset({Permission.PAY}))
        grant_id = await operations.grant_delegate(session, delegate=delegate, now=NOW)
        await operations.end_grant(session, grant_id=grant_id, now=LATER)

    with pytest.raises(operations.GrantUnknown):
        async with unit_of_work(engine) as session:
            await operations.end_grant(session, grant_id=grant_id, now=LATER)

    assert (await viewer(engine, juris.id, now=LATER)).grants == ()


async def test_staff_have_the_roles_they_were_given(engine):
    clerk = await person(engine, "clerk")
    async with unit_of_work(engine) as session:
        for role in (StaffRole.OPERATOR, StaffRole.BILLING_CLERK, StaffRole.OPERATOR):
            await operations.add_staff(session, person_id=clerk.id, role=role, now=NOW)

    seen = await viewer(engine, clerk.id)

    assert seen.staff == {StaffRole.OPERATOR, StaffRole.BILLING_CLERK}
    assert seen.language == "lv"
    assert seen.grants == ()
    assert (await viewer(engine, clerk.id, now=NOW - timedelta(seconds=1))).staff == frozenset()


async def claim(engine, person_id, key, value):
    async with unit_of_work(engine) as session:
        words = {"person_id": person_id, "operation": "test", "key": key}
        before = await operations.claim_request(session, **words, body={"value": value}, now=NOW)
        if before is None:
            await keep_answer(session, **words, answer={"value": value})
        return before


async def test_a_repeated_request_gets_its_answer_and_another_one_is_refused(engine):
    anna = await person(engine, "anna")

    assert await claim(engine, anna.id, "key", "1") is None
    assert await claim(engine, anna.id, "key", "1") == {"value": "1"}
    with pytest.raises(operations.IdempotencyKeyReused) as refused:
        await claim(engine, anna.id, "key", "2")

    assert refused.value.code == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize("key", ["", "k" * 201, "a\x00b", "\ud800", "two\nlines"])
async def test_a_key_that_cannot_be_kept_is_refused(engine, key):
    anna = await person(engine, "anna")

    with pytest.raises(operations.IdempotencyKeyMalformed):
        await claim(engine, anna.id, key, "1")
