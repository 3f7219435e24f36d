"""Questions beside those of `queries`: of steps in a contract's life, whose rows stay inside, and of many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import any_, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import BigInteger
from sqlmodel import col

from mains_server.contracts import queries
from mains_server.contracts.records import ContractStep, Coverage, NumberedContract, Vote
from mains_server.contracts.tables import (
    Contract,
    ContractEvent,
    ContractFee,
    ContractOffer,
    ContractSeries,
    ContractSupplyPoint,
    SupplyPoint,
    TermsDocument,
)

BY_PLAIN_NUMBER = text("""
select c.id, c.customer_id, c.number, n.plain
from unnest(cast(:numbers as text[])) n (plain)
join contract c on regexp_replace(upper(c.number), '[^0-9A-Z]', '', 'g') = n.plain
order by c.id
""")
LEVELLED_AMONG = text("""
select c.id, c.customer_id, c.number, n.day, c.settlement = 'LEVELLED' or exists (
    select from contract_former_terms f where f.contract_id = c.id and f.customer_id = c.customer_id
        and f.settlement = 'LEVELLED' and f.starts <= n.day and f.ends > n.day) as is_levelled
from (select distinct * from unnest(cast(:numbers as text[]), cast(:days as date[]))) n (number, day)
join contract c on c.number = n.number
""")


class Ending(NamedTuple):
    """A contract whose agreed price ends on a day."""

    contract_id: int
    customer_id: int
    product: str
    price_fixed_until: date


async def draw_number(session: AsyncSession, *, adapter: str) -> str:
    """Draw the next contract number of a utility; whoever draws waits for the one before, so that none is left out.

    Numbers that were given by hand are passed over. A utility without a series of its own gets one, by the first
    letters of the words of its code.
    """
    prefix = "".join(word[0] for word in adapter.split("_")).upper() + "-"
    await session.execute(
        insert(ContractSeries).values(adapter=adapter, prefix=prefix, last_number=0).on_conflict_do_nothing()
    )
    row = await session.scalar(
        select(ContractSeries)
        .where(col(ContractSeries.adapter) == adapter)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert row is not None
    while True:
        row.last_number += 1
        number = f"{row.prefix}{row.last_number:06d}"
        if await queries.first_taken_number(session, numbers=[number]) is None:
            await session.flush()
            return number


async def fee_id_by_key(session: AsyncSession, *, contract_id: int, key: str) -> int:
    """Find the fee that was noted under a key."""
    found = await session.scalar(
        select(col(ContractFee.id)).where(col(ContractFee.contract_id) == contract_id, col(ContractFee.key) == key)
    )
    assert found is not None, "a fee that is there already has its key"
    return int(found)


async def terms_document_on(session: AsyncSession, *, adapter: str, product: str, day: date) -> int | None:
    """Find the terms that a product's contracts are offered with on a day; None where none were ever laid down."""
    return await session.scalar(
        select(col(TermsDocument.id))
        .where(
            col(TermsDocument.adapter) == adapter,
            col(TermsDocument.product) == product,
            col(TermsDocument.starts) <= day,
        )
        .order_by(col(TermsDocument.starts).desc(), col(TermsDocument.id).desc())
        .limit(1)
    )


async def coverage_after(session: AsyncSession, *, supply_point_id: int, day: date) -> Coverage | None:
    """Find a contract's hold on a supply point on a day or later; None where the place is free from then on."""
    row = await session.scalar(
        select(ContractSupplyPoint)
        .where(
            col(ContractSupplyPoint.supply_point_id) == supply_point_id,
            or_(col(ContractSupplyPoint.ends).is_(None), col(ContractSupplyPoint.ends) > day),
        )
        .order_by(col(ContractSupplyPoint.starts).desc())
        .limit(1)
    )
    return None if row is None else Coverage(supply_point_id=supply_point_id, starts=row.starts, ends=row.ends)


async def last_step(session: AsyncSession, *, contract_id: int, steps: Sequence[ContractStep]) -> ContractEvent | None:
    """Find the last step of some kinds in a contract's story."""
    return await session.scalar(
        select(ContractEvent)
        .where(col(ContractEvent.contract_id) == contract_id, col(ContractEvent.step).in_(steps))
        .order_by(col(ContractEvent.id).desc())
        .limit(1)
    )


