"""The way back for who lost app, codes and passkeys.

Revision: 0057, after 0056.
"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_recovery",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("link_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_hash", sa.LargeBinary(), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_by", sa.String(length=40), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"]),
        sa.ForeignKeyConstraint(["approved_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "account_recovery_open",
        "account_recovery",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index("account_recovery_person", "account_recovery", ["person_id", "opened_at", "id"], unique=False)
    op.create_index("account_recovery_opened", "account_recovery", ["opened_at", "id"], unique=False)
    op.create_index("account_recovery_stop", "account_recovery", ["stop_hash"], unique=True)
    op.create_index("account_recovery_link", "account_recovery", ["link_hash"], unique=True)
    op.create_index(
        "account_recovery_acts",
        "account_recovery",
        ["acts_at"],
        unique=False,
        postgresql_where=sa.text("ended_at is null and link_sent_at is null"),
    )


def downgrade() -> None:
    op.drop_table("account_recovery")
