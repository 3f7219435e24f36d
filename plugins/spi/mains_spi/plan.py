"""What is known of a tariff before any contract is: that its units fit, and which components are cut together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mains_spi.algebra import misfits
from mains_spi.components import Component
from mains_spi.errors import BadUnit
from mains_spi.tariff import Tariff
from mains_spi.terms import Amount
from mains_spi.walk import codes_of, find, name_of


@dataclass(frozen=True, slots=True)
class Plan:
    """The components in order, and for each the components that are cut together with it."""

    components: tuple[Component, ...]
    clusters: tuple[tuple[int, ...], ...]


@lru_cache(maxsize=256)
def plan_of(tariff: Tariff) -> Plan:
    """Check a tariff's units and group its components, once."""
    for component in tariff.components:
        for sentence in misfits(component, tariff.currency):
            raise BadUnit(f"{tariff.code}, component {name_of(component)}: {sentence}")
    return Plan(tariff.components, _clusters(tariff.components))


def _clusters(components: tuple[Component, ...]) -> tuple[tuple[int, ...], ...]:
    """Join each component with those whose amounts it asks for: they must be cut on the same days."""
    owner = list(range(len(components)))
    for index, component in enumerate(components):
        wanted = {amount.code for amount in find(component, Amount)}
        for other, giver in enumerate(components):
            if wanted & set(codes_of(giver)):
                joined, into = owner[other], owner[index]
                owner = [into if o == joined else o for o in owner]
    return tuple(tuple(i for i, o in enumerate(owner) if o == own) for own in owner)
