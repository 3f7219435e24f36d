"""Finds the facts and series a tariff will ask for."""

from __future__ import annotations

from mains_spi.hooks import FactNeed
from mains_spi.record import Period
from mains_spi.tariff import Tariff


def facts_needed(tariff: Tariff, period: Period) -> tuple[FactNeed, ...]:
    """Find the facts and series that a bill of this tariff and period needs, from its terms."""
    raise NotImplementedError
