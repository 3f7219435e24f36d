"""Table of the offers room: how often visitors compared lately."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from mains_server.db.columns import instant, key


class ComparisonCount(SQLModel, table=True):
    """How often somebody at one network address compared without signing in, since a moment; of it only a hash."""

    __tablename__ = "comparison_count"
    __table_args__ = (UniqueConstraint("address_hash"), Index("comparison_count_oldest", "starts_at"))

    id: int = key()
    address_hash: str
    starts_at: datetime = instant()
    comparisons: int
