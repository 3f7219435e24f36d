"""Documents of invoices: what is printed of each, and the files, which nobody changes afterwards.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APPEND_ONLY = """
create trigger append_only before update or delete or truncate on {table}
for each statement execute function refuse_change()
"""
REVOKE = """
do $$
begin
    revoke update, delete on invoice_sheet, invoice_document from mains_server;
exception
    when undefined_object then
        raise notice 'no role mains_server: triggers alone keep documents unchanged';
end
$$
"""


def upgrade() -> None:
    op.create_table(
        "invoice_document",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind", sa.Enum("PDF", "XML", "CSV", name="documentkind", native_enum=False, length=40), nullable=False
        ),
        sa.Column(
            "language", sa.Enum("LV", "EN", "RU", name="documentlanguage", native_enum=False, length=40), nullable=False
        ),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "invoice_id", "kind", "language", name="invoice_document_once"),
    )
    op.create_index("invoice_document_invoice", "invoice_document", ["invoice_id", "kind", "language"], unique=False)
    op.create_table(
        "invoice_sheet",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("sheet", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "invoice_id", name="invoice_sheet_once"),
    )
    op.create_index("invoice_sheet_invoice", "invoice_sheet", ["invoice_id"], unique=False)
    for table in ("invoice_sheet", "invoice_document"):
        op.execute(sa.text(APPEND_ONLY.format(table=table)))
    op.execute(sa.text(REVOKE))


def downgrade() -> None:
    op.drop_table("invoice_sheet")
    op.drop_table("invoice_document")
