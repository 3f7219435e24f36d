"""Posting books once, to zero, whoever asks at the same time; nothing booked is ever changed."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.ledger import queries, rules
from mains_server.ledger.operations import post, reverse
from mains_server.ledger.records import Booking, BookingKind, Entry, Reversal
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

NOW = datetime(2024, 2, 10, 9, 30, tzinfo=UTC)
pytestmark = pytest.mark.asyncio


def booking(amount: str = "12.10", *, document_id: int = 7, customer_id: int = 1) -> Booking:
    return rules.booking_of(
        customer_id=customer_id,
        kind=BookingKind.PAYMENT,
        document_id=document_id,
        effective_on=date(2024, 2, 9),
        entries=(Entry("bank:card", "EUR", Decimal(amount)), Entry("receivable", "EUR", -Decimal(amount))),
    )


async def posted(engine, wanted):
    async with unit_of_work(engine) as session:
        return await post(session, booking=wanted, now=NOW)


async def counted(engine):
    async with read_session(engine) as session:
        rows = await session.execute(
            text("select (select count(*) from ledger_transaction), (select count(*) from ledger_entry)")
        )
        return tuple(rows.one())


async def test_a_booking_stands_as_it_was_asked_for(engine):
    posting = await posted(engine, booking())

    async with read_session(engine) as session:
        found = await queries.posting_by_key(session, customer_id=1, key="payment:7")
        assert await queries.receivable_of(session, customer_id=1) == {"EUR": Decimal("-12.10")}
    assert posting.is_new
    assert found.transaction_id == posting.transaction_id
    assert found.booking == booking()


async def test_the_same_booking_again_changes_nothing(engine):
    first = await posted(engine, booking())

    again = await posted(engine, booking())

    assert (again.transaction_id, again.is_new) == (first.transaction_id, False)
    assert await counted(engine) == (1, 2)


async def test_the_same_key_for_another_booking_is_refused(engine):
    await posted(engine, booking())

    with pytest.raises(rules.BookingKeyReused):
        await posted(engine, booking("12.11"))

    assert await counted(engine) == (1, 2)


async def test_what_does_not_balance_leaves_nothing(engine):
    lame = rules.booking_of(
        customer_id=1,
        kind=BookingKind.PAYMENT,
        document_id=7,
        effective_on=date(2024, 2, 9),
        entries=(Entry("bank:card", "EUR", Decimal(1)),),
    )

    with pytest.raises(rules.BookingNotBalanced):
        await posted(engine, lame)

    assert await counted(engine) == (0, 0)


async def test_the_same_booking_at_once_is_booked_once(engine):
    postings = await asyncio.gather(*(posted(engine, booking()) for _ in range(8)))

    assert sorted(posting.is_new for posting in postings) == [False] * 7 + [True]
    assert len({posting.transaction_id for posting in postings}) == 1
    assert await counted(engine) == (1, 2)


async def test_a_reversal_leaves_nothing_and_is_done_once(engine):
    await posted(engine, booking())
    back = Reversal(
        customer_id=1,
        of_key="payment:7",
        key="reversal:7",
        kind=BookingKind.REVERSAL,
        document_id=7,
        effective_on=date(2024, 2, 10),
    )

    for _ in range(2):
        async with unit_of_work(engine) as session:
            await reverse(session, reversal=back, now=NOW)

    async with read_session(engine) as session:
        balances = await queries.account_balances(session)
    assert [balance.balance for balance in balances] == [Decimal(0), Decimal(0)]
    assert await counted(engine) == (2, 4)


async def test_what_was_never_booked_cannot_be_reversed(engine):
    back = Reversal(
        customer_id=1,
        of_key="payment:8",
        key="reversal:8",
        kind=BookingKind.REVERSAL,
        document_id=8,
        effective_on=date(2024, 2, 10),
    )

    with pytest.raises(queries.BookingNotFound):
        async with unit_of_work(engine) as session:
            await reverse(session, reversal=back, now=NOW)


@pytest.mark.parametrize("table", ["ledger_transaction", "ledger_entry"])
@pytest.mark.parametrize("change", ["update {} set customer_id = 2", "delete from {}", "truncate {}"])
async def test_the_books_refuse_changes(engine, table, change):
    await posted(engine, booking())

    with pytest.raises(DBAPIError, match="append-only"):
        async with unit_of_work(engine) as session:
            await session.execute(text(change.format(table)))

    assert await counted(engine) == (1, 2)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=12), customer_id=st.integers(1, 10**6))
async def test_whatever_is_booked_the_ledger_sums_to_zero(engine, amounts, customer_id):
    cents = [*amounts, -sum(amounts)]
    wanted = Booking(
        customer_id=customer_id,
        key=f"any:{amounts}"[:200],
        kind=BookingKind.REVERSAL,
        document_id=1,
        effective_on=date(2024, 2, 9),
        entries=tuple(Entry("receivable", "EUR", Decimal(cent).scaleb(-2)) for cent in cents),
    )

    await posted(engine, wanted)

    async with read_session(engine) as session:
        assert all(not balance.balance for balance in await queries.account_balances(session))
