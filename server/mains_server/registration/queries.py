"""Questions to the registration room: whom a number may mean, and which registration a token is of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.registration.records import Candidate
from mains_server.registration.tables import Registration
from mains_server.signin.rules import token_hash

# A customer's number, or that of one of its contracts, without what stands between letters and figures.
CANDIDATES = text("""
select c.id, c.language, c.email, c.phone, c.personal_code, c.registration_number, p.email, p.language
from (
    select id from customer where regexp_replace(upper(number), '[^0-9A-Z]', '', 'g') = :number
    union
    select customer_id from contract where regexp_replace(upper(number), '[^0-9A-Z]', '', 'g') = :number
) meant
join customer c on c.id = meant.id
left join access_grant g on g.customer_id = c.id and g.role = 'OWNER' and g.ends_at is null
left join person p on p.id = g.person_id
order by c.id limit 5
""")


async def candidates(session: AsyncSession, *, number: str) -> tuple[Candidate, ...]:
    """List the customers that a plain number may mean; hardly ever more than one."""
    found = await session.execute(CANDIDATES, {"number": number})
    return tuple(
        Candidate(
            customer_id=row[0],
            language=row[1],
            email=row[2],
            phone=row[3],
            identifiers=(row[4] or "", row[5] or ""),
            owner_email=row[6],
            owner_language=row[7],
        )
        for row in found
    )


async def lock_registration(
    session: AsyncSession, *, token: str, now: datetime, person_id: int | None = None
) -> Registration | None:
    """Take hold of a newcomer's registration, or a person's, by its token until the transaction ends, if it waits."""
    return await session.scalar(
        select(Registration)
        .where(
            col(Registration.token_hash) == token_hash(token),
            col(Registration.expires_at) > now,
            col(Registration.done_at).is_(None),
            col(Registration.person_id).is_not_distinct_from(person_id),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
