"""A bill is due to be looked at again where another premise of its house was billed anew.

Revision: 0046, after 0045.
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

OF_HOUSE = "reading_id is null and import_id is null"


def upgrade() -> None:
    op.drop_constraint("correction_due_why", "correction_due", type_="check")
    op.create_check_constraint("correction_due_why", "correction_due", "reading_id is null or import_id is null")
    op.create_index(
        "correction_due_house",
        "correction_due",
        ["customer_id", "contract_id", "invoice_id"],
        unique=True,
        postgresql_where=sa.text(f"{OF_HOUSE} and settled_at is null"),
    )


def downgrade() -> None:
    op.drop_index("correction_due_house", table_name="correction_due")
    op.execute(f"delete from correction_due where {OF_HOUSE}")
    op.drop_constraint("correction_due_why", "correction_due", type_="check")
    op.create_check_constraint("correction_due_why", "correction_due", "(reading_id is null) <> (import_id is null)")
