"""Webhooks: endpoints with their secrets and choices, deliveries, and how far the outbox was read.

Revision: 0044, after 0043.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_look",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("seen", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column(
            "coverage",
            sa.Enum("NAMED_CUSTOMERS", "ALL_CUSTOMERS", name="webhookcoverage", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("customer_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column(
            "state", sa.Enum("ACTIVE", "DISABLED", name="webhookstate", native_enum=False, length=40), nullable=False
        ),
        sa.Column(
            "disabled_because",
            sa.Enum("ASKED", "GONE", "FAILING", "RIGHT_ENDED", name="disabledbecause", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("webhook_endpoint_created", "webhook_endpoint", ["created_at", "id"], unique=False)
    op.create_index("webhook_endpoint_customer", "webhook_endpoint", ["customer_id", "id"], unique=False)
    op.create_table(
        "webhook_choice",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "INVOICE_ISSUED",
                "BALANCE_CHANGED",
                "READING_ACCEPTED",
                "OUTAGE_CHANGED",
                "PAYMENT_CHANGED",
                "INBOX_MESSAGE",
                "TEST",
                name="webhookkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("document", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoint.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("endpoint_id", "kind", name="webhook_choice_once"),
    )
    op.create_index("webhook_choice_kind", "webhook_choice", ["kind", "endpoint_id"], unique=False)
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "INVOICE_ISSUED",
                "BALANCE_CHANGED",
                "READING_ACCEPTED",
                "OUTAGE_CHANGED",
                "PAYMENT_CHANGED",
                "INBOX_MESSAGE",
                "TEST",
                name="webhookkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "WAITING", "DELIVERED", "FAILED", "WITHHELD", name="webhookdeliverystate", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoint.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("endpoint_id", "event_id", "kind", name="webhook_delivery_once"),
    )
    op.create_index(
        "webhook_delivery_ended",
        "webhook_delivery",
        ["ended_at"],
        unique=False,
        postgresql_where=sa.text("ended_at is not null"),
    )
    op.create_index("webhook_delivery_newest", "webhook_delivery", ["endpoint_id", "occurred_at", "id"], unique=False)
    op.create_index(
        "webhook_delivery_of_customer",
        "webhook_delivery",
        ["endpoint_id", "customer_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'WAITING'"),
    )
    op.create_index(
        "webhook_delivery_waiting",
        "webhook_delivery",
        ["endpoint_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'WAITING'"),
    )
    op.create_table(
        "webhook_secret",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoint.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("webhook_secret_endpoint", "webhook_secret", ["endpoint_id", "id"], unique=False)


def downgrade() -> None:
    for table in ("webhook_secret", "webhook_delivery", "webhook_choice", "webhook_endpoint", "webhook_look"):
        op.drop_table(table)
