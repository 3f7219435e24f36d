"""Customer-owned tables can be distributed by customer: decision 0005."""

import psycopg

KEYS = """
select t.relname, i.relname, array_agg(a.attname::text order by k.place)
from pg_index x
join pg_class i on i.oid = x.indexrelid
join pg_class t on t.oid = x.indrelid
cross join lateral unnest(x.indkey) with ordinality k (number, place)
join pg_attribute a on a.attrelid = t.oid and a.attnum = k.number
where x.indisunique and t.relnamespace = 'public'::regnamespace
  and exists (select from pg_attribute c where c.attrelid = t.oid and c.attname = 'customer_id' and c.attnotnull)
group by 1, 2 order by 1, 2
"""
PRIMARY = """
select t.relname, pg_get_indexdef(x.indexrelid) from pg_index x join pg_class t on t.oid = x.indrelid
where x.indisprimary and t.relnamespace = 'public'::regnamespace
  and exists (select from pg_attribute c where c.attrelid = t.oid and c.attname = 'customer_id' and c.attnotnull)
"""


# What is there once for a row of another table has that row's id as its own.
OF_OTHERS = {"levelled_letter": "(version_id, customer_id)"}


def test_unique_keys_of_customers_tables_have_the_customer(psycopg_dsn):
    with psycopg.connect(psycopg_dsn) as connection:
        keys = connection.execute(KEYS).fetchall()

    assert [row for row in keys if "customer_id" not in row[2]] == []
    assert {"invoice", "ledger_entry", "contract", "payment"} <= {row[0] for row in keys}


def test_ids_lead_the_primary_keys(psycopg_dsn):
    with psycopg.connect(psycopg_dsn) as connection:
        primary: dict[str, str] = dict(connection.execute(PRIMARY).fetchall())

    assert {table for table, key in primary.items() if OF_OTHERS.get(table, "(id, customer_id)") not in key} == set()
