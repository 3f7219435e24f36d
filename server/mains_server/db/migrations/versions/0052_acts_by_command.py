"""Acts by the command line are on the audit trail, without a person.

Revision: 0052, after 0051.
"""

from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("audit_entry", "person_id", nullable=True)


def downgrade() -> None:
    op.alter_column("audit_entry", "person_id", nullable=False)
