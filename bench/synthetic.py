"""Synthetic electricity contracts, made by the database itself: every product, connection and kind of customer."""

CUSTOMERS = """
insert into customer (id, number, kind, name, language, address_line, address_city, address_postcode, address_country,
  created_at)
select n, 'C' || n, case when n % 20 = 0 then 'BUSINESS' else 'PRIVATE' end, 'Customer ' || n, 'lv',
  'Lielā iela ' || n, 'Jelgava', 'LV-3001', 'LV', '2022-01-01'
from generate_series(1, %(contracts)s) n
"""
POINTS = """
insert into supply_point (id, commodity, scheme, identifier, role, premise_kind, address_line, address_city,
  address_postcode, address_country, phases, amperes, time_zone)
select n, 'electricity', 'EIC', '43Z' || lpad(n::text, 13, '0'), 'PREMISE', 'DWELLING', 'Lielā iela ' || n, 'Jelgava',
  'LV-3001', 'LV', c[1], c[2], 'Europe/Riga'
from generate_series(1, %(contracts)s) n
cross join lateral (
  select (array['{1,16}', '{1,25}', '{3,16}', '{3,20}', '{3,25}', '{1,40}'])[1 + n % 6]::int[]
) as t(c)
"""
CONTRACTS = """
insert into contract (id, customer_id, number, adapter, product, billing, settlement, delivery, payment_term_days,
  signed_on, starts)
select n, n, 'K' || n, 'electricity_retail',
  (array['universalais', 'klasiskais', 'izdevigais_200', 'izdevigais_600', 'dinamiskais'])[1 + n / 7 % 5],
  'DIRECT', 'INVOICE', case when n % 50 = 0 then 'POST' else 'EMAIL' end, 20, '2022-01-01', '2022-01-01'
from generate_series(1, %(contracts)s) n
"""
COVERAGE = """
insert into contract_supply_point (customer_id, contract_id, supply_point_id, starts)
select n, n, n, '2022-01-01' from generate_series(1, %(contracts)s) n
"""
ATTRIBUTES = """
insert into contract_attribute (customer_id, contract_id, name, value, starts)
select n, n, 'zones', case when n % 20 = 7 then '2' else '1' end, '2022-01-01' from generate_series(1, %(contracts)s) n
"""
METERS = """
insert into meter (id, supply_point_id, serial, digits, multiplier, installed_on)
select n, n, 'M' || n, 6, 1, '2022-01-01' from generate_series(1, %(contracts)s) n
"""
REGISTERS = """
insert into register (meter_id, supply_point_id, code, quantity, unit, zone)
select n, n, 'T' || t, 'energy', 'kWh', case when n % 20 = 7 then 'T' || t end
from generate_series(1, %(contracts)s) n, generate_series(1, 2) t
where t = 1 or n % 20 = 7
"""
READINGS = """
insert into reading (register_id, supply_point_id, taken_at, counts_for, value, source, quality, status, received_at)
select r.id, r.supply_point_id, day, day, 1000 + 10 * m + m * (20 + r.id * 7919 % 40000 / 100.0), 'PORTAL', 'ACTUAL',
  'ACCEPTED', day
from register r
cross join lateral (values (0, date '2022-12-01'), (1, date '2023-01-01'), (2, date '2023-02-01')) as d(m, day)
"""
SELLER = """
with series as (insert into invoice_series (code, last_number) values ('E', 0))
insert into seller (adapter, starts, name, registration_number, vat_number, address, iban, series)
values ('electricity_retail', '2022-01-01', 'Seller', '40003000000', 'LV40003000000', 'Rīga', 'LV80BANK0000435195001',
  'E')
"""
MARKET = """
insert into fact_series (name, unit, starts_at, ends_at, step_seconds, values, known_at, source)
select name, unit, '2022-12-31 22:00+00', '2023-01-31 22:00+00', 3600,
  array(select base + spread * abs(h % 24 - 12) from generate_series(0, 743) h), '2023-02-01', 'synthetic'
from (values ('nordpool.lv', 'EUR/MWh', 60.00, 9.37), ('profile.lv', '1', 1.00, 0.11)) as s(name, unit, base, spread)
"""
# Ids were given above, so the sequences must go on behind them.
SEQUENCES = """
select setval(s || '_id_seq', %(contracts)s)
from unnest(array['customer', 'supply_point', 'contract', 'meter']) s
"""

CONTRACTS_SQL = tuple(
    statement.replace("% ", "%% ")
    for statement in (
        CUSTOMERS,
        POINTS,
        CONTRACTS,
        COVERAGE,
        ATTRIBUTES,
        METERS,
        REGISTERS,
        READINGS,
        SELLER,
        MARKET,
        SEQUENCES,
    )
)
