"""Bills are due for correction also where a file told a smart meter's days otherwise.

Revision: 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("correction_due", sa.Column("import_id", sa.BigInteger(), nullable=True))
    op.alter_column("correction_due", "reading_id", existing_type=sa.BigInteger(), nullable=True)
    op.create_foreign_key(None, "correction_due", "interval_import", ["import_id"], ["id"])
    op.create_unique_constraint(None, "correction_due", ["customer_id", "contract_id", "invoice_id", "import_id"])
    op.create_check_constraint("correction_due_why", "correction_due", "(reading_id is null) <> (import_id is null)")


def downgrade() -> None:
    op.execute("delete from correction_due where reading_id is null")
    op.drop_constraint("correction_due_why", "correction_due", type_="check")
    op.drop_column("correction_due", "import_id")
    op.alter_column("correction_due", "reading_id", existing_type=sa.BigInteger(), nullable=False)
