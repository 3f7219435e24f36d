"""What a month on a product costs, by the tariff, prices and evaluator that bill; worked out once for alike askers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from mains_spi import (
    ALWAYS,
    Attribute,
    CannotRate,
    Cohort,
    Fact,
    Figure,
    Monthly,
    NotCovered,
    OrElse,
    PerAmpere,
    Period,
    Place,
    Product,
    RatingRequest,
    Rounding,
    Series,
    Spot,
    Tariff,
    Usage,
    Years,
    compile_cohort,
    evaluate_amounts,
    tax_codes,
)
from mains_spi.civil import month_of
from mains_spi.walk import find
from psycopg import Connection

from mains_server.adapters.live import LiveAdapter
from mains_server.billing.due import DueRow, Problem
from mains_server.billing.interval_series import may_hold, told_values
from mains_server.billing.pricebook import Offer, PriceBook
from mains_server.billing.prices import AgreedPrice
from mains_server.offers.queries import KnownSeries, series_before
from mains_server.offers.rules import months_before, months_from
from mains_server.offers.shelf import Shelf

MICRO = 10**6
TO_THE_CENT, EXACTLY = 2, 8
EXACT = Rounding("exact", line=EXACTLY, tax="per_rate", tax_places=EXACTLY, total=EXACTLY)
SHELF = Shelf(entries_max=600)
"""Keys are contents, never ids of a database, so that what is found is what would be worked out."""

Used = Mapping[tuple[str, str | None, str], Decimal]
"""What is used in a month, by quantity, zone and place; a place has a name only where there are several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What prices depend on besides the product: attributes, several places, and the present terms of a contract."""

    attributes: tuple[Attribute, ...]
    places: tuple[Place, ...] = ()
    present: DueRow | None = None


class MonthCost(NamedTuple):
    """A month's bill: net by charge and tax rate, tax by rate, support after tax by charge, and what is to be paid."""

    nets: dict[tuple[str, str, Decimal], Decimal]
    taxes: dict[tuple[str, Decimal], Decimal]
    after_tax: dict[str, Decimal]
    payable: Decimal


@dataclass(slots=True, kw_only=True, eq=False)
class PricedMonth:
    """A product in one month for one kind of customer: all of the question but what is used."""

    tariff: Tariff
    request: RatingRequest
    units: Mapping[str, str]
    _compiled: dict[int, Cohort | None] = field(default_factory=dict)

    def cost(self, used: Used) -> MonthCost:
        """Work the month's bill out to the cent, as it would be issued."""
        cohort = self._cohort(TO_THE_CENT)
        row = None if cohort is None else _row(cohort, used)
        if cohort is None or row is None:
            return self._evaluated(used, places=TO_THE_CENT)
        (bill,) = cohort.rate([row])
        return _of_cohort(cohort, nets=bill[1], taxes=bill[4], payable=bill[6])

    def exact_payable(self, used: Used) -> Decimal:
        """Work out what is to be paid with eight decimals, so that costs are compared without the noise of cents."""
        cohort = self._cohort(EXACTLY)
        row = None if cohort is None else _row(cohort, used)
        if cohort is None or row is None:
            return self._evaluated(used, places=EXACTLY).payable
        return _units(cohort.rate([row])[0][6], EXACTLY)

    def on_day(self, on: date) -> PricedMonth:
        """Give the day whose prices these are, so that what is missing is told of it and not of the months shown."""
        day = Period(on, on + timedelta(days=1))
        return replace(self, request=_stretched(self.request, days=day), _compiled={})

    def weighed_by(self, own: Series) -> PricedMonth:
        """Give the same month for one customer, whose own intervals stand in the place of the typical profile.

        So they weigh the prices whatever is used in all, and the year can be made greater or smaller.
        """
        profiles = {spot.weights for spot in find_all(self.tariff, Spot)}
        weights = [replace(own, name=one.name, unit=one.unit) for one in self.request.series if one.name in profiles]
        kept = [one for one in self.request.series if one.name not in profiles]
        return replace(self, request=replace(self.request, series=(*kept, *weights)), _compiled={})

    def _cohort(self, places: int) -> Cohort | None:
        if places not in self._compiled:
            found = compile_cohort(tariff=self._tariff(places), conditions=self.request)
            self._compiled[places] = None if isinstance(found, NotCovered) else found
        return self._compiled[places]

    def _tariff(self, places: int) -> Tariff:
        return self.tariff if places == TO_THE_CENT else replace(self.tariff, rounding=EXACT)

    def _evaluated(self, used: Used, *, places: int) -> MonthCost:
        days, own = self.request.period, {series.name for series in self.request.series}
        usage = [
            Usage(name, days, value, self.units[name], zone, place=place)
            for (name, zone, place), value in used.items()
            if name not in own
        ]
        bill = evaluate_amounts(self._tariff(places), replace(self.request, usage=tuple(usage)))
        cost = MonthCost({}, {}, {}, bill.payable)
        for line in bill.lines:
            if line.tax_code is None:
                add_to(cost.after_tax, line.code, line.net)
            else:
                add_to(cost.nets, (line.code, line.tax_code, line.rate), line.net)
        for tax in bill.taxes:
            add_to(cost.taxes, (tax.code, tax.rate), tax.tax)
        return cost


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PricedYear:
    """A product in the twelve calendar months; `exchange` are the months whose exchange prices were taken.

    `agreed_until` is the day until which the contract's own agreed price was taken in the place of the list's.
    """

    product: Product
    currency: str
    months: Mapping[int, PricedMonth]
    exchange: Period | None
    is_by_own_intervals: bool = False
    agreed_until: date | None = None

    def weighed_by(self, own: Mapping[int, Series], *, measured: Period | None) -> PricedYear:
        """Give the same year for a customer whose own intervals of its very months are known."""
        if self.exchange is None or self.exchange != measured or not own.keys() >= self.months.keys():
            return self
        months = {number: month.weighed_by(own[number]) for number, month in self.months.items()}
        return replace(self, months=months, is_by_own_intervals=True)


