"""Codes by letter: in which file for the printer a letter is.

Revision: 0050, after 0049.
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signin_message", sa.Column("mailing", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("signin_message", "mailing")
