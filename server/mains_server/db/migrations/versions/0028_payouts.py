"""Payouts of payment providers: whose a movement is, and what was kept of it.

Revision: 0028, after 0027.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("statement_line", sa.Column("payout_provider", sa.String(), nullable=True))
    op.add_column("statement_line", sa.Column("payout_fee", sa.Numeric(14, 2), nullable=True))


def downgrade() -> None:
    op.drop_column("statement_line", "payout_fee")
    op.drop_column("statement_line", "payout_provider")
