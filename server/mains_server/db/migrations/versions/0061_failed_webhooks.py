"""Webhooks' messages that were given up are found without the others.

Revision: 0061, after 0060.
"""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "webhook_delivery_failed",
        "webhook_delivery",
        ["endpoint_id", "occurred_at"],
        unique=False,
        postgresql_where=sa.text("state = 'FAILED'"),
    )


def downgrade() -> None:
    op.drop_index("webhook_delivery_failed", table_name="webhook_delivery")
