"""Bills many alike contracts with plain integers, to the same cent as ``evaluate``.

The terms of the tariff are worked out once for the whole cohort; what remains is integer arithmetic on the usage of
each contract, written as one Python function. A property test holds every line, tax and total equal to ``evaluate``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from mains_spi.book import Book
from mains_spi.cohort_lines import CompiledLine, Shown, compiled_lines
from mains_spi.cohort_terms import MICRO, Column, Compiler, NotCompiled
from mains_spi.components import Component, TimeOfUse
from mains_spi.cuts import segments_of
from mains_spi.errors import CannotRate
from mains_spi.exact import ZERO, fixed, plain
from mains_spi.formula import Formula, Rater, assemble, constant
from mains_spi.here import Amounts, Here
from mains_spi.plan import Plan, plan_of
from mains_spi.record import Period, Record
from mains_spi.requests import RatingRequest
from mains_spi.results import Line
from mains_spi.scope import Scope
from mains_spi.settling import PRICE_PLACES, QUANTITY_PLACES, line_words
from mains_spi.tariff import Rounding, Tariff
from mains_spi.terms import Qty
from mains_spi.trace import Trace
from mains_spi.values import applies
from mains_spi.walk import find, name_of

CompactBill = tuple[
    tuple[int, ...],  # quantity of each line, in millionths of its unit
    tuple[int, ...],  # net of each line, in minor units of the currency (cents)
    tuple[int, ...],  # gross of each line, likewise; () where tax is worked out per rate
    tuple[int, ...],  # net of each tax group, likewise
    tuple[int, ...],  # tax of each tax group, likewise
    int,  # total, likewise
    int,  # payable, likewise
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortLine(Record):
    """What a line has in common in all bills of the cohort.

    ``price`` None means that the line's price is its own net with the sign turned (a rebate, whose quantity is -1).
    ``shown`` says whether the line stands on every bill, or only where its quantity or its net is not zero.
    ``columns`` are the inputs that make the line estimated when they are.
    """

    code: str
    period: Period
    unit: str
    price: Decimal | None
    price_unit: str
    base: Decimal
    tax_code: str | None
    rate: Decimal
    after_tax: bool
    apportioned: bool
    shown: Shown
    columns: tuple[int, ...]
    tax_group: int | None


@dataclass(frozen=True, slots=True)
class NotCovered(Record):
    """Why these contracts must be rated one by one with ``evaluate``."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """A tariff compiled for contracts that differ in usage only.

    ``divides``: some usage is divided by days, so a contract with several usage rows in one column must be rated with
    ``evaluate``; otherwise its rows may be added up. ``places`` are the decimals of a minor unit. ``rate`` gives whole
    bills, ``payables`` only what each comes to, in minor units and in less time.
    """

    columns: tuple[Column, ...]
    lines: tuple[CohortLine, ...]
    tax_groups: tuple[tuple[str, Decimal], ...]
    rounding: Rounding
    places: int
    period: Period
    currency: str
    divides: bool
    rate: Callable[[Iterable[Sequence[int]]], list[CompactBill]]
    payables: Callable[[Iterable[Sequence[int]]], list[int]]

    def bill_lines(self, bill: CompactBill, estimated: Collection[int] = ()) -> tuple[Line, ...]:
        """Write out the lines of one bill as ``evaluate`` gives them, but for ``why``.

        ``estimated`` are the columns whose usage was estimated.
        """
        quantities, nets, grosses, *_ = bill
        lines = []
        for index, line in enumerate(self.lines):
            if line.shown == "always" or (quantities if line.shown == "quantity" else nets)[index]:
                gross = Fraction(grosses[index], 10**self.places) if grosses else None
                lines.append(self._line(line, quantities[index], nets[index], gross, estimated))
        return tuple(lines)

    def _line(
        self, line: CohortLine, micros: int, minor: int, gross: Fraction | None, estimated: Collection[int]
    ) -> Line:
        quantity, net = plain(Fraction(micros, MICRO), QUANTITY_PLACES), Fraction(minor, 10**self.places)
        price = plain(-net, PRICE_PLACES) if line.price is None else line.price
        return Line(
            code=line.code,
            period=line.period,
            quantity=quantity,
            unit=line.unit,
            price=price,
            base=line.base,
            net=fixed(net, self.places),
            tax_code=line.tax_code,
            rate=line.rate,
            gross=None if gross is None else fixed(gross, self.places),
            after_tax=line.after_tax,
            estimated=any(column in estimated for column in line.columns),
            apportioned=line.apportioned,
            text=line_words(quantity, line.unit, price, line.price_unit, line.base),
            price_unit=line.price_unit,
        )


Stretches = Mapping[str, Sequence[Period]]
"""Days in which the usage of a quantity is counted apart: they follow each other through the whole period."""


def compile_cohort(
    *, tariff: Tariff, conditions: RatingRequest, stretches: Stretches | None = None
) -> Cohort | NotCovered:
    """Compile a tariff for all contracts that share ``conditions``: a rating request without usage.

    Prices, taxes, tax codes, attributes, facts, ``used``, price and profile series, period and ``known_at`` are those
    of every contract of the cohort. ``cohort.rate(rows)`` then takes one row a contract: an int for each of
    ``cohort.columns``, the usage of that name and zone in the whole period, in millionths of the unit
    (``int(value * MICRO)``). A quantity that ``stretches`` names has a column for each of its stretches. A contract
    with anything else (no value, a zone that is no column, usage that begins or ends elsewhere inside the period) goes
    to ``evaluate``, and so does every contract if the answer is ``NotCovered``.
    """
    try:
        _refuse_uncovered(tariff, conditions)
        return _compiled(tariff, conditions, stretches or {})
    except (NotCompiled, CannotRate) as refusal:
        return NotCovered(str(refusal))


def _refuse_uncovered(tariff: Tariff, conditions: RatingRequest) -> None:
    if conditions.group is not None:
        raise NotCompiled("a building is rated whole")
    if conditions.places:
        raise NotCompiled("a contract over several places is rated by itself")
    if conditions.usage:
        raise NotCompiled("the conditions of a cohort have no usage: give it in rows")
    policy = tariff.rounding
    tax_places = policy.total if policy.tax == "per_unit" else policy.tax_places
    if policy.tax == "end" or not policy.line == policy.total == tax_places:
        raise NotCompiled(f"rounding policy {policy.name} has more than one smallest unit")


def _compiled(tariff: Tariff, conditions: RatingRequest, stretches: Stretches) -> Cohort:
    scope = Scope(usage=(), attributes=conditions.attributes, series=conditions.series)
    here = Here(tariff, Book(conditions), Trace(), scope, None, Amounts(), conditions.period, "")
    plan = plan_of(tariff)
    active = [
        (component, there)
        for index, component in enumerate(plan.components)
        for there in _active(plan, index, component, here)
    ]
    whole = _columns([component for component, _ in active], here)
    columns = [part for column in whole for part in _in_stretches(column, stretches.get(column.name, ()))]
    compiler, lines = _compiled_with(columns, active)
    used = frozenset().union(*(line.net.columns | line.quantity.columns for line in lines))
    if len(used) < len(columns):
        compiler, lines = _compiled_with([columns[index] for index in sorted(used)], active)
    return _assembled(tariff, conditions, compiler, lines)


def _compiled_with(columns: list[Column], active: list[tuple[Component, Here]]) -> tuple[Compiler, list[CompiledLine]]:
    """Compile all lines over some columns; what ``OrElse`` never asks for turns out unused and is left out later."""
    compiler = Compiler(columns=columns)
    return compiler, [line for component, there in active for line in compiled_lines(component, there, compiler)]


def _active(plan: Plan, index: int, component: Component, here: Here) -> list[Here]:
    name = name_of(component)
    segments = segments_of(plan, index, here.at(here.segment, name))
    return [there for there in (here.at(s, name) for s in segments) if applies(component, there)]


def _columns(components: list[Component], here: Here) -> list[Column]:
    """Find the usage the components ask for; a quantity asked for by zone has a column for each zone only."""
    asked: dict[str, dict[str | None, str]] = {}
    for component in components:
        for qty in find(component, Qty):
            if qty.name in here.scope.series or here.scope.own_attribute(qty.name, here.segment.start):
                continue
            split = isinstance(component, TimeOfUse) and qty == component.qty
            for zone in _zones(component) if split else [qty.zone]:
                asked.setdefault(qty.name, {})[zone] = qty.unit
    columns: list[Column] = []
    for name, units in asked.items():
        zoned = sorted(zone for zone in units if zone is not None)
        columns.extend(Column(name, units[zone], zone) for zone in zoned)
        if not zoned:
            columns.append(Column(name, units[None], None))
    return columns


def _in_stretches(column: Column, stretches: Sequence[Period]) -> list[Column]:
    return [Column(column.name, column.unit, column.zone, days) for days in stretches] or [column]


def _zones(component: Component) -> list[str | None]:
    return [zone.zone for zone in component.zones] if isinstance(component, TimeOfUse) else []


def _assembled(tariff: Tariff, conditions: RatingRequest, compiler: Compiler, lines: list[CompiledLine]) -> Cohort:
    groups = sorted({(line.tax.code, plain(Fraction(line.tax.rate), PRICE_PLACES)) for line in lines if line.tax})
    policy = tariff.rounding
    cohort_lines = tuple(_cohort_line(line, groups) for line in lines)
    bill = _result(compiler, lines, cohort_lines, groups, policy)
    return Cohort(
        columns=tuple(compiler.columns),
        lines=cohort_lines,
        tax_groups=tuple(groups),
        rounding=policy,
        places=policy.total,
        period=conditions.period,
        currency=tariff.currency,
        divides=any(line.apportioned for line in cohort_lines),
        rate=_when_asked(compiler, f"({', '.join(bill)})"),
        payables=_when_asked(compiler, bill[-1]),
    )


def _when_asked(compiler: Compiler, result: str) -> Rater:
    """Give a function that is written when it is first called: hardly anybody wants both bills and sums."""

    @cache
    def written() -> Rater:
        return assemble(len(compiler.columns), compiler.program, result)

    def rate(rows: Iterable[Sequence[int]]) -> list[Any]:
        return written()(rows)

    return rate


def _cohort_line(line: CompiledLine, groups: list[tuple[str, Decimal]]) -> CohortLine:
    rate = plain(Fraction(line.tax.rate) if line.tax else ZERO, PRICE_PLACES)
    return CohortLine(
        code=line.code,
        period=line.period,
        unit=line.unit,
        price=None if line.price is None else plain(line.price, PRICE_PLACES),
        price_unit=line.price_unit,
        base=Decimal(line.base),
        tax_code=line.tax.code if line.tax else None,
        rate=rate,
        after_tax=line.tax is None,
        apportioned=line.net.is_apportioned,
        shown=line.shown,
        columns=tuple(sorted(line.net.columns)),
        tax_group=groups.index((line.tax.code, rate)) if line.tax else None,
    )


def _result(
    compiler: Compiler,
    lines: list[CompiledLine],
    cohort_lines: tuple[CohortLine, ...],
    groups: list[tuple[str, Decimal]],
    policy: Rounding,
) -> tuple[str, ...]:
    """Write the parts of the compact bill as Python expressions."""
    program, places = compiler.program, policy.total
    nets, taxes = [], []
    for index, (_, rate) in enumerate(groups):
        members = [line for line, at in zip(lines, cohort_lines, strict=True) if at.tax_group == index]
        net = _sum(compiler, [line.net for line in members])
        if policy.tax == "per_rate":
            tax = program.round(program.multiply(net, constant(Fraction(rate))), places)
        else:
            gross = _sum(compiler, [line.gross for line in members if line.gross is not None])
            tax = program.subtract(gross, net)
        nets.append(net)
        taxes.append(tax)
    total = _sum(compiler, [*nets, *taxes])
    off = _sum(compiler, [line.net for line in lines if line.tax is None])
    return (
        _tuple([program.units(line.quantity, QUANTITY_PLACES) for line in lines]),
        _tuple([program.units(line.net, places) for line in lines]),
        _tuple([program.units(line.gross, places) for line in lines if line.gross is not None]),
        _tuple([program.units(net, places) for net in nets]),
        _tuple([program.units(tax, places) for tax in taxes]),
        program.units(total, places),
        program.units(program.add(total, off), places),
    )


def _sum(compiler: Compiler, numbers: list[Formula]) -> Formula:
    total = constant(ZERO)
    # What is the same for all is added up now, and not again for each of them.
    for number in sorted(numbers, key=lambda one: not one.is_constant):
        total = compiler.program.add(total, number)
    return total


def _tuple(expressions: list[str]) -> str:
    return f"({', '.join(expressions)}{',' if len(expressions) == 1 else ''})"
