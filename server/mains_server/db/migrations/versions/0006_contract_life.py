"""The life of contracts: former terms, steps, fees, offers, terms texts and their own numbers.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contract_series",
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("adapter"),
    )
    op.create_table(
        "terms_document",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("text_lv", sa.String(), nullable=False),
        sa.Column("text_en", sa.String(), nullable=False),
        sa.Column("text_ru", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("adapter", "product", "version"),
    )
    op.create_index("terms_document_product", "terms_document", ["adapter", "product", "starts", "id"], unique=False)
    op.create_table(
        "contract_event",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "step",
            sa.Enum(
                "CONCLUDED",
                "POINT_ADDED",
                "POINT_ENDED",
                "PRODUCT_SWITCHED",
                "SETTLEMENT_CHANGED",
                "DELIVERY_CHANGED",
                "OFFER_ACCEPTED",
                "OFFER_LAPSED",
                "TERMINATED",
                "TERMINATION_WITHDRAWN",
                "WITHDRAWN",
                name="contractstep",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["contract_id", "customer_id"],
            ["contract.id", "contract.customer_id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("contract_event_contract", "contract_event", ["contract_id", "id"], unique=False)
    op.create_table(
        "contract_fee",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("quantity > 0", name="contract_fee_quantity"),
        sa.ForeignKeyConstraint(
            ["contract_id", "customer_id"],
            ["contract.id", "contract.customer_id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "contract_id", "key"),
    )
    op.create_index("contract_fee_contract", "contract_fee", ["contract_id", "day", "id"], unique=False)
    op.create_table(
        "contract_former_terms",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column(
            "settlement",
            sa.Enum("INVOICE", "LEVELLED", name="settlement", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("price_fixed_until", sa.Date(), nullable=True),
        sa.Column("terms_document_id", sa.BigInteger(), nullable=True),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.CheckConstraint("ends > starts", name="contract_former_terms_period"),
        sa.ForeignKeyConstraint(
            ["contract_id", "customer_id"],
            ["contract.id", "contract.customer_id"],
        ),
        sa.ForeignKeyConstraint(
            ["terms_document_id"],
            ["terms_document.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "contract_id", "starts"),
    )
    op.create_index(
        "contract_former_terms_contract", "contract_former_terms", ["contract_id", "starts", "id"], unique=False
    )
    op.create_table(
        "contract_offer",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contract_id", "customer_id"],
            ["contract.id", "contract.customer_id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "contract_id", "starts"),
    )
    op.create_index("contract_offer_contract", "contract_offer", ["contract_id", "starts", "id"], unique=False)
    op.create_index("contract_offer_starts", "contract_offer", ["starts", "id"], unique=False)
    op.add_column("contract", sa.Column("terms_since", sa.Date(), nullable=True))
    op.add_column("contract", sa.Column("terms_document_id", sa.BigInteger(), nullable=True))
    op.add_column("contract", sa.Column("is_distance", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_foreign_key(
        "contract_terms_document_id_fkey", "contract", "terms_document", ["terms_document_id"], ["id"]
    )


def downgrade() -> None:
    op.drop_constraint("contract_terms_document_id_fkey", "contract", type_="foreignkey")
    op.drop_column("contract", "is_distance")
    op.drop_column("contract", "terms_document_id")
    op.drop_column("contract", "terms_since")
    op.drop_index("contract_offer_starts", table_name="contract_offer")
    op.drop_index("contract_offer_contract", table_name="contract_offer")
    op.drop_table("contract_offer")
    op.drop_index("contract_former_terms_contract", table_name="contract_former_terms")
    op.drop_table("contract_former_terms")
    op.drop_index("contract_fee_contract", table_name="contract_fee")
    op.drop_table("contract_fee")
    op.drop_index("contract_event_contract", table_name="contract_event")
    op.drop_table("contract_event")
    op.drop_index("terms_document_product", table_name="terms_document")
    op.drop_table("terms_document")
    op.drop_table("contract_series")
