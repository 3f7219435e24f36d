"""Replays an explanation."""

from __future__ import annotations

from decimal import Decimal

from mains_spi.results import Explanation


def replay(explanation: Explanation, *, figure: str = "result") -> Decimal:
    """Work out a line's net (``figure="gross"``: its gross) from its explanation alone."""
    raise NotImplementedError
