"""Registrations, password resets, codes and notices on their way, counted tries; a customer's bank account.

Revision: 0030, after 0029.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

KIND = sa.Enum(
    "PASSWORD_RESET",
    "PASSWORD_CHANGED",
    "REGISTRATION_CODE",
    "REGISTRATION_EMAIL",
    "REGISTRATION_TRIED",
    "EMAIL_CHANGED",
    "BANK_ACCOUNT_CHANGED",
    name="messagekind",
    native_enum=False,
    length=40,
)
ROAD = sa.Enum("EMAIL", "SMS", "LETTER", "NOBODY", name="messageroad", native_enum=False, length=40)
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("customer", sa.Column("iban", sa.String(), nullable=True))
    op.create_table(
        "counted_try",
        sa.Column("bucket", sa.LargeBinary(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bucket"),
    )
    op.create_index("counted_try_starts", "counted_try", ["starts_at"], unique=False)
    _create_password_reset()
    _create_message()
    _create_registration()


def downgrade() -> None:
    for table in ("registration", "signin_message", "password_reset", "counted_try"):
        op.drop_table(table)
    op.drop_column("customer", "iban")


def _create_password_reset() -> None:
    op.create_table(
        "password_reset",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("password_reset_token", "password_reset", ["token_hash"], unique=True)
    op.create_index("password_reset_person", "password_reset", ["person_id"], unique=False)


def _create_message() -> None:
    op.create_table(
        "signin_message",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("road", ROAD, nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=True),
        sa.Column("nonce", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("next_try_at", INSTANT, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "signin_message_due",
        "signin_message",
        ["road", "next_try_at", "id"],
        unique=False,
        postgresql_where=sa.text("next_try_at is not null"),
    )


def _create_registration() -> None:
    op.create_table(
        "registration",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("is_email_proven", sa.Boolean(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("code_ends_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("registration_token", "registration", ["token_hash"], unique=True)
