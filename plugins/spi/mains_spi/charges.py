"""Makes a bill of charges that an adapter worked out itself: the same rounding, tax and explanation."""

from __future__ import annotations

from fractions import Fraction

from mains_spi.book import Book
from mains_spi.drafts import Draft, drafted
from mains_spi.errors import CannotRate
from mains_spi.here import Amounts, Here
from mains_spi.hooks import Charge
from mains_spi.requests import RatingRequest
from mains_spi.results import Bill
from mains_spi.scope import Scope
from mains_spi.settling import bill_of, settle
from mains_spi.tariff import Tariff
from mains_spi.trace import Source, Trace


def bill_charges(*, charges: tuple[Charge, ...], tariff: Tariff, request: RatingRequest) -> Bill:
    """Round, tax and explain charges; of the tariff only code, currency and rounding count.

    Each charge is taxed by its code, the customer's kind and its first day, as a line of a declared tariff is.
    """
    scope = Scope(usage=(), attributes=request.attributes)
    here = Here(tariff, Book(request), Trace(), scope, None, Amounts(), request.period, "")
    lines = []
    for charge in charges:
        if not request.period.covers(charge.period):
            remedy = f"its charge {charge.period.start}..{charge.period.end} is outside the bill: keep to the period"
            raise CannotRate("charge_outside_period", charge.code, remedy)
        lines.append(settle(_drafted(charge, here.at(charge.period, charge.code)), here, scope))
    return bill_of(request.contract, here, lines)


def _drafted(charge: Charge, here: Here) -> Draft:
    units = charge.unit, f"{here.tariff.currency}/{charge.unit}"
    given = (charge.quantity, "quantity", charge.unit), (charge.unit_price, "unit price", units[1])
    quantity, price = (here.trace.given(Fraction(v), Source(n, u, "adapter")) for v, n, u in given)
    base = here.number(Fraction(charge.base), "units the price is for", charge.unit) if charge.base != 1 else None
    return drafted(here, charge.code, quantity, price, units=units, base=base)
