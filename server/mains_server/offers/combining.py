"""Several contracts seen as the one that they would become: what they use together, at each of their places."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from mains_spi import Place

from mains_server.billing.attributes import AttributeTeller
from mains_server.billing.due import Traits
from mains_server.offers.measuring import Measured
from mains_server.offers.records import ComparisonProblem, ComparisonRefused, MonthUse, YearUse


def combined(parts: Sequence[Measured], *, teller: AttributeTeller) -> Measured:
    """See contracts of one customer as one contract over all their places, on the terms of the first.

    Refuses contracts of different customers, such as are not both in force on the day, and such as are told otherwise
    (one counts in two zones and another does not), since one contract cannot be both.
    """
    first, *others = parts
    for other in others:
        if other.due.customer_id != first.due.customer_id:
            raise _refused("Only contracts of one customer can become one contract.")
        if other.day != first.day:
            raise _refused("Each of the contracts has to be in force on the day.")
        if _told(other.traits) != _told(first.traits):
            raise _refused("The contracts count differently, such as in one zone and in two; compare each by itself.")
    whole = sum((Fraction(part.use.total) for part in parts), Fraction(0))
    return Measured(
        use=_added([part.use for part in parts]),
        day=first.day,
        traits=_of_no_place(first.traits),
        due=first.due,
        connection=first.connection,
        series={},
        points=tuple(point for part in parts for point in part.points),
        places=tuple(place for part in parts for place in _places(part, teller=teller)),
        shares=tuple(share for part in parts for share in _shares(part, whole=whole, parts=len(parts))),
    )


def _refused(message: str) -> ComparisonRefused:
    return ComparisonRefused(ComparisonProblem.CONTRACT_NOT_COMPARABLE, message, path="together")


def _of_no_place(traits: Traits) -> Traits:
    return traits._replace(premise_kind=None, phases=None, amperes=None, area_m2=None, residents=None)


def _told(traits: Traits) -> tuple[object, ...]:
    """Say what one contract has one of; how it is delivered and paid are those of the first."""
    return traits.kind, frozenset((one.name, one.value) for one in traits.dated)


def _places(part: Measured, *, teller: AttributeTeller) -> tuple[Place, ...]:
    return part.places or (teller.place_of(part.points),)


def _shares(part: Measured, *, whole: Fraction, parts: int) -> tuple[Fraction, ...]:
    """Tell which part of the whole each place of a contract used; equal parts where none of them used anything."""
    share = Fraction(part.use.total) / whole if whole else Fraction(1, parts)
    return tuple(own * share for own in part.shares or (Fraction(1),))


def _added(uses: Sequence[YearUse]) -> YearUse:
    """Add up what was used month by month; a month is measured where it was measured of each."""
    first = uses[0]
    months = []
    for same in zip(*(use.months for use in uses), strict=True):
        nights = [one.night for one in same if one.night is not None]
        months.append(
            MonthUse(
                month=same[0].month,
                total=sum((one.total for one in same), Decimal(0)),
                night=sum(nights, Decimal(0)) if len(nights) == len(same) else None,
                is_estimated=any(one.is_estimated for one in same),
            )
        )
    return YearUse(
        months=tuple(months), measured=first.measured, months_measured=min(use.months_measured for use in uses)
    )
