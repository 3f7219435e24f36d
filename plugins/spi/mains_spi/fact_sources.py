"""The small contract of a fact source: it says where figures such as spot prices are, and reads the files they come in.

A source does no work of its own: the server fetches, keeps and corrects; the source answers questions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import pluggy

from mains_spi.errors import BadRecord
from mains_spi.hooks import PROJECT, Problem
from mains_spi.labels import Labels
from mains_spi.record import Period, Record

FACT_SOURCE_GROUP = "mains.fact_sources"
ANY_PLACE = ".*"
FILE_BYTES_MAX = 10_000_000

_hookspec = pluggy.HookspecMarker(PROJECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKind(Record):
    """A series that a source gives. A name that ends in ``.*`` stands for one series a place, such as a town.

    Values of a step of a day or more begin at midnight in UTC.
    """

    name: str
    unit: str
    step: timedelta
    labels: Labels

    def covers(self, name: str) -> bool:
        """Tell whether a series is of this kind."""
        stem = self.name.removesuffix(ANY_PLACE)
        return name == self.name if stem == self.name else name.startswith(f"{stem}.") and len(name) > len(stem) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSource(Record):
    """The identity card of a source. ``secrets`` are the names of what an operator has to give it, such as a token."""

    code: str
    spi_major: int
    labels: Labels
    series: tuple[SeriesKind, ...]
    media_types: tuple[str, ...]
    secrets: tuple[str, ...] = ()

    def kind_of(self, name: str) -> SeriesKind | None:
        """Find the kind of a series, if the source gives it."""
        return next((kind for kind in self.series if kind.covers(name)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest(Record):
    """Asks where the facts of some civil days are; ``time_zone`` is where the days begin."""

    period: Period
    time_zone: str = "Europe/Riga"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactFetch(Record):
    """One HTTP GET that the server should make. ``secrets`` are pairs of a query's parameter and a secret's name.

    An answer with another status than ``statuses`` is not handed to the source.
    """

    url: str
    query: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    statuses: tuple[int, ...] = (200,)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactFile(Record):
    """A file to read: as it came, with its name. ``series`` is what the operator says is in it, if it does not say so.

    ``time_zone`` is that of times without one.
    """

    content: bytes
    name: str
    series: str | None = None
    time_zone: str = "Europe/Riga"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactStretch(Record):
    """Values of a series one after the other, from an instant in UTC on; None is a value the file does not know."""

    series: str
    starts_at: datetime
    values: tuple[Decimal | None, ...]

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        if self.starts_at.utcoffset() != timedelta(0):
            raise BadRecord(f"FactStretch of {self.series!r} starts at {self.starts_at}: give an instant in UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class FactReading(Record):
    """What a file held: the stretches that could be read, and what is wrong with the rest."""

    stretches: tuple[FactStretch, ...] = ()
    problems: tuple[Problem, ...] = ()


class FactSourceHooks:
    """The hook specifications of a source; every one is asked of a single source and gives its answer directly."""

    @_hookspec(firstresult=True)
    def describe_source(self) -> FactSource:  # type: ignore[empty-body]
        """Give the identity card. Required."""

    @_hookspec(firstresult=True)
    def read_facts(self, request: FactFile) -> FactReading:  # type: ignore[empty-body]
        """Read a file, whatever is in it. Required."""

    @_hookspec(firstresult=True)
    def plan_fetches(self, request: FetchRequest) -> tuple[FactFetch, ...]:  # type: ignore[empty-body]
        """Give the requests that bring the facts of some days; without this hook files come by hand only."""


REQUIRED_SOURCE_HOOKS = ("describe_source", "read_facts")
