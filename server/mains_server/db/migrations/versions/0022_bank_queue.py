"""What staff decide about movements on bank accounts: how often, and the lists they work from.

Revision: 0022, after 0021.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("statement_line", sa.Column("decisions", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("statement_line_state", table_name="statement_line")
    op.create_index("statement_line_booked", "statement_line", ["booked_on", "id"], unique=False)
    op.create_index(
        "statement_line_queue",
        "statement_line",
        ["booked_on", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'QUEUED'"),
    )


def downgrade() -> None:
    op.drop_index("statement_line_queue", table_name="statement_line")
    op.drop_index("statement_line_booked", table_name="statement_line")
    op.create_index("statement_line_state", "statement_line", ["state", "booked_on", "id"], unique=False)
    op.drop_column("statement_line", "decisions")
