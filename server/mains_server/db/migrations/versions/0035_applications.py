"""Applications: what was answered, and each step since.

Revision: 0035, after 0034.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

STATES = (
    "SUBMITTED",
    "IN_REVIEW",
    "NEEDS_ANSWER",
    "WITH_OPERATOR",
    "OFFERED",
    "ACCEPTED",
    "DONE",
    "REJECTED",
    "OFFER_REFUSED",
    "WITHDRAWN",
)
STEPS = (
    "SUBMIT",
    "TAKE_UP",
    "ASK",
    "ANSWER",
    "FORWARD",
    "OPERATOR_ANSWER",
    "OFFER",
    "OFFER_ACCEPT",
    "OFFER_REFUSE",
    "COMPLETE",
    "REJECT",
    "WITHDRAW",
)


def upgrade() -> None:
    op.create_table(
        "application",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("contract_id", sa.BigInteger(), nullable=True),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("state", sa.Enum(*STATES, name="applicationstate", native_enum=False, length=40), nullable=False),
        sa.Column("offer_amount", sa.Numeric(14, 2), nullable=True),
        sa.Column("offer_currency", sa.String(), nullable=True),
        sa.Column("offer_until", sa.Date(), nullable=True),
        sa.Column("result_contract_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("application_person", "application", ["person_id", "created_at", "id"], unique=False)
    op.create_index("application_customer", "application", ["customer_id", "created_at", "id"], unique=False)
    op.create_index("application_created", "application", ["created_at", "id"], unique=False)
    op.create_table(
        "application_answer",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("application_id", "field", name="application_answer_once"),
    )
    op.create_index("application_answer_order", "application_answer", ["application_id", "id"], unique=False)
    op.create_table(
        "application_step",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Enum(*STEPS, name="stepkind", native_enum=False, length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("is_staff", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("application_id", "number", name="application_step_once"),
    )


def downgrade() -> None:
    for table in ("application_step", "application_answer", "application"):
        op.drop_table(table)
