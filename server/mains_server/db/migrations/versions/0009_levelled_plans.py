"""Plans of levelled payment with their versions and letters, and mass recalculations.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


TWELFTH = """
create function levelled_twelfth(total numeric, month integer) returns numeric language sql immutable as $$
    select (((total * 100)::bigint / 12 + (month % 12 < (total * 100)::bigint % 12)::integer) / 100.0)::numeric(14, 2)
$$
"""
UPTO = """
create function levelled_upto(total numeric, months integer) returns numeric language sql immutable as $$
    select (
        months / 12 * total + (
            months % 12 * ((total * 100)::bigint / 12) + least(months % 12, (total * 100)::bigint % 12)
        ) / 100.0
    )::numeric(14, 2)
$$
"""
INSTALMENT = """
create view levelled_instalment as
select v.id as version_id, k.month + 1 as number, v.customer_id, v.contract_id, v.plan_id,
    (v.starts + make_interval(months => k.month))::date + p.due_day - 1 as due_on,
    a.amount, a.base_part, (a.amount - a.base_part)::numeric(14, 2) as difference_part,
    greatest(0, least(a.amount, s.paid - a.before))::numeric(14, 2) as paid, v.currency
from levelled_version v
join levelled_plan p on p.id = v.plan_id and p.customer_id = v.customer_id
cross join lateral (
    select min(f.starts) as starts, (array_agg(f.paid_before order by f.number))[1] as paid_before
    from levelled_version f where f.plan_id = v.plan_id and f.customer_id = v.customer_id and f.number > v.number
) n
cross join lateral (
    select coalesce(n.paid_before, p.paid_at_end, sum(h.amount), 0) - v.paid_before as paid
    from prepayment h where h.contract_id = v.contract_id and h.customer_id = v.customer_id
) s
cross join generate_series(0, 23) as k (month)
cross join lateral (
    select levelled_twelfth(case when k.month < 12 then v.total else v.going_on end, k.month) as amount,
        levelled_twelfth(v.base_total, k.month) as base_part,
        levelled_upto(v.total, least(k.month, 12)) + levelled_upto(v.going_on, greatest(k.month - 12, 0)) as before
) a
where v.starts + make_interval(months => k.month) < coalesce(least(n.starts, p.ends), 'infinity'::date)
"""
STATE = """
create view levelled_state as
select p.*, v.id as version_id, v.number as version_number, v.reason, v.starts as version_starts, v.usage, v.basis,
    v.known_on, v.base_total, v.difference, v.total,
    (v.base_total + v.difference - v.total)::numeric(14, 2) as left_over,
    levelled_twelfth(v.total, 0) as amount, levelled_twelfth(v.base_total, 0) as base_part,
    (levelled_twelfth(v.total, 0) - levelled_twelfth(v.base_total, 0))::numeric(14, 2) as difference_part,
    (coalesce(p.paid_at_end, a.paid) - v.paid_before)::numeric(14, 2) as paid,
    greatest(a.paid - a.used, 0)::numeric(14, 2) as prepaid, greatest(a.used - a.paid, 0)::numeric(14, 2) as deferred,
    d.due_on as next_due_on, d.amount as next_amount
from levelled_plan p
cross join lateral (
    select l.* from levelled_version l where l.plan_id = p.id and l.customer_id = p.customer_id
    order by l.number desc limit 1
) v
cross join lateral (
    select
        coalesce((select sum(h.amount) from prepayment h
            where h.contract_id = p.contract_id and h.customer_id = p.customer_id), 0) as paid,
        coalesce((select sum(u.amount) from prepaid_use u
            where u.contract_id = p.contract_id and u.customer_id = p.customer_id), 0) as used
) a
left join lateral (
    select i.due_on, (i.amount - i.paid)::numeric(14, 2) as amount
    from levelled_instalment i
    where i.version_id = v.id and i.customer_id = p.customer_id and i.amount > i.paid
    order by i.number limit 1
) d on true
"""

OWN_ONLY = """
do $$
begin
    if exists (select from pg_roles where rolname = 'mains_server') then
        revoke update, delete on levelled_version, levelled_letter from mains_server;
    end if;
