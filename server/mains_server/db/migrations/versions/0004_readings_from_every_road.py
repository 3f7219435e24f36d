"""Readings by every road: links, uploads, text messages, intervals, and who decided on a flagged one.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "interval_import",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column(
            "format",
            sa.Enum("SADALES_TIKLS", "CSV", "WMBUS", name="intervalformat", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_person_id", sa.BigInteger(), nullable=True),
        sa.Column("days_new", sa.Integer(), nullable=False),
        sa.Column("days_corrected", sa.Integer(), nullable=False),
        sa.Column("days_unchanged", sa.Integer(), nullable=False),
        sa.Column("rows_refused", sa.Integer(), nullable=False),
        sa.Column("refused", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("interval_import_newest", "interval_import", ["received_at", "id"], unique=False)
    op.create_table(
        "reading_upload",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("building_id", sa.BigInteger(), nullable=True),
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
                "ESTIMATION",
                name="readingsource",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "mode",
            sa.Enum("ALL_OR_NOTHING", "PER_ROW", name="uploadmode", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum("WAITING", "TAKEN", "REFUSED", name="uploadstatus", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["building_id"],
            ["building.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reading_upload_person", "reading_upload", ["person_id", "created_at", "id"], unique=False)
    op.create_index("reading_upload_token", "reading_upload", ["token_hash"], unique=True)
    op.create_table(
        "reading_link",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("supply_point_id", sa.BigInteger(), nullable=False),
        sa.Column("register_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_person_id", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id", "customer_id"],
            ["contract.id", "contract.customer_id"],
        ),
        sa.ForeignKeyConstraint(
            ["created_by_person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["supply_point_id"],
            ["supply_point.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("reading_link_contract", "reading_link", ["contract_id", "created_at", "id"], unique=False)
    op.create_index("reading_link_token", "reading_link", ["token_hash"], unique=False)
    op.create_table(
        "interval_day",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("register_id", sa.BigInteger(), nullable=False),
        sa.Column("supply_point_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("step_seconds", sa.Integer(), nullable=False),
        sa.Column("values", postgresql.ARRAY(sa.Numeric(precision=18, scale=8)), nullable=False),
        sa.Column("statuses", sa.String(), nullable=False),
        sa.Column("total", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("known <= cardinality(values)", name="interval_day_known"),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["interval_import.id"],
        ),
        sa.ForeignKeyConstraint(
            ["register_id"],
            ["register.id"],
        ),
        sa.ForeignKeyConstraint(
            ["supply_point_id"],
            ["supply_point.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("register_id", "day", "version"),
    )
    op.create_index(
        "interval_day_current",
        "interval_day",
        ["register_id", "day"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_index("interval_day_point", "interval_day", ["supply_point_id", "day", "id"], unique=False)
    op.create_index("interval_day_register", "interval_day", ["register_id", "day", "id"], unique=False)
    op.create_table(
        "correction_due",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("reading_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["reading_id"],
            ["reading.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "contract_id", "invoice_id", "reading_id"),
    )
    op.create_index("correction_due_contract", "correction_due", ["contract_id", "noted_at", "id"], unique=False)
    op.create_table(
        "reading_upload_row",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "ACCEPTED",
                "FLAGGED",
                "UNCHANGED",
                "REFUSED",
                "LEFT_OUT",
                name="rowoutcome",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("reading_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["reading_id"],
            ["reading.id"],
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["reading_upload.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reading_upload_row_line", "reading_upload_row", ["upload_id", "line", "id"], unique=True)
    op.create_table(
        "sms_inbound",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("reading_id", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reading_id"],
            ["reading.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sms_inbound_message", "sms_inbound", ["gateway", "message_id"], unique=True)
    op.create_index("sms_inbound_newest", "sms_inbound", ["received_at", "id"], unique=False)
    op.add_column("reading", sa.Column("actor", sa.String(), nullable=True))
    op.add_column("reading", sa.Column("reasons", postgresql.ARRAY(sa.String()), nullable=True))
    op.add_column("reading", sa.Column("decided_by_person_id", sa.BigInteger(), nullable=True))
    op.add_column("reading", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reading", sa.Column("decision_note", sa.String(), nullable=True))
    op.create_index(
        "reading_flagged",
        "reading",
        ["received_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'FLAGGED'"),
    )
    op.create_foreign_key("reading_decided_by_person_id_fkey", "reading", "person", ["decided_by_person_id"], ["id"])
    op.add_column(
        "register",
        sa.Column(
            "collection",
            sa.Enum("MANUAL", "REMOTE", "INTERVALS", name="readingcollection", native_enum=False, length=40),
            server_default="MANUAL",
            nullable=False,
        ),
    )
    op.create_index("supply_point_identifier", "supply_point", ["identifier"], unique=False)
    for table in ("person", "customer"):
        op.create_index(f"{table}_phone", table, [sa.text("regexp_replace(phone, '[^0-9]', '', 'g')")], unique=False)


def downgrade() -> None:
    for table in ("customer", "person"):
        op.drop_index(f"{table}_phone", table_name=table)
    op.drop_index("supply_point_identifier", table_name="supply_point")
    op.drop_column("register", "collection")
    op.drop_constraint("reading_decided_by_person_id_fkey", "reading", type_="foreignkey")
    op.drop_index("reading_flagged", table_name="reading", postgresql_where=sa.text("status = 'FLAGGED'"))
    op.drop_column("reading", "decision_note")
    op.drop_column("reading", "decided_at")
    op.drop_column("reading", "decided_by_person_id")
    op.drop_column("reading", "reasons")
    op.drop_column("reading", "actor")
    op.drop_index("sms_inbound_newest", table_name="sms_inbound")
    op.drop_index("sms_inbound_message", table_name="sms_inbound")
    op.drop_table("sms_inbound")
    op.drop_index("reading_upload_row_line", table_name="reading_upload_row")
    op.drop_table("reading_upload_row")
    op.drop_index("correction_due_contract", table_name="correction_due")
    op.drop_table("correction_due")
    op.drop_index("interval_day_register", table_name="interval_day")
    op.drop_index("interval_day_point", table_name="interval_day")
    op.drop_index("interval_day_current", table_name="interval_day", postgresql_where=sa.text("is_current"))
    op.drop_table("interval_day")
    op.drop_index("reading_link_token", table_name="reading_link")
    op.drop_index("reading_link_contract", table_name="reading_link")
    op.drop_table("reading_link")
    op.drop_index("reading_upload_token", table_name="reading_upload")
    op.drop_index("reading_upload_person", table_name="reading_upload")
    op.drop_table("reading_upload")
    op.drop_index("interval_import_newest", table_name="interval_import")
    op.drop_table("interval_import")
