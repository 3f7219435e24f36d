"""Days of smart meters: what was used in each hour or quarter of an hour."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import strawberry
from mains_server.intervals.records import IntervalQuality
from mains_server.intervals.rules import quality_told, statuses_of
from mains_server.intervals.tables import IntervalDay as ID
from mains_server.metering.tables import Register as R
from sqlalchemy import Integer, func

from mains_schema.common.scopes import metered_while_supplied
from mains_schema.declaring.expressions import plain
from mains_schema.declaring.mapping import (
    OrderBy,
    ascending,
    at_least,
    before,
    column,
    computed,
    descending,
    described,
    embed,
    filters,
    key,
    looked_up,
    mapped,
    one,
    orders,
    where,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Quantity

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads
    from mains_schema.metering.meter import Register

described(
    IntervalQuality,
    "How a day of a smart meter came about.",
    {
        "ACTUAL": "Every value was measured.",
        "ESTIMATED": "Every value is there, and the network operator worked out some of them.",
        "INCOMPLETE": "Some values are not known; they are null.",
    },
)


def _statuses(reads: Reads, letters: str) -> list[str]:
    return statuses_of(letters)


def _quality(reads: Reads, letters: str, known: int, expected: int) -> IntervalQuality:
    return quality_told(letters, known=known, expected=expected)


@orders
class IntervalDayOrder(OrderBy):
    """Order of days."""

    NEWEST = descending("Latest day first.", ID.day)
    OLDEST = ascending("Earliest day first.", ID.day)


@filters
class IntervalDayFilter:
    """Which days; conditions add up."""

    day_from: date | None = where("This day or a later one.", at_least(ID.day))
    day_before: date | None = where("An earlier day.", before(ID.day))


EXPECTED: Any = func.cardinality(plain(ID.values), type_=Integer)


@mapped(ID, scope=metered_while_supplied())
class IntervalDay(Node):
    """One civil day of a register as its smart meter told it last. A day that never came is not listed."""

    id: strawberry.ID = key("Global id.", ID.id)
    day: date = column("The civil day at the supply point.", ID.day)
    step_seconds: int = column("How long each value's time is: 3600 or 900 seconds.", ID.step_seconds)
    values: list[Decimal | None] = column(
        "What was used, in the register's unit, from midnight on: 23, 24 or 25 hours, or 92, 96 or 100 quarters. Null"
        " where it is not known, which is not zero.",
        ID.values,
    )
    statuses: list[str] = computed(
        "What the network operator says of each value, in its letters; empty if nothing. C, D or N makes the day "
        "ESTIMATED, M and E do not, and of U the value is null.",
        _statuses,
        ID.statuses,
    )
    quality: IntervalQuality = computed("How the day came about.", _quality, ID.statuses, ID.known, EXPECTED)
    total: Quantity = embed(
        "Sum of what is known.", Quantity, value=ID.total, unit=looked_up(R.unit, R.id == ID.register_id)
    )
    known: int = column("How many values are known.", ID.known)
    expected: int = column("How many values the day has.", EXPECTED)
    version: int = column("1 for the day as it came first; a late or corrected one is the next.", ID.version)
    is_current: bool = column("Whether it is the day as known now; staff see the earlier versions, too.", ID.is_current)
    known_at: datetime = column("When this version came in.", ID.known_at)
    register: Register = one("The register.", ID.register_id)
