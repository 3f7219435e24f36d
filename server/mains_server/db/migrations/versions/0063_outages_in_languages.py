"""Why supply is interrupted, in the languages of those who read it.

Revision: 0063, after 0062.
"""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

ADDED = (("outage", "cause"), ("outage", "note"), ("outage_revision", "note"))
LANGUAGES = ("lv", "en", "ru")


def upgrade() -> None:
    for table, name in ADDED:
        for language in LANGUAGES:
            op.add_column(table, sa.Column(f"{name}_{language}", sa.String(), nullable=True))


def downgrade() -> None:
    for table, name in ADDED:
        for language in LANGUAGES:
            op.drop_column(table, f"{name}_{language}")
