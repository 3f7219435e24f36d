"""Money held for levelled contracts until they are settled, and what they take over of their invoices.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INVOICE_STATE = """
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
BEFORE = INVOICE_STATE.replace(" - u.levelled", "").replace(" + u.levelled", "").replace(",\n       u.levelled\n", "\n")
BEFORE = BEFORE[: BEFORE.rindex("cross join lateral")]
OWN_ONLY = """
do $$
begin
    if exists (select from pg_roles where rolname = 'mains_server') then
        revoke update, delete on prepayment, prepaid_use from mains_server;
    end if;
end
$$
"""


def upgrade() -> None:
    for table, other in (("prepayment", "payment"), ("prepaid_use", "invoice")):
        op.create_table(
            table,
            sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
            sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
            *(
                sa.Column(name, sa.BigInteger(), nullable=False)
                for name in (("payment_id", "contract_id") if other == "payment" else ("contract_id", "invoice_id"))
            ),
            sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
            sa.Column("currency", sa.String(), nullable=False),
            sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
            sa.CheckConstraint("amount <> 0", name=f"{table}_not_zero"),
            sa.ForeignKeyConstraint(["contract_id", "customer_id"], ["contract.id", "contract.customer_id"]),
            sa.ForeignKeyConstraint([f"{other}_id", "customer_id"], [f"{other}.id", f"{other}.customer_id"]),
            sa.PrimaryKeyConstraint("id", "customer_id"),
        )
        op.create_index(f"{table}_contract", table, ["contract_id", "id"], unique=False)
        op.create_index(f"{table}_{other}", table, [f"{other}_id", "id"], unique=False)
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table}"
            " for each statement execute function refuse_change()"
        )
    op.execute(OWN_ONLY)
    op.execute("drop view invoice_state")
    op.execute(INVOICE_STATE)


def downgrade() -> None:
    op.execute("drop view invoice_state")
    op.execute(BEFORE)
    op.drop_table("prepaid_use")
    op.drop_table("prepayment")
