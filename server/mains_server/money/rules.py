"""Rounding, sharing, tax, amounts as text and creditor references. Pure, and exact in any decimal context."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import reduce
from string import ascii_uppercase

from mains_server.money.records import PLACES, NotMoney, require_amount

CREDITOR_REFERENCE_BODY_MAX = 21
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,2})?", re.ASCII)
_REFERENCE_BODY = re.compile(r"[0-9A-Z]{1,21}", re.ASCII)
_LETTER_VALUES = {ord(letter): str(value) for value, letter in enumerate(ascii_uppercase, start=10)}
_REFERENCE = re.compile(r"RF[0-9]{2}[0-9A-Z]{1,21}", re.ASCII)


class NothingToShareBy(ValueError):
    """An amount cannot be shared out by weights that are missing, negative or all zero."""


class DoesNotAddUp(ValueError):
    """Parts do not sum to the total they are parts of."""


class NotAReference(ValueError):
    """A text cannot be the body of a creditor reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxSubtotal:
    """The tax at one rate: the sum of the lines' net, and the tax on that sum."""

    code: str
    rate: Decimal
    base: Decimal
    tax: Decimal


def round_half_up(value: Decimal | Fraction, *, places: int = PLACES) -> Decimal:
    """Round to `places` decimals, half away from zero; the only rounding of money in the server."""
    if isinstance(value, Fraction):
        return _round_fraction(value, places=places)
    if not value.is_finite():
        raise NotMoney(f"{value} is not a finite amount")
    return value.quantize(Decimal(1).scaleb(-places, _EXACT), rounding=ROUND_HALF_UP, context=_EXACT)


def _round_fraction(value: Fraction, *, places: int) -> Decimal:
    doubled = 2 * abs(value) * 10**places
    units = (doubled.numerator + doubled.denominator) // (2 * doubled.denominator)
    return Decimal(units if value >= 0 else -units).scaleb(-places, _EXACT)


def line_net(*, quantity: Decimal, unit_price: Decimal, base: Decimal = Decimal(1)) -> Decimal:
    """Price a line, quantity * unit price / base, to the cent (EN 16931, BT-131)."""
    return round_half_up(Fraction(quantity) * Fraction(unit_price) / Fraction(base))


def tax_subtotals(lines: Iterable[tuple[str, Decimal, Decimal]]) -> tuple[TaxSubtotal, ...]:
    """Tax lines of (code, rate, net) once per code and rate, each rounded once (EN 16931, BG-23), in that order.

    A rate is a share of one: 0.21 for 21 %.
    """
    bases: dict[tuple[str, Decimal], Decimal] = {}
    for code, rate, net in lines:
        bases[code, rate] = _EXACT.add(bases.get((code, rate), Decimal(0)), net)
    return tuple(
        TaxSubtotal(code=code, rate=rate, base=base, tax=tax_on(base, rate=rate))
        for (code, rate), base in sorted(bases.items())
    )


def tax_on(base: Decimal, *, rate: Decimal) -> Decimal:
    """Tax one base at one rate, to the cent."""
    return round_half_up(_EXACT.multiply(base, rate))


def allocate(total: Decimal, weights: Sequence[Decimal | int]) -> tuple[Decimal, ...]:
    """Share an amount out by weight so that the parts, each to the cent, sum to it exactly.

    Each part is rounded towards zero; the cents left over go one each to the largest cut-off remainders. Between equal
    remainders the earlier weight goes first. A negative amount is shared like its opposite.
    """
    shares = [Fraction(weight) for weight in weights]
    whole = sum(shares)
    if whole <= 0 or min(shares) < 0:
        raise NothingToShareBy(f"{total} cannot be shared by {[str(weight) for weight in weights]}")
    cents = int(require_amount(total.copy_abs()).scaleb(PLACES, _EXACT))
    exact = [cents * share / whole for share in shares]
    parts = [part.numerator // part.denominator for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in by_remainder[: cents - sum(parts)]:
        parts[index] += 1
    sign = -1 if total < 0 else 1
    return tuple(Decimal(sign * part).scaleb(-PLACES, _EXACT) for part in parts)


def require_sum(parts: Iterable[Decimal], *, total: Decimal, what: str) -> None:
    """Refuse parts that do not sum to their total exactly."""
    found = reduce(_EXACT.add, parts, Decimal(0))
    if found != total:
        raise DoesNotAddUp(f"{what}: the parts sum to {found}, not to {total}")


def parse_amount(text: str) -> Decimal:
    """Read an amount such as `43.10`: ASCII digits, a point, at most two decimals, nothing else."""
    if not _AMOUNT.fullmatch(text):
        raise NotMoney(f"{text[:40]!r} is not an amount such as 43.10")
    return round_half_up(Decimal(text))


def format_amount(amount: Decimal) -> str:
    """Write an amount with its two decimals and a point, `43.10`."""
    return f"{require_amount(amount):.2f}"


def creditor_reference(body: str) -> str:
    """Make the ISO 11649 reference `RFkk<body>` of a document; signs other than letters and digits are left out."""
    plain = re.sub(r"[^0-9A-Z]", "", body.upper(), flags=re.ASCII)
    if not _REFERENCE_BODY.fullmatch(plain):
        raise NotAReference(
            f"{body!r} leaves {len(plain)} letters and digits; 1 to {CREDITOR_REFERENCE_BODY_MAX} make one"
        )
    return f"RF{98 - _remainder(plain + 'RF00'):02d}{plain}"


def is_creditor_reference(text: str) -> bool:
    """Tell whether a text, spaces aside, is an ISO 11649 reference with the right check digits."""
    plain = text.replace(" ", "").upper()
    return bool(_REFERENCE.fullmatch(plain)) and _remainder(plain[4:] + plain[:4]) == 1


def _remainder(text: str) -> int:
    """Read the letters as two digits, A as 10 to Z as 35, and divide what comes out (ISO 7064, MOD 97-10)."""
    return int(text.translate(_LETTER_VALUES)) % 97
