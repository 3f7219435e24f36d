"""How houses' cost is shared out: methods voted, the decisions behind attributes, and corrected areas.

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contract_attribute", sa.Column("decision", sa.String(), nullable=True))
    _create_methods()
    op.create_table(
        "area_correction",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("supply_point_id", sa.BigInteger(), nullable=False),
        sa.Column("area_before", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("area_after", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("corrected_by_person_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["corrected_by_person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["supply_point_id"], ["supply_point.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "area_correction_supply_point", "area_correction", ["supply_point_id", "corrected_at", "id"], unique=False
    )


def _create_methods() -> None:
    op.create_table(
        "allocation_method",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("building_id", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("decision_reference", sa.String(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "announced_as", sa.Enum("MANAGER", "STAFF", name="announcer", native_enum=False, length=40), nullable=False
        ),
        sa.Column("announced_by", sa.String(), nullable=True),
        sa.Column("announced_by_person_id", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by_person_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["announced_by_person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["building_id"], ["building.id"]),
        sa.ForeignKeyConstraint(["cancelled_by_person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("allocation_method_building", "allocation_method", ["building_id", "starts", "id"], unique=False)
    op.create_table(
        "allocation_value",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("method_id", sa.BigInteger(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("has_replaced", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["method_id", "customer_id"], ["allocation_method.id", "allocation_method.customer_id"]
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "method_id", "name"),
    )
    op.create_index("allocation_value_method", "allocation_value", ["method_id", "name", "id"], unique=False)


def downgrade() -> None:
    for table in ("area_correction", "allocation_value", "allocation_method"):
        op.drop_table(table)
    op.drop_column("contract_attribute", "decision")
