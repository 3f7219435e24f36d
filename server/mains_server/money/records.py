"""What money is: an exact amount to the cent in a named currency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal

PLACES = 2
AMOUNT_MAX = Decimal("999999999999.99")
_EXACT = Context(prec=80)
_CENT = Decimal("0.01")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


class NotMoney(ValueError):
    """A value is not an exact amount of money; the message says why."""


class CurrenciesDiffer(ValueError):
    """Amounts of two currencies cannot be added or compared."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount to the cent in one currency (ISO 4217 letters); what fits NUMERIC(14,2)."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Refuse what is not an exact amount, so that a Money that exists can be stored."""
        require_amount(self.amount)
        if not _CURRENCY.fullmatch(self.currency):
            raise NotMoney(f"{self.currency!r} is not a currency code such as EUR")

    def __add__(self, other: Money) -> Money:
        """Add an amount of the same currency."""
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Take away an amount of the same currency."""
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        """Turn a debit into a credit."""
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        """Compare with an amount of the same currency."""
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        """Compare with an amount of the same currency."""
        return self.amount <= self._same(other)

    def __str__(self) -> str:
        """Show it as on a bill: `43.10 EUR`."""
        return f"{self.amount:.2f} {self.currency}"

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise CurrenciesDiffer(f"{self} and {other} are not in one currency")
        return other.amount


def require_amount(value: Decimal) -> Decimal:
    """Return the value if it is an exact, finite amount to the cent that a column can hold; refuse it otherwise."""
    if not isinstance(value, Decimal):
        raise NotMoney(f"{value!r} is a {type(value).__name__}; an amount is a Decimal")
    if not value.is_finite():
        raise NotMoney(f"{value} is not a finite amount")
    if value.copy_abs() > AMOUNT_MAX:
        raise NotMoney(f"{value:.3E} is more than {AMOUNT_MAX}")
    if value != value.quantize(_CENT, context=_EXACT):
        raise NotMoney(f"{value} is finer than a cent")
    return value