end
$$
"""


def upgrade() -> None:
    op.create_table(
        "levelled_hold",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "contract_id", "task", name="levelled_hold_once"),
    )
    op.create_table(
        "levelled_letter",
        sa.Column("version_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "channel", sa.Enum("EMAIL", "POST", name="letterchannel", native_enum=False, length=40), nullable=False
        ),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("old_amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("new_amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("base_part", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("difference_part", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version_id", "customer_id"),
    )
    op.create_index("levelled_letter_contract", "levelled_letter", ["contract_id", "version_id"], unique=False)
    op.create_table(
        "levelled_run",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("known_on", sa.Date(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("WAITING", "RUNNING", "DONE", name="runstatus", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("adapter", "year", name="levelled_run_once"),
    )
    op.create_table(
        "levelled_version",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("once_key", sa.String(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "START",
                "SETTLEMENT",
                "YEARLY",
                "SIGNIFICANT_READING",
                "PRICE_CHANGE",
                "CUSTOMER_AMOUNT",
                "CUSTOMER_FORECAST",
                name="planreason",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("usage", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column(
            "basis", sa.Enum("FORECAST", "HISTORY", name="usagebasis", native_enum=False, length=40), nullable=False
        ),
        sa.Column("known_on", sa.Date(), nullable=False),
        sa.Column("priced_from", sa.Date(), nullable=False),
        sa.Column("base_total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("used_before", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("paid_before", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("difference", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("going_on", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("base_total >= 0 and total >= 0 and going_on >= 0", name="levelled_version_not_negative"),
        sa.CheckConstraint("difference = used_before - paid_before", name="levelled_version_difference"),
        sa.CheckConstraint("extract(day from starts) = 1", name="levelled_version_starts"),
        sa.PrimaryKeyConstraint("id", "customer_id"),
        sa.UniqueConstraint("customer_id", "contract_id", "once_key", name="levelled_version_once"),
    )
    op.create_index("levelled_version_plan", "levelled_version", ["plan_id", "number", "id"], unique=False)
    op.create_table(
        "levelled_chunk",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("contract_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column(
            "status",
            sa.Enum("WAITING", "RUNNING", "DONE", name="runstatus", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("recalculated", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["levelled_run.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("levelled_chunk_waiting", "levelled_chunk", ["run_id", "status", "id"], unique=False)
    op.create_table(
        "levelled_plan",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column("due_day", sa.Integer(), nullable=False),
        sa.Column("settles_from", sa.Date(), nullable=False),
        sa.Column("read_upto", sa.Date(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at_end", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("extract(day from starts) = 1 and due_day between 1 and 28", name="levelled_plan_days"),
        sa.ForeignKeyConstraint(
            ["contract_id", "customer_id"],
            ["contract.id", "contract.customer_id"],
        ),
        sa.PrimaryKeyConstraint("id", "customer_id"),
    )
    op.create_index("levelled_plan_contract", "levelled_plan", ["contract_id", "starts", "id"], unique=False)
    op.create_index(
        "levelled_plan_ending",
        "levelled_plan",
        ["ends", "id"],
        unique=False,
        postgresql_where=sa.text("closed_at is null"),
    )
    op.create_index(
        "levelled_plan_running",
        "levelled_plan",
        ["customer_id", "contract_id"],
        unique=True,
        postgresql_where=sa.text("closed_at is null"),
    )
    op.drop_index("prepayment_contract", table_name="prepayment")
    op.create_index(
        "prepayment_contract", "prepayment", ["contract_id", "id"], postgresql_include=["customer_id", "amount"]
    )
    for table in ("levelled_version", "levelled_letter"):
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table}"
            " for each statement execute function refuse_change()"
        )
    op.execute(OWN_ONLY)
    for statement in (TWELFTH, UPTO, INSTALMENT, STATE):
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade() -> None:
    op.execute("drop view levelled_state")
    op.execute("drop view levelled_instalment")
    op.execute("drop function levelled_upto")
    op.execute("drop function levelled_twelfth")
    op.drop_index("prepayment_contract", table_name="prepayment")
    op.create_index("prepayment_contract", "prepayment", ["contract_id", "id"])
    op.drop_index("levelled_plan_running", table_name="levelled_plan", postgresql_where=sa.text("closed_at is null"))
    op.drop_index("levelled_plan_ending", table_name="levelled_plan", postgresql_where=sa.text("closed_at is null"))
    op.drop_index("levelled_plan_contract", table_name="levelled_plan")
    op.drop_table("levelled_plan")
    op.drop_index("levelled_chunk_waiting", table_name="levelled_chunk")
    op.drop_table("levelled_chunk")
    op.drop_index("levelled_version_plan", table_name="levelled_version")
    op.drop_table("levelled_version")
    op.drop_table("levelled_run")
    op.drop_index("levelled_letter_contract", table_name="levelled_letter")
    op.drop_table("levelled_letter")
    op.drop_table("levelled_hold")
