"""Money that goes back: reversals by a bank and refunds; and who holds a payment's money for us.

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

REVOKE = """
do $$
begin
    revoke update, delete on payment_return from mains_server;
exception
    when undefined_object then
        raise notice 'no role mains_server: triggers alone keep returns unchanged';
end
$$
"""


def upgrade() -> None:
    op.add_column("payment", sa.Column("provider", sa.String(), nullable=True))
    op.create_table(
        "payment_return",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind", sa.Enum("REFUND", "REVERSAL", name="returnkind", native_enum=False, length=40), nullable=False
        ),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("returned_on", sa.Date(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount <> 0", name="return_not_zero"),
        sa.ForeignKeyConstraint(["payment_id", "customer_id"], ["payment.id", "payment.customer_id"]),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "payment_id", "idempotency_key", name="payment_returned_once"),
    )
    op.create_index(
        "payment_return_payment",
        "payment_return",
        ["payment_id", "id"],
        unique=False,
        postgresql_include=["customer_id", "amount"],
    )
    op.execute(
        "create trigger append_only before update or delete or truncate on payment_return"
        " for each statement execute function refuse_change()"
    )
    op.execute(sa.text(REVOKE))


def downgrade() -> None:
    op.drop_table("payment_return")
    op.drop_column("payment", "provider")
