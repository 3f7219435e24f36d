"""Every movement of the bank is on the books once: the same file twice, overlapping files, equal payments."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mains_server.db.unit_of_work import unit_of_work
from mains_server.statements import queries
from mains_server.statements.refusals import BankFileRefused
from sqlalchemy import text

from tests.server.statements.camt_files import IBAN, Paid, bank_file, file, statement, text_of

pytestmark = pytest.mark.asyncio
A = Paid(amount="43.10", text="nomaksa")
B = Paid(amount="20.00", text="cits")
COLUMNS = """
select attname from pg_attribute where attrelid = 'statement_line'::regclass and attnum > 0 and not attisdropped
order by attnum
"""
NEXT = "2024-02-10"
MARK = {"A": A, "B": B}


async def refused(bank, content):
    before = await bank.asks("select (select count(*) from statement_line), (select count(*) from ledger_entry)")
    with pytest.raises(BankFileRefused) as caught:
        await bank.takes(content)
    assert (
        await bank.asks("select (select count(*) from statement_line), (select count(*) from ledger_entry)") == before
    )
    return caught.value.code


async def test_a_statement_is_on_the_books_the_moment_it_is_known(bank):
    assert await bank.takes(bank_file(A, Paid(amount="3.00", side="DBIT"))) == [(2, 0)]

    # 1000.00 before, + 43.10 - 3.00 = 1040.10; nobody's are 43.10 and -3.00.
    assert await bank.balances() == {
        f"bank:{IBAN.lower()}": "1040.10", "brought_forward": "-1000.00", "unmatched": "-40.10",
    }  # fmt: skip
    assert await bank.lines() == [("43.10", "NEW", None), ("-3.00", "NEW", None)]


async def test_the_same_file_twice_does_nothing_twice(bank):
    await bank.takes(bank_file(A, B))

    assert await bank.takes(bank_file(A, B)) == [(0, 2)]
    assert await bank.is_sound() == Decimal("1063.10")
    assert await bank.asks("select count(*) from bank_statement") == [(1,)]


async def test_the_same_days_fetched_again_do_nothing_twice(bank):
    await bank.takes(bank_file(A, B))

    assert await bank.takes(bank_file(B, A, message="M2", number="S2", version="08")) == [(0, 2)]
    assert await bank.is_sound() == Decimal("1063.10")


async def test_two_equal_payments_of_one_statement_are_both_taken(bank):
    assert await bank.takes(bank_file(A, A)) == [(2, 0)]
    assert await bank.is_sound() == Decimal("1086.20")


async def test_equal_payments_with_references_of_the_bank_are_known_by_them(bank):
    first, second = (Paid(amount="43.10", text="nomaksa", ref=ref) for ref in ("R1", "R2"))
    await bank.takes(bank_file(first))

    assert await bank.takes(bank_file(second, first, message="M2", number="S2")) == [(1, 1)]
    assert await bank.is_sound() == Decimal("1086.20")


async def test_an_overlapping_file_brings_only_what_is_new(bank):
    later = Paid(amount="43.10", text="nomaksa", day=NEXT)
    await bank.takes(bank_file(A, A))

    found = await bank.takes(bank_file(A, later, A, B, message="M2", closing="1149.30", days=("2024-02-09", NEXT)))

    # B came on the first day after the first file was fetched.
    assert found == [(2, 2)]
    assert await bank.is_sound() == Decimal("1149.30")


async def test_the_rest_of_a_day_brings_an_equal_payment_that_is_new(bank):
    await bank.takes(bank_file(A))

    assert await bank.takes(bank_file(A, message="M2", number="S2", opening="1043.10")) == [(1, 0)]
    assert await bank.is_sound() == Decimal("1086.20")
    # Whoever then fetches the whole day finds both.
    assert await bank.takes(bank_file(A, A, B, message="M3", number="S3")) == [(1, 2)]
    assert await bank.is_sound() == Decimal("1106.20")


async def test_the_morning_again_after_the_whole_day_is_known(bank):
    await bank.takes(bank_file(A, B))

    assert await bank.takes(bank_file(A, message="M2", number="S2")) == [(0, 1)]
    assert await bank.is_sound() == Decimal("1063.10")


async def test_older_statements_may_come_later(bank):
    await bank.takes(bank_file(A))

    older = bank_file(Paid(amount="100.00", day="2024-02-08"), opening="900.00", message="M0", days=("2024-02-08",) * 2)
    assert await bank.takes(older) == [(1, 0)]
    assert await bank.is_sound() == Decimal("1043.10")
    assert (await bank.balances())["brought_forward"] == "-900.00"


async def test_a_missing_statement_is_noticed(bank):
    await bank.takes(bank_file(A))

    gap = bank_file(Paid(amount="1.00", day=NEXT), opening="1050.00", message="M2", days=(NEXT, NEXT))
    assert await refused(bank, gap) == "BALANCE_DOES_NOT_CONTINUE"


async def test_a_statement_that_contradicts_an_earlier_one_is_refused(bank):
    await bank.takes(bank_file(A))
    await bank.takes(bank_file(Paid(amount="1.00", day=NEXT), opening="1043.10", message="M2", days=(NEXT, NEXT)))

    assert await refused(bank, bank_file(A, B, message="M3")) == "BALANCE_DOES_NOT_CONTINUE"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (bank_file(A, closing="1043.11"), "TOTALS_DO_NOT_FIT"),
        (bank_file(A, iban="LV11BANK0000000000001"), "ACCOUNT_UNKNOWN"),
        (bank_file(currency="USD"), "CURRENCY_NOT_ACCEPTED"),
        (bank_file(Paid(amount="43.10", day="2024-02-12")), "DATE_IN_FUTURE"),
        (bank_file(A, days=("2024-02-09", "2024-02-12")), "DATE_IN_FUTURE"),
        (BytesIO(text_of(statement(A), statement(B, number="S2", opening="1043.10")).encode()[:-60]), "FILE_NOT_XML"),
        (file(statement(A), statement(B, number="S2", opening="1.00")), "BALANCE_DOES_NOT_CONTINUE"),
    ],
)
async def test_what_is_wrong_leaves_nothing_behind(bank, content, code):
    assert await refused(bank, content) == code
    assert await bank.asks("select count(*) from bank_account") == [(0,)]


async def test_a_message_with_other_content_is_refused(bank):
    await bank.takes(bank_file(A))

    assert await refused(bank, bank_file(A, B)) == "MESSAGE_ID_REUSED"


async def test_an_account_of_the_settings_is_ours(bank):
    other = "LV11BANK0000000000001"

    assert await bank.takes(bank_file(A, iban=other), ibans=["lv11 BANK 0000 0000 0000 1"]) == [(1, 0)]
    assert (await bank.balances())[f"bank:{other.lower()}"] == "1043.10"


async def test_what_the_bank_said_never_changes(bank):
    await bank.takes(bank_file(A))

    for change in ("update statement_line set amount = 1", "delete from statement_line", "truncate statement_line"):
        with pytest.raises(Exception, match="append-only"):
            await bank.utility.run(change)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_however_days_are_cut_into_files_each_movement_is_booked_once(bank, data):
    async with bank.utility.engine.begin() as connection:
        await connection.execute(text("set session_replication_role = replica"))
        for table in ("statement_line", "bank_statement", "bank_account", "ledger_entry", "ledger_transaction"):
            await connection.execute(text(f"delete from {table}"))
        await connection.execute(text("set session_replication_role = origin"))
    days = [[MARK[mark] for mark in data.draw(st.text("AB", max_size=4))] for _ in range(4)]
    opened = [Decimal(1000)]
    for paid in days:
        opened.append(opened[-1] + sum((Decimal(one.amount) for one in paid), Decimal(0)))
    next_day = 0
    for turn in range(6):
        start = data.draw(st.integers(0, min(next_day, 3)))
        end = data.draw(st.integers(start, 3))
        await bank.takes(_cut(days, opened, start, end, turn))
        next_day = max(next_day, end + 1)
    await bank.takes(_cut(days, opened, 0, 3, 9))

    assert await bank.is_sound() == opened[-1]
    assert await bank.asks("select count(*) from statement_line") == [(sum(len(paid) for paid in days),)]


def _cut(days, opened, start, end, turn):
    paid = [
        Paid(amount=one.amount, text=one.text, day=date(2024, 2, 1 + at).isoformat())
        for at in range(start, end + 1)
        for one in days[at]
    ]
    ends = (date(2024, 2, 1 + start).isoformat(), date(2024, 2, 1 + end).isoformat())
    return bank_file(*paid, opening=str(opened[start]), message=f"M{turn}", days=ends)


async def test_a_day_of_thousands_is_looked_up_movement_by_movement(bank):
    await bank.takes(bank_file(A))
    many = ", ".join(("generate_series(2, 5000) n", "statement_line l"))
    columns = await bank.asks(COLUMNS)
    kept = ", ".join({"id": "n + 1000", "fingerprint": "md5(n::text)"}.get(name, name) for (name,) in columns)

    async with unit_of_work(bank.utility.engine) as session:
        await session.execute(text(f"insert into statement_line select {kept} from {many}"))
        await session.execute(text("set local plan_cache_mode = force_generic_plan"))
        asked = {"account": 1, "days": [date(2024, 2, 9)], "prints": ["0" * 32]}
        plan = await session.scalars(text(f"explain {queries.OCCURRENCES.text}"), asked)

        # Nobody has counted what the table holds: an index by the day alone would be read as a whole for each movement.
        assert "statement_line_once" in "".join(plan)
