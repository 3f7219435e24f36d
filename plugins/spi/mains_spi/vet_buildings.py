"""Load checks of a building's pools."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mains_spi.components import AllocateBuilding, Pool
from mains_spi.results import Mistake


def vet_building(component: AllocateBuilding) -> Iterator[Mistake]:
    """Find what keeps a building's pools from adding up to its total."""
    children: dict[str, list[Pool]] = defaultdict(list)
    earlier = {"total"}
    for pool in component.pools:
        if pool.of not in earlier:
            remedy = f"pool `{pool.code}` divides `{pool.of}`, which is no earlier pool: put that pool before it"
            yield Mistake("unknown_pool", component.code, remedy)
        if pool.code in earlier:
            yield Mistake("pool_twice", component.code, f"two pools are called `{pool.code}`: rename one")
        earlier.add(pool.code)
        children[pool.of].append(pool)
        yield from _pool(pool, component.code)
    for parent in {"total": None, **dict.fromkeys(children)}:
        rests = [pool for pool in children[parent] if pool.rest]
        if len(rests) != 1 or children[parent][-1] is not rests[0]:
            remedy = f"of `{parent}` exactly one pool, the last, must have rest=True; {len(rests)} have it"
            yield Mistake("no_one_rest", component.code, remedy)


def _pool(pool: Pool, component: str) -> Iterator[Mistake]:
    if pool.rest and pool.amount is not None:
        remedy = f"pool `{pool.code}` is the rest: leave out its amount"
        yield Mistake("pool_amount", component, remedy)
    if not pool.rest and pool.amount is None:
        yield Mistake("pool_amount", component, f"pool `{pool.code}` has no amount: give one, or rest=True")
    if pool.rest and pool.remainder == "rest":
        remedy = f"pool `{pool.code}` is the rest and cannot leave cents to the rest: choose largest, biggest or leave"
        yield Mistake("pool_remainder", component, remedy)
