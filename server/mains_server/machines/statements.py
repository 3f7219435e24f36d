"""Statements that ask other rooms' tables what a token names and reaches; they only read."""

CUSTOMERS_OF = "select id, customer_id from contract where id = any(cast(:contracts as bigint[]))"

COUNT_REACHED = """
select (select count(*) from customer where id = any(cast(:customers as bigint[])))
    + (select count(*) from contract where id = any(cast(:contracts as bigint[])))
    + (select count(*) from building where id = any(cast(:buildings as bigint[])))
    + (select count(*) from supply_point where id = any(cast(:points as bigint[])))
"""

NAMED = (
    "select id, number as word from customer where number = any(cast(:words as varchar[]))",
    "select id, number as word from contract where number = any(cast(:words as varchar[]))",
    "select id, identifier as word from supply_point where identifier = any(cast(:words as varchar[]))",
)

LISTED = """
select t.id, t.name, t.partner, p.email, t.scopes, t.expires_at, t.last_used_at, t.revoked_at
from machine_token t join person p on p.id = t.person_id
order by t.created_at desc, t.id desc
"""

# Contracts that are named, and those that supply a place that is named today.
CONTRACTS_REACHED = """
select customer_id, id from contract where id = any(cast(:contracts as bigint[]))
union
select s.customer_id, s.contract_id
from contract_supply_point s join supply_point p on p.id = s.supply_point_id
where (p.id = any(cast(:points as bigint[])) or p.building_id = any(cast(:buildings as bigint[])))
    and s.starts <= cast(:today as date) and (s.ends is null or s.ends > cast(:today as date))
"""
