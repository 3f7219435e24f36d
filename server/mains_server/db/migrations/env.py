"""How Alembic reaches the database and the rooms' tables; `mains_server.db.migrate` calls it with a connection."""

from typing import Any, Literal

from alembic import context
from mains_server.db.migrate import is_migrated
from mains_server.db.registry import whole_metadata
from sqlmodel.sql.sqltypes import AutoString


def _render(kind: str, item: Any, autogenerate_context: Any) -> str | Literal[False]:
    """SQLModel's own text type is PostgreSQL's varchar; a migration says so without SQLModel."""
    return "sa.String()" if isinstance(item, AutoString) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=whole_metadata(),
    include_object=is_migrated,
    render_item=_render,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