async def switches_to(
    session: AsyncSession, *, customer_id: int, day: date, covers: Sequence[Coverage]
) -> Sequence[ContractEvent]:
    """List the ends of a customer's contracts that made room on a day for another one on the same places."""
    points = any_(literal([cover.supply_point_id for cover in covers], ARRAY(BigInteger())))
    found = await session.scalars(
        select(ContractEvent)
        .join(ContractSupplyPoint, col(ContractSupplyPoint.contract_id) == col(ContractEvent.contract_id))
        .where(
            col(ContractEvent.customer_id) == customer_id,
            col(ContractEvent.step) == ContractStep.TERMINATED,
            col(ContractEvent.day) == day,
            func.jsonb_exists(col(ContractEvent.before), "switched_to"),
            col(ContractSupplyPoint.supply_point_id) == points,
            col(ContractSupplyPoint.ends) == day,
        )
        .distinct()
        .order_by(col(ContractEvent.id))
    )
    return found.all()


async def price_ends(
    session: AsyncSession, *, adapter: str, after: date | None, upto: date, count: int
) -> tuple[Ending, ...]:
    """List contracts in force whose agreed price ends until a day: with `after`, later than it and without an offer."""
    contract = (
        select(col(Contract.id), col(Contract.customer_id), col(Contract.product), col(Contract.price_fixed_until))
        .where(
            col(Contract.adapter) == adapter,
            col(Contract.price_fixed_until) <= upto,
            or_(col(Contract.ends).is_(None), col(Contract.ends) > col(Contract.price_fixed_until)),
        )
        .order_by(col(Contract.id))
        .limit(count)
    )
    if after is None:
        found = await session.execute(contract)
    else:
        offered = select(col(ContractOffer.id)).where(
            col(ContractOffer.contract_id) == col(Contract.id),
            col(ContractOffer.starts) == col(Contract.price_fixed_until),
        )
        found = await session.execute(contract.where(col(Contract.price_fixed_until) > after, ~offered.exists()))
    return tuple(Ending(row[0], row[1], row[2], row[3]) for row in found if row[3] is not None)


async def open_offer(session: AsyncSession, *, contract_id: int) -> ContractOffer | None:
    """Find the offer of a contract that waits for an answer."""
    return await session.scalar(
        select(ContractOffer)
        .where(
            col(ContractOffer.contract_id) == contract_id,
            col(ContractOffer.accepted_at).is_(None),
            col(ContractOffer.lapsed_at).is_(None),
        )
        .order_by(col(ContractOffer.starts).desc())
        .limit(1)
    )


async def contracts_in_house(session: AsyncSession, *, building_id: int, adapter: str) -> frozenset[int]:
    """List all contracts that have, had or will have a place in a building, of one utility."""
    found = await session.scalars(
        select(col(Contract.id))
        .join(ContractSupplyPoint, col(ContractSupplyPoint.contract_id) == col(Contract.id))
        .join(SupplyPoint, col(SupplyPoint.id) == col(ContractSupplyPoint.supply_point_id))
        .where(col(SupplyPoint.building_id) == building_id, col(Contract.adapter) == adapter)
    )
    return frozenset(found)


async def contracts_by_plain_numbers(session: AsyncSession, *, numbers: Sequence[str]) -> tuple[NumberedContract, ...]:
    """Find contracts by their numbers without what stands between letters and digits."""
    rows = await session.execute(BY_PLAIN_NUMBER, {"numbers": list(numbers)})
    return tuple(
        NumberedContract(id=row.id, customer_id=row.customer_id, number=row.number, plain=row.plain) for row in rows
    )


async def levelled_among(
    session: AsyncSession, *, numbers: Sequence[str], days: Sequence[date]
) -> dict[tuple[str, date], tuple[NumberedContract, bool]]:
    """Find contracts, each by number and a day, and whether they are levelled or were on that day."""
    rows = await session.execute(LEVELLED_AMONG, {"numbers": list(numbers), "days": list(days)})
    return {
        (row.number, row.day): (
            NumberedContract(id=row.id, customer_id=row.customer_id, number=row.number, plain=""),
            row.is_levelled,
        )
        for row in rows
    }


async def lock_contracts(session: AsyncSession, *, contract_ids: Sequence[int]) -> None:
    """Take hold of contracts until the transaction ends, in the order of their ids."""
    wanted = select(col(Contract.id)).where(col(Contract.id) == any_(literal(list(contract_ids), ARRAY(BigInteger()))))
    await session.execute(wanted.order_by(col(Contract.id)).with_for_update())


