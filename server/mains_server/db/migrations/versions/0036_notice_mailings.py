"""Notices that go by letter, as files for the printer.

Revision: 0036, after 0035.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_mailing",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_person_id", sa.BigInteger(), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("posted_by_person_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("notice", sa.Column("mailing_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "notice_mailing_letters", "notice", ["mailing_id"], postgresql_where=sa.text("mailing_id is not null")
    )


def downgrade() -> None:
    op.drop_index("notice_mailing_letters", "notice")
    op.drop_column("notice", "mailing_id")
    op.drop_table("notice_mailing")
