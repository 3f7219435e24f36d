"""Text messages leave by gateways, which report what became of them.

Revision: 0034, after 0033.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_report",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("gateway", "report_id", name="notice_report_once"),
    )
    op.create_index("notice_report_notice", "notice_report", ["notice_id", "id"])
    for name, kind in (
        ("gateway", sa.String()),
        ("message_id", sa.String()),
        ("segments", sa.Integer()),
        ("cost", sa.Numeric(precision=18, scale=8)),
        ("currency", sa.String()),
        ("reported_at", sa.DateTime(timezone=True)),
    ):
        op.add_column("notice", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in ("reported_at", "currency", "cost", "segments", "message_id", "gateway"):
        op.drop_column("notice", name)
    op.drop_table("notice_report")