# A house's method is its owners' and not its manager's: what was voted (it names a decision) and held to the end of the
# last contract over the house, or was to begin later, goes on in the next one, unless that says otherwise.
# A contract that was withdrawn from before it started covers nothing; which house it was for stands with that step.
NEVER_WERE = """
  select o.id, o.customer_id, o.adapter, o.starts, o.ends, cast(cover.value ->> 0 as bigint) as supply_point_id
  from contract_event e
  join contract o on o.id = e.contract_id and o.customer_id = e.customer_id
  cross join lateral jsonb_array_elements(e.before -> 'covers') cover
  where e.step = 'WITHDRAWN' and o.billing = 'BY_MEMBERS' and o.starts = o.ends
"""
INHERIT_VOTES = f"""
with never_were as ({NEVER_WERE})
insert into contract_attribute (customer_id, contract_id, name, value, starts, ends, decision)
select customer_id, id, name, value, greatest(voted_from, starts),
  case when voted_from >= ends then voted_next else least(voted_next, ends) end, decision
from (
  select n.customer_id, n.id, n.starts, n.ends, a.name, a.value, a.decision, a.starts as voted_from,
    lead(a.starts) over (partition by n.id, a.name order by a.starts) as voted_next
  from contract n
  join contract_supply_point s on s.contract_id = n.id and s.customer_id = n.customer_id
  join supply_point p on p.id = s.supply_point_id and p.role = 'BUILDING'
  cross join lateral (
    select o.id, o.customer_id, o.ends
    from contract o join contract_supply_point b on b.contract_id = o.id and b.customer_id = o.customer_id
    where b.supply_point_id = p.id and o.adapter = n.adapter and o.billing = 'BY_MEMBERS' and o.ends <= n.starts
    union all
    select w.id, w.customer_id, w.ends
    from never_were w where w.supply_point_id = p.id and w.adapter = n.adapter and w.ends <= n.starts
    order by ends desc, id desc limit 1
  ) o
  join contract_attribute a on a.contract_id = o.id and a.customer_id = o.customer_id and a.decision is not null
    and (a.ends = o.ends or a.starts >= o.ends)
  where n.id = any(cast(:contracts as bigint[])) and n.billing = 'BY_MEMBERS' and not exists (
    select from contract_attribute own
    where own.contract_id = n.id and own.customer_id = n.customer_id and own.name = a.name
  )
) v
where voted_next is null or voted_next > starts
"""


# The contracts over a house that have a voted attribute: the one it was announced on, and those that took it over.
VOTED_ON = """
select distinct a.contract_id
from contract_attribute a
join contract c on c.id = a.contract_id and c.customer_id = a.customer_id and c.billing = 'BY_MEMBERS'
join contract_supply_point s on s.contract_id = c.id and s.customer_id = c.customer_id
join supply_point p on p.id = s.supply_point_id and p.role = 'BUILDING' and p.building_id = :building
where a.name = any(cast(:names as text[])) and a.starts = :starts and a.decision = :decision
order by a.contract_id
"""


# The contracts over the house of one that begin when it has ended, the earliest first.
FOLLOWING_OVER_HOUSE = f"""
with never_were as ({NEVER_WERE}), place as (
  select supply_point_id from contract_supply_point where contract_id = :contract
  union select supply_point_id from never_were where id = :contract
)
select distinct n.id, n.starts
from contract o
join contract n on n.adapter = o.adapter and n.billing = 'BY_MEMBERS' and n.starts >= o.ends and n.id <> o.id
where o.id = :contract and (
  exists (select from contract_supply_point s where s.contract_id = n.id and s.supply_point_id in (table place))
  or exists (select from never_were w where w.id = n.id and w.supply_point_id in (table place))
)
order by n.starts, n.id
"""


async def following_over_house(session: AsyncSession, *, contract_id: int) -> tuple[int, ...]:
    """List the contracts over the house of one that begin when it has ended, also those that never were."""
    rows = await session.execute(text(FOLLOWING_OVER_HOUSE), {"contract": contract_id})
    return tuple(row.id for row in rows)


async def inherit_votes(session: AsyncSession, *, contract_ids: Sequence[int]) -> None:
    """Let new contracts over whole houses go on with what owners voted for, where they say nothing else of it."""
    await session.execute(text(INHERIT_VOTES), {"contracts": list(contract_ids)})


async def voted_on(session: AsyncSession, *, vote: Vote) -> tuple[int, ...]:
    """List the contracts over a house that have what its owners voted for from a day on."""
    asked = {"building": vote.building_id, "names": list(vote.names), "starts": vote.starts, "decision": vote.decision}
    return tuple(await session.scalars(text(VOTED_ON), asked))
