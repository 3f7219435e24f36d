"""How often products were compared from a network address by who is not signed in.

Revision: 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comparison_count",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("address_hash", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comparisons", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address_hash"),
    )
    op.create_index("comparison_count_oldest", "comparison_count", ["starts_at"], unique=False)


def downgrade() -> None:
    op.drop_table("comparison_count")
