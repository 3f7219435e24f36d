"""Sessions that are refreshed: a device, how its tokens are kept, when it was last used and proved, refresh tokens.

Sessions begun before live on until their token expires; they have no refresh token.

Revision: 0029, after 0028.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

MODE = sa.Enum("BEARER", "COOKIE", name="sessionmode", native_enum=False, length=40)
INSTANTS = {"ends_at": "expires_at", "last_used_at": "created_at", "proved_at": "created_at"}


def upgrade() -> None:
    op.add_column("session", sa.Column("mode", MODE, nullable=False, server_default="BEARER"))
    op.add_column("session", sa.Column("device", sa.String(), nullable=False, server_default=""))
    op.alter_column("session", "device", server_default=None)
    for name, source in INSTANTS.items():
        op.add_column("session", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        op.execute(f"update session set {name} = {source}")
        op.alter_column("session", name, nullable=False)
    op.drop_index("session_person", table_name="session")
    op.create_index("session_person", "session", ["person_id", "created_at", "id"], unique=False)
    op.create_table(
        "refresh_token",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("refresh_token_hash", "refresh_token", ["token_hash"], unique=True)
    op.create_index("refresh_token_session", "refresh_token", ["session_id"], unique=False)


def downgrade() -> None:
    op.drop_table("refresh_token")
    op.drop_index("session_person", table_name="session")
    op.create_index("session_person", "session", ["person_id"], unique=False)
    for name in ("mode", "device", *INSTANTS):
        op.drop_column("session", name)
