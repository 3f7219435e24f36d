"""Movements are summed by the key that finds them: an index less to write, and none that looks as good.

Revision: 0045, after 0044.
"""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

KEY = ["bank_account_id", "booked_on", "fingerprint", "occurrence"]


def upgrade() -> None:
    op.drop_constraint("statement_line_once", "statement_line", type_="unique")
    op.create_index("statement_line_once", "statement_line", KEY, unique=True, postgresql_include=["amount"])
    op.drop_index("statement_line_day", table_name="statement_line")


def downgrade() -> None:
    op.create_index(
        "statement_line_day",
        "statement_line",
        ["bank_account_id", "booked_on", "id"],
        postgresql_include=["amount"],
    )
    op.drop_index("statement_line_once", table_name="statement_line")
    op.create_unique_constraint("statement_line_once", "statement_line", KEY)
