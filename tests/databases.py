"""Databases for tests: copied from a migrated template, used again after a test that left their tables' shape alone.

Copying one takes a tenth of a second and more; emptying one takes a few milliseconds.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from mains_server.db.addresses import psycopg_dsn
from mains_server.db.migrate import upgrade
from sqlalchemy import make_url

SHAPE = """
select c.n, c.last, a.n, a.last, t.n, t.last, p.n, p.last, k.n, k.last
from (select count(*) n, max(xmin::text::bigint) last from pg_class) c,
     (select count(*) n, max(xmin::text::bigint) last from pg_attribute) a,
     (select count(*) n, max(xmin::text::bigint) last from pg_trigger) t,
     (select count(*) n, max(xmin::text::bigint) last from pg_proc) p,
     (select count(*) n, max(xmin::text::bigint) last from pg_constraint) k
"""
OTHERS = """
select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
"""
EMPTY = """
do $$
declare
    table_name regclass;
begin
    set local session_replication_role = replica;
    for table_name in
        select oid::regclass from pg_class
        where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'alembic_version'
          and pg_relation_size(oid) > 0
    loop
        execute format('delete from %s', table_name);
    end loop;
    perform setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    from pg_sequences where last_value is not null;
end
$$
"""
# Tables alone are looked at: asking the size of every index as well takes as long as all the rest.
ROOMY = """
select coalesce(max(pg_relation_size(oid)), 0) > 4000000 from pg_class
where relkind = 'r' and relnamespace = 'public'::regnamespace
"""


@dataclass(kw_only=True)
class Databases:
    """The databases of one server: those that wait to be used, by name, with the shape they had when new."""

    server: str
    template: str
    waiting: list[tuple[str, object]] = field(default_factory=list)

    @contextmanager
    def one(self) -> Iterator[str]:
        """Lend an empty, migrated database by its libpq address."""
        name, shape = self.waiting.pop() if self.waiting else self._copy()
        yield address_of(self.server, database=name)
        if self._is_emptied(name, shape):
            self.waiting.append((name, shape))
        else:
            administer(self.server, f'drop database "{name}" with (force)')

    def drop(self) -> None:
        """Drop the databases that wait."""
        while self.waiting:
            administer(self.server, f'drop database "{self.waiting.pop()[0]}" with (force)')

    def _copy(self) -> tuple[str, object]:
        name = f"mains_test_{uuid.uuid4().hex[:12]}"
        administer(self.server, f'create database "{name}" template "{self.template}" strategy file_copy')
        with psycopg.connect(address_of(self.server, database=name)) as connection:
            return name, connection.execute(SHAPE).fetchone()

    def _is_emptied(self, name: str, shape: object) -> bool:
        """Empty the database unless a test has changed its shape, filled it with much, or we may not."""
        with psycopg.connect(address_of(self.server, database=name)) as connection:
            connection.execute(OTHERS)
            if connection.execute(SHAPE).fetchone() != shape or connection.execute(ROOMY).fetchone() == (True,):
                return False
            try:
                connection.execute(EMPTY)
            except psycopg.errors.InsufficientPrivilege:
                return False
        return True


@contextmanager
def databases(
    server: str, *, kind: str, like: str = "template1", prepare: Callable[[str], None] | None = None
) -> Iterator[Databases]:
    """Have databases on a server for as long as the block lasts, copied from the run's template of a kind.

    The template is a copy of `like`; without `prepare`, which is given its address, it is migrated.
    """
    with shared_template(server, kind=kind, like=like, prepare=prepare or _migrated) as template:
        found = Databases(server=server, template=template)
        try:
            yield found
        finally:
            found.drop()


@contextmanager
def shared_template(server: str, *, kind: str, like: str, prepare: Callable[[str], None]) -> Iterator[str]:
    """Have a template that is slow to make, made once for all processes of a test run on one server; give its name.

    Who comes first makes it while the others wait; who leaves last drops it. It is prepared under another name, so that
    what broke off half-way is never taken for whole.
    """
    name = f"mains_{kind}_{Path(os.environ['MAINS_TEST_FOLDER']).name}"
    with psycopg.connect(server, autocommit=True) as keeper:
        keeper.execute("select pg_advisory_lock_shared(hashtext(%s), 1)", [name])
        try:
            keeper.execute("select pg_advisory_lock(hashtext(%s), 2)", [name])
            if keeper.execute("select from pg_database where datname = %s", [name]).fetchone() is None:
                _make(server, name=name, like=like, prepare=prepare)
            keeper.execute("select pg_advisory_unlock(hashtext(%s), 2)", [name])
            yield name
        finally:
            keeper.execute("select pg_advisory_unlock_shared(hashtext(%s), 1)", [name])
            if keeper.execute("select pg_try_advisory_lock(hashtext(%s), 1)", [name]).fetchone() == (True,):
                keeper.execute(f'drop database if exists "{name}" with (force)')


def _make(server: str, *, name: str, like: str, prepare: Callable[[str], None]) -> None:
    half_made = f"{name}_half_made"
    administer(server, f'drop database if exists "{half_made}" with (force)')
    administer(server, f'create database "{half_made}" template "{like}" strategy file_copy')
    prepare(address_of(server, database=half_made))
    administer(server, f'alter database "{half_made}" rename to "{name}"')


@contextmanager
def copy_of(server: str, *, template: str) -> Iterator[str]:
    """Lend a copy of a template by its libpq address, and drop it after."""
    name = f"mains_test_{uuid.uuid4().hex[:12]}"
    administer(server, f'create database "{name}" template "{template}" strategy file_copy')
    try:
        yield address_of(server, database=name)
    finally:
        administer(server, f'drop database "{name}" with (force)')


def _migrated(address: str) -> None:
    upgrade(address=address)


def administer(server: str, statement: str) -> None:
    """Do something that a transaction cannot hold, such as making a database."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


def address_of(server: str, *, database: str) -> str:
    """Give the libpq address of one database on a server."""
    return make_url(psycopg_dsn(server)).set(database=database).render_as_string(hide_password=False)
