"""SQL of the outages room that is set-based: places found, notices owed, superseded and taken."""

# The points of an outage's commodity: those named, all of named houses (a house's own point stands for the house), and
# those of an area. A street's line is met from its beginning up to the end of a word, so that "Lielā iela 1" is not
# "Lielā iela 10".
FIND_POINTS = """
insert into outage_place (outage_id, supply_point_id, starts)
select :outage, p.id, cast(:starts as timestamptz) from supply_point p
where p.commodity = :commodity and (
    p.id = any(cast(:points as bigint[]))
    or p.identifier = any(cast(:identifiers as text[]))
    or p.building_id = any(cast(:buildings as bigint[]))
    or p.building_id in (
        select h.building_id from supply_point h
        where h.role = 'BUILDING' and h.building_id is not null and h.commodity = :commodity
        and (h.id = any(cast(:points as bigint[])) or h.identifier = any(cast(:identifiers as text[]))))
    or lower(p.address_city) = lower(cast(:city as text))
        and (cast(:postcode as text) is null or p.address_postcode = :postcode)
        and (cast(:street as text) is null or starts_with(lower(p.address_line), lower(:street))
            and substr(p.address_line, char_length(:street) + 1, 1) in ('', ' ', ',', '-')))
on conflict do nothing
"""
FIND_BUILDINGS = """
insert into outage_place (outage_id, building_id, starts)
select distinct p.outage_id, s.building_id, p.starts
from outage_place p join supply_point s on s.id = p.supply_point_id
where p.outage_id = :outage and s.building_id is not null
on conflict do nothing
"""
REVISION = "select revision from outage where id = :id"
# Named places that are not among those found: unknown, or without this commodity.
MISSING = """
select count(*) from (
    select id from unnest(cast(:points as bigint[])) n (id)
    where not exists (select from outage_place p where p.outage_id = :outage and p.supply_point_id = n.id)
    union all
    select id from unnest(cast(:buildings as bigint[])) n (id)
    where not exists (select from outage_place p where p.outage_id = :outage and p.building_id = n.id)
    union all
    select 0 from unnest(cast(:identifiers as text[])) n (identifier)
    where not exists (
        select from outage_place p join supply_point s on s.id = p.supply_point_id
        where p.outage_id = :outage and s.identifier = n.identifier)) missing
"""
COUNT_POINTS = "select count(*) from outage_place where outage_id = :outage and supply_point_id is not null"
MOVE_PLACES = "update outage_place set starts = :starts where outage_id = :outage"
SUPERSEDE = """
update outage_notice set state = 'SUPERSEDED' where outage_id = :outage and state = 'OWED' and revision < :revision
"""
# Who is supplied at one of the places on a civil day of the outage.
OWE_SUPPLIED = """
insert into outage_notice (customer_id, outage_id, revision, change, state, is_late, created_at)
select distinct cs.customer_id, cast(:outage as bigint), cast(:revision as int), :change, 'OWED',
    cast(:is_late as boolean), cast(:now as timestamptz)
from outage_place p
join supply_point s on s.id = p.supply_point_id
join contract_supply_point cs on cs.supply_point_id = p.supply_point_id
join contract c on c.id = cs.contract_id and c.customer_id = cs.customer_id
where p.outage_id = :outage
and cs.starts <= (cast(:ends as timestamptz) at time zone s.time_zone)::date
and (cs.ends is null or cs.ends > (cast(:starts as timestamptz) at time zone s.time_zone)::date)
and (c.ends is null or c.ends > (cast(:starts as timestamptz) at time zone s.time_zone)::date)
on conflict do nothing
"""
# Whoever was owed a notice of an earlier revision, taken or not: a neighbour or a calendar may have told them.
OWE_TOLD = """
insert into outage_notice (customer_id, outage_id, revision, change, state, is_late, created_at)
select distinct n.customer_id, cast(:outage as bigint), cast(:revision as int), :change, 'OWED',
    cast(:is_late as boolean), cast(:now as timestamptz)
from outage_notice n where n.outage_id = :outage and n.revision < :revision
on conflict do nothing
"""
COUNT_OWED = "select count(*) from outage_notice where outage_id = :outage and revision = :revision"
# Each is taken once: whoever supersedes waits for who takes, and then finds it taken.
TAKE = """
with due as materialized (
    select id, customer_id from outage_notice where state = 'OWED' order by id limit :most for update skip locked),
taken as (
    update outage_notice n set state = 'TAKEN', taken_at = :now from due
    where n.id = due.id and n.customer_id = due.customer_id
    returning n.id, n.customer_id, n.outage_id, n.revision, n.change, n.is_late)
select t.*, o.kind, o.commodity, o.starts, o.ends, o.cause, o.note,
    o.cause_lv, o.cause_en, o.cause_ru, o.note_lv, o.note_en, o.note_ru, array(
    select distinct s.address_line || ', ' || s.address_city
    from contract_supply_point cs
    join outage_place p on p.outage_id = t.outage_id and p.supply_point_id = cs.supply_point_id
    join supply_point s on s.id = cs.supply_point_id
    where cs.customer_id = t.customer_id order by 1 limit 5) as addresses
from taken t join outage o on o.id = t.outage_id order by t.id
"""
# A person's outages: at points of their contracts, and in the houses of those points; ended contracts show none.
OF_PERSON = """
with mine as (
    select distinct cs.supply_point_id as id from contract_supply_point cs
    where (cs.customer_id = any(cast(:customers as bigint[])) or cs.contract_id = any(cast(:contracts as bigint[])))
    and (cs.ends is null or cs.ends > :today)),
places as (
    select p.outage_id, min(s.address_line || ', ' || s.address_city) as place
    from outage_place p join supply_point s on s.id = p.supply_point_id
    where p.supply_point_id in (select id from mine)
        or p.supply_point_id in (
            select h.id from supply_point h where h.role = 'BUILDING' and h.building_id in (
                select m.building_id from supply_point m where m.id in (select id from mine)))
    group by p.outage_id)
select o.*, p.place from outage o join places p on p.outage_id = o.id
where o.ends > cast(:since as timestamptz) order by o.starts, o.id limit 500
"""
