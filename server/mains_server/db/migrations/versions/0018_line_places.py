"""The places that invoice lines charge by themselves.

Revision: 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invoice_line", sa.Column("supply_point_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("invoice_line", "supply_point_id")
