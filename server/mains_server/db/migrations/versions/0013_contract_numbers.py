"""A register of the numbers of contracts, so that no two customers' contracts can have the same.

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "taken_contract_number",
        sa.Column("number", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.execute("insert into taken_contract_number (number) select number from contract")


def downgrade() -> None:
    op.drop_table("taken_contract_number")
