"""Planned outages: places, revisions, notices owed, and links to calendars.

Revision: 0031, after 0030.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TABLES = ("outage", "outage_place", "outage_revision", "outage_notice", "outage_calendar")


def upgrade() -> None:
    _create_outage()
    _create_outage_place()
    _create_outage_revision()
    _create_outage_notice()
    _create_outage_calendar()
    op.execute(
        "create trigger append_only before update or delete or truncate on outage_revision"
        " for each statement execute function refuse_change()"
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_outage() -> None:
    op.create_table(
        "outage",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("MAINTENANCE", "REPAIR", "TESTING", "CONNECTION", name="outagekind", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("commodity", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("PLANNED", "CANCELLED", "RESTORED", name="outagestate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts < ends", name="outage_window"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("reference", name="outage_reference"),
    )
    op.create_index("outage_starts", "outage", ["starts", "id"], unique=False)


def _create_outage_place() -> None:
    op.create_table(
        "outage_place",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("outage_id", sa.BigInteger(), nullable=False),
        sa.Column("supply_point_id", sa.BigInteger(), nullable=True),
        sa.Column("building_id", sa.BigInteger(), nullable=True),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(supply_point_id is null) <> (building_id is null)", name="outage_place_one"),
        sa.ForeignKeyConstraint(
            ["building_id"],
            ["building.id"],
        ),
        sa.ForeignKeyConstraint(
            ["outage_id"],
            ["outage.id"],
        ),
        sa.ForeignKeyConstraint(
            ["supply_point_id"],
            ["supply_point.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("outage_id", "building_id", name="outage_place_building_once"),
        sa.UniqueConstraint("outage_id", "supply_point_id", name="outage_place_point_once"),
    )
    op.create_index("outage_place_building", "outage_place", ["building_id", "starts", "id"], unique=False)
    op.create_index("outage_place_outage", "outage_place", ["outage_id", "id"], unique=False)
    op.create_index("outage_place_point", "outage_place", ["supply_point_id", "starts", "id"], unique=False)
    op.create_index("outage_place_starts", "outage_place", ["starts", "id"], unique=False)


def _create_outage_revision() -> None:
    op.create_table(
        "outage_revision",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("outage_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "change",
            sa.Enum("PLANNED", "MOVED", "CANCELLED", "RESTORED", name="outagechange", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("notices", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["outage_id"],
            ["outage.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("outage_id", "number", name="outage_revision_once"),
    )


def _create_outage_notice() -> None:
    op.create_table(
        "outage_notice",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outage_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column(
            "change",
            sa.Enum("PLANNED", "MOVED", "CANCELLED", "RESTORED", name="outagechange", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum("OWED", "TAKEN", "SUPERSEDED", name="noticestate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "outage_id", "revision", name="outage_notice_once"),
    )
    op.create_index("outage_notice_outage", "outage_notice", ["outage_id", "id"], unique=False)
    op.create_index(
        "outage_notice_owed", "outage_notice", ["id"], unique=False, postgresql_where=sa.text("state = 'OWED'")
    )


def _create_outage_calendar() -> None:
    op.create_table(
        "outage_calendar",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash", name="outage_calendar_token"),
    )
    op.create_index("outage_calendar_person", "outage_calendar", ["person_id", "id"], unique=False)