class YearPricer:
    """Prices the products of one utility as they hold on a day, kept for a whole year."""

    def __init__(self, connection: Connection, *, adapter: LiveAdapter, on: date, time_zone: str) -> None:
        self._connection = connection
        self._adapter = adapter
        self._on = on
        self._time_zone = time_zone
        self._day = Period(on, on + timedelta(days=1))
        self._book = PriceBook(adapter=adapter, period=self._day, known_at=on)
        self._units = {quantity.name: quantity.unit for quantity in adapter.utility.quantities}

    def year(self, product: Product, *, conditions: Conditions) -> PricedYear | Problem:
        """Price a product's twelve months for customers like this, or say why it cannot be done.

        The price agreed on a contract's present product holds for the months that begin before it ends.
        """
        listed = self._year(product, conditions=conditions)
        present = conditions.present
        until = None if present is None or present.product != product.code else present.price_fixed_until
        if present is None or until is None or until <= self._on or isinstance(listed, Problem):
            return listed
        price = self._book.agreed_price(self._connection, due=present)
        agreed = listed if price is None else self._year(product, conditions=conditions, agreed=price)
        if isinstance(agreed, Problem):
            return agreed
        fixed = {month.start.month for month in months_from(self._on) if month.start < until}
        months = {number: (agreed if number in fixed else listed).months[number] for number in listed.months}
        return replace(listed, months=months, agreed_until=until)

    def _year(
        self, product: Product, *, conditions: Conditions, agreed: AgreedPrice | None = None
    ) -> PricedYear | Problem:
        offer = self._book.offer(product.code)
        if isinstance(offer, Problem):
            return offer
        problem = _not_comparable(offer)
        if problem is not None:
            return problem
        assert offer.tariff is not None
        series = self._series(offer.tariff, attributes=conditions.attributes)
        if isinstance(series, Problem):
            return series
        bare = self._bare_request(offer, conditions=conditions, agreed=agreed)
        if isinstance(bare, Problem):
            return bare
        frame = months_before(self._on if series is None else series.ends)
        months = self._months(frame, tariff=offer.tariff, bare=bare, series=series)
        return PricedYear(
            product=product,
            currency=offer.tariff.currency,
            months=months,
            exchange=None if series is None else Period(frame[0].start, frame[-1].end),
        )

    def unit(self, quantity: str) -> str:
        """Give the unit that a quantity is counted in."""
        return self._units[quantity]

    def allowance(self, product: Product, *, conditions: Conditions) -> Decimal:
        """Give how much a month these customers get at the support price, nothing for most."""
        comparing, offer = self._adapter.utility.comparing, self._book.offer(product.code)
        if comparing is None or comparing.allowance is None or isinstance(offer, Problem) or offer.tariff is None:
            return Decimal(0)
        bare = self._bare_request(offer, conditions=replace(conditions, places=()))
        if isinstance(bare, Problem):
            return Decimal(0)
        asked = Tariff("allowance", offer.tariff.currency, (Figure("allowance", comparing.allowance),))
        try:
            (figure,) = evaluate_amounts(asked, bare).figures
        except CannotRate:
            return Decimal(0)
        return figure.value

    def _bare_request(
        self, offer: Offer, *, conditions: Conditions, agreed: AgreedPrice | None = None
    ) -> RatingRequest | Problem:
        """Ask about the day itself; its prices and taxes are then stretched over the months."""
        bare = replace(offer, needs=())
        prices = self._book.prices(
            self._connection, offer=bare, period=self._day, time_zone=self._time_zone, agreed=agreed
        )
        if isinstance(prices, Problem):
            return prices
        return RatingRequest(
            contract="",
            period=self._day,
            attributes=conditions.attributes,
            places=tuple(replace(place, period=ALWAYS) for place in conditions.places),
            prices=prices.versions,
            taxes=self._book.taxes(self._connection),
            tax_codes=tax_codes(self._adapter.utility),
            known_at=self._on,
            tz=self._time_zone,
        )

    def _months(
        self, frame: tuple[Period, ...], *, tariff: Tariff, bare: RatingRequest, series: KnownSeries | None
    ) -> dict[int, PricedMonth]:
        is_alike = series is None and _is_alike_every_month(tariff)
        marks = () if series is None else series.marks
        # What is asked about is long; it is looked up once, and the months under what then stands for it.
        asked = SHELF.find((tariff, bare)) or SHELF.keep((tariff, bare), object())
        found = {}
        for days in frame:
            shown = month_of(self._on) if is_alike else days
            key = (asked, shown, marks)
            month = SHELF.find(key)
            if month is None:
                told = () if series is None else series.read(self._connection)
                request = replace(_stretched(bare, days=shown), series=told)
                month = SHELF.keep(key, PricedMonth(tariff=tariff, request=request, units=self._units))
            found[days.start.month] = month
        return found

    def _series(self, tariff: Tariff, *, attributes: tuple[Attribute, ...]) -> KnownSeries | Problem | None:
        told = told_values(attributes)
        spots = [spot for spot in find_all(tariff, Spot) if all(may_hold(when, told=told) for when in spot.when)]
        names = sorted({name for spot in spots for name in (spot.series, spot.weights) if name is not None})
        if not names:
            return None
        found = series_before(self._connection, names=names, on=self._on, time_zone=self._time_zone)
        return found or Problem("no_exchange_prices", f"no twelve months of {', '.join(names)} are known on {self._on}")


