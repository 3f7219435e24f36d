"""The evaluator."""

from __future__ import annotations

from mains_spi.requests import RatingRequest
from mains_spi.results import Bill
from mains_spi.tariff import Tariff


def evaluate(tariff: Tariff, request: RatingRequest) -> Bill:
    """Work out the bill of one contract, or of one building whole."""
    raise NotImplementedError
