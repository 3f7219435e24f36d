"""Checks that cutting a bill changes nothing but stated rounding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from mains_spi import (
    Amount,
    Bill,
    Block,
    Component,
    Fact,
    GroupQty,
    Least,
    Monthly,
    Most,
    PerAmpere,
    Period,
    PerUnit,
    PriceVersion,
    RatingRequest,
    Round,
    Rounding,
    TimeOfUse,
    Total,
    Usage,
    Used,
    Window,
    evaluate,
)

from mains_kit.adapter import Adapter
from mains_kit.compare import all_lines
from mains_kit.formula import half_up
from mains_kit.rating import rate_by_hook, rate_request, request_for, tariff_for
from mains_kit.records import GoldenBill
from mains_kit.walk import all_of, first_difference

RISE = Decimal("1.1")
CENT = Fraction(1, 100)
USUAL_PLACES = 3
PLAIN = (PerUnit, Monthly, PerAmpere, TimeOfUse)
BENT = (Amount, Block, Fact, GroupQty, Least, Most, Round, Total)


def mistakes_when_a_version_changes_nothing(*, adapter: Adapter, bills: tuple[GoldenBill, ...]) -> tuple[str, ...]:
    """Find bills that come out otherwise when a price list is enacted anew, with the same prices, in mid-period."""
    found = []
    for golden in bills:
        days = _thirds(golden.request.period)
        request = request_for(golden=golden, adapter=adapter)
        prices = request.prices
        for day in days:
            prices = tuple(_enacted_anew(prices, day))
        anew = replace(request, prices=prices)
        before, after = (rate_request(golden=golden, adapter=adapter, request=asked) for asked in (request, anew))
        if adapter.product(code=golden.product, on=golden.on).rated:
            difference = next(_sums_differ((before,), (after,)), None)
        else:
            difference = first_difference(one=_figures(before), other=_figures(after), place="lines")
        if difference is not None:
            found.append(
                f"{golden.table.file}: price versions on {' and '.join(map(str, days))} that change no price "
                f"change the bill: {difference}. Compare prices, not versions"
            )
    return tuple(found)


def mistakes_when_split_at_a_price_change(*, adapter: Adapter, bills: tuple[GoldenBill, ...]) -> tuple[str, ...]:
    """Find charges whose two parts, billed before and after a price change, do not add up to the whole.

    Each rounded line may differ by a cent. Charges whose tariff rounds, caps, shares or counts whole months do not add
    up by their own rule, and are left out; so are buildings and bills by series.
    """
    found = []
    for golden in bills:
        request = request_for(golden=golden, adapter=adapter)
        middle = _change_in(request) or _middle(request.period)
        rate = _adding_part(golden, adapter)
        if middle is None or rate is None or request.group is not None or request.series:
            continue
        priced = request if _change_in(request) else replace(request, prices=tuple(_dearer(request.prices, middle)))
        places = _places(golden, adapter)
        parts = tuple(rate(_part(priced, days, places)) for days in _halves(request.period, middle))
        for difference in _sums_differ((rate(priced),), parts):
            found.append(f"{golden.table.file}: split at {middle}, {difference}. Charge each day at that day's price")
    return tuple(found)


def _adding_part(golden: GoldenBill, adapter: Adapter) -> Callable[[RatingRequest], Bill] | None:
    """Give what rates those charges of a golden bill whose parts add up by the tariff's own rule, if there are any."""
    if adapter.product(code=golden.product, on=golden.on).rated:
        return lambda request: rate_by_hook(adapter=adapter, request=request, rounding=golden.rounding or Rounding())
    tariff = tariff_for(golden=golden, adapter=adapter)
    adding = tuple(component for component in tariff.components if _adds_up(component))
    if not adding:
        return None
    return lambda request: evaluate(replace(tariff, components=adding), request)


