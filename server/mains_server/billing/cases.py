"""Puts a chunk's rows together, contract by contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from mains_spi import Attribute, Period, Place, Tariff, Utility
from psycopg import Connection

from mains_server.billing import queries
from mains_server.billing.attributes import AttributeTeller
from mains_server.billing.due import (
    AttributeRow,
    Case,
    DatedValue,
    DueRow,
    Fee,
    Measured,
    MeteredDay,
    Problem,
    UsageRow,
)
from mains_server.billing.estimates import AttributesOf, Estimator, Filled, Unread, unread_or
from mains_server.billing.fees import as_measured, by_contract
from mains_server.billing.interval_series import weighing_of
from mains_server.billing.interval_usage import Counts, IntervalCounter, Stretch
from mains_server.billing.usage import MICRO, by_register, measured

BUILDING = "BUILDING"
PAPER = "paper_invoices"
PAPER_UNIT = "pcs"

Dated = tuple[DatedValue, ...]
Counted = dict[int, list[Measured | Filled | Unread | Problem]]
Places = dict[tuple[int, int], str]


class _Charged(NamedTuple):
    """What a contract is charged besides what it used: fees, and a letter where the utility counts them."""

    fees: tuple[Fee, ...]
    wants_paper: bool


def build_cases(
    connection: Connection,
    *,
    asked: queries.Asked,
    utility: Utility,
    teller: AttributeTeller,
    estimator: Estimator,
    counter: IntervalCounter,
) -> dict[int, Case]:
    """Put together all that is known of some contracts."""
    points = queries.due_points(connection, asked=asked)
    rows = queries.attributes(connection, asked=asked, wants_protection="protected" in teller.units)
    dated = dated_of(rows, names=frozenset(teller.units), period=asked.period)
    first = {point.contract_id: point for point in reversed(points)}

    def attributes_of(contract: int) -> tuple[Attribute, ...]:
        return teller.tell(teller.traits_of(first[contract], dated=dated.get(contract, ())))

    quantities = [quantity.name for quantity in utility.quantities]
    used = queries.usage(connection, asked=asked, quantities=quantities)
    places = _places(points)
    counted = _counted(connection, used, asked=asked, places=places)
    stretches = [
        _stretch(row, due=first[row.contract_id], attributes=attributes_of(row.contract_id), places=places)
        for row in used
        if row.by_intervals
    ]
    days = _count_intervals(
        counted, stretches=stretches, found=counter.count(connection, stretches=stretches, period=asked.period)
    )
    houses = frozenset(point.supply_point_id for point in points if point.role == BUILDING)
    _fill_in(connection, counted, asked=asked, estimator=estimator, attributes_of=attributes_of, houses=houses)
    fees = by_contract(queries.fees(connection, asked=asked, quantities=quantities))
    wants_paper = any((quantity.name, quantity.unit) == (PAPER, PAPER_UNIT) for quantity in utility.quantities)
    return {
        contract: _case(
            rows,
            dated=dated.get(contract, ()),
            counted=counted[contract],
            teller=teller,
            charged=_Charged(fees.get(contract, ()), wants_paper),
            days=_only_whole(days[contract], used=used, contract=contract),
            places=_told_apart(rows, tariff=counter.tariff_of(first[contract].product), teller=teller),
        )
        for contract, rows in _by_contract(points)
    }


def _by_contract(points: Iterable[DueRow]) -> Iterable[tuple[int, tuple[DueRow, ...]]]:
    for contract, rows in groupby(points, key=attrgetter("contract_id")):
        yield contract, tuple(rows)


def _stretch(row: UsageRow, *, due: DueRow, attributes: tuple[Attribute, ...], places: Places) -> Stretch:
    place = _place_of(row, places=places)
    return Stretch(row, due.product, attributes, due.time_zone, place, due.price_fixed_until)


def dated_of(rows: Iterable[AttributeRow], *, names: frozenset[str], period: Period) -> dict[int, Dated]:
    """Sort the declared attributes by contract, clipped to the period; what a contract says itself comes first."""
    found: dict[int, list[DatedValue]] = defaultdict(list)
    for row in rows:
        if row.name in names:
            ends = period.end if row.ends is None else min(row.ends, period.end)
            starts = max(row.starts, period.start)
            found[row.contract_id].append(DatedValue(row.name, row.value, starts, ends, row.decision or ""))
    return {contract: tuple(_without_doubles(attributes)) for contract, attributes in found.items()}


def _without_doubles(attributes: Iterable[DatedValue]) -> Iterable[DatedValue]:
    """A customer protected for two reasons is protected once: the reason told first counts on the days of both."""
    told: dict[str, date] = {}
    for attribute in attributes:
        starts = max(attribute.starts, told.get(attribute.name, attribute.starts))
        if starts < attribute.ends:
            told[attribute.name] = attribute.ends
            yield attribute._replace(starts=starts)


def _counted(connection: Connection, rows: Sequence[UsageRow], *, asked: queries.Asked, places: Places) -> Counted:
    readings = by_register(queries.readings(connection, asked=asked, registers=_unclear(rows)))
    found: Counted = defaultdict(list)
    for row in rows:
        if not row.by_intervals:
            place = _place_of(row, places=places)
            inside = [r for r in readings.get(row.register_id, ()) if row.starts <= r.counts_for <= row.ends]
            usage = measured(row, readings=inside, place=place)
            found[row.contract_id].append(unread_or(usage, row=row, place=place))
    return found


def _count_intervals(
    counted: Counted, *, stretches: Sequence[Stretch], found: Sequence[Counts | Problem]
) -> dict[int, list[MeteredDay]]:
    """Add what was counted by intervals, and give the days whose intervals are priced one by one, by contract."""
    days: dict[int, list[MeteredDay]] = defaultdict(list)
    for stretch, one in zip(stretches, found, strict=True):
        contract = stretch.row.contract_id
        counted[contract] += [one] if isinstance(one, Problem) else one.measured
        days[contract] += () if isinstance(one, Problem) else one.days
    return days


def _only_whole(days: Sequence[MeteredDay], *, used: Sequence[UsageRow], contract: int) -> Sequence[MeteredDay]:
    """Leave out a quantity that was partly read off: what has no intervals is weighed by the profile, and all of it."""
    if not days:
        return days
    own = [row for row in used if row.contract_id == contract]
    read_off = {row.quantity for row in own if not row.by_intervals or row.zone is not None}
    return [day for day in days if day.quantity not in read_off]


def _place_of(row: UsageRow, *, places: Places) -> str:
    return places.get((row.contract_id, row.supply_point_id), "")


def _fill_in(
    connection: Connection,
    counted: Counted,
    *,
    asked: queries.Asked,
    estimator: Estimator,
    attributes_of: AttributesOf,
    houses: frozenset[int],
) -> None:
    """Put estimates, or the reasons why there are none, in the places of what was not read."""
    places = [(used, at, one) for used in counted.values() for at, one in enumerate(used) if isinstance(one, Unread)]
    if places:
        unread = [one for _, _, one in places]
        found = estimator.fill_in(connection, asked=asked, unread=unread, attributes_of=attributes_of, houses=houses)
        for (used, at, _), filled in zip(places, found, strict=True):
            used[at] = filled


def _unclear(rows: Iterable[UsageRow]) -> list[int]:
    return sorted({row.register_id for row in rows if row.micro is None and not row.by_intervals})


def _places(points: Sequence[DueRow]) -> Places:
    """Name the places of contracts that have several; where there is one, it needs no name."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for point in points:
        found[point.contract_id][point.supply_point_id] = point.identifier
    return {
        (contract, point): name for contract, names in found.items() if len(names) > 1 for point, name in names.items()
    }


