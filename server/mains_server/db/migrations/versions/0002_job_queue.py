"""The job queue's tables and functions, on the same PostgreSQL.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op
from mains_server.db.migrate import script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.text(script(name="0002_procrastinate_3_10.sql").replace(":", "\\:")))


def downgrade() -> None:
    raise RuntimeError("jobs that wait would be lost; restore a backup instead")
