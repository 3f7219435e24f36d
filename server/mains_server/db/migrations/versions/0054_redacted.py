"""An erasure takes addresses out of receipts of delivery, and names out of the log of acts for others.

Revision: 0054, after 0053.
"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

FUNCTION = """
create function refuse_all_but_redaction() returns trigger language plpgsql as $$
declare
    word text;
begin
    if to_jsonb(new) - tg_argv <> to_jsonb(old) - tg_argv then
        raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
    end if;
    foreach word in array tg_argv loop
        if to_jsonb(new) ->> word is distinct from to_jsonb(old) ->> word
            and coalesce(to_jsonb(new) ->> word, '') !~ '^(sha256:[0-9a-f]{64})?$' then
            raise exception '% is append-only: % may be taken away, not changed', tg_table_name, word
                using errcode = 'restrict_violation';
        end if;
    end loop;
    return new;
end
$$
"""
COLUMNS = {"delivery_receipt": "'address', 'detail'", "delegation_activity": "'name', 'note'"}


def upgrade() -> None:
    op.execute(sa.text(FUNCTION.replace(":", "\\:")))
    for table, columns in COLUMNS.items():
        op.execute(f"drop trigger append_only on {table}")
        op.execute(
            f"create trigger append_only before delete or truncate on {table}"
            " for each statement execute function refuse_change()"
        )
        op.execute(
            f"create trigger redacted_only before update on {table}"
            f" for each row execute function refuse_all_but_redaction({columns})"
        )


def downgrade() -> None:
    for table in COLUMNS:
        op.execute(f"drop trigger redacted_only on {table}")
        op.execute(f"drop trigger append_only on {table}")
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table}"
            " for each statement execute function refuse_change()"
        )
    op.execute("drop function refuse_all_but_redaction()")
