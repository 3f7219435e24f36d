"""What a bill's corrections put on other bills is withdrawn, or taken back off, where the bill is taken back.

Revision: 0064, after 0063.
"""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

WAITING = "booked_invoice_id is null and net <> 0"
TAKES_OFF = "takes_back_id is not null"


def upgrade() -> None:
    op.add_column("settlement_line", sa.Column("withdrawn_by_id", sa.BigInteger(), nullable=True))
    op.add_column("settlement_line", sa.Column("takes_back_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "settlement_line_taken_off",
        "settlement_line",
        ["customer_id", "takes_back_id"],
        unique=True,
        postgresql_where=sa.text(TAKES_OFF),
    )
    _wait(f"{WAITING} and withdrawn_by_id is null")


def downgrade() -> None:
    _wait(WAITING)
    op.drop_index("settlement_line_taken_off", table_name="settlement_line")
    op.drop_column("settlement_line", "takes_back_id")
    op.drop_column("settlement_line", "withdrawn_by_id")


def _wait(where: str) -> None:
    op.drop_index("settlement_line_waiting", table_name="settlement_line")
    op.create_index(
        "settlement_line_waiting",
        "settlement_line",
        ["contract_id", "id"],
        unique=False,
        postgresql_where=sa.text(where),
    )
