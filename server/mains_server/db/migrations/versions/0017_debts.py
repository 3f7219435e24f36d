"""What pursues debts: policies, reminders, late interest, disputes, and debts paid in parts.

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = (
    "arranged_invoice",
    "debt_part",
    "dunning_policy",
    "dunning_watch",
    "interest_charge",
    "invoice_dispute",
    "reminder",
    "debt_arrangement",
)
APPEND_ONLY = ("dunning_policy", "reminder", "interest_charge", "debt_part", "arranged_invoice")


def upgrade() -> None:
    _create_arranged_invoice()
    _create_debt_part()
    _create_dunning_policy()
    _create_dunning_watch()
    _create_interest_charge()
    _create_invoice_dispute()
    _create_reminder()
    _create_debt_arrangement()
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table}"
            " for each statement execute function refuse_change()"
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_arranged_invoice() -> None:
    op.create_table(
        "arranged_invoice",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("arrangement_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "arrangement_id", "invoice_id", name="arranged_invoice_once"),
    )
    op.create_index("arranged_invoice_invoice", "arranged_invoice", ["invoice_id", "arrangement_id"], unique=False)


def _create_debt_part() -> None:
    op.create_table(
        "debt_part",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("arrangement_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "arrangement_id", "number", name="debt_part_once"),
    )


def _create_dunning_policy() -> None:
    op.create_table(
        "dunning_policy",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reminder_min", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("stages", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("household_rate", sa.Numeric(precision=6, scale=4), nullable=True),
        sa.Column("business_rate", sa.Numeric(precision=6, scale=4), nullable=True),
        sa.Column("cap_share", sa.Numeric(precision=6, scale=4), nullable=True),
        sa.Column(
            "day_count", sa.Enum("FIXED_365", "ACTUAL", name="daycount", native_enum=False, length=40), nullable=False
        ),
        sa.Column("charge_day", sa.Integer(), nullable=False),
        sa.Column("arrangement", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("owing_premises_min", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("adapter", "starts", name="dunning_policy_once"),
    )


def _create_dunning_watch() -> None:
    op.create_table(
        "dunning_watch",
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("adapter"),
    )


def _create_interest_charge() -> None:
    op.create_table(
        "interest_charge",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("fee_key", sa.String(), nullable=True),
        sa.Column("takes_back_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount <> 0", name="interest_charge_not_zero"),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "invoice_id", "number", name="interest_charge_once"),
    )
    op.create_index("interest_charge_invoice", "interest_charge", ["invoice_id", "number", "id"], unique=False)


def _create_invoice_dispute() -> None:
    op.create_table(
        "invoice_dispute",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by_person_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_person_id", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("invoice_dispute_invoice", "invoice_dispute", ["invoice_id", "id"], unique=False)
    op.create_index(
        "invoice_dispute_open",
        "invoice_dispute",
        ["customer_id", "invoice_id"],
        unique=True,
        postgresql_where=sa.text("closed_at is null"),
    )


def _create_reminder() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("EMAIL", "SMS", "LETTER", name="reminderchannel", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("open_amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("fee_code", sa.String(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "invoice_id", "stage", name="reminder_once"),
    )
    op.create_index("reminder_invoice", "reminder", ["invoice_id", "stage", "id"], unique=False)


def _create_debt_arrangement() -> None:
    op.create_table(
        "debt_arrangement",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_person_id", sa.BigInteger(), nullable=False),
        sa.Column("is_by_staff", sa.Boolean(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("pauses_interest", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column(
            "state",
            sa.Enum("RUNNING", "KEPT", "BROKEN", "CANCELLED", name="arrangementstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint("total > 0", name="debt_arrangement_total"),
        sa.ForeignKeyConstraint(
            ["contract_id", "customer_id"],
            ["contract.id", "contract.customer_id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("debt_arrangement_contract", "debt_arrangement", ["contract_id", "id"], unique=False)
    op.create_index(
        "debt_arrangement_running",
        "debt_arrangement",
        ["customer_id", "contract_id"],
        unique=True,
        postgresql_where=sa.text("state = 'RUNNING'"),
    )
