"""Bring a database to the tables that the code expects, and tell when the two have drifted apart."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import SchemaItem

from mains_server.db.addresses import psycopg_dsn
from mains_server.db.registry import whole_metadata

FOLDER = Path(__file__).parent / "migrations"
ONE_MIGRATES = 5_801_147_320
SERVER_ROLE = "mains_server"


def upgrade(*, address: str) -> None:
    """Apply every migration that the database lacks; a second process waits and then finds nothing to do."""
    with _connection(address=address) as connection:
        command.upgrade(_config(connection=connection), "head")


def server_role(*, address: str) -> str | None:
    """Give the role that can add to the books but not change them, if this database has it and we may work under it."""
    query = "select rolname from pg_roles where rolname = :role and pg_has_role(current_user, oid, 'member')"
    with _connection(address=address) as connection:
        found: str | None = connection.scalar(text(query), {"role": SERVER_ROLE})
        return found


def differences(*, address: str) -> list[str]:
    """List where tables in the code and in the migrated database differ; empty when they agree."""
    options = {"compare_type": True, "compare_server_default": True, "include_object": is_migrated}
    with _connection(address=address) as connection:
        context = MigrationContext.configure(connection, opts=options)
        return [str(difference) for difference in compare_metadata(context, whole_metadata())]


def write_revision(*, address: str, message: str) -> Path:
    """Write the next migration from what differs, for a person to read and complete."""
    number = len(list((FOLDER / "versions").glob("[0-9]*.py"))) + 1
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    with _connection(address=address) as connection:
        command.revision(_config(connection=connection), message=message, autogenerate=True, rev_id=f"{number:04d}")
    return FOLDER / "versions" / f"{number:04d}_{slug}.py"


def script(*, name: str) -> str:
    """Read the SQL text that belongs to a migration; it is frozen with it."""
    return (FOLDER / "sql" / name).read_text(encoding="utf-8")


def is_migrated(item: SchemaItem, name: str | None, kind: str, is_reflected: bool, other: SchemaItem | None) -> bool:
    """Leave out views, which SQL makes, and the tables of Alembic and of the job queue."""
    if kind != "table":
        return True
    return "view_of" not in item.info and not (name or "").startswith(("procrastinate_", "alembic_"))


def _config(*, connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _connection(*, address: str) -> Iterator[Connection]:
    url = make_url(psycopg_dsn(address)).set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": ONE_MIGRATES})
            yield connection
    finally:
        engine.dispose()
