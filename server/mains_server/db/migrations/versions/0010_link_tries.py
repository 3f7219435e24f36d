"""How often links that there are not were tried from a network address.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link_tries",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("address_hash", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address_hash"),
    )
    op.create_index("link_tries_oldest", "link_tries", ["starts_at"], unique=False)


def downgrade() -> None:
    op.drop_table("link_tries")
