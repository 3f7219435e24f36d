"""Payments through providers: intents and what they are for, refunds, the log of events, and tries of references.

Revision: 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_payment_event()
    _create_reference_tries()
    _create_payment_intent()
    _create_payment_intent_part()
    _create_payment_refund()


def _create_payment_event() -> None:
    op.create_table(
        "payment_event",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "APPLIED",
                "STALE",
                "IGNORED",
                "WAITING",
                "UNMATCHED",
                "HELD",
                name="eventoutcome",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("intent_id", sa.BigInteger(), nullable=True),
        sa.Column("report", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("provider", "event_id", name="payment_event_once"),
    )
    op.create_index("payment_event_intent", "payment_event", ["intent_id", "id"], unique=False)
    op.create_index("payment_event_received", "payment_event", ["received_at", "id"], unique=False)


def _create_reference_tries() -> None:
    op.create_table(
        "reference_tries",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address_hash"),
    )
    op.create_index("reference_tries_oldest", "reference_tries", ["starts_at"], unique=False)


def _create_payment_intent() -> None:
    op.create_table(
        "payment_intent",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("pays_by", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "CREATED",
                "PENDING",
                "AUTHORIZED",
                "CAPTURING",
                "VOIDING",
                "UNKNOWN",
                "CAPTURED",
                "FAILED",
                "VOIDED",
                name="intentstatus",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("page_url", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("return_url", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("payee", sa.String(), nullable=False),
        sa.Column("shown_reference", sa.String(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("captured_amount", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.CheckConstraint("(status = 'CAPTURED') = (payment_id is not null)", name="intent_captured_is_paid"),
        sa.CheckConstraint("amount > 0", name="intent_positive"),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
        ),
        sa.ForeignKeyConstraint(
            ["payment_id", "customer_id"],
            ["payment.id", "payment.customer_id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "reference", name="intent_reference"),
    )
    op.create_index("payment_intent_created", "payment_intent", ["created_at", "id"], unique=False)
    op.create_index(
        "payment_intent_due",
        "payment_intent",
        ["next_check_at"],
        unique=False,
        postgresql_where=sa.text("next_check_at is not null"),
    )
    op.create_index(
        "payment_intent_payment",
        "payment_intent",
        ["payment_id"],
        unique=False,
        postgresql_where=sa.text("payment_id is not null"),
    )
    op.create_index("payment_intent_person", "payment_intent", ["person_id", "created_at", "id"], unique=False)
    op.create_index("payment_intent_reference", "payment_intent", ["reference"], unique=False)


def _create_payment_intent_part() -> None:
    op.create_table(
        "payment_intent_part",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("intent_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.CheckConstraint("amount > 0", name="intent_part_positive"),
        sa.ForeignKeyConstraint(
            ["intent_id", "customer_id"],
            ["payment_intent.id", "payment_intent.customer_id"],
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id", "customer_id"],
            ["invoice.id", "invoice.customer_id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("payment_intent_part_intent", "payment_intent_part", ["intent_id", "id"], unique=False)


def _create_payment_refund() -> None:
    op.create_table(
        "payment_refund",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("intent_id", sa.BigInteger(), nullable=False),
        sa.Column("return_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("REQUESTED", "UNKNOWN", "REFUNDED", "FAILED", name="refundstatus", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("requested_by_person_id", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount > 0", name="refund_positive"),
        sa.ForeignKeyConstraint(
            ["intent_id", "customer_id"],
            ["payment_intent.id", "payment_intent.customer_id"],
        ),
        sa.ForeignKeyConstraint(
            ["payment_id", "customer_id"],
            ["payment.id", "payment.customer_id"],
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["return_id", "customer_id"],
            ["payment_return.id", "payment_return.customer_id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "reference", name="refund_reference"),
    )
    op.create_index(
        "payment_refund_due",
        "payment_refund",
        ["next_check_at"],
        unique=False,
        postgresql_where=sa.text("next_check_at is not null"),
    )
    op.create_index("payment_refund_payment", "payment_refund", ["payment_id", "id"], unique=False)
    op.create_index("payment_refund_reference", "payment_refund", ["reference"], unique=False)
    op.create_index("payment_refund_requested", "payment_refund", ["requested_at", "id"], unique=False)


def downgrade() -> None:
    for table in ("payment_refund", "payment_intent_part", "payment_intent", "reference_tries", "payment_event"):
        op.drop_table(table)
