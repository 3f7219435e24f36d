"""A code that mail or text message cannot deliver goes by letter.

Revision: 0060, after 0059.
"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signin_message", sa.Column("letter_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index("signin_message_row", "signin_message", ["row_id", "kind"])


def downgrade() -> None:
    op.drop_index("signin_message_row", "signin_message")
    op.drop_column("signin_message", "letter_until")
