"""Corrections of bills: what came of them, what goes on the next bill, and how invoices are linked.

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BEFORE = """
create view invoice_state as
select i.*, a.paid, c.credited,
       (case when i.kind = 'CREDIT' then 0 else i.total - c.credited - a.paid - u.levelled end)::numeric(14, 2)
           as open_amount,
       (case when i.kind = 'CREDIT' or c.notes > 0 then 'CREDITED'
             when i.total - a.paid - u.levelled <= 0 then 'PAID'
             when a.paid + u.levelled > 0 then 'PARTLY_PAID' else 'OPEN' end)::varchar(40) as status,
       u.levelled
from invoice i
cross join lateral (
    select coalesce(sum(l.amount), 0)::numeric(14, 2) as paid
    from payment_allocation l where l.invoice_id = i.id and l.customer_id = i.customer_id
) a
cross join lateral (
    select coalesce(-sum(n.total), 0)::numeric(14, 2) as credited, count(*) as notes
    from invoice n where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id and n.kind = 'CREDIT'
) c
cross join lateral (
    select coalesce(sum(p.amount), 0)::numeric(14, 2) as levelled
    from prepaid_use p where p.invoice_id = i.id and p.customer_id = i.customer_id
) u
"""
INVOICE_STATE = BEFORE.replace(
    "       u.levelled\nfrom",
    "       u.levelled, c.credit_note_id, c.replaced_by_id,\n"
    "       case when i.kind <> 'CREDIT' then i.corrects_invoice_id end as replaces_id\nfrom",
).replace(
    """    select coalesce(-sum(n.total), 0)::numeric(14, 2) as credited, count(*) as notes
    from invoice n where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id and n.kind = 'CREDIT'
""",
    """    select coalesce(-sum(n.total) filter (where n.kind = 'CREDIT'), 0)::numeric(14, 2) as credited,
           count(*) filter (where n.kind = 'CREDIT') as notes,
           max(n.id) filter (where n.kind = 'CREDIT') as credit_note_id,
           max(n.id) filter (where n.kind <> 'CREDIT') as replaced_by_id
    from invoice n where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id
""",
)


def upgrade() -> None:
    op.create_table(
        "settlement_line",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("correction_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("tax_code", sa.String(), nullable=False),
        sa.Column("tax_rate", sa.Numeric(precision=6, scale=4), nullable=False),
        sa.Column("is_after_tax", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("billed", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("due", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("net", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("booked_invoice_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "correction_id", "position"),
    )
    op.create_index("settlement_line_booked", "settlement_line", ["booked_invoice_id", "id"], unique=False)
    op.create_index("settlement_line_contract", "settlement_line", ["contract_id", "id"], unique=False)
    op.create_index("settlement_line_correction", "settlement_line", ["correction_id", "position", "id"], unique=False)
    op.create_index("settlement_line_invoice", "settlement_line", ["invoice_id", "id"], unique=False)
    op.create_index(
        "settlement_line_waiting",
        "settlement_line",
        ["contract_id", "id"],
        unique=False,
        postgresql_where=sa.text("booked_invoice_id is null and net <> 0"),
    )
    op.create_table(
        "correction",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum("READING", "PRICE", "ATTRIBUTE", name="correctionreason", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("REPLACED", "NEXT_BILL", "UNCHANGED", name="correctionoutcome", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("difference", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("credit_note_id", sa.BigInteger(), nullable=True),
        sa.Column("replacement_id", sa.BigInteger(), nullable=True),
        sa.Column("rating_group_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("corrected_on", sa.Date(), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["rating_group_id"],
            ["rating_group.id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("correction_contract", "correction", ["contract_id", "corrected_at", "id"], unique=False)
    op.create_index("correction_invoice", "correction", ["invoice_id", "id"], unique=False)
    op.create_index("correction_newest", "correction", ["corrected_at", "id"], unique=False)
    op.add_column("rating_group", sa.Column("net", sa.Numeric(precision=14, scale=2), nullable=True))
    op.add_column("billing_run", sa.Column("issue_by", sa.Date(), nullable=True))
    op.create_index(
        "invoice_corrects",
        "invoice",
        ["customer_id", "corrects_invoice_id", "id"],
        unique=False,
        postgresql_where=sa.text("corrects_invoice_id is not null"),
    )
    op.alter_column("rating_group", "run_id", existing_type=sa.BIGINT(), nullable=True)
    op.execute("drop view invoice_state")
    op.execute(INVOICE_STATE)


def downgrade() -> None:
    op.execute("drop view invoice_state")
    op.execute(BEFORE)
    op.alter_column("rating_group", "run_id", existing_type=sa.BIGINT(), nullable=False)
    op.drop_index("invoice_corrects", table_name="invoice", postgresql_where=sa.text("corrects_invoice_id is not null"))
    op.drop_column("billing_run", "issue_by")
    op.drop_column("rating_group", "net")
    op.drop_index("correction_newest", table_name="correction")
    op.drop_index("correction_invoice", table_name="correction")
    op.drop_index("correction_contract", table_name="correction")
    op.drop_table("correction")
    op.drop_index(
        "settlement_line_waiting",
        table_name="settlement_line",
        postgresql_where=sa.text("booked_invoice_id is null and net <> 0"),
    )
    op.drop_index("settlement_line_invoice", table_name="settlement_line")
    op.drop_index("settlement_line_correction", table_name="settlement_line")
    op.drop_index("settlement_line_contract", table_name="settlement_line")
    op.drop_index("settlement_line_booked", table_name="settlement_line")
    op.drop_table("settlement_line")
