"""What a bill below nothing gave its customer, so that it pays other bills or is sent back.

Bills below nothing that stand get what they did not give when they were issued.

Revision: 0065, after 0064.
"""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

VIEW = """
create view invoice_state as
select i.*, a.paid, c.credited,
{open_amount},
       (case when i.kind = 'CREDIT' or c.notes > 0 then 'CREDITED'
             when i.total - a.paid - u.levelled <= 0 then 'PAID'
             when a.paid + u.levelled > 0 then 'PARTLY_PAID' else 'OPEN' end)::varchar(40) as status,
       u.levelled, c.credit_note_id, c.replaced_by_id,
       case when i.kind <> 'CREDIT' then i.corrects_invoice_id end as replaces_id
from invoice i
cross join lateral (
    select coalesce(sum(l.amount), 0)::numeric(14, 2) as paid
    from payment_allocation l where l.invoice_id = i.id and l.customer_id = i.customer_id
) a
cross join lateral (
    select coalesce(-sum(n.total) filter (where n.kind = 'CREDIT'), 0)::numeric(14, 2) as credited,
           count(*) filter (where n.kind = 'CREDIT') as notes,
           max(n.id) filter (where n.kind = 'CREDIT') as credit_note_id,
           max(n.id) filter (where n.kind <> 'CREDIT') as replaced_by_id
    from invoice n where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id
) c
cross join lateral (
    select coalesce(sum(p.amount), 0)::numeric(14, 2) as levelled
    from prepaid_use p where p.invoice_id = i.id and p.customer_id = i.customer_id
) u
"""
BEFORE = VIEW.format(
    open_amount="""       (case when i.kind = 'CREDIT' then 0 else i.total - c.credited - a.paid - u.levelled end)::numeric(14, 2)
           as open_amount"""
)
INVOICE_STATE = VIEW.format(
    open_amount="""       (case when i.kind = 'CREDIT' or i.total < 0 then 0
             else i.total - c.credited - a.paid - u.levelled end)::numeric(14, 2) as open_amount"""
)
GIVE = """
insert into payment (
    customer_id, amount, currency, method, received_on, reference, idempotency_key, invoice_id, booked_at
)
select i.customer_id, -i.total, i.currency, 'INVOICE', i.issued_on, i.document_number, 'invoice:' || i.id, i.id,
    i.issued_at
from invoice i
where i.total < 0 and i.kind <> 'CREDIT' and not exists (
    select from invoice n where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id and n.kind = 'CREDIT'
)
order by i.id
"""


def upgrade() -> None:
    op.add_column("payment", sa.Column("invoice_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(None, "payment", "invoice", ["invoice_id", "customer_id"], ["id", "customer_id"])
    op.create_check_constraint("payment_given", "payment", "(method = 'INVOICE') = (invoice_id is not null)")
    op.create_index(
        "payment_given_once",
        "payment",
        ["customer_id", "invoice_id"],
        unique=True,
        postgresql_where=sa.text("invoice_id is not null"),
    )
    op.execute("drop view invoice_state")
    op.execute(INVOICE_STATE)
    op.execute(GIVE)


def downgrade() -> None:
    op.execute("drop view invoice_state")
    op.execute(BEFORE)
    op.drop_index("payment_given_once", table_name="payment", postgresql_where=sa.text("invoice_id is not null"))
    op.drop_constraint("payment_given", "payment", type_="check")
    op.drop_constraint("payment_invoice_id_customer_id_fkey", "payment", type_="foreignkey")
    op.drop_column("payment", "invoice_id")
