"""A contract that was withdrawn from before it started has no day.

Revision: 0008, after 0007.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("contract_period", "contract", type_="check")
    op.create_check_constraint("contract_period", "contract", "ends is null or ends >= starts")


def downgrade() -> None:
    op.drop_constraint("contract_period", "contract", type_="check")
    op.create_check_constraint("contract_period", "contract", "ends is null or ends > starts")
