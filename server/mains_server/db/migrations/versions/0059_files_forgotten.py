"""Files for the printer and for banks are emptied some time after they were made.

Revision: 0059, after 0058.
"""

from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

FILES = ("print_mailing", "notice_mailing", "bank_einvoice_file")
APPEND_ONLY = ("print_mailing", "bank_einvoice_file")


def upgrade() -> None:
    for table in FILES:
        op.alter_column(table, "content", nullable=True)
    for table in APPEND_ONLY:
        op.execute(f"drop trigger append_only on {table}")
        op.execute(
            f"create trigger append_only before delete or truncate on {table}"
            " for each statement execute function refuse_change()"
        )
        op.execute(
            f"create trigger redacted_only before update on {table}"
            " for each row execute function refuse_all_but_redaction('content')"
        )


def downgrade() -> None:
    for table in APPEND_ONLY:
        op.execute(f"drop trigger redacted_only on {table}")
        op.execute(f"drop trigger append_only on {table}")
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table}"
            " for each statement execute function refuse_change()"
        )
    for table in FILES:
        op.execute(f"update {table} set content = '' where content is null")
        op.alter_column(table, "content", nullable=False)
