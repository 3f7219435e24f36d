"""What leaving a product costs: the fee of changing to another one, and how the exit fee falls.

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("product", sa.Column("exit_fee_fall_share", sa.Numeric(precision=6, scale=4), nullable=True))
    op.add_column("product", sa.Column("exit_fee_fall_months", sa.Integer(), nullable=True))
    op.add_column("product", sa.Column("switch_fee", sa.Numeric(precision=18, scale=8), nullable=True))


def downgrade() -> None:
    for name in ("switch_fee", "exit_fee_fall_months", "exit_fee_fall_share"):
        op.drop_column("product", name)
