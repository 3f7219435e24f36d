"""Questions to the statements room: what is known of accounts, statements, movements and payers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.statements.records import (
    AccountState,
    BankLine,
    LineState,
    NewLine,
    StandingPart,
    StatementHead,
    StatementUploadReport,
    TakenStatement,
)
from mains_server.statements.tables import BankAccount, BankStatement, StatementLine, StatementUpload

SAID = (
    "booked_on", "amount", "is_reversal", "is_undetailed", "servicer_reference", "end_to_end_id", "party_name",
    "party_iban", "reference", "text",
)  # fmt: skip
# Asked for each piece of a file, so they are written out.
OCCURRENCES = text("""
select l.booked_on, l.fingerprint, max(l.occurrence) as occurrence
from (select distinct * from unnest(cast(:days as date[]), cast(:prints as text[]))) p (booked_on, fingerprint)
join statement_line l on l.bank_account_id = :account and l.booked_on = p.booked_on and l.fingerprint = p.fingerprint
group by l.booked_on, l.fingerprint
""")
ACCOUNTS = text("""
select a.iban, a.currency, s.closes_on, s.closing,
    (select count(*) from statement_line l where l.bank_account_id = a.id and l.state = 'NEW') as unmatched,
    (select count(*) from statement_line l where l.bank_account_id = a.id and l.state = 'QUEUED') as queued,
    (select min(l.booked_on) from statement_line l where l.bank_account_id = a.id and l.state = 'QUEUED') as oldest
from bank_account a
left join lateral (
    select b.closes_on, b.closing from bank_statement b where b.bank_account_id = a.id
    order by b.closes_on desc, b.id desc limit 1
) s on true
order by a.iban
""")
# What a movement has become, less what was taken back of it.
STANDING = text("""
select customer_id, payment_id, sum(amount) as amount from statement_part where line_id = :line
group by customer_id, payment_id having sum(amount) > 0 order by payment_id
""")
# Movements that a reversal may take back: of the account and amount, by the bank's reference or the payer's own id.
ORIGINALS = text("""
select o.id from statement_line l
join statement_line o on o.bank_account_id = l.bank_account_id and o.amount = -l.amount and o.state = 'MATCHED'
    and o.booked_on between l.booked_on - 400 and l.booked_on
where l.id = :line and l.amount < 0 and (
    o.servicer_reference = l.servicer_reference and l.servicer_reference <> ''
    or o.end_to_end_id = l.end_to_end_id and o.party_iban = l.party_iban and l.end_to_end_id <> '')
order by o.id
""")
# Customers whose money came from an account before: by payments that were not taken back since. `offset 0` keeps the
# steps apart, so that each is a look-up by index for each account.
PAYERS = text("""
select distinct i.iban as party_iban, p.customer_id
from unnest(cast(:ibans as text[])) i (iban)
cross join lateral (
    select l.id from statement_line l where l.party_iban = i.iban and l.state = 'MATCHED' and l.amount > 0 offset 0
) l
cross join lateral (
    select p.customer_id from statement_part p where p.line_id = l.id
    group by p.customer_id having sum(p.amount) > 0 offset 0
) p
order by i.iban, p.customer_id
""")


async def hold_account(session: AsyncSession, *, head: StatementHead) -> BankAccount:
    """Take hold of an account of ours until the transaction ends; make it known at its first statement."""
    values = {"iban": head.iban, "currency": head.currency, "opened_on": head.opens_on, "brought_forward": Decimal(0)}
    await session.execute(insert(BankAccount).values(values).on_conflict_do_nothing())
    wanted = select(BankAccount).where(col(BankAccount.iban) == head.iban).with_for_update()
    return (await session.scalars(wanted, execution_options={"populate_existing": True})).one()


async def statement_by_ids(session: AsyncSession, *, bank_account_id: int, head: StatementHead) -> BankStatement | None:
    """Find a statement that came before under the same ids of the bank."""
    return await session.scalar(
        select(BankStatement).where(
            col(BankStatement.bank_account_id) == bank_account_id,
            col(BankStatement.message_id) == head.message_id,
            col(BankStatement.statement_id) == head.statement_id,
        )
    )


async def latest_proved(session: AsyncSession, *, bank_account_id: int) -> BankStatement | None:
    """Find the statement whose closing balance the account has by the books."""
    return await session.scalar(
        select(BankStatement)
        .where(col(BankStatement.bank_account_id) == bank_account_id, col(BankStatement.is_proved))
        .order_by(col(BankStatement.closes_on).desc(), col(BankStatement.id).desc())
        .limit(1)
    )


async def sum_of_lines(session: AsyncSession, *, bank_account_id: int, upto: date | None = None) -> Decimal:
    """Sum the movements of an account, up to and with a day."""
    wanted = select(func.sum(col(StatementLine.amount))).where(col(StatementLine.bank_account_id) == bank_account_id)
    if upto is not None:
        wanted = wanted.where(col(StatementLine.booked_on) <= upto)
    return await session.scalar(wanted) or Decimal("0.00")


async def occurrences(
    session: AsyncSession, *, bank_account_id: int, prints: Sequence[tuple[date, str]]
) -> dict[tuple[date, str], int]:
    """Tell how often an account has each of some movements, by day and fingerprint."""
    asked = {"account": bank_account_id, "days": [day for day, _ in prints], "prints": [print_ for _, print_ in prints]}
    rows = await session.execute(OCCURRENCES, asked)
    return {(row.booked_on, row.fingerprint): row.occurrence for row in rows}


async def payers(session: AsyncSession, *, ibans: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Tell whose money came from accounts before: customers' ids by IBAN."""
    found: dict[str, tuple[int, ...]] = {}
    for row in await session.execute(PAYERS, {"ibans": list(ibans)}):
        found[row.party_iban] = (*found.get(row.party_iban, ()), row.customer_id)
    return found


