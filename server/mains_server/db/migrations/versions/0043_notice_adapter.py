"""The utility whose words a notice may be in.

Revision: 0043, after 0042.
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notice", sa.Column("adapter", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("notice", "adapter")
