"""What a reminder by text message costs who chose it, and that they accepted it.

Revision: 0048, after 0047.
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notice", sa.Column("fee_contract_id", sa.BigInteger(), nullable=True))
    op.add_column("notice", sa.Column("fee_code", sa.String(), nullable=True))
    op.add_column("notice_preference", sa.Column("fees_accepted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("notice_preference", "fees_accepted_at")
    op.drop_column("notice", "fee_code")
    op.drop_column("notice", "fee_contract_id")
