"""Announcements, and topics of utilities' own.

Revision: 0056, after 0055.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "announcement",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("is_refusable", sa.Boolean(), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("words", postgresql.JSONB(), nullable=False),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("postcode", sa.String(), nullable=True),
        sa.Column("street", sa.String(), nullable=True),
        sa.Column("contracts", sa.Integer(), nullable=True),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_person_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("announcement_made", "announcement", ["made_at", "id"])
    op.create_table(
        "announcement_recipient",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("announcement_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("announcement_id", "customer_id", name="announcement_recipient_once"),
    )
    op.create_index(
        "announcement_recipient_waiting", "announcement_recipient", ["id"], postgresql_where=sa.text("told_at is null")
    )
    op.create_index("announcement_recipient_customer", "announcement_recipient", ["customer_id"])
    op.add_column("notice", sa.Column("own_topic", sa.String(), nullable=True))
    op.add_column("notice", sa.Column("may_refuse", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("notice_preference", sa.Column("adapter", sa.String(), server_default="", nullable=False))
    op.add_column("notice_preference", sa.Column("own_topic", sa.String(), server_default="", nullable=False))
    op.drop_constraint("notice_preference_once", "notice_preference")
    op.create_unique_constraint(
        "notice_preference_once", "notice_preference", ["customer_id", "topic", "adapter", "own_topic"]
    )


def downgrade() -> None:
    op.drop_constraint("notice_preference_once", "notice_preference")
    op.execute("delete from notice_preference where topic = 'UTILITY'")
    op.create_unique_constraint("notice_preference_once", "notice_preference", ["customer_id", "topic"])
    op.drop_column("notice_preference", "own_topic")
    op.drop_column("notice_preference", "adapter")
    op.drop_column("notice", "may_refuse")
    op.drop_column("notice", "own_topic")
    op.drop_table("announcement_recipient")
    op.drop_table("announcement")
