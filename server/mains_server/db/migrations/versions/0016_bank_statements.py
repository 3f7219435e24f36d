"""Bank statements: our accounts, their statements, every movement, and what became of each.

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

LINE_FACTS = """
create trigger facts_stay before update of id, bank_account_id, statement_id, position, booked_on, amount, currency,
    is_reversal, is_undetailed, fingerprint, occurrence, servicer_reference, end_to_end_id, party_name,
    party_iban, reference, text or delete or truncate on statement_line
for each statement execute function refuse_change()
"""
PARTS_STAY = """
create trigger append_only before update or delete or truncate on statement_part
for each statement execute function refuse_change()
"""
# Where the role is (0003), it may add parts but not change them, and not remove movements.
RIGHTS = """
do $$
begin
    if exists (select from pg_roles where rolname = 'mains_server') then
        revoke update, delete on statement_part from mains_server;
        revoke delete on statement_line from mains_server;
    end if;
end
$$
"""


def upgrade() -> None:
    _create_statement_upload()
    _create_bank_account()
    _create_bank_statement()
    _create_statement_line()
    _create_statement_part()
    _create_statement_suggestion()
    op.create_index(
        "contract_plain_number",
        "contract",
        [sa.literal_column("regexp_replace(upper(number), '[^0-9A-Z]', '', 'g')")],
        unique=False,
    )
    op.create_index(
        "customer_plain_number",
        "customer",
        [sa.literal_column("regexp_replace(upper(number), '[^0-9A-Z]', '', 'g')")],
        unique=False,
    )
    for statement in (LINE_FACTS, PARTS_STAY, RIGHTS):
        op.execute(statement)


def _create_statement_upload() -> None:
    op.create_table(
        "statement_upload",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("WAITING", "TAKEN", "REFUSED", name="statementuploadstatus", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("statement_upload_newest", "statement_upload", ["created_at", "id"], unique=False)
    op.create_index("statement_upload_token", "statement_upload", ["token_hash"], unique=True)


def _create_bank_account() -> None:
    op.create_table(
        "bank_account",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("brought_forward", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("iban"),
    )


def _create_bank_statement() -> None:
    op.create_table(
        "bank_statement",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("bank_account_id", sa.BigInteger(), nullable=False),
        sa.Column("upload_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("opening", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("closing", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("lines_new", sa.Integer(), nullable=False),
        sa.Column("lines_known", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("is_proved", sa.Boolean(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_account_id"],
            ["bank_account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["statement_upload.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("bank_account_id", "message_id", "statement_id", name="bank_statement_once"),
    )
    op.create_index("bank_statement_account", "bank_statement", ["bank_account_id", "closes_on", "id"], unique=False)
    op.create_index("bank_statement_newest", "bank_statement", ["closes_on", "id"], unique=False)
    op.create_index("bank_statement_upload", "bank_statement", ["upload_id", "id"], unique=False)


def _create_statement_line() -> None:
    op.create_table(
        "statement_line",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("bank_account_id", sa.BigInteger(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("is_reversal", sa.Boolean(), nullable=False),
        sa.Column("is_undetailed", sa.Boolean(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("servicer_reference", sa.String(), nullable=False),
        sa.Column("end_to_end_id", sa.String(), nullable=False),
        sa.Column("party_name", sa.String(), nullable=False),
        sa.Column("party_iban", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "NEW", "MATCHED", "QUEUED", "SET_ASIDE", "REVERSED", name="linestate", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "UNMATCHED",
                "DOUBTFUL",
                "SEVERAL_CUSTOMERS",
                "WITHOUT_DETAILS",
                "MONEY_OUT",
                "REVERSAL",
                "TAKEN_BACK",
                name="queuereason",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column(
            "aside",
            sa.Enum("TO_RETURN", "OTHER_BOOKS", "RECEIVED_ALREADY", name="asidereason", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_person_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount <> 0", name="statement_line_not_zero"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("bank_account_id", "booked_on", "fingerprint", "occurrence", name="statement_line_once"),
    )
    op.create_index(
        "statement_line_day",
        "statement_line",
        ["bank_account_id", "booked_on", "id"],
        unique=False,
        postgresql_include=["amount"],
    )
    op.create_index(
        "statement_line_new", "statement_line", ["id"], unique=False, postgresql_where=sa.text("state = 'NEW'")
    )
    op.create_index("statement_line_party", "statement_line", ["party_iban", "id"], unique=False)
    op.create_index("statement_line_state", "statement_line", ["state", "booked_on", "id"], unique=False)
    op.create_index("statement_line_statement", "statement_line", ["statement_id", "position", "id"], unique=False)


def _create_statement_part() -> None:
    op.create_table(
        "statement_part",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column(
            "rule",
            sa.Enum(
                "REFERENCE",
                "INVOICE_NUMBER",
                "CUSTOMER_NUMBER",
                "CONTRACT_NUMBER",
                "PAYER_AND_AMOUNT",
                "PAYER",
                "NAME",
                "BY_HAND",
                name="matchrule",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "confidence",
            sa.Enum("SURE", "LIKELY", "POSSIBLE", name="confidence", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id", "customer_id"],
            ["payment.id", "payment.customer_id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("statement_part_line", "statement_part", ["line_id", "id"], unique=False)
    op.create_index("statement_part_payment", "statement_part", ["payment_id"], unique=False)


def _create_statement_suggestion() -> None:
    op.create_table(
        "statement_suggestion",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column(
            "rule",
            sa.Enum(
                "REFERENCE",
                "INVOICE_NUMBER",
                "CUSTOMER_NUMBER",
                "CONTRACT_NUMBER",
                "PAYER_AND_AMOUNT",
                "PAYER",
                "NAME",
                "BY_HAND",
                name="matchrule",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "confidence",
            sa.Enum("SURE", "LIKELY", "POSSIBLE", name="confidence", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("contract_id", sa.BigInteger(), nullable=True),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("statement_suggestion_line", "statement_suggestion", ["line_id", "rank", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("customer_plain_number", table_name="customer")
    op.drop_index("contract_plain_number", table_name="contract")
    for table in (
        "statement_suggestion",
        "statement_part",
        "statement_line",
        "bank_statement",
        "bank_account",
        "statement_upload",
    ):
        op.drop_table(table)
