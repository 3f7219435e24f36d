"""What a customer's kind means for taxes and prices, how their language writes, and when a protected status holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from mains_server.customers.records import CustomerKind, Protection

LOCALES = {"lv": "lv", "en": "en_GB", "ru": "ru"}
"""By language, the name by which CLDR knows how it writes dates: `en` alone is American, with the month first."""
TAX_KIND = {
    CustomerKind.PRIVATE: "private",
    CustomerKind.BUSINESS: "business",
    CustomerKind.BUILDING_MANAGER: "business",
}


def tax_kind(kind: CustomerKind) -> str:
    """Return the word by which tax rates and prices know this kind of customer."""
    return TAX_KIND[kind]


def meets(*, starts: date, ends: date | None, other_starts: date, other_ends: date | None) -> bool:
    """Tell whether two stretches of civil days, half-open and perhaps without end, share a day."""
    return (other_ends is None or starts < other_ends) and (ends is None or other_starts < ends)


def protections_on(protections: Iterable[Protection], *, day: date) -> tuple[Protection, ...]:
    """Pick the protected statuses that hold on a civil day."""
    return tuple(kept for kept in protections if kept.starts <= day and (kept.ends is None or day < kept.ends))
