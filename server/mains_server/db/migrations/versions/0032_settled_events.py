"""What employees decide about events of payment providers that wait for them.

Revision: 0032, after 0031.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

SETTLEMENTS = ("BOOKED", "TAKEN_BACK", "SET_ASIDE")


def upgrade() -> None:
    kind = sa.Enum(*SETTLEMENTS, name="eventsettlement", native_enum=False, length=40)
    op.add_column("payment_event", sa.Column("settlement", kind, nullable=True))
    op.add_column("payment_event", sa.Column("settled_because", sa.String(), nullable=True))
    op.add_column("payment_event", sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("payment_event", sa.Column("settled_by_person_id", sa.BigInteger(), nullable=True))
    op.add_column("payment_event", sa.Column("payment_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "payment_event_settled_by_person_id_fkey", "payment_event", "person", ["settled_by_person_id"], ["id"]
    )
    op.create_check_constraint(
        "event_settled_somehow", "payment_event", "(outcome = 'SETTLED') = (settlement is not null)"
    )
    op.create_index(
        "payment_event_booked", "payment_event", ["provider"], postgresql_where=sa.text("settlement = 'BOOKED'")
    )


def downgrade() -> None:
    op.drop_index("payment_event_booked", "payment_event")
    op.drop_constraint("event_settled_somehow", "payment_event")
    for name in ("settlement", "settled_because", "settled_at", "settled_by_person_id", "payment_id"):
        op.drop_column("payment_event", name)
