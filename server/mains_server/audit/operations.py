"""Changes in the audit room: acts written down, entries sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.audit import queries
from mains_server.audit.records import NewEntry, Sealed, Subject
from mains_server.audit.rules import REASON_LENGTH_MAX, seal_hash
from mains_server.audit.tables import AuditSeal

ONE_AT_A_TIME = 7_306_001
ROWS_AT_ONCE = 10_000
NOTED = "audit subjects"
# An act that changed nothing is none: PostgreSQL gives a transaction its number when it first writes or locks a row.
APPEND = """
insert into audit_entry
    (act, person_id, session_id, roles, customer_id, subjects, reason, address_hash, at)
select cast(:act as varchar), cast(:person as bigint), cast(:session as bigint),
    cast(:roles as varchar[]), {customer}, cast(:subjects as jsonb),
    cast(:reason as varchar), cast(:address as varchar), cast(:at as timestamptz)
where pg_current_xact_id_if_assigned() is not null
"""


async def append(session: AsyncSession, *, entry: NewEntry, owners: dict[str, str]) -> None:
    """Write an act down in its own transaction, if that changed anything.

    `owners` names, for types of subjects, the `table.column` that says whose the row is; the first subject with one
    tells the customer.
    """
    found = next(((owners[one.type_name], one.number) for one in entry.subjects if one.type_name in owners), None)
    customer = "cast(null as bigint)"
    if found is not None:
        table, column = found[0].split(".")
        customer = f"(select min({column}) from {table} where id = :subject)"
    await session.execute(
        text(APPEND.format(customer=customer)),
        {
            "act": entry.act,
            "person": entry.person_id,
            "session": entry.session_id,
            "roles": list(entry.roles),
            "subjects": orjson.dumps([[one.type_name, one.number] for one in entry.subjects]).decode(),
            "reason": None if entry.reason is None else entry.reason[:REASON_LENGTH_MAX],
            "address": entry.address_hash,
            "at": entry.at,
            **({} if found is None else {"subject": found[1]}),
        },
    )


async def count_as_act(session: AsyncSession) -> None:
    """Let a transaction count as an act that changes nothing itself, such as the beginning of a run."""
    await queries.take_number(session)


def note_subject(session: AsyncSession, *, subject: Subject) -> None:
    """Name something that an act of this transaction is about and its input could not name, such as what it made."""
    session.info.setdefault(NOTED, []).append(subject)


def subjects_noted(session: AsyncSession) -> tuple[Subject, ...]:
    """Give what was noted in this transaction."""
    return tuple(session.info.get(NOTED, ()))


async def seal(session: AsyncSession, *, now: datetime, rows_max: int = ROWS_AT_ONCE) -> Sealed | None:
    """Chain the entries that were committed since the last seal; None where there are none.

    One process seals at a time; acts never wait for it. Entries are sealed in the order of their numbers as far as
    they can be seen, and one that was committed later is sealed later, whatever its number.
    """
    await session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
    number, hash_ = await queries.last_seal(session)
    entries = await queries.unsealed(session, rows_max=rows_max)
    rows: list[dict[str, Any]] = []
    for entry in entries:
        number += 1
        hash_ = seal_hash(before=hash_, number=number, entry=queries.content(entry))
        rows.append({"id": number, "entry_id": entry.id, "hash": hash_, "sealed_at": now})
    if not rows:
        return None
    await session.execute(insert(AuditSeal), rows)
    return Sealed(number=number, hash=hash_, count=len(rows))
