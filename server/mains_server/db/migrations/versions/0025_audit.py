"""The audit trail: entries, and the seals that chain them.

Revision: 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

REVOKE = """
do $$
begin
    revoke update, delete, truncate on audit_entry, audit_seal from mains_server;
exception
    when undefined_object then
        raise notice 'no role mains_server: triggers alone keep the audit trail unchanged';
end
$$
"""


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("roles", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("subjects", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("address_hash", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_entry_act", "audit_entry", ["act", "id"], unique=False)
    op.create_index("audit_entry_at", "audit_entry", ["at", "id"], unique=False)
    op.create_index(
        "audit_entry_customer",
        "audit_entry",
        ["customer_id", "id"],
        unique=False,
        postgresql_where=sa.text("customer_id is not null"),
    )
    op.create_index("audit_entry_person", "audit_entry", ["person_id", "id"], unique=False)
    op.create_table(
        "audit_seal",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("entry_id"),
    )
    for table in ("audit_entry", "audit_seal"):
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table}"
            " for each statement execute function refuse_change()"
        )
    op.execute(sa.text(REVOKE))


def downgrade() -> None:
    op.drop_table("audit_seal")
    op.drop_table("audit_entry")
