"""A role that can add to the books but not change them.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op
from mains_server.db.migrate import script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.text(script(name="0003_server_role.sql").replace(":", "\\:")))


def downgrade() -> None:
    op.execute(sa.text("drop owned by mains_server"))
