"""What is left of a period that is billed in part: which days, after what was used of them, and after which bills."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import orjson
from mains_spi import Begun, Monthly, PerAmpere, Period, Tariff, Used, Utility
from psycopg import Connection

from mains_server.billing import queries
from mains_server.billing.cases import PAPER
from mains_server.billing.due import BilledPart, Case, ContractDays, HistoryRow
from mains_server.billing.usage import as_usage
from mains_server.money.rules import round_half_up

MICRO_PLACES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is left to be billed of contracts that were billed before in the period or in its first month.

    `stretches` are the days to bill now, the first that no bill has; `done` has none; `before` says what was used in
    the month before them, and nothing where nobody knows; `begun` is what was charged in it; `earlier` are the bills
    that were taken back.
    """

    stretches: Mapping[int, Period] = field(default_factory=dict)
    done: frozenset[int] = frozenset()
    before: Mapping[int, tuple[Used, ...]] = field(default_factory=dict)
    begun: Mapping[int, tuple[Begun, ...]] = field(default_factory=dict)
    earlier: Mapping[int, tuple[BilledPart, ...]] = field(default_factory=dict)


def left_of(
    connection: Connection, *, asked: queries.Asked, history: Mapping[int, HistoryRow], utility: Utility, is_anew: bool
) -> Left:
    """Tell what is left of a period; `is_anew` takes its days as if no bill were there, and only looks before them."""
    begins_within = asked.period.start.day != 1
    looked_at = [c for c in asked.contracts if begins_within or (c in history and history[c].is_billed_near)]
    if not looked_at:
        return Left()
    parts: dict[int, list[BilledPart]] = defaultdict(list)
    for part in queries.billed_parts(connection, asked=asked.of(looked_at)):
        parts[part.contract_id].append(part)
    stretches: dict[int, Period] = {}
    before: dict[int, tuple[Used, ...]] = {}
    begun: dict[int, tuple[Begun, ...]] = {}
    done = set()
    for days in queries.contract_days(connection, asked=asked.of(looked_at)):
        standing = [part for part in parts[days.contract_id] if not part.is_taken_back]
        whole = Period(days.starts, days.ends)
        left = whole if is_anew else first_unbilled(whole, standing=standing)
        if left is None:
            done.add(days.contract_id)
            continue
        before[days.contract_id] = used_before(left.start, days=days, standing=standing, utility=utility)
        begun[days.contract_id] = begun_beside(left, days=days, parts=parts[days.contract_id])
        if left != whole:
            stretches[days.contract_id] = left
    taken_back = {
        contract: tuple(part for part in found if part.is_taken_back and part.starts < asked.period.end)
        for contract, found in parts.items()
    }
    return Left(stretches=stretches, done=frozenset(done), before=before, begun=begun, earlier=taken_back)


def first_unbilled(days: Period, *, standing: Iterable[BilledPart]) -> Period | None:
    """Give the first days of a period that no bill has; None where every day is billed."""
    start = days.start
    for part in sorted(standing, key=lambda part: part.starts):
        if part.starts > start:
            return Period(start, min(part.starts, days.end))
        start = max(start, part.ends)
        if start >= days.end:
            return None
    return Period(start, days.end)


def used_before(
    starts: date, *, days: ContractDays, standing: Sequence[BilledPart], utility: Utility
) -> tuple[Used, ...]:
    """Tell what was used in the month before a day, by the bills of that month, for allowances that count by month.

    Nothing is told where the month begins with the day, or where a day before it was not billed or nobody wrote down
    what was used; a tariff that has to know says that it is missing.
    """
    first = max(starts.replace(day=1), days.contract_starts)
    if starts.day == 1:
        return ()
    amounts: dict[str, Decimal] = {quantity.name: Decimal(0) for quantity in utility.quantities}
    if first < starts:
        earlier = [part for part in standing if part.starts < starts and part.ends > first]
        if first_unbilled(Period(first, starts), standing=earlier) is not None:
            return ()
        for part in earlier:
            usage = _usage_of(part)
            if usage is None:
                return ()
            for name, value in _within(usage, days=Period(first, starts)):
                amounts[name] = amounts.get(name, Decimal(0)) + value
    return tuple(Used(name, "month", value) for name, value in amounts.items())