def find_all(tariff: Tariff, kind: type[Any]) -> list[Any]:
    """Find all parts of one kind in a tariff."""
    return find(tariff, kind)


def add_to(sums: dict[Any, Decimal], key: Any, value: Decimal) -> None:
    """Add a value to a sum."""
    sums[key] = sums.get(key, Decimal(0)) + value


def _not_comparable(offer: Offer) -> Problem | None:
    if offer.tariff is None:
        return Problem("priced_by_adapter", "the utility prices this product bill by bill")
    if len(find_all(offer.tariff, Fact)) > sum(len(find(one.first, Fact)) for one in find_all(offer.tariff, OrElse)):
        return Problem("needs_facts", "its price depends on figures of a customer's own past")
    return None


def _is_alike_every_month(tariff: Tariff) -> bool:
    """Tell whether a whole month costs the same in each month: nothing is counted by days of the year or by series."""
    fees = [*find_all(tariff, Monthly), *find_all(tariff, PerAmpere)]
    return not find_all(tariff, Years) and all(fee.prorate != "year" for fee in fees)


def _stretched(bare: RatingRequest, *, days: Period) -> RatingRequest:
    """Let the prices and taxes of one day hold in other days."""
    return replace(
        bare,
        period=days,
        prices=tuple(replace(version, period=days) for version in bare.prices),
        taxes=tuple(replace(rate, period=days) for rate in bare.taxes),
    )


def _row(cohort: Cohort, used: Used) -> list[int] | None:
    """Fill a cohort's columns; None where they are not what is known, or are finer than millionths."""
    row = []
    for column in cohort.columns:
        value = used.get((column.name, column.zone, ""))
        if value is None and column.zone is None:
            parts = [amount for (name, *_), amount in used.items() if name == column.name]
            value = sum(parts, Decimal(0)) if parts else None
        micro = None if value is None else value * MICRO
        if micro is None or micro != int(micro) or micro < 0:
            return None
        row.append(int(micro))
    return row


def _of_cohort(cohort: Cohort, *, nets: tuple[int, ...], taxes: tuple[int, ...], payable: int) -> MonthCost:
    cost = MonthCost({}, {}, {}, _units(payable, cohort.places))
    for line, net in zip(cohort.lines, nets, strict=True):
        if line.tax_code is None:
            add_to(cost.after_tax, line.code, _units(net, cohort.places))
        else:
            add_to(cost.nets, (line.code, line.tax_code, line.rate), _units(net, cohort.places))
    for (code, rate), tax in zip(cohort.tax_groups, taxes, strict=True):
        add_to(cost.taxes, (code, rate), _units(tax, cohort.places))
    return cost


def _units(value: int, places: int) -> Decimal:
    return Decimal(value).scaleb(-places)
