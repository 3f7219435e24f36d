"""A register of the numbers of contracts, so that no two customers' contracts can have the same.

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
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
