"""The leaves of the schema: exact decimals, dates, instants, and the small values made of them. There is no Float."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry.types.scalar import ScalarDefinition

DIGITS_MAX = 38
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


class NotOfTheGrammar(ValueError):
    """A value was sent that the scalar's grammar does not allow."""


def read_decimal(value: object) -> Decimal:
    """Read a decimal as clients send it: a string of the strict grammar, never a JSON number."""
    if not isinstance(value, str) or len(value) > DIGITS_MAX + 2 or not _DECIMAL.fullmatch(value):
        raise NotOfTheGrammar('a Decimal is a string such as "12.50": digits, at most one point, no exponent')
    if sum(character.isdigit() for character in value) > DIGITS_MAX:
        raise NotOfTheGrammar(f"a Decimal has at most {DIGITS_MAX} digits")
    return Decimal(value)


def write_decimal(value: object) -> str:
    """Write a decimal without exponent and with the places it is kept in, as PostgreSQL prints it."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TypeError(f"{value!r} is not a finite Decimal")
    return format(abs(value) if value.is_zero() else value, "f")


def read_date(value: object) -> date:
    """Read a civil date, `2023-01-31`."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise NotOfTheGrammar('a Date is a string such as "2023-01-31"')
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise NotOfTheGrammar(f'there is no day "{value}"') from None


def write_date(value: object) -> str:
    """Write a civil date."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError(f"{value!r} is not a date")
    return value.isoformat()


def read_instant(value: object) -> datetime:
    """Read an instant in UTC or with its offset, to the microsecond, between the years 1900 and 2200."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise NotOfTheGrammar('an Instant is a string such as "2023-01-31T21:59:00Z"; the zone is required')
    try:
        instant = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotOfTheGrammar(f'there is no instant "{value}"') from None
    if not 1900 <= instant.year < 2200:
        raise NotOfTheGrammar("an Instant lies between the years 1900 and 2200")
    return instant


def write_instant(value: object) -> str:
    """Write an instant in UTC with milliseconds, the text of JavaScript's `toISOString`; finer digits are cut."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError(f"{value!r} is not an instant with a zone")
    instant = value.astimezone(UTC)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03}Z"


def scalar_map() -> dict[object, ScalarDefinition]:
    """Return which Python type stands for which scalar of ours."""
    return {
        Decimal: _scalar(
            "Decimal",
            'An exact decimal as a string: "12.50", "-0.004". Digits and at most one point; no exponent, no leading '
            f"zero, no NaN or Infinity; at most {DIGITS_MAX} digits. Never a JSON number.",
            read_decimal,
            write_decimal,
        ),
        date: _scalar("Date", 'A civil day at the supply address: "2023-01-31".', read_date, write_date),
        datetime: _scalar(
            "Instant",
            'A moment in UTC with milliseconds: "2023-01-31T21:59:00.000Z". Sent with Z or an offset, at most six '
            "fraction digits, between the years 1900 and 2200.",
            read_instant,
            write_instant,
        ),
    }


def _scalar(name: str, description: str, read: Any, write: Any) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, parse_value=read, serialize=write)


@strawberry.type(description="An amount of money; two decimal places.")
class Money:
    """An amount and its currency."""

    amount: Decimal = strawberry.field(description="How much, with two decimal places; negative is a credit.")
    currency: str = strawberry.field(description="ISO 4217 code, `EUR`.")


@strawberry.type(description="A measured or counted quantity; at most six decimal places.")
class Quantity:
    """A value and its unit."""

    value: Decimal = strawberry.field(description="How much, in the unit.")
    unit: str = strawberry.field(description="Unit of measure: `kWh`, `MWh`, `m3`, `m2`, `pcs`, `month`.")


@strawberry.type(description="A price for one unit of something, without tax; at most eight decimal places.")
class UnitPrice:
    """A price and what it is for."""

    amount: Decimal = strawberry.field(description="Price of one unit, without tax unless the field says otherwise.")
    unit: str = strawberry.field(description="Currency per unit: `EUR/kWh`, `EUR/month`.")


@strawberry.type(description="Civil days from `from` on, up to but without `to`.")
class Period:
    """A half-open stretch of civil days."""

    start: date = strawberry.field(name="from", description="First day.")
    end: date | None = strawberry.field(name="to", description="The day after the last; null while there is no end.")


@strawberry.type(description="A postal address.")
class Address:
    """Where somebody or something is."""

    line: str = strawberry.field(description="Street, house and premise.")
    city: str = strawberry.field(description="Town or parish.")
    postcode: str = strawberry.field(description="Postcode, `LV-3001`.")
    country: str = strawberry.field(description="ISO 3166-1 code of the country, `LV`.")
