"""Deliveries of invoices, receipts of each try, and mailings for the printer.

Revision: 0023, after 0022.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLES = ("delivery_receipt", "invoice_delivery", "print_mailing")
APPEND_ONLY = ("delivery_receipt", "print_mailing")


def upgrade() -> None:
    _create_delivery_receipt()
    _create_invoice_delivery()
    _create_print_mailing()
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table}"
            " for each statement execute function refuse_change()"
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_delivery_receipt() -> None:
    op.create_table(
        "delivery_receipt",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "SHOWN",
                "ACCEPTED",
                "PUT_OFF",
                "REFUSED",
                "UNREACHABLE",
                "NO_ADDRESS",
                "PRINTED",
                name="receiptoutcome",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("files", postgresql.ARRAY(sa.String()), nullable=False),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("delivery_receipt_delivery", "delivery_receipt", ["delivery_id", "id"], unique=False)


def _create_invoice_delivery() -> None:
    op.create_table(
        "invoice_delivery",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("PORTAL", "EMAIL", "POST", name="deliverychannel", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum("WAITING", "DELIVERED", "FAILED", "NO_ADDRESS", name="deliverystate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mailing_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_by_person_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "invoice_id", "number", name="invoice_delivery_once"),
    )
    op.create_index("invoice_delivery_invoice", "invoice_delivery", ["invoice_id", "number", "id"], unique=False)
    op.create_index(
        "invoice_delivery_waiting",
        "invoice_delivery",
        ["channel", "next_try_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'WAITING'"),
    )


def _create_print_mailing() -> None:
    op.create_table(
        "print_mailing",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_person_id", sa.BigInteger(), nullable=True),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
