"""Delegation: invitations, limits of money, payments that wait for the owner, and the log of who did what for whom.

Revision: 0027, after 0026.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delegated_payment",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("intent_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("freed", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("is_ended", sa.Boolean(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0 and freed between 0 and amount", name="delegated_payment_freed"),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "intent_id", name="delegated_payment_intent"),
    )
    op.create_index("delegated_payment_by_intent", "delegated_payment", ["intent_id"], unique=False)
    op.create_index("delegated_payment_month", "delegated_payment", ["customer_id", "person_id", "month"], unique=False)
    op.create_table(
        "delegation_activity",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "INVITED",
                "INVITATION_WITHDRAWN",
                "INVITATION_DECLINED",
                "ACCEPTED",
                "CHANGED",
                "REVOKED",
                "LEFT",
                "OWNERSHIP_TRANSFERRED",
                "PAYMENT_BEGUN",
                "PAID",
                "PAYMENT_ENDED",
                "PAYMENT_RETURNED",
                "APPROVAL_ASKED",
                "APPROVED",
                "REFUSED",
                "STAFF_LOOKED",
                name="activitykind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("about_person_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["about_person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("delegation_activity_customer", "delegation_activity", ["customer_id", "at", "id"], unique=False)
    op.create_index("delegation_activity_person", "delegation_activity", ["person_id", "at", "id"], unique=False)
    op.create_table(
        "delegation_invitation",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("invited_by_person_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Enum("OWNER", "DELEGATE", name="grantrole", native_enum=False, length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("permissions", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("contract_ids", postgresql.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cap_payment", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("cap_month", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("approval_above", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column(
            "status",
            sa.Enum("OPEN", "ACCEPTED", "DECLINED", "WITHDRAWN", name="invitationstatus", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by_person_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(email is null) <> (phone is null)", name="invitation_one_road"),
        sa.ForeignKeyConstraint(
            ["answered_by_person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
        ),
        sa.ForeignKeyConstraint(
            ["invited_by_person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index(
        "delegation_invitation_customer", "delegation_invitation", ["customer_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "payment_approval",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("request_key", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("shown_reference", sa.String(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("WAITING", "APPROVED", "REFUSED", "USED", name="approvalstatus", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_person_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "person_id", "request_key", name="payment_approval_request"),
    )
    op.create_index("payment_approval_customer", "payment_approval", ["customer_id", "asked_at", "id"], unique=False)
    op.create_index("payment_approval_person", "payment_approval", ["person_id", "asked_at", "id"], unique=False)
    op.create_index(
        "payment_approval_waiting",
        "payment_approval",
        ["customer_id"],
        unique=False,
        postgresql_where=sa.text("status = 'WAITING'"),
    )
    op.add_column("access_grant", sa.Column("cap_payment", sa.Numeric(precision=14, scale=2), nullable=True))
    op.add_column("access_grant", sa.Column("cap_month", sa.Numeric(precision=14, scale=2), nullable=True))
    op.add_column("access_grant", sa.Column("approval_above", sa.Numeric(precision=14, scale=2), nullable=True))
    op.create_index("access_grant_customer", "access_grant", ["customer_id", "starts_at", "id"], unique=False)
    op.create_index("access_grant_of_person", "access_grant", ["person_id", "starts_at", "id"], unique=False)
    op.execute(
        "create trigger append_only before update or delete or truncate on delegation_activity"
        " for each statement execute function refuse_change()"
    )


def downgrade() -> None:
    op.drop_index("access_grant_of_person", table_name="access_grant")
    op.drop_index("access_grant_customer", table_name="access_grant")
    op.drop_column("access_grant", "approval_above")
    op.drop_column("access_grant", "cap_month")
    op.drop_column("access_grant", "cap_payment")
    op.drop_index(
        "payment_approval_waiting", table_name="payment_approval", postgresql_where=sa.text("status = 'WAITING'")
    )
    op.drop_index("payment_approval_person", table_name="payment_approval")
    op.drop_index("payment_approval_customer", table_name="payment_approval")
    op.drop_table("payment_approval")
    op.drop_index("delegation_invitation_customer", table_name="delegation_invitation")
    op.drop_table("delegation_invitation")
    op.drop_index("delegation_activity_person", table_name="delegation_activity")
    op.drop_index("delegation_activity_customer", table_name="delegation_activity")
    op.drop_table("delegation_activity")
    op.drop_index("delegated_payment_month", table_name="delegated_payment")
    op.drop_index("delegated_payment_by_intent", table_name="delegated_payment")
    op.drop_table("delegated_payment")
