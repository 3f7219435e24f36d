"""Events say in which transaction they were written, and whoever listens is told of them.

Revision: 0040, after 0039.
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

TELL_OF_EVENTS = """
create function tell_of_events() returns trigger language plpgsql as $$
begin
    perform pg_notify('mains_events', '');
    return null;
end
$$
"""
EVENTS_ARE_TOLD = """
create trigger events_are_told after insert on outbox_event for each statement execute function tell_of_events()
"""


def upgrade() -> None:
    default = sa.text("pg_current_xact_id()::text::bigint")
    op.add_column("outbox_event", sa.Column("transaction", sa.BigInteger(), server_default=default, nullable=False))
    op.create_index("outbox_event_transaction", "outbox_event", ["transaction"])
    op.execute(TELL_OF_EVENTS)
    op.execute(EVENTS_ARE_TOLD)


def downgrade() -> None:
    op.execute("drop trigger events_are_told on outbox_event")
    op.execute("drop function tell_of_events()")
    op.drop_index("outbox_event_transaction", "outbox_event")
    op.drop_column("outbox_event", "transaction")
