"""At which consumption the order of products changes; what something costs is asked, never worked out here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations, pairwise

from mains_spi import Product

from mains_server.offers.records import Crossing, YearUse
from mains_server.offers.rules import scaled

CostOf = Callable[[str, YearUse], Decimal]
Costs = Mapping[str, Decimal]

A_MONTH_MAX = 2000
GRID = 50
NOISE = Decimal("0.0001")
"""What rounding a year's usage to thousandths and its charges to eight decimals may add up to, in the currency."""


def crossings_of(
    *, products: Sequence[Product], use: YearUse, cost: CostOf, a_month_max: int = A_MONTH_MAX
) -> tuple[Crossing, ...]:
    """Find every whole consumption a month, from 1 on, at which a product begins to cost less than another.

    The year keeps the shape of `use`. Costs are asked on a grid, and between its points by halving until no two
    products change places inside: where all costs run straight only their ends decide.
    """
    kept: dict[int, Costs] = {}
    codes = sorted(product.code for product in products)

    def at(a_month: int) -> Costs:
        if a_month not in kept:
            year = scaled(use, a_month=a_month)
            kept[a_month] = {code: cost(code, year) for code in codes}
        return kept[a_month]

    by_code = {product.code: product for product in products}
    found = []
    for a_month, cheaper, dearer in _changes(codes, at=at, upto=a_month_max):
        costs = at(a_month)
        found.append(
            Crossing(
                from_a_month=a_month,
                cheaper=by_code[cheaper],
                dearer=by_code[dearer],
                changes_cheapest=costs[cheaper] == min(costs.values()),
            )
        )
    return tuple(sorted(found, key=lambda one: (one.from_a_month, one.cheaper.code, one.dearer.code)))


def _changes(codes: Sequence[str], *, at: Callable[[int], Costs], upto: int) -> Iterator[tuple[int, str, str]]:
    edges = [1, *range(GRID, upto + 1, GRID)]
    if edges[-1] != upto:
        edges.append(upto)
    stretches = [(low, high) for low, high in pairwise(edges) if low < high]
    while stretches:
        low, high = stretches.pop()
        middle = (low + high) // 2
        if high - low == 1:
            yield from _swapped(codes, before=at(low), after=at(high), a_month=high)
        elif _swap(codes, at(low), at(high)) or not _is_straight(codes, at=at, stretch=(low, middle, high)):
            stretches += [(low, middle), (middle, high)]


def _swapped(codes: Sequence[str], *, before: Costs, after: Costs, a_month: int) -> Iterator[tuple[int, str, str]]:
    for one, other in combinations(codes, 2):
        was, becomes = _dearer(before, one, other), _dearer(after, one, other)
        if becomes != was:
            cheaper, dearer = (other, one) if becomes else (one, other)
            yield a_month, cheaper, dearer


def _swap(codes: Sequence[str], low: Costs, high: Costs) -> bool:
    return any(_dearer(low, one, other) != _dearer(high, one, other) for one, other in combinations(codes, 2))


def _is_straight(codes: Sequence[str], *, at: Callable[[int], Costs], stretch: tuple[int, int, int]) -> bool:
    low, middle, high = stretch
    first, between, last = at(low), at(middle), at(high)
    return all(
        abs((between[code] - first[code]) * (high - low) - (last[code] - first[code]) * (middle - low))
        <= NOISE * (high - low)
        for code in codes
    )


def _dearer(costs: Costs, one: str, other: str) -> bool:
    """Tell whether the first costs more; what costs the same but for noise stays in the order of the codes."""
    return costs[one] - costs[other] > NOISE
