"""The state's support per MWh of heat, in the three roundings that publishers use."""

from __future__ import annotations

from mains_spi import Const, Least, Most, Price, Round, Term

CENTS = 2
ROUNDINGS = ("parts", "sum", "final")


def support_by_rounding(tariff: Price, currency: str) -> dict[str, Term]:
    """Give the support of one MWh for each published rounding.

    ``parts`` rounds each part of the support, ``sum`` their sum, ``final`` the tariff that is left. All three give the
    same where the support has two decimals anyway.
    """
    low, high = _low_part(tariff, currency), _high_part(tariff, currency)
    return {
        "parts": Round(low, CENTS) + Round(high, CENTS),
        "sum": Round(low + high, CENTS),
        "final": tariff - Round(tariff - low - high, CENTS),
    }


def _low_part(tariff: Price, currency: str) -> Term:
    """Give the state's share of the tariff's part between the two thresholds."""
    threshold, upper = _per_mwh("threshold", currency), _per_mwh("upper", currency)
    return Least((_above(tariff, threshold, currency), upper - threshold)) * Price("lv.share", "1")


def _high_part(tariff: Price, currency: str) -> Term:
    """Give the state's share of the tariff's part above the upper threshold."""
    return _above(tariff, _per_mwh("upper", currency), currency) * Price("lv.upper_share", "1")


def _above(tariff: Price, threshold: Price, currency: str) -> Term:
    return Most((tariff - threshold, Const(0, f"{currency}/MWh")))


def _per_mwh(row: str, currency: str) -> Price:
    return Price(f"lv.{row}", f"{currency}/MWh")
