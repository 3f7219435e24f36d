"""From which share of night and weekend two zones pay; what they cost is asked, never worked out here."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from mains_server.offers.records import YearUse
from mains_server.offers.rules import with_night_share

PER_MILLE = 1000
NOISE = Decimal("0.0001")


def pays_from(use: YearUse, *, dearer_by: Callable[[YearUse], Decimal]) -> Decimal | None:
    """Find the smallest share, in thousandths, from which two zones cost no more than one; None if they never save.

    Where the zones make no difference, as to who buys at the exchange on one phase, they never save. Night is never the
    dearer zone, so that what two zones cost more only falls as the share grows; it is halved into.
    """

    def pays(share: int) -> bool:
        return dearer_by(with_night_share(use, share=Decimal(share).scaleb(-3))) <= 0

    if dearer_by(with_night_share(use, share=Decimal(1))) > -NOISE:
        return None
    low, high = -1, PER_MILLE
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if pays(middle) else (middle, high)
    return Decimal(high).scaleb(-3)
