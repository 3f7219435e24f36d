"""Reads a price file (TOML): the dated prices and tax rates of one utility, as somebody published them.

Numbers stand in quotes, since a bare one would be a binary float; days are half-open. See docs/price_files.md.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Annotated

from mains_spi import Period, PriceRow, TaxRate, When
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from mains_server.access.records import Refusal
from mains_server.tariffs.records import NewPriceVersion, NewTaxRate


class PriceFileRefused(Refusal):
    """A price file cannot be read; the message names the place in it and what to do."""

    code = "PRICE_FILE_REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFile:
    """What one file holds."""

    adapter: str
    versions: tuple[NewPriceVersion, ...]
    rates: tuple[NewTaxRate, ...]


def read_price_file(*, text: str, name: str) -> PriceFile:
    """Read a price file whole, or refuse it with the place and the remedy; `name` is what to call the file."""
    try:
        document = tomllib.loads(text, parse_float=_BareFloat)
    except tomllib.TOMLDecodeError as error:
        raise PriceFileRefused(f"{name}: this is no TOML: {error}") from error
    try:
        sheet = _Sheet.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise PriceFileRefused(f"{name}, {place}: {first['msg'].removeprefix('Value error, ')}") from error
    return PriceFile(
        adapter=sheet.adapter,
        versions=tuple(_version(price, adapter=sheet.adapter) for price in sheet.price),
        rates=tuple(_rate(tax) for tax in sheet.tax),
    )


class _BareFloat(str):
    """A number written without quotes."""


def _exact(value: object) -> Decimal:
    if isinstance(value, _BareFloat | int):
        raise ValueError(f'write the number in quotes: "{value}"')
    if not isinstance(value, str):
        raise ValueError('write a number in quotes, such as "0.12345"')
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is no number") from None
    if not number.is_finite() or not value.isascii() or "e" in value.lower() or "_" in value:
        raise ValueError(f'{value!r} is no plain number; write one such as "0.12345"')
    return number


def _conditions(value: object) -> tuple[When, ...]:
    if not isinstance(value, Mapping):
        raise ValueError('write conditions as { phases = "3", amperes = { above = "16", upto = "63" } }')
    return tuple(_condition(name, wanted) for name, wanted in value.items())


def _condition(name: str, wanted: object) -> When:
    if isinstance(wanted, str) and not isinstance(wanted, _BareFloat):
        return When(name, (wanted,))
    if isinstance(wanted, list) and wanted and all(isinstance(word, str) for word in wanted):
        return When(name, tuple(wanted))
    if isinstance(wanted, Mapping) and wanted and set(wanted) <= {"above", "upto"}:
        bounds = {bound: _exact(number) for bound, number in wanted.items()}
        return When(name, above=bounds.get("above"), upto=bounds.get("upto"))
    raise ValueError(f'{name}: write a word, a list of words, or {{ above = "16", upto = "63" }}')


Exact = Annotated[Decimal, BeforeValidator(_exact)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


class _Row(_Part):
    name: str
    value: Exact
    unit: str
    when: Annotated[tuple[When, ...], BeforeValidator(_conditions)] = ()
    tax_included: Exact | None = None
    remark: str | None = None


class _Dated(_Part):
    starts: date = Field(alias="from")
    ends: date | None = Field(default=None, alias="to")
    source: str
    remark: str | None = None


class _Price(_Dated):
    list_name: str = Field(alias="list")
    version: str
    known_from: date
    decision: str
    rows: Annotated[tuple[_Row, ...], Field(min_length=1, strict=False)]
    is_correction: bool = False


class _Tax(_Dated):
    code: str
    rate: Exact
    kind: str | None = None


class _Sheet(_Part):
    format: int = Field(ge=1, le=1)
    adapter: str
    price: Annotated[tuple[_Price, ...], Field(strict=False)] = ()
    tax: Annotated[tuple[_Tax, ...], Field(strict=False)] = ()


def _version(price: _Price, *, adapter: str) -> NewPriceVersion:
    return NewPriceVersion(
        adapter=adapter,
        list=price.list_name,
        code=price.version,
        starts=price.starts,
        ends=price.ends,
        known_from=datetime.combine(price.known_from, time(), tzinfo=UTC),
        rows=tuple(PriceRow(row.name, row.value, row.unit, row.when, row.tax_included) for row in price.rows),
        source=price.source if price.remark is None else f"{price.source} ({price.remark})",
        decision=price.decision,
        is_correction=price.is_correction,
    )


def _rate(tax: _Tax) -> NewTaxRate:
    period = Period.since(tax.starts) if tax.ends is None else Period(tax.starts, tax.ends)
    return NewTaxRate(rate=TaxRate(tax.code, period, tax.rate, tax.kind), source=tax.source)
