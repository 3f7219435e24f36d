"""What a bill that is held would come to, and that an employee accepts it.

Revision: 0066, after 0065.
"""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

ADDED = (
    sa.Column("total", sa.Numeric(precision=14, scale=2), nullable=True),
    sa.Column("currency", sa.String(), nullable=True),
    sa.Column("accepted_total", sa.Numeric(precision=14, scale=2), nullable=True),
    sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("accepted_by_person_id", sa.BigInteger(), nullable=True),
    sa.Column("accepted_note", sa.String(), nullable=True),
)


def upgrade() -> None:
    for column in ADDED:
        op.add_column("billing_hold", column._copy())
    op.create_foreign_key(None, "billing_hold", "person", ["accepted_by_person_id"], ["id"])
    op.create_index(
        "billing_hold_accepted",
        "billing_hold",
        ["run_id", "contract_id"],
        postgresql_where=sa.text("accepted_total is not null and released_at is null"),
    )


def downgrade() -> None:
    op.drop_index(
        "billing_hold_accepted",
        table_name="billing_hold",
        postgresql_where=sa.text("accepted_total is not null and released_at is null"),
    )
    op.drop_constraint("billing_hold_accepted_by_person_id_fkey", "billing_hold", type_="foreignkey")
    for column in ADDED:
        op.drop_column("billing_hold", column.name)
