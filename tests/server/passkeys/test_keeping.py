"""The passkeys of a person: how many, whose, named, removed, and what becomes of one that there are two of."""

from datetime import timedelta

import pytest
from mains_server.access.operations import add_staff
from mains_server.access.records import StaffRole
from mains_server.passkeys import operations, rules
from mains_server.signin import sessions
from mains_server.signin.staffing import deactivate_employee

from tests.passkeys import Authenticator, Key, b64

pytestmark = pytest.mark.asyncio
MINUTE = timedelta(minutes=1)


async def test_all_passkeys_of_a_person_know_them_by_one_handle_that_names_nobody(town, anna):
    _, viewer = anna
    options = await town.ask_to_register(viewer)
    assert b"anna" not in town.phone.keys[0].handle

    await town.register(viewer, Authenticator().make(options.json), name="  Key   of the office ")

    assert await town.rows("select count(distinct handle), count(*) from passkey") == [(1, 2)]
    assert (await town.kept())[1][1] == "Key of the office"


async def test_a_device_is_asked_to_make_no_second_one(town, anna):
    _, viewer = anna
    (known,) = (await town.rows("select credential_id from passkey"))[0]

    options = await town.ask_to_register(viewer)

    assert b64(known) in options.json


async def test_a_passkey_is_of_one_person(town, anna):
    _, other = await town.person("other")

    with pytest.raises(operations.PasskeyTaken):
        await town.add(other, key=town.phone.keys[0])

    assert len(await town.kept()) == 1
    assert await town.told() == [("PASSKEY_ADDED", "anna@example.lv")]


async def test_twenty_are_enough(town, anna):
    person, viewer = anna
    to_make = await town.ask_to_register(viewer)
    await town.rows(f"""insert into passkey (person_id, credential_id, public_key, handle, sign_count, transports,
        is_synced, name, created_at) select {person.id}, int4send(n), '', '', 0, '{{}}', false, 'more', '2023-01-01'
        from generate_series(2, {rules.PASSKEYS_MAX}) n returning id""")

    with pytest.raises(operations.PasskeysTooMany):
        await town.ask_to_register(viewer)
    with pytest.raises(operations.PasskeysTooMany):
        await town.register(viewer, Authenticator().make(to_make.json))

    assert len(await town.kept()) == rules.PASSKEYS_MAX


async def test_a_name_that_cannot_be_shown_is_refused(town, anna):
    _, viewer = anna
    options = await town.ask_to_register(viewer)

    for name in ("", "   ", "x" * 61, "a\u0007b", "a\u202eb"):
        with pytest.raises(operations.NameInvalid):
            await town.do(operations.rename_passkey, viewer=viewer, passkey_id=1, name=name)
        with pytest.raises(operations.NameInvalid):
            await town.register(viewer, Authenticator().make(options.json), name=name)

    assert [row[1] for row in await town.kept()] == ["Phone"]


async def test_only_its_person_names_and_removes_a_passkey(town, anna):
    _, viewer = anna
    _, thief = await town.person("thief")
    ((number,),) = await town.rows("select id from passkey")

    with pytest.raises(operations.PasskeyUnknown):
        await town.do(operations.rename_passkey, viewer=thief, passkey_id=number, name="Mine")
    with pytest.raises(operations.PasskeyUnknown):
        await town.do(operations.remove_passkey, viewer=thief, passkey_id=number, now=town.now)
    await town.do(operations.rename_passkey, viewer=viewer, passkey_id=number, name="Telephone")

    assert [row[1] for row in await town.kept()] == ["Telephone"]


async def test_removing_one_needs_a_fresh_proof_and_is_told(town, anna):
    _, viewer = anna
    ((number,),) = await town.rows("select id from passkey")
    late = town.now + 5 * MINUTE
    with pytest.raises(sessions.ReauthenticationNeeded):
        await town.do(operations.remove_passkey, viewer=viewer, passkey_id=number, now=late)
    assert len(await town.kept()) == 1

    await town.do(operations.remove_passkey, viewer=viewer, passkey_id=number, now=town.now)

    assert await town.kept() == []
    assert [kind for kind, _ in await town.told()] == ["PASSKEY_ADDED", "PASSKEY_REMOVED"]
    with pytest.raises(rules.PasskeyRefused):
        await town.sign_in()


async def test_one_that_counts_backwards_is_suspended_told_and_on_the_trail(town, anna):
    person, _ = anna
    await town.sign_in(count=7)

    for count in (7, 8):
        with pytest.raises(rules.PasskeyRefused):
            await town.sign_in(count=count)

    assert await town.kept() == [(person.id, "Phone", 7, town.now)]
    assert [kind for kind, _ in await town.told()] == ["PASSKEY_ADDED", "PASSKEY_SUSPENDED"]
    assert await town.rows("select act, person_id, subjects->0->>0, reason from audit_entry") == [
        ("passkeySuspend", person.id, "Passkey", operations.TWO_OF_IT)
    ]


async def test_who_has_not_the_key_suspends_nothing(town, anna):
    await town.sign_in(count=7)

    with pytest.raises(rules.PasskeyRefused):
        await town.sign_in(count=1, signer=Key(handle=b"other"))

    assert [row[3] for row in await town.kept()] == [None]


async def test_who_works_here_no_longer_gets_in_no_more(town, anna):
    person, _ = anna
    await town.do(add_staff, person_id=person.id, role=StaffRole.OPERATOR, now=town.now)
    await town.sign_in()

    await town.do(deactivate_employee, person_id=person.id, now=town.now)

    with pytest.raises(rules.PasskeyRefused):
        await town.sign_in()
    assert await town.rows("select id from session where revoked_at is null") == []


async def test_one_that_never_counts_is_let_in_again_and_again(town):
    _, viewer = await town.person("anna")
    town.phone = Authenticator(counts=False)
    await town.add(viewer)

    for _ in range(2):
        await town.sign_in()

    assert [(row[2], row[3]) for row in await town.kept()] == [(0, None)]


@pytest.mark.parametrize(
    ("stored", "shown", "is_backwards"), [(0, 0, False), (0, 1, False), (5, 6, False), (5, 5, True), (5, 0, True)]
)
async def test_counts(stored, shown, is_backwards):
    assert rules.goes_backwards(stored=stored, shown=shown) is is_backwards
