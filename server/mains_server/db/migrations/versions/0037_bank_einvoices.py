"""E-invoices for internet banks: accounts agreed on, files for banks, and their handing over.

Revision: 0037, after 0036.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

APPEND_ONLY = ("bank_einvoice_file", "bank_einvoice_entry", "bank_einvoice_handover")


def upgrade() -> None:
    op.add_column("invoice_delivery", sa.Column("bank_file_id", sa.BigInteger(), nullable=True))
    _create_agreement()
    _create_file()
    _create_entry()
    op.create_table(
        "bank_einvoice_handover",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("file_id", name="bank_einvoice_handover_once"),
    )
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table}"
            " for each statement execute function refuse_change()"
        )


def downgrade() -> None:
    for table in (*reversed(APPEND_ONLY), "bank_einvoice_account"):
        op.drop_table(table)
    op.drop_column("invoice_delivery", "bank_file_id")


def _create_agreement() -> None:
    op.create_table(
        "bank_einvoice_account",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("bank", sa.String(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by_person_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index(
        "bank_einvoice_account_holds",
        "bank_einvoice_account",
        ["customer_id", "contract_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index("bank_einvoice_account_contract", "bank_einvoice_account", ["contract_id", "id"], unique=False)


def _create_file() -> None:
    op.create_table(
        "bank_einvoice_file",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("bank", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("invoices", sa.Integer(), nullable=False),
        sa.Column("total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_person_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("bank", "day", "number", name="bank_einvoice_file_number"),
    )


def _create_entry() -> None:
    op.create_table(
        "bank_einvoice_entry",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("to_pay", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "delivery_id", name="bank_einvoice_entry_once"),
    )
    op.create_index("bank_einvoice_entry_file", "bank_einvoice_entry", ["file_id", "position"], unique=False)
