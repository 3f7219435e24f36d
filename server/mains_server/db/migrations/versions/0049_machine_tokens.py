"""Tokens of software: customers' own, and partners'.

Revision: 0049, after 0048.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    numbers = postgresql.ARRAY(sa.BigInteger())
    op.create_table(
        "machine_token",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("partner", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("customer_ids", numbers, nullable=False),
        sa.Column("contract_ids", numbers, nullable=False),
        sa.Column("building_ids", numbers, nullable=False),
        sa.Column("supply_point_ids", numbers, nullable=False),
        sa.Column("rows_a_minute", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("machine_token_hash", "machine_token", ["token_hash"], unique=True)
    op.create_index("machine_token_person", "machine_token", ["person_id", "created_at", "id"], unique=False)
    op.create_index("machine_token_created", "machine_token", ["created_at", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("machine_token")