async def look_up_by_index(session: AsyncSession) -> None:
    """Have no look-up of this transaction read a whole table, whatever the planner takes for its size.

    While a long statement is matched, the tables that it fills grow a hundredfold under plans made when they were
    small; a plan that then reads them whole makes the time grow with the square of the statement.
    """
    await session.execute(text("set local enable_seqscan = off"))


async def lock_new_lines(session: AsyncSession, *, count: int, line_id: int | None = None) -> tuple[NewLine, ...]:
    """Take hold of movements that are new and that nobody holds, the oldest first, or of a certain one."""
    wanted = select(
        col(StatementLine.id), col(StatementLine.currency), *(getattr(StatementLine, name) for name in SAID)
    )
    wanted = wanted.where(text("state = 'NEW'"))
    if line_id is not None:
        wanted = wanted.where(col(StatementLine.id) == line_id)
    found = await session.execute(wanted.order_by(col(StatementLine.id)).limit(count).with_for_update(skip_locked=True))
    return tuple(
        NewLine(id=row[0], currency=row[1], line=BankLine(**dict(zip(SAID, row[2:], strict=True)))) for row in found
    )


async def new_line_ids(session: AsyncSession, *, count: int) -> tuple[int, ...]:
    """List the oldest movements that nobody has looked at yet."""
    wanted = select(col(StatementLine.id)).where(text("state = 'NEW'")).order_by(col(StatementLine.id)).limit(count)
    return tuple(await session.scalars(wanted))


def bank_line(row: StatementLine) -> BankLine:
    """Read a stored movement back as the bank said it."""
    return BankLine(**{name: getattr(row, name) for name in SAID})


async def lock_line(session: AsyncSession, *, line_id: int) -> StatementLine | None:
    """Take hold of a movement until the transaction ends, as it then stands."""
    return await session.scalar(
        select(StatementLine)
        .where(col(StatementLine.id) == line_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def parts_of(session: AsyncSession, *, line_id: int) -> tuple[StandingPart, ...]:
    """List the payments that a movement became and that were not taken back by a decision on it."""
    return tuple(
        StandingPart(customer_id=row.customer_id, payment_id=row.payment_id, amount=row.amount)
        for row in await session.execute(STANDING, {"line": line_id})
    )


async def originals_of(session: AsyncSession, *, line_id: int) -> tuple[int, ...]:
    """List the matched movements that a reversal may take back, by the references that it quotes."""
    return tuple(await session.scalars(ORIGINALS, {"line": line_id}))


async def account_states(session: AsyncSession) -> tuple[AccountState, ...]:
    """Tell how each of our accounts stands: its last statement, and what waits there; they are few."""
    return tuple(AccountState(**row._mapping) for row in await session.execute(ACCOUNTS))


async def states_of(session: AsyncSession, *, statement_ids: Sequence[int]) -> dict[LineState, int]:
    """Count the movements of statements by how far they have come."""
    wanted = (
        select(col(StatementLine.state), func.count())
        .where(col(StatementLine.statement_id).in_(statement_ids))
        .group_by(col(StatementLine.state))
    )
    return {row[0]: row[1] for row in await session.execute(wanted)}


async def is_upload_known(session: AsyncSession, *, token_hash: str) -> bool:
    """Tell whether an upload has this token, before its file is read."""
    known = select(col(StatementUpload.id)).where(col(StatementUpload.token_hash) == token_hash)
    return await session.scalar(known) is not None


async def lock_upload(session: AsyncSession, *, token_hash: str) -> StatementUpload | None:
    """Take hold of an upload until the transaction ends, for a change inside this room."""
    return await session.scalar(
        select(StatementUpload).where(col(StatementUpload.token_hash) == token_hash).with_for_update()
    )


async def upload_report(session: AsyncSession, *, upload: StatementUpload) -> StatementUploadReport:
    """Give the report of an upload as it was when its file came."""
    rows = await session.execute(
        select(BankStatement, col(BankAccount.iban))
        .join(BankAccount, col(BankAccount.id) == col(BankStatement.bank_account_id))
        .where(col(BankStatement.upload_id) == upload.id)
        .order_by(col(BankStatement.id))
    )
    return StatementUploadReport(
        upload_id=upload.id,
        status=upload.status,
        statements=tuple(_taken(row, iban=iban) for row, iban in rows),
        code=upload.code,
        message=upload.message,
    )


def _taken(row: BankStatement, *, iban: str) -> TakenStatement:
    return TakenStatement(
        id=row.id,
        iban=iban,
        statement_id=row.statement_id,
        closes_on=row.closes_on,
        closing=row.closing,
        lines_new=row.lines_new,
        lines_known=row.lines_known,
        pending=row.pending,
    )
