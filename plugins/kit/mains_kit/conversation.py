"""The questions the kit asks an adapter: from its golden bills, and made up for the hooks that bills do not use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from mains_spi import (
    Bill,
    ContractCheck,
    EstimateRequest,
    FactsRequest,
    MeasureRequest,
    NotesRequest,
    Period,
    ProductsRequest,
    Quality,
    RatingRequest,
    ReadingCheck,
    ReadingPoint,
    RegisterReadings,
    TariffRequest,
    Usage,
    Utility,
)

from mains_kit.adapter import Adapter
from mains_kit.rating import rate_again, request_for
from mains_kit.records import GoldenBill

SAMPLE_DAY = date(2024, 1, 1)
SAMPLE_READINGS = (Decimal(100), Decimal(110), Decimal(125))


@dataclass(frozen=True, slots=True)
class Question:
    """A hook and the request it is asked with."""

    hook: str
    request: Any = None

    def ask(self, adapter: Adapter) -> Any:
        """Ask it."""
        return adapter.ask(self.hook, self.request)


def questions(*, adapter: Adapter, bills: tuple[GoldenBill, ...]) -> tuple[Question, ...]:
    """Give a question for every hook the adapter has; golden bills make them richer."""
    days = tuple(dict.fromkeys(golden.on for golden in bills)) or (SAMPLE_DAY,)
    asked_for = dict.fromkeys((golden.product, golden.on) for golden in bills)
    asked_for |= dict.fromkeys((product.code, days[0]) for product in adapter.products(on=days[0]))
    found = [Question("describe_utility"), *(Question("products", ProductsRequest(day)) for day in days)]
    found += [
        Question("tariff", TariffRequest(code, day))
        for code, day in asked_for
        if not adapter.product(code=code, on=day).rated
    ]
    found += _about_contracts(adapter, bills, days)
    found += _about_readings(adapter)
    return tuple(question for question in found if adapter.has(question.hook))


def sample_readings(*, quantity: str, unit: str) -> RegisterReadings:
    """Give three monthly readings of one register."""
    points = tuple(
        ReadingPoint(_month(at), value, Quality.ACTUAL, "kit") for at, value in enumerate(SAMPLE_READINGS, start=1)
    )
    return RegisterReadings(quantity=quantity, unit=unit, readings=points, installed=Period.since(SAMPLE_DAY))


def _month(number: int) -> date:
    return SAMPLE_DAY.replace(month=number)


def _about_contracts(adapter: Adapter, bills: tuple[GoldenBill, ...], days: tuple[date, ...]) -> Iterator[Question]:
    for product in adapter.products(on=days[0]):
        yield Question("check_contract", ContractCheck(product=product.code, on=days[0]))
        yield Question("needed_facts", FactsRequest(product.code, Period(days[0], days[0] + timedelta(days=31))))
    for golden in bills:
        attributes = golden.request.attributes
        yield Question("check_contract", ContractCheck(product=golden.product, on=golden.on, attributes=attributes))
        product = adapter.product(code=golden.product, on=golden.on)
        if product.rated:
            yield Question("rate", request_for(golden=golden, adapter=adapter))
        if adapter.has("invoice_notes"):
            yield Question("invoice_notes", _notes(golden, adapter))


def _notes(golden: GoldenBill, adapter: Adapter) -> NotesRequest:
    bill: Bill = rate_again(golden=golden, adapter=adapter)
    request: RatingRequest = request_for(golden=golden, adapter=adapter)
    return NotesRequest(product=golden.product, bill=bill, request=request)


def _about_readings(adapter: Adapter) -> Iterator[Question]:
    utility: Utility = adapter.utility()
    for kind in utility.quantities:
        register = sample_readings(quantity=kind.name, unit=kind.unit)
        reading = ReadingPoint(_month(4), Decimal(140), Quality.ACTUAL, "kit")
        yield Question("check_reading", ReadingCheck(register=register, reading=reading, on=_month(4)))
        yield Question("measure", MeasureRequest(period=Period(_month(1), _month(2)), registers=(register,)))
        used = Usage(kind.name, Period(_month(1), _month(2)), Decimal(10), kind.unit)
        request = EstimateRequest(period=Period(_month(2), _month(3)), missing=(kind.name,), history=(used,))
        yield Question("estimate", request)
