"""Load checks."""

from __future__ import annotations

from mains_spi.hooks import Utility
from mains_spi.prices import PriceVersion
from mains_spi.results import Mistake
from mains_spi.tariff import Tariff


def vet(tariff: Tariff, prices: tuple[PriceVersion, ...], utility: Utility) -> tuple[Mistake, ...]:
    """Find what is wrong in a tariff and its prices before any bill depends on them."""
    raise NotImplementedError
