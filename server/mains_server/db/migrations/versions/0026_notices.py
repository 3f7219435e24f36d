"""Notices and what customers prefer; events are tried again, and given up where somebody can see it.

Revision: 0026, after 0025.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TOPICS = ("INVOICE", "PAYMENT", "REMINDER", "OUTAGE", "READING_WINDOW", "CONTRACT", "OFFERS", "ACCOUNT")
CHANNELS = ("EMAIL", "SMS", "POST", "PORTAL")
STATES = ("WAITING", "SENT", "DELIVERED", "FAILED", "SUPERSEDED")


def upgrade() -> None:
    _widen_events()
    _create_notice()
    op.create_table(
        "notice_preference",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("topic", sa.Enum(*TOPICS, name="topic", native_enum=False, length=40), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "topic", name="notice_preference_once"),
    )


def downgrade() -> None:
    op.drop_table("notice_preference")
    op.drop_table("notice")
    op.drop_index("outbox_event_given_up", "outbox_event")
    op.drop_index("outbox_event_of_customer", "outbox_event")
    for name in ("failure", "given_up_at", "next_try_at", "tries"):
        op.drop_column("outbox_event", name)


def _widen_events() -> None:
    op.add_column("outbox_event", sa.Column("tries", sa.Integer(), server_default="0", nullable=False))
    op.add_column("outbox_event", sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbox_event", sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbox_event", sa.Column("failure", sa.String(), nullable=True))
    op.create_index(
        "outbox_event_of_customer",
        "outbox_event",
        ["customer_id", "id"],
        unique=False,
        postgresql_where=sa.text("delivered_at is null"),
    )
    op.create_index(
        "outbox_event_given_up",
        "outbox_event",
        ["given_up_at", "id"],
        unique=False,
        postgresql_where=sa.text("given_up_at is not null"),
    )


def _create_notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("topic", sa.Enum(*TOPICS, name="topic", native_enum=False, length=40), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("template_version", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("channel", sa.Enum(*CHANNELS, name="channel", native_enum=False, length=40), nullable=False),
        sa.Column("others", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("values", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Enum(*STATES, name="noticestate", native_enum=False, length=40), nullable=False),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("holds_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("occasion", "number", name="notice_once"),
    )
    op.create_index("notice_created", "notice", ["created_at", "id"], unique=False)
    op.create_index("notice_customer", "notice", ["customer_id", "created_at", "id"], unique=False)
    op.create_index("notice_person", "notice", ["person_id", "created_at", "id"], unique=False)
    op.create_index(
        "notice_waiting",
        "notice",
        ["channel", "next_try_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'WAITING'"),
    )
