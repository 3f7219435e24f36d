"""Questions to the privacy room: everything that is stored about a person."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.db.registry import stored_tables
from mains_server.privacy.rules import condition_of, hidden_columns
from mains_server.privacy.statements import OWNED, ROWS

FIRST_DAY = (1980, 1, 1, 0, 0, 0)
WORDS = """What is stored about you and the customers you own: a file a table, each a JSON array of its rows.
Amounts are in the currency beside them, instants in UTC. Left out are secrets and files; documents are in the portal.
"""


async def export(session: AsyncSession, *, person_id: int, now: datetime) -> bytes:
    """Pack all that is stored about a person, and the customers that are theirs, as JSON in a ZIP.

    The session must see one moment of the database; the same rows give the same bytes.
    """
    customers = list(await session.scalars(OWNED, {"person": person_id, "now": now}))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        _write(archive, "README.txt", WORDS)
        for table in sorted(stored_tables(), key=lambda one: one.name):
            condition = condition_of(table)
            if condition is not None:
                asked = {"customers": customers, "person": person_id, "hidden": hidden_columns(table)}
                used = {name: value for name, value in asked.items() if f":{name}" in condition or name == "hidden"}
                rows = await session.scalar(text(ROWS.format(table=table.name, condition=condition)), used)
                _write(archive, f"{table.name}.json", rows or "[]")
    return packed.getvalue()


def _write(archive: zipfile.ZipFile, name: str, words: str) -> None:
    entry = zipfile.ZipInfo(name, date_time=FIRST_DAY)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, words)
