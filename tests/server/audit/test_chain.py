"""Acts are written down with what they did, chained, and cannot be changed unseen."""

from datetime import UTC, datetime, timedelta

import pytest
from mains_server.audit.operations import append, seal
from mains_server.audit.queries import trail, verify
from mains_server.audit.records import NewEntry, Subject, Wanted
from mains_server.audit.rules import anchor_line, read_anchors
from mains_server.db.unit_of_work import before_commit, read_session, unit_of_work
from sqlalchemy import text

PERSON = "insert into person (email, name, language, created_at) values ('{}', 'A', 'lv', now())"
LATE = """insert into audit_entry
select 20, act, person_id, session_id, roles, customer_id, subjects, reason, address_hash, at from audit_entry"""
CHANGED = "audit_entry {0} is not what was sealed (audit_seal {0})"
pytestmark = pytest.mark.asyncio
NOW = datetime(2024, 2, 10, 9, 30, tzinfo=UTC)
SECRET = b"k" * 32


def entry(act="readingReject", *, number=7, reason="it ran backwards"):
    return NewEntry(
        act=act,
        person_id=1,
        session_id=2,
        roles=("OPERATOR",),
        subjects=(Subject(type_name="Contract", number=number),),
        reason=reason,
        address_hash="ab" * 32,
        at=NOW,
    )


async def act(engine, *, statement, **more):
    async def write(session):
        await append(session, entry=entry(**more), owners={"Contract": "contract.customer_id"})

    with before_commit(write):
        async with unit_of_work(engine) as session:
            await session.execute(text(statement))


async def acts(engine, count):
    for number in range(count):
        await act(engine, statement=PERSON.format(number))


async def seals(engine, **more):
    async with unit_of_work(engine) as session:
        return await seal(session, now=NOW, **more)


async def verdict(engine, *, anchors=(), now=NOW):
    async with read_session(engine) as session:
        return await verify(session, anchors=list(anchors), now=now)


async def damage(engine, *statements):
    async with unit_of_work(engine) as session:
        await session.execute(text("set local session_replication_role = replica"))
        for statement in statements:
            await session.execute(text(statement))


async def test_an_act_that_failed_or_changed_nothing_leaves_no_entry(engine):
    await act(engine, statement="select 1")
    with pytest.raises(Exception, match="nothing_of_the_kind"):
        await act(engine, statement="select * from nothing_of_the_kind")
    await acts(engine, 1)

    async with read_session(engine) as session:
        page = await trail(session, wanted=Wanted(), before=None, rows_max=10)

    (found,) = page.entries
    assert (found.act, found.person_id, found.roles, found.reason) == (
        "readingReject",
        1,
        ("OPERATOR",),
        "it ran backwards",
    )
    assert (found.subjects, found.at, found.seal) == ((Subject(type_name="Contract", number=7),), NOW, None)


async def test_the_customer_is_whose_the_thing_is(engine, utility):
    customer = await utility.customer()
    contract = await utility.contract(customer)

    await act(engine, number=contract, statement=PERSON.format("a"))

    async with read_session(engine) as session:
        page = await trail(session, wanted=Wanted(customer_id=customer, act="readingReject"), before=None, rows_max=10)
        none = await trail(session, wanted=Wanted(customer_id=customer, person_id=5), before=None, rows_max=10)
    assert [found.customer_number for found in page.entries] == ["C-1"]
    assert none.entries == ()


async def test_a_page_goes_on_where_the_last_one_ended(engine):
    await acts(engine, 5)

    async with read_session(engine) as session:
        first = await trail(session, wanted=Wanted(), before=None, rows_max=3)
        rest = await trail(session, wanted=Wanted(), before=first.entries[-1].id, rows_max=3)

    assert (len(first.entries), first.has_more, len(rest.entries), rest.has_more) == (3, True, 2, False)


async def test_seals_chain_what_was_committed_once(engine):
    await acts(engine, 3)
    first = await seals(engine, rows_max=2)
    second, third = await seals(engine), await seals(engine)

    assert (first.number, first.count, second.number, second.count, third) == (2, 2, 3, 1, None)
    found = await verdict(engine)
    assert (found.sealed, found.waiting, found.first_bad) == (3, 0, None)


async def test_an_entry_that_was_committed_late_is_sealed_late(engine):
    await acts(engine, 1)
    await damage(engine, "update audit_entry set id = 50")
    await seals(engine)
    await damage(engine, LATE)

    assert (await seals(engine)).number == 2
    assert (await verdict(engine)).first_bad is None


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (
            ["update audit_entry set reason = 'another' where id = 2"],
            CHANGED.format(2),
        ),
        (["update audit_entry set person_id = 9 where id = 3"], CHANGED.format(3)),
        (
            ["update audit_entry set at = at + interval '1 microsecond' where id = 1"],
            CHANGED.format(1),
        ),
        (["delete from audit_entry where id = 2"], "audit_entry 2 is missing (audit_seal 2)"),
        (["delete from audit_entry where id = 2", "delete from audit_seal where id = 2"], "audit_seal 2 is missing"),
        (
            ["update audit_seal set hash = sha256('x') where id = 2"],
            CHANGED.format(2),
        ),
        (["delete from audit_seal where id = 4"], "audit_entry 4 was never sealed"),
    ],
)
async def test_the_first_bad_row_is_named(engine, statements, words):
    await acts(engine, 4)
    await seals(engine)
    await damage(engine, *statements)

    found = await verdict(engine, now=NOW + timedelta(hours=1))

    assert found.first_bad == words


async def test_an_anchor_shows_that_the_end_was_cut_off(engine):
    await acts(engine, 4)
    sealed = await seals(engine)
    line = anchor_line(number=sealed.number, hash_=sealed.hash, at=NOW, secret=SECRET)
    assert (await verdict(engine, anchors=read_anchors([line], secret=SECRET))).first_bad is None

    await damage(engine, "delete from audit_seal where id > 2", "delete from audit_entry where id > 2")

    assert (await verdict(engine)).first_bad is None, "the chain alone cannot tell"
    found = await verdict(engine, anchors=read_anchors([line], secret=SECRET))
    assert found.first_bad == "audit_seal 4 is not the one that line 1 of the anchor file names"


async def test_a_line_that_somebody_else_wrote_is_named(engine):
    line = anchor_line(number=1, hash_=bytes(32), at=NOW, secret=b"x" * 32)

    for lines in ([line], ["nonsense"], ["1 zz 2024 zz"]):
        found = await verdict(engine, anchors=read_anchors(["", *lines], secret=SECRET))
        assert found.first_bad == "line 2 of the anchor file is not ours"


@pytest.mark.parametrize("table", ["audit_entry", "audit_seal"])
@pytest.mark.parametrize("change", ["update {} set id = 2", "delete from {}", "truncate {}"])
async def test_the_trail_is_only_added_to(engine, table, change):
    await acts(engine, 1)
    await seals(engine)

    for role, words in (("", "is append-only"), ("set local role mains_server", "permission denied")):
        with pytest.raises(Exception, match=words):
            async with unit_of_work(engine) as session:
                if role:
                    await session.execute(text(role))
                await session.execute(text(change.format(table)))
    assert (await verdict(engine)).sealed == 1
