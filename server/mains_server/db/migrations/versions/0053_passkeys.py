"""Passkeys, and what a session was begun by.

Revision: 0053, after 0052.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("handle", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("is_synced", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("passkey_credential", "passkey", ["credential_id"], unique=True)
    op.create_index("passkey_person", "passkey", ["person_id", "id"], unique=False)
    op.create_table(
        "passkey_challenge",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("challenge_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("handle", sa.LargeBinary(), nullable=True),
        sa.Column("mode", sa.String(length=40), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("passkey_challenge_hash", "passkey_challenge", ["challenge_hash"], unique=True)
    op.create_index("passkey_challenge_expires", "passkey_challenge", ["expires_at"], unique=False)
    for table in ("session", "signin_challenge"):
        op.add_column(table, sa.Column("way", sa.String(length=40), nullable=True))


def downgrade() -> None:
    for table in ("signin_challenge", "session"):
        op.drop_column(table, "way")
    for table in ("passkey_challenge", "passkey"):
        op.drop_table(table)