def counted_before(cases: Sequence[Case], *, adapter: str, cases_of: Callable[..., Mapping[int, Case]]) -> list[Case]:
    """Tell each of some contracts what meters count of its month before its days now, in the place of what bills say.

    `cases_of` puts together all that is known of contracts that are `asked`.

    A bill that was put right by a line of another, or whose cents came out the same, still says what it was rated on.
    What meters cannot tell, since nobody read them at both ends, is left as the bills say.
    """
    by_start: dict[date, list[int]] = defaultdict(list)
    for case in cases:
        if case.before and case.due.starts.day != 1:
            by_start[case.due.starts].append(case.due.contract_id)
    known: dict[int, Case] = {}
    for starts, contracts in by_start.items():
        month = Period(starts.replace(day=1), starts)
        known |= cases_of(asked=queries.Asked(adapter=adapter, period=month, contracts=tuple(contracts)))
    return [
        case._replace(before=_recounted(case.before, earlier=known[case.due.contract_id]))
        if case.before and case.due.contract_id in known
        else case
        for case in cases
    ]


def _recounted(before: Iterable[Used], *, earlier: Case) -> tuple[Used, ...]:
    """Put what a month's first days come to by the meters in the place of what was told of them."""
    if earlier.problem is not None or earlier.estimates:
        return tuple(before)
    fees = {PAPER, *(fee.code for fee in earlier.fees)}
    counted: dict[str, Decimal] = {}
    for usage in map(as_usage, (row for row in earlier.usage if row.quantity not in fees)):
        counted[usage.name] = counted.get(usage.name, Decimal(0)) + usage.value
    return tuple(replace(used, value=counted.get(used.name, used.value)) for used in before)


def begun_beside(left: Period, *, days: ContractDays, parts: Sequence[BilledPart]) -> tuple[Begun, ...]:
    """Tell what other bills charge in the month that some days begin in, for fees that a month begun costs in full.

    Bills of later days of that month alone count as earlier ones do: whichever came first charges the fee. A bill that
    was taken back counts while days before are still to be billed again, since their bill will charge it.
    """
    month = Period(left.start.replace(day=1), _next_month(left.start))
    standing = [part for part in parts if not part.is_taken_back]
    since = max(month.start, days.contract_starts)
    is_open = since < left.start and first_unbilled(Period(since, left.start), standing=standing) is not None
    before = [part for part in (parts if is_open else standing) if part.starts < left.start and part.ends > month.start]
    after = [part for part in standing if left.end <= part.starts and part.ends <= month.end]
    charged = {Begun(code, place) for part in (*before, *after) for code, place in part.charged or ()}
    return tuple(sorted(charged, key=_by_code))


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def of_months_begun(begun: Iterable[Begun], *, tariff: Tariff | None) -> tuple[Begun, ...]:
    """Keep what a tariff looks at: its fees that a month begun costs in full."""
    parts = () if tariff is None else tariff.components
    codes = {part.code for part in parts if isinstance(part, Monthly | PerAmpere) and part.prorate == "never"}
    return tuple(one for one in begun if one.code in codes)


def _by_code(begun: Begun) -> tuple[str, str]:
    return begun.code, begun.place


def nothing_before(*, starts: date, utility: Utility) -> tuple[Used, ...]:
    """A contract that begins within a month has used nothing in it before; a bill from the first asks for nothing."""
    if starts.day == 1:
        return ()
    return tuple(Used(quantity.name, "month", Decimal(0)) for quantity in utility.quantities)


def _usage_of(part: BilledPart) -> list[dict[str, object]] | None:
    written = None if part.inputs is None else orjson.loads(part.inputs).get("request")
    return None if written is None else written["usage"]


def _within(usage: Iterable[Mapping[str, object]], *, days: Period) -> Iterable[tuple[str, Decimal]]:
    """Give what lies within some days; what reaches over their edge is spread by days, as the evaluator does."""
    for row in usage:
        over = row["period"]
        assert isinstance(over, dict)
        whole = Period(date.fromisoformat(over["start"]), date.fromisoformat(over["end"]))
        common = whole.common(days)
        if common is not None:
            value = Decimal(str(row["value"]))
            share = Fraction(value) * common.days / whole.days
            yield str(row["name"]), round_half_up(share, places=MICRO_PLACES)
