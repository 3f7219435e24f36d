"""What the utility was told from outside, such as exchange prices: how fresh it is and where it has holes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from mains_server.facts.tables import FactSeries as FS
from sqlalchemy import Integer, func, null

from mains_schema.declaring.expressions import plain
from mains_schema.declaring.mapping import at_least, before, column, filters, key, mapped, one_of, where
from mains_schema.declaring.node import Node
from mains_schema.declaring.scope import CLERKS_ONLY


def _missing() -> Any:
    values = plain(FS.values)
    known = func.array_remove(values, null())
    return func.cardinality(values, type_=Integer()) - func.cardinality(known, type_=Integer())


@filters
class FactStretchFilter:
    """Which stretches; conditions add up."""

    series: list[str] | None = where("Of one of these series, such as `nordpool.lv`.", one_of(FS.name))
    starts_from: datetime | None = where("Beginning at this instant or later.", at_least(FS.starts_at))
    starts_before: datetime | None = where("Beginning before this instant.", before(FS.starts_at))


@mapped(FS, scope=CLERKS_ONLY)
class FactStretch(Node):
    """A part of a series from outside, mostly a day in UTC. A correction is the same stretch again, known later."""

    id: strawberry.ID = key("Global id.", FS.id)
    series: str = column("Name of the series, such as `nordpool.lv`.", FS.name)
    unit: str = column("Unit of its values, such as `EUR/MWh`.", FS.unit)
    starts_at: datetime = column("When the first value begins.", FS.starts_at)
    ends_at: datetime = column("When the last value ends.", FS.ends_at)
    step_seconds: int = column("How long each value holds, in seconds.", FS.step_seconds)
    missing: int = column("How many of its values nobody knows; they hold the bills that need them.", _missing())
    known_at: datetime = column("Since when it counts as known.", FS.known_at)
    source: str = column("Who told it, and in which file.", FS.source)
