"""Checks that hooks refuse nonsense in words, and never break over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from mains_spi import (
    Attribute,
    ContractCheck,
    Problem,
    Quality,
    RatingResult,
    ReadingCheck,
    ReadingPoint,
    SpiError,
    TariffRequest,
)

from mains_kit.adapter import Adapter
from mains_kit.conversation import SAMPLE_DAY, Question, sample_readings
from mains_kit.errors import AdapterUnusable, HookRaised
from mains_kit.rating import request_for
from mains_kit.records import GoldenBill

NO_PRODUCT = "kit-no-such-product"
TYPED = (SpiError, LookupError, ValueError)


def nonsense_mistakes(*, adapter: Adapter, bills: tuple[GoldenBill, ...]) -> tuple[str, ...]:
    """Find hooks that accept a product that does not exist, or break over odd input instead of naming a problem."""
    day = bills[0].on if bills else SAMPLE_DAY
    found = [*_unknown_product(adapter, day)]
    for question in _odd_questions(adapter, day):
        found += _problems(adapter, question)
    for golden in bills:
        if adapter.product(code=golden.product, on=golden.on).rated:
            found += _rate_nothing(adapter, golden)
    return tuple(dict.fromkeys(found))


def _unknown_product(adapter: Adapter, day: date) -> Iterator[str]:
    if adapter.has("tariff"):
        try:
            adapter.ask("tariff", TariffRequest(NO_PRODUCT, day))
        except HookRaised as error:
            if not isinstance(error.__cause__, TYPED):
                yield f"tariff breaks over a product that does not exist: {error}. Raise BadRecord naming it"
        else:
            yield "tariff answers for a product that does not exist: raise BadRecord naming it"
    if adapter.has("check_contract"):
        answer = _ask(adapter, Question("check_contract", ContractCheck(product=NO_PRODUCT, on=day)))
        if answer == ():
            yield "check_contract accepts a product that does not exist: give a Problem"
        elif isinstance(answer, str):
            yield answer


def _odd_questions(adapter: Adapter, day: date) -> Iterator[Question]:
    utility = adapter.utility()
    for product in adapter.products(on=day):
        for word in ("", "kit-nonsense", "-1", "NaN"):
            attributes = tuple(Attribute(attribute.name, word) for attribute in utility.attributes)
            yield Question("check_contract", ContractCheck(product=product.code, on=day, attributes=attributes))
    for kind in utility.quantities:
        register = sample_readings(quantity=kind.name, unit=kind.unit)
        for readings in (register.readings, ()):
            for value in ("0", "-1", "99999999999"):
                reading = ReadingPoint(date(2024, 4, 1), Decimal(value), Quality.ACTUAL, "kit")
                asked = ReadingCheck(
                    register=replace(register, readings=readings), reading=reading, on=date(2024, 4, 1)
                )
                yield Question("check_reading", asked)


def _problems(adapter: Adapter, question: Question) -> Iterator[str]:
    if not adapter.has(question.hook):
        return
    answer = _ask(adapter, question)
    if isinstance(answer, str):
        yield answer
        return
    for problem in answer:
        if not isinstance(problem, Problem):
            yield f"{question.hook} answered with a {type(problem).__name__} among its problems: give Problems only"
        elif not all(getattr(problem.labels, language).strip() for language in ("lv", "en", "ru")):
            yield f"{question.hook} gives the problem `{problem.code}` without words in lv, en and ru"


def _rate_nothing(adapter: Adapter, golden: GoldenBill) -> Iterator[str]:
    empty = replace(request_for(golden=golden, adapter=adapter), usage=(), series=(), prices=())
    answer = _ask(adapter, Question("rate", empty))
    if isinstance(answer, str):
        yield f"without usage and prices, {answer}"
    elif isinstance(answer, RatingResult) and not answer.problems and answer.charges:
        yield "rate charges although usage and prices are missing: give a Problem that names what is lacking"


def _ask(adapter: Adapter, question: Question) -> Any:
    """Ask, and give a sentence where the hook breaks."""
    try:
        return question.ask(adapter)
    except HookRaised as error:
        is_typed = isinstance(error.__cause__, SpiError)
        return (None,)[:0] if is_typed else f"{question.hook} breaks over odd input: {error}. Give a Problem instead"
    except AdapterUnusable as error:
        return str(error)
