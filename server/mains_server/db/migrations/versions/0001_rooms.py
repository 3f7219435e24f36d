"""The first tables of every room, with their views and triggers.

Revision: 0001, after nothing.
"""

import sqlalchemy as sa
from alembic import op
from mains_server.db.migrate import script
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "billing_run",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Enum("RUNNING", "DONE", name="runstatus", native_enum=False, length=40), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("adapter", "period_from", "period_to"),
    )
    op.create_index("billing_run_started", "billing_run", ["started_at", "id"], unique=False)
    op.create_table(
        "building",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address_line", sa.String(), nullable=False),
        sa.Column("address_city", sa.String(), nullable=False),
        sa.Column("address_postcode", sa.String(), nullable=False),
        sa.Column("address_country", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("PRIVATE", "BUSINESS", "BUILDING_MANAGER", name="customerkind", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("personal_code", sa.String(), nullable=True),
        sa.Column("registration_number", sa.String(), nullable=True),
        sa.Column("vat_number", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("address_line", sa.String(), nullable=False),
        sa.Column("address_city", sa.String(), nullable=False),
        sa.Column("address_postcode", sa.String(), nullable=False),
        sa.Column("address_country", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("customer_name", "customer", ["name", "id"], unique=False)
    op.create_index("customer_number", "customer", ["number"], unique=True)
    op.create_table(
        "customer_protection",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("LOW_INCOME", "LARGE_FAMILY", "DISABILITY", name="protectionkind", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column("proof", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index(
        "customer_protection_customer", "customer_protection", ["customer_id", "starts", "id"], unique=False
    )
    op.create_table(
        "fact_figure",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Numeric(precision=18, scale=8), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", "subject", "starts_at", "known_at"),
    )
    op.create_index("fact_figure_subject", "fact_figure", ["subject", "name", "starts_at"], unique=False)
    op.create_table(
        "fact_series",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step_seconds", sa.Integer(), nullable=False),
        sa.Column("values", postgresql.ARRAY(sa.Numeric(precision=18, scale=8)), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", "starts_at", "known_at"),
    )
    op.create_index("fact_series_stretch", "fact_series", ["name", "starts_at", "ends_at"], unique=False)
    op.create_table(
        "invoice",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("document_number", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "REGULAR", "INSTANT", "ESTIMATED", "CREDIT", "FINAL", name="invoicekind", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("net", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("tax", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("support", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("rounding", sa.String(), nullable=False),
        sa.Column("customer_name", sa.String(), nullable=False),
        sa.Column("billing_address", sa.String(), nullable=False),
        sa.Column("supply_address", sa.String(), nullable=False),
        sa.Column("payment_reference", sa.String(), nullable=False),
        sa.Column("corrects_invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("rating_group_id", sa.BigInteger(), nullable=True),
        sa.Column("inputs", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint(
            "customer_id", "contract_id", "period_from", "kind", "revision", name="invoice_billed_once"
        ),
        sa.UniqueConstraint("customer_id", "series", "number", name="invoice_number"),
    )
    op.create_index("invoice_contract", "invoice", ["contract_id", "issued_on", "id"], unique=False)
    op.create_index(
        "invoice_credited_once",
        "invoice",
        ["customer_id", "corrects_invoice_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'CREDIT'"),
    )
    op.create_index("invoice_customer", "invoice", ["customer_id", "issued_on", "id"], unique=False)
    op.create_index("invoice_issued", "invoice", ["issued_on", "id"], unique=False)
    op.create_index("invoice_series_number", "invoice", ["series", "number"], unique=False)
    op.create_table(
        "invoice_line",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=18, scale=8), nullable=False),
        sa.Column("price_unit", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("net", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("tax_code", sa.String(), nullable=False),
        sa.Column("tax_rate", sa.Numeric(precision=6, scale=4), nullable=False),
        sa.Column("is_after_tax", sa.Boolean(), nullable=False),
        sa.Column(
            "quality",
            sa.Enum(
                "ACTUAL", "ESTIMATED", "APPORTIONED", "NOT_METERED", name="linequality", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("invoice_line_position", "invoice_line", ["invoice_id", "position", "id"], unique=False)
    op.create_table(
        "invoice_series",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "invoice_tax",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("tax_code", sa.String(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=6, scale=4), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("base", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("tax", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("invoice_tax_invoice", "invoice_tax", ["invoice_id", "rate", "id"], unique=False)
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index(
        "ledger_entry_receivable",
        "ledger_entry",
        ["customer_id"],
        unique=False,
        postgresql_where=sa.text("account = 'receivable'"),
    )
    op.create_index("ledger_entry_transaction", "ledger_entry", ["transaction_id"], unique=False)
    op.create_table(
        "ledger_transaction",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "key", name="ledger_booked_once"),
    )
    op.create_table(
        "outbox_event",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("outbox_event_waiting", "outbox_event", ["delivered_at", "id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("person_email", "person", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "price_version",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("list", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("adapter", "list", "code"),
    )
    op.create_index("price_version_list", "price_version", ["adapter", "list", "starts", "id"], unique=False)
    op.create_table(
        "product",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_lv", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("name_ru", sa.String(), nullable=False),
        sa.Column("tariff", sa.String(), nullable=False),
        sa.Column("price_list", sa.String(), nullable=False),
        sa.Column("price_fixed_months", sa.Integer(), nullable=True),
        sa.Column("exit_fee", sa.Numeric(precision=18, scale=8), nullable=True),
        sa.Column("monthly_usage_from", sa.Numeric(precision=18, scale=8), nullable=True),
        sa.Column("monthly_usage_upto", sa.Numeric(precision=18, scale=8), nullable=True),
        sa.Column("settlements", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("is_offered", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("adapter", "code"),
    )
    op.create_index("product_adapter_code", "product", ["adapter", "code", "id"], unique=False)
    op.create_table(
        "seller",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("registration_number", sa.String(), nullable=False),
        sa.Column("vat_number", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("adapter", "starts"),
    )
    op.create_table(
        "signin_attempt",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("email_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("signin_attempt_email", "signin_attempt", ["email_hash", "at"], unique=False)
    op.create_table(
        "tax_rate",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("rate", sa.Numeric(precision=6, scale=4), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code", "kind", "starts", postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "access_grant",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Enum("OWNER", "DELEGATE", name="grantrole", native_enum=False, length=40), nullable=False),
        sa.Column("permissions", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("contract_ids", postgresql.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role <> 'OWNER' or contract_ids is null", name="owner_has_all_contracts"),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index(
        "access_grant_one_owner",
        "access_grant",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("role = 'OWNER' and ends_at is null"),
    )
    op.create_index("access_grant_person", "access_grant", ["person_id"], unique=False)
    op.create_table(
        "billing_chunk",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("contract_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column(
            "status", sa.Enum("WAITING", "DONE", name="chunkstatus", native_enum=False, length=40), nullable=False
        ),
        sa.Column("invoiced", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["billing_run.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("billing_chunk_run", "billing_chunk", ["run_id", "status", "id"], unique=False)
    op.create_table(
        "billing_hold",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["billing_run.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "run_id", "contract_id"),
    )
    op.create_index("billing_hold_contract", "billing_hold", ["contract_id", "id"], unique=False)
    op.create_index("billing_hold_run", "billing_hold", ["run_id", "id"], unique=False)
    op.create_table(
        "contract",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column(
            "billing",
            sa.Enum("DIRECT", "BY_MEMBERS", name="contractbilling", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "settlement",
            sa.Enum("INVOICE", "LEVELLED", name="settlement", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "delivery",
            sa.Enum("PORTAL", "EMAIL", "POST", name="delivery", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("payment_term_days", sa.Integer(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column("price_fixed_until", sa.Date(), nullable=True),
        sa.CheckConstraint("ends is null or ends > starts", name="contract_period"),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "number"),
    )
    op.create_index("contract_adapter", "contract", ["adapter", "billing", "id"], unique=False)
    op.create_index("contract_customer_starts", "contract", ["customer_id", "starts", "id"], unique=False)
    op.create_index("contract_number", "contract", ["number"], unique=False)
    op.create_table(
        "credential",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_table(
        "idempotent_request",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "operation", "key"),
    )
    op.create_index("idempotent_request_at", "idempotent_request", ["at"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "BANK_TRANSFER", "CARD", "CASH", "DIRECT_DEBIT", name="paymentmethod", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("payer_name", sa.String(), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name="payment_positive"),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "idempotency_key", name="payment_once"),
    )
    op.create_index("payment_customer_received", "payment", ["customer_id", "received_on", "id"], unique=False)
    op.create_index("payment_received", "payment", ["received_on", "id"], unique=False)
    op.create_table(
        "price_row",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Numeric(precision=18, scale=8), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("conditions", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("tax_included", sa.Numeric(precision=6, scale=4), nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["price_version.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("price_row_version", "price_row", ["version_id", "position", "id"], unique=False)
    op.create_table(
        "rating_group",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("building_id", sa.BigInteger(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"],
            ["building.id"],
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["billing_run.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rating_group_building", "rating_group", ["building_id", "period_from", "id"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("session_person", "session", ["person_id"], unique=False)
    op.create_index("session_token", "session", ["token_hash"], unique=True)
    op.create_table(
        "staff_member",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("OPERATOR", "BILLING_CLERK", "ADMIN", name="staffrole", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "role"),
    )
    op.create_table(
        "supply_point",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("commodity", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column(
            "role", sa.Enum("PREMISE", "BUILDING", name="pointrole", native_enum=False, length=40), nullable=False
        ),
        sa.Column(
            "premise_kind",
            sa.Enum("DWELLING", "NON_RESIDENTIAL", "NOT_APPLICABLE", name="premisekind", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("building_id", sa.BigInteger(), nullable=True),
        sa.Column("premise", sa.String(), nullable=True),
        sa.Column("address_line", sa.String(), nullable=False),
        sa.Column("address_city", sa.String(), nullable=False),
        sa.Column("address_postcode", sa.String(), nullable=False),
        sa.Column("address_country", sa.String(), nullable=False),
        sa.Column("area_m2", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("residents", sa.Integer(), nullable=True),
        sa.Column("phases", sa.Integer(), nullable=True),
        sa.Column("amperes", sa.Integer(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"],
            ["building.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("commodity", "scheme", "identifier"),
    )
    op.create_index("supply_point_building", "supply_point", ["building_id", "id"], unique=False)
    op.create_table(
        "contract_attribute",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contract_id", "customer_id"],
            ["contract.id", "contract.customer_id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "contract_id", "name", "starts"),
    )
    op.create_index("contract_attribute_contract", "contract_attribute", ["contract_id", "name", "id"], unique=False)
    op.create_table(
        "contract_supply_point",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("supply_point_id", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contract_id", "customer_id"],
            ["contract.id", "contract.customer_id"],
        ),
        sa.ForeignKeyConstraint(
            ["supply_point_id"],
            ["supply_point.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "contract_id", "supply_point_id", "starts"),
    )
    op.create_index(
        "contract_supply_point_contract", "contract_supply_point", ["contract_id", "supply_point_id"], unique=False
    )
    op.create_index(
        "contract_supply_point_point", "contract_supply_point", ["supply_point_id", "contract_id"], unique=False
    )
    op.create_table(
        "meter",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("supply_point_id", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("multiplier", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("installed_on", sa.Date(), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.CheckConstraint("removed_on is null or removed_on > installed_on", name="meter_installation"),
        sa.ForeignKeyConstraint(
            ["supply_point_id"],
            ["supply_point.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("serial", "supply_point_id", "installed_on"),
    )
    op.create_index("meter_supply_point", "meter", ["supply_point_id", "installed_on", "id"], unique=False)
    op.create_table(
        "payment_allocation",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("allocated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount <> 0", name="allocation_not_zero"),
        sa.ForeignKeyConstraint(
            ["invoice_id", "customer_id"],
            ["invoice.id", "invoice.customer_id"],
        ),
        sa.ForeignKeyConstraint(
            ["payment_id", "customer_id"],
            ["payment.id", "payment.customer_id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("payment_allocation_invoice", "payment_allocation", ["invoice_id", "id"], unique=False)
    op.create_index("payment_allocation_payment", "payment_allocation", ["payment_id", "id"], unique=False)
    op.create_table(
        "register",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("meter_id", sa.BigInteger(), nullable=False),
        sa.Column("supply_point_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["meter_id"],
            ["meter.id"],
        ),
        sa.ForeignKeyConstraint(
            ["supply_point_id"],
            ["supply_point.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("meter_id", "code"),
    )
    op.create_index("register_supply_point", "register", ["supply_point_id", "code", "id"], unique=False)
    op.create_table(
        "reading",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("register_id", sa.BigInteger(), nullable=False),
        sa.Column("supply_point_id", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts_for", sa.Date(), nullable=False),
        sa.Column("value", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "PORTAL",
                "LINK",
                "MANAGER",
                "STAFF",
                "SMS",
                "INSTALLER",
                "CONTROL_ROUND",
                "SMART_METER",
                "IMPORT",
                name="readingsource",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "quality",
            sa.Enum("ACTUAL", "ESTIMATED", name="readingquality", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "ACCEPTED", "FLAGGED", "REJECTED", "SUPERSEDED", name="readingstatus", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("actor_person_id", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["actor_person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["register_id"],
            ["register.id"],
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by"],
            ["reading.id"],
        ),
        sa.ForeignKeyConstraint(
            ["supply_point_id"],
            ["supply_point.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "reading_one_a_day",
        "reading",
        ["register_id", "counts_for"],
        unique=True,
        postgresql_where=sa.text("status = 'ACCEPTED'"),
    )
    op.create_index("reading_point_day", "reading", ["supply_point_id", "counts_for", "id"], unique=False)
    op.create_index("reading_register_taken", "reading", ["register_id", "taken_at", "id"], unique=False)
    for statement in script(name="0001_views.sql").split("--;\n")[1:]:
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade() -> None:
    raise RuntimeError("there is nothing before the first tables; restore a backup instead")
