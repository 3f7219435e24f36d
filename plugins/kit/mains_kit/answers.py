"""Checks of what an adapter answers: exact, declared, the same each time, and explained to the cent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import ROUND_DOWN, Context, Decimal, localcontext
from typing import Any

from mains_spi import Bill, Charge, Period, RatingResult, Utility, replay

from mains_kit.adapter import Adapter
from mains_kit.compare import all_lines
from mains_kit.conversation import questions
from mains_kit.errors import did_you_mean
from mains_kit.purity import Impure, watched
from mains_kit.rating import rate_again, request_for
from mains_kit.records import GoldenBill
from mains_kit.walk import first_difference, values_in

ROUGH = Context(prec=3, rounding=ROUND_DOWN)
TIME_UNITS = frozenset({"day", "month", "year", "1"})


def answer_mistakes_when_repeated(*, adapter: Adapter, bills: tuple[GoldenBill, ...]) -> tuple[str, ...]:
    """Find hooks and bills that come out otherwise when asked again, in another order."""
    asked = questions(adapter=adapter, bills=bills)
    first = {at: question.ask(adapter) for at, question in enumerate(asked)}
    sums = [rate_again(golden=golden, adapter=adapter) for golden in bills]
    again = {at: question.ask(adapter) for at, question in reversed(list(enumerate(asked)))}
    found = [
        f"{question.hook} answers the same question otherwise the second time: {difference}"
        for at, question in enumerate(asked)
        if (difference := _differ(first[at], again[at])) is not None
    ]
    found += [
        f"{golden.table.file}: the same bill comes out otherwise the second time: {difference}"
        for golden, before in zip(bills, sums, strict=True)
        if (difference := _differ(before, rate_again(golden=golden, adapter=adapter))) is not None
    ]
    return tuple(dict.fromkeys(found))


def answer_mistakes_in_a_rough_context(*, adapter: Adapter, bills: tuple[GoldenBill, ...]) -> tuple[str, ...]:
    """Find hooks and bills that depend on the caller's decimal context, here 3 digits rounded down."""
    found = []
    for question in questions(adapter=adapter, bills=bills):
        plain = question.ask(adapter)
        with localcontext(ROUGH):
            rough = question.ask(adapter)
        if (difference := _differ(plain, rough)) is not None:
            found.append(f"{question.hook} depends on the caller's decimal context: {difference}. {_exactly()}")
    for golden in bills:
        bill = rate_again(golden=golden, adapter=adapter)
        with localcontext(ROUGH):
            rough_bill = rate_again(golden=golden, adapter=adapter)
        if (difference := _differ(bill, rough_bill)) is not None:
            found.append(f"{golden.table.file} depends on the caller's decimal context: {difference}. {_exactly()}")
    return tuple(dict.fromkeys(found))


def answer_mistakes_when_watched(*, adapter: Adapter, bills: tuple[GoldenBill, ...]) -> tuple[str, ...]:
    """Find hooks that use a clock, chance, files, the network, programs or the environment."""
    found = []
    for question in questions(adapter=adapter, bills=bills):
        question.ask(adapter)
        try:
            watched(call=lambda question=question: question.ask(adapter))  # type: ignore[misc]
        except Impure as offence:
            found.append(f"{question.hook}: {offence}")
    return tuple(dict.fromkeys(found))


def float_mistakes(*, adapter: Adapter, bills: tuple[GoldenBill, ...]) -> tuple[str, ...]:
    """Find floats anywhere in what the adapter answers."""
    found = []
    for question in questions(adapter=adapter, bills=bills):
        for place, value in values_in(value=question.ask(adapter), place=question.hook):
            if isinstance(value, (float, complex)):
                found.append(f"{place} is the float {value!r}: write Decimal({str(value)!r})")
            elif isinstance(value, Decimal) and not value.is_finite():
                found.append(f"{place} is {value}: give a finite Decimal")
    return tuple(dict.fromkeys(found))


def charge_mistakes(*, adapter: Adapter, bills: tuple[GoldenBill, ...]) -> tuple[str, ...]:
    """Find charges that are not declared, in another unit, or outside the period billed."""
    utility = adapter.utility()
    found: list[str] = []
    for golden in bills:
        product = adapter.product(code=golden.product, on=golden.on)
        if product.rated:
            result: RatingResult = adapter.ask("rate", request_for(golden=golden, adapter=adapter))
            for charge in result.charges:
                found += _charge(charge, golden, utility)
        else:
            bill = rate_again(golden=golden, adapter=adapter)
            for _, line in all_lines(bill=bill):
                found += _declared(f"line `{line.code}`", line.code, line.unit, line.period, golden, utility)
    return tuple(dict.fromkeys(found))


def explanation_mistakes(*, adapter: Adapter, bills: tuple[GoldenBill, ...]) -> tuple[str, ...]:
    """Find lines whose explanation, written to JSON and read again, does not give their cents."""
    found = []
    for golden in bills:
        bill: Bill = rate_again(golden=golden, adapter=adapter)
        for _, line in all_lines(bill=bill):
            why = json.loads(json.dumps(line.why))
            wanted = {"result": line.net} | ({} if line.gross is None else {"gross": line.gross})
            for figure, amount in wanted.items():
                again = replay(why, figure=figure)
                if again != amount:
                    found.append(
                        f"{golden.table.file}: line `{line.code}` is {amount}, but its explanation gives {again}"
                    )
    return tuple(found)


def _differ(one: Any, other: Any) -> str | None:
    return first_difference(one=one, other=other, place=type(one).__name__)


def _exactly() -> str:
    return "Let terms do the arithmetic, or calculate inside decimal.localcontext with a context of your own"


def _charge(charge: Charge, golden: GoldenBill, utility: Utility) -> Iterator[str]:
    yield from _declared(f"charge `{charge.code}`", charge.code, charge.unit, charge.period, golden, utility)


def _declared(what: str, code: str, unit: str, period: Period, golden: GoldenBill, utility: Utility) -> Iterator[str]:
    codes = tuple(charge.code for charge in utility.charges)
    if code not in codes:
        yield f"{golden.table.file}: {what} is not declared in Utility.charges. {did_you_mean(word=code, known=codes)}"
    declared = {kind.unit for kind in utility.quantities}
    declared |= {attribute.unit for attribute in utility.attributes if attribute.unit is not None}
    if not _symbols(unit) <= TIME_UNITS.union(*(_symbols(known) for known in declared)):
        named = ", ".join(sorted(declared))
        yield f"{golden.table.file}: {what} counts in {unit}, which no quantity is declared in. Declared: {named}"
    if not golden.request.period.covers(period):
        yield (
            f"{golden.table.file}: {what} is for {period.start} to {period.end}, outside the bill's "
            f"{golden.request.period.start} to {golden.request.period.end}: charge only days of request.period"
        )


def _symbols(unit: str) -> set[str]:
    return set(unit.replace("/", "*").split("*"))
