"""Roles of employees end, and stay readable.

Revision: 0051, after 0050.
"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff_member", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint("staff_member_person_id_role_key", "staff_member", type_="unique")
    op.create_index(
        "staff_member_once",
        "staff_member",
        ["person_id", "role"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )


def downgrade() -> None:
    op.execute("delete from staff_member where ended_at is not null")
    op.drop_index("staff_member_once", table_name="staff_member")
    op.create_unique_constraint("staff_member_person_id_role_key", "staff_member", ["person_id", "role"])
    op.drop_column("staff_member", "ended_at")
