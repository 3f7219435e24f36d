"""The server may hold invoices and payments, which it may not change.

Revision: 0021, after 0020.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# PostgreSQL lets only who may change a column of a row hold it (`for update`); triggers keep the row as it is.
HOLD = """
do $$
begin
    if exists (select from pg_roles where rolname = 'mains_server') then
        grant update (id) on invoice, payment to mains_server;
    end if;
exception
    when insufficient_privilege then
        raise notice 'mains_server may not hold invoices and payments: this account may not grant it';
end
$$
"""


def upgrade() -> None:
    op.execute(sa.text(HOLD))


def downgrade() -> None:
    op.execute(sa.text(HOLD.replace("grant update (id) on", "revoke update (id) on").replace(" to ", " from ")))
