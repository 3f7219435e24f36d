"""Notices name the one that has the last word instead of them.

Revision: 0062, after 0061.
"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notice", sa.Column("superseded_by_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("notice", "superseded_by_id")
