"""Refunds by bank, and the files in which they go there.

Revision: 0033, after 0032.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payout_file",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("refunds", sa.Integer(), nullable=False),
        sa.Column("total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_person_id", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_by_person_id", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_person_id", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_because", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["made_by_person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["taken_by_person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["confirmed_by_person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.alter_column("payment_refund", "intent_id", nullable=True)
    op.add_column("payment_refund", sa.Column("iban", sa.String(), nullable=True))
    op.add_column("payment_refund", sa.Column("payee_name", sa.String(), nullable=True))
    op.add_column("payment_refund", sa.Column("file_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key("payment_refund_file_id_fkey", "payment_refund", "payout_file", ["file_id"], ["id"])
    op.create_check_constraint(
        "refund_by_provider_or_bank", "payment_refund", "(intent_id is null) = (iban is not null)"
    )
    op.create_index(
        "payment_refund_file", "payment_refund", ["file_id"], postgresql_where=sa.text("file_id is not null")
    )
    op.create_index(
        "payment_refund_waiting",
        "payment_refund",
        ["id"],
        postgresql_where=sa.text("status = 'REQUESTED' and iban is not null"),
    )


def downgrade() -> None:
    op.drop_index("payment_refund_waiting", "payment_refund")
    op.drop_index("payment_refund_file", "payment_refund")
    op.drop_constraint("refund_by_provider_or_bank", "payment_refund")
    for name in ("file_id", "payee_name", "iban"):
        op.drop_column("payment_refund", name)
    op.alter_column("payment_refund", "intent_id", nullable=False)
    op.drop_table("payout_file")