def _case(
    points: tuple[DueRow, ...],
    *,
    dated: Dated,
    counted: Sequence[Measured | Filled | Unread | Problem],
    teller: AttributeTeller,
    charged: _Charged,
    days: Sequence[MeteredDay],
    places: tuple[Place, ...],
) -> Case:
    due = points[0]
    weighing = weighing_of(days, time_zone=due.time_zone)
    traits = teller.traits_of(due, dated=dated)
    if places:
        traits = traits._replace(premise_kind=None, phases=None, amperes=None, area_m2=None, residents=None)
    estimated = [row for row in counted if isinstance(row, Filled)]
    usage = [row.measured if isinstance(row, Filled) else row for row in counted if isinstance(row, Measured | Filled)]
    if charged.wants_paper:
        usage.append(paper(due))
    usage += as_measured(charged.fees, due=due)
    problems = [row for row in counted if isinstance(row, Problem)]
    if not places and len(points) > 1 and any(teller.traits_of(point, dated=dated) != traits for point in points):
        reason = (
            f"its supply points {', '.join(point.identifier for point in points)} differ; give each its own contract"
        )
        problems.append(Problem("supply_points_differ", reason))
    if due.terms_end is not None and due.terms_end < due.ends:
        reason = f"other terms are agreed from {due.terms_end}; bill the days before it apart from those after it"
        problems.append(Problem("terms_change_inside", reason))
    return Case(
        due=due,
        points=points,
        traits=traits,
        usage=tuple(usage),
        problem=problems[0] if problems else None,
        estimates=tuple(row.reading for row in estimated if row.reading is not None),
        fees=charged.fees,
        series=weighing.series,
        day_ids=weighing.day_ids,
        places=places,
    )


def _told_apart(points: Sequence[DueRow], *, teller: AttributeTeller, tariff: Tariff | None) -> tuple[Place, ...]:
    """Tell the supply points of a contract that has several, where its tariff charges each of them by itself."""
    by_point: dict[int, list[DueRow]] = defaultdict(list)
    for point in points:
        by_point[point.supply_point_id].append(point)
    is_charged = tariff is not None and any(component.each_place for component in tariff.components)
    if len(by_point) < 2 or not is_charged:
        return ()
    return tuple(teller.place_of(rows) for rows in by_point.values())


def paper(due: DueRow) -> Measured:
    """A letter is counted like any quantity, so that a tariff may charge for it."""
    letters = MICRO if due.delivery == "POST" else 0
    return Measured(PAPER, None, PAPER_UNIT, due.starts, due.ends, letters, None, False, "delivery of the invoice", "")
