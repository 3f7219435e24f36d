"""What an adapter may answer: exactly the declared records, down to the last field."""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from dataclasses import fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from mains_spi import (
    REQUIRED_HOOKS,
    SPI_MAJOR,
    PerUnit,
    Price,
    Product,
    Qty,
    Record,
    Tariff,
    Utility,
    application_mistakes,
    contract_rules_mistakes,
    invoicing_rules_mistakes,
    levelled_rules_mistakes,
    notice_mistakes,
    reading_rules_mistakes,
    topic_mistakes,
)
from mains_spi.walk import find

UNHEARD = ("measure",)
REVENUE = "revenue:"
ACCOUNT = re.compile(rf"({REVENUE})?[a-z0-9_.-]+", re.ASCII)
CODE = re.compile(r"[a-z][a-z0-9_]*")
PLAIN = (bool, int, str, bytes, date, datetime, timedelta, type(None))


def wrong_with(answer: object, *, wanted: Any, path: str = "the answer") -> str | None:
    """Find what makes an answer something else than the wanted records, or nothing.

    Annotations alone would let floats, lists and look-alikes through; they surface as wrong cents much later.
    """
    check = _CHECKS.get(get_origin(wanted), _wrong_with_leaf)
    if isinstance(wanted, type) and issubclass(wanted, Record):
        check = _wrong_with_record
    return check(answer, wanted, path)


def wrong_with_card(utility: Utility) -> str | None:
    """Find what an identity card contradicts or leaves out, or nothing."""
    if utility.spi_major != SPI_MAJOR:
        return f"speaks mains-spi {utility.spi_major}, this server speaks {SPI_MAJOR}"
    if CODE.fullmatch(utility.code) is None:
        return f"utility code {utility.code!r} is not of the form {CODE.pattern}"
    kinds = (
        ("charge", [charge.code for charge in utility.charges]),
        ("quantity", [quantity.name for quantity in utility.quantities]),
        ("price list", list(utility.price_lists)),
        ("attribute", [attribute.name for attribute in utility.attributes]),
    )
    for what, names in kinds:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or "" in names:
            return f"{what} {twice[0]!r} is declared twice" if twice else f"a {what} has no name"
    for charge in utility.charges:
        if ACCOUNT.fullmatch(charge.account) is None:
            return f"charge {charge.code!r} has the account {charge.account!r}, not one such as {REVENUE}{charge.code}"
    fee = utility.text_reminder_fee
    if fee is not None and fee not in {quantity.name for quantity in utility.quantities}:
        return f"text_reminder_fee {fee!r} is no quantity that is declared"
    mistakes = (
        *reading_rules_mistakes(utility.reading_rules),
        *contract_rules_mistakes(utility.contract_rules),
        *invoicing_rules_mistakes(utility.invoicing_rules),
        *levelled_rules_mistakes(utility.levelled_rules),
        *application_mistakes(utility.applications),
        *notice_mistakes(utility.notice_texts),
        *topic_mistakes(utility.notice_topics),
    )
    return next(iter(mistakes), None)


def missing_hook(*, hooks: frozenset[str], products: tuple[Product, ...] | None = None) -> str | None:
    """Find the required hook that is missing, or nothing; `tariff` may be missing where every product is rated."""
    for hook in REQUIRED_HOOKS:
        if hook not in hooks and (hook != "tariff" or "rate" not in hooks):
            return hook
    for product in products or ():
        needed = "rate" if product.rated else "tariff"
        if needed not in hooks:
            return needed
    return None


def unheard_hook(*, hooks: frozenset[str]) -> str | None:
    """Find a hook whose answer would change what is billed but that no flow asks yet, or nothing."""
    return next((hook for hook in UNHEARD if hook in hooks), None)


def _wrong_with_every_choice(answer: object, wanted: Any, path: str) -> str | None:
    reasons = [wrong_with(answer, wanted=choice, path=path) for choice in get_args(wanted)]
    return None if None in reasons else reasons[0]


def _wrong_with_word(answer: object, wanted: Any, path: str) -> str | None:
    words = get_args(wanted)
    return None if type(answer) is str and answer in words else f"{path} is {answer!r}, not one of {words}"


def _wrong_with_tuple(answer: object, wanted: Any, path: str) -> str | None:
    if type(answer) is not tuple:
        return _not_a(answer, "tuple", path)
    items = get_args(wanted)
    if items[-1] is Ellipsis:
        items = (items[0],) * len(answer)
    if len(items) != len(answer):
        return f"{path} has {len(answer)} parts, not {len(items)}"
    reasons = (wrong_with(part, wanted=items[n], path=f"{path}[{n}]") for n, part in enumerate(answer))
    return next((reason for reason in reasons if reason is not None), None)


def _wrong_with_record(answer: object, wanted: Any, path: str) -> str | None:
    kind: Any = type(answer)
    if not (isinstance(answer, Record) and kind.__module__.split(".")[0] == "mains_spi" and isinstance(answer, wanted)):
        return _not_a(answer, wanted.__name__, path)
    reasons = (
        wrong_with(getattr(answer, name, None), wanted=hint, path=f"{path}.{name}") for name, hint in _fields(kind)
    )
    return next((reason for reason in reasons if reason is not None), None)


def _wrong_with_leaf(answer: object, wanted: Any, path: str) -> str | None:
    if wanted is Any:
        return None
    if wanted is Decimal:
        is_right = type(answer) is Decimal and answer.is_finite()
        return None if is_right else _not_a(answer, "finite Decimal", path)
    is_right = isinstance(wanted, type) and type(answer) is wanted and issubclass(wanted, (*PLAIN, Enum))
    return None if is_right else _not_a(answer, getattr(wanted, "__name__", str(wanted)), path)


def _not_a(answer: object, wanted: str, path: str) -> str:
    shown = repr(answer) if isinstance(answer, (float, Decimal, int, str)) or answer is None else "it"
    return f"{path}: {shown[:60]} is a {type(answer).__name__}, not a {wanted}"


@cache
def _fields(kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(kind)
    return tuple((part.name, hints[part.name]) for part in fields(kind))


_CHECKS: dict[Any, Callable[[object, Any, str], str | None]] = {
    Union: _wrong_with_every_choice,
    types.UnionType: _wrong_with_every_choice,
    Literal: _wrong_with_word,
    tuple: _wrong_with_tuple,
}


def fee_price(tariff: Tariff, code: str) -> Price | None:
    """Find the dated price of a fee that a tariff charges now and then; None where it is worked out otherwise."""
    for part in tariff.components:
        if isinstance(part, PerUnit) and part.if_given and isinstance(part.qty, Qty) and part.qty.name == code:
            return part.price if isinstance(part.price, Price) else None
    return None


def charged_now_and_then(tariff: Tariff | None) -> frozenset[str]:
    """Name the quantities that a tariff charges where they are given, and does not miss where they are not."""
    if tariff is None:
        return frozenset()
    given = (part for part in tariff.components if isinstance(part, PerUnit) and part.if_given)
    return frozenset(qty.name for part in given for qty in find(part.qty, Qty))
