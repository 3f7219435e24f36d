"""Registrations by which somebody adds a customer to the account that they have.

Revision: 0055, after 0054.
"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("registration", sa.Column("person_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key("registration_person_id_fkey", "registration", "person", ["person_id"], ["id"])


def downgrade() -> None:
    op.execute("delete from registration where person_id is not null")
    op.drop_constraint("registration_person_id_fkey", "registration", type_="foreignkey")
    op.drop_column("registration", "person_id")
