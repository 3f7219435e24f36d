"""What comparisons read besides what the billing run reads: which exchange prices are known, and contracts by id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mains_spi import Period, Series
from psycopg import Connection

from mains_server.billing import queries as billing
from mains_server.billing.prices import series_of
from mains_server.offers.rules import first_of_month, months_before

# A stretch by its content, so that the same marks mean the same values whatever the database.
STRETCHES = """
select distinct on (name, starts_at) name, starts_at, ends_at, hash_array_extended(values, 0)
from fact_series
where name = any(%(names)s::text[]) and starts_at < %(to)s::timestamp at time zone %(time_zone)s
  and ends_at > %(from)s::timestamp at time zone %(time_zone)s
  and known_at <= (%(known_at)s::date + 1)::timestamp at time zone %(time_zone)s
order by name, starts_at, known_at desc
"""

LAST_KNOWN = """
select name, max(ends_at) from fact_series
where name = any(%(names)s::text[]) and known_at <= (%(known_at)s::date + 1)::timestamp at time zone %(time_zone)s
group by name
"""

CONTRACT = """
select c.id, c.adapter, c.product, c.billing, c.starts, c.ends, p.time_zone
from contract c
join contract_supply_point s on s.contract_id = c.id
join supply_point p on p.id = s.supply_point_id
where c.id = %(contract)s
order by s.starts desc, p.id limit 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSeries:
    """Series of which twelve whole months before `ends` are known, each stretch marked by its content."""

    names: tuple[str, ...]
    ends: date
    marks: tuple[tuple[object, ...], ...]
    known: billing.KnownOn
    _read: list[tuple[Series, ...]] = field(default_factory=list)

    def read(self, connection: Connection) -> tuple[Series, ...]:
        """Read the values, once."""
        if not self._read:
            self._read.append(series_of(billing.series(connection, names=list(self.names), known=self.known)))
        return self._read[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedContract:
    """What a comparison has to know of a contract before it gathers what was used."""

    id: int
    adapter: str
    product: str
    is_billed_directly: bool
    starts: date
    ends: date | None
    time_zone: str


def series_before(connection: Connection, *, names: Sequence[str], on: date, time_zone: str) -> KnownSeries | None:
    """Find the last twelve whole months, before the month of a day, of which all series are known as of that day."""
    zone = ZoneInfo(time_zone)
    asked = {"names": list(names), "known_at": on, "time_zone": time_zone}
    ends = [_local(row[1], zone) for row in connection.execute(LAST_KNOWN, asked).fetchall()]
    if len(ends) < len(names):
        return None
    last = first_of_month(min(*ends, on) if ends else on)
    frame = months_before(last)
    known = billing.KnownOn(period=Period(frame[0].start, last), known_at=on, time_zone=time_zone)
    marks = connection.execute(STRETCHES, {"names": list(names), **known.parameters()}).fetchall()
    return KnownSeries(names=tuple(names), ends=last, marks=tuple(tuple(row) for row in marks), known=known)


def compared_contract(connection: Connection, *, contract_id: int) -> ComparedContract | None:
    """Read a contract with the time zone of its place, or None."""
    row = connection.execute(CONTRACT, {"contract": contract_id}).fetchone()
    if row is None:
        return None
    return ComparedContract(
        id=row[0],
        adapter=row[1],
        product=row[2],
        is_billed_directly=row[3] == "DIRECT",
        starts=row[4],
        ends=row[5],
        time_zone=row[6],
    )


def _local(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()