def _middle(period: Period) -> date | None:
    return period.start + timedelta(days=period.days // 2) if period.days > 1 else None


def _thirds(period: Period) -> tuple[date, ...]:
    """Give the days after a third and two thirds of a period; those of a very short one cut nothing."""
    return tuple(period.start + timedelta(days=period.days * part // 3) for part in (1, 2))


def _halves(period: Period, middle: date) -> tuple[Period, Period]:
    return Period(period.start, middle), Period(middle, period.end)


def _enacted_anew(versions: tuple[PriceVersion, ...], day: date) -> Iterator[PriceVersion]:
    for version in versions:
        if version.period.start < day < version.period.end:
            yield replace(version, period=Period(version.period.start, day))
            yield replace(version, id=f"{version.id} anew {day}", period=Period(day, version.period.end))
        else:
            yield version


def _dearer(versions: tuple[PriceVersion, ...], day: date) -> Iterator[PriceVersion]:
    """Give the prices with a rise of a tenth from a day on."""
    for version in _enacted_anew(versions, day):
        rises = version.period.start >= day
        rows = tuple(replace(row, value=row.value * RISE) if rises else row for row in version.rows)
        yield replace(version, rows=rows)


def _change_in(request: RatingRequest) -> date | None:
    """Find the only day inside the period on which a price version begins."""
    days = {v.period.start for v in request.prices if request.period.start < v.period.start < request.period.end}
    return days.pop() if len(days) == 1 else None


def _places(golden: GoldenBill, adapter: Adapter) -> dict[str, int]:
    if adapter.product(code=golden.product, on=golden.on).rated:
        return {kind.name: kind.places for kind in adapter.utility().quantities}
    return dict(tariff_for(golden=golden, adapter=adapter).places)


def _part(request: RatingRequest, days: Period, places: dict[str, int]) -> RatingRequest:
    usage = tuple(part for row in request.usage if (part := _usage_part(row, days, places)) is not None)
    return replace(request, period=days, usage=usage, used=tuple(_carried(request, days, places)))


def _carried(request: RatingRequest, days: Period, places: dict[str, int]) -> Iterator[Used]:
    """Give what was used before these days in the month and the year in which they begin, for allowances."""
    whole = request.period
    before = {(used.name, used.window): used.value for used in request.used}
    windows: tuple[tuple[Window, date], ...] = (
        ("month", days.start.replace(day=1)),
        ("year", days.start.replace(month=1, day=1)),
    )
    for window, start in windows:
        for name in {row.name for row in request.usage}:
            is_known = whole.start <= start or (name, window) in before
            if start < days.start and is_known:
                earlier = before[name, window] if start < whole.start else Decimal(0)
                first = max(start, whole.start)
                since = _used_in(request, name, Period(first, days.start), places) if first < days.start else Decimal(0)
                yield Used(name, window, earlier + since)


def _used_in(request: RatingRequest, name: str, days: Period, places: dict[str, int]) -> Decimal:
    parts = (_usage_part(row, days, places) for row in request.usage if row.name == name)
    return sum((part.value for part in parts if part is not None), Decimal(0))


def _usage_part(row: Usage, days: Period, places: dict[str, int]) -> Usage | None:
    """Divide usage by days with cumulative rounding, as the evaluator does at a cut."""
    common = row.period.common(days)
    if common is None:
        return None
    decimals = places.get(row.name, USUAL_PLACES)
    upto, before = (
        half_up(number=Fraction(row.value) * (day - row.period.start).days / row.period.days, places=decimals)
        if day != row.period.end
        else row.value
        for day in (common.end, common.start)
    )
    return replace(row, period=common, value=upto - before)


def _adds_up(component: Component) -> bool:
    if isinstance(component, (Monthly, PerAmpere)) and component.prorate == "never":
        return False
    return isinstance(component, PLAIN) and not any(all_of(kind=kind, value=component) for kind in BENT)


def _sums_differ(one: tuple[Bill, ...], other: tuple[Bill, ...]) -> Iterator[str]:
    (whole, whole_lines), (split, split_lines) = _sums(one), _sums(other)
    for code in sorted(whole.keys() | split.keys()):
        off = split[code] - whole[code]
        if abs(off) > CENT * (whole_lines[code] + split_lines[code]):
            shown = half_up(number=off, places=2)
            yield f"charge `{code}` is {half_up(number=whole[code], places=2)} whole but {shown:+f} in parts"


def _sums(bills: tuple[Bill, ...]) -> tuple[dict[str, Fraction], dict[str, int]]:
    sums: dict[str, Fraction] = defaultdict(Fraction)
    counts: dict[str, int] = defaultdict(int)
    for bill in bills:
        for _, line in all_lines(bill=bill):
            sums[line.code] += Fraction(line.net)
            counts[line.code] += 1
    return sums, counts


def _figures(bill: Bill) -> tuple[object, ...]:
    lines = tuple(
        (member, line.code, line.period, line.quantity, line.price, line.base, line.net, line.gross)
        for member, line in all_lines(bill=bill)
    )
    return (*lines, bill.net, bill.tax, bill.total, bill.payable)
