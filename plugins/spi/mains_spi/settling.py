"""Turns drafts into lines, and lines into totals, by the tariff's rounding policy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from mains_spi.drafts import Draft
from mains_spi.exact import UNIT, ZERO, fixed, half_up, plain
from mains_spi.here import Here
from mains_spi.record import Period
from mains_spi.replay import OPEN_PLACES, amount_of
from mains_spi.requests import Attribute
from mains_spi.results import Bill, FigureValue, Line, TaxTotal
from mains_spi.scope import Scope
from mains_spi.tariff import Rounding
from mains_spi.trace import APPORTIONED, ASSUMED, ESTIMATED, Source, Value

QUANTITY_PLACES = 6
PRICE_PLACES = 8


@dataclass(frozen=True, slots=True)
class Settled:
    """A line and the exact amounts behind it."""

    line: Line
    net: Fraction
    gross: Fraction | None


def settle(draft: Draft, here: Here, scope: Scope) -> Settled:
    """Tax a line by its charge, the customer's kind and the day of consumption, and explain it."""
    code, rate = (None, here.number(ZERO, "no tax"))
    if not draft.after_tax:
        row = here.book.tax(draft.code, scope, draft.period.start)
        code, rate = row.code, here.trace.given(Fraction(row.rate), Source(f"tax {row.code}", "1", "tax rates"))
    gross = _gross(draft, here, rate)
    places = here.tariff.rounding.line
    quantity, price = plain(draft.quantity.number, QUANTITY_PLACES), plain(draft.price.number, PRICE_PLACES)
    base = plain(draft.base.number if draft.base else UNIT, PRICE_PLACES)
    line = Line(
        code=draft.code,
        period=draft.period,
        quantity=quantity,
        unit=draft.unit,
        price=price,
        base=base,
        net=amount_of(draft.net.number, places),
        tax_code=code,
        rate=plain(rate.number, PRICE_PLACES),
        gross=None if gross is None else amount_of(gross.number, places),
        after_tax=draft.after_tax,
        estimated=bool(draft.net.flags & (ESTIMATED | ASSUMED)),
        apportioned=bool(draft.net.flags & APPORTIONED),
        text=_words(draft, line_words(quantity, draft.unit, price, draft.price_unit, base)),
        price_unit=draft.price_unit,
        place=draft.place,
        why=_why(draft, here, gross) if here.is_explained else {},
    )
    return Settled(line, draft.net.number, None if gross is None else gross.number)


def _words(draft: Draft, words: str) -> str:
    return f"{draft.place}: {words}" if draft.place else words


def _gross(draft: Draft, here: Here, rate: Value) -> Value | None:
    policy, step = here.tariff.rounding, here.trace.step
    if policy.tax in ("per_rate", "end"):
        return None
    if draft.after_tax:
        return draft.net
    if policy.tax == "per_unit" and draft.is_priced:
        with_tax = step("mul", draft.price, step("add", here.number(1, "one"), rate))
        gross = step("mul", draft.quantity, step("round", with_tax, places=policy.tax_places))
        gross = step("div", gross, draft.base) if draft.base else gross
        return gross if policy.line is None else step("round", gross, places=policy.line)
    places = policy.tax_places if policy.tax == "per_line" else policy.total
    return step("add", draft.net, step("round", step("mul", draft.net, rate), places=places))


def _why(draft: Draft, here: Here, gross: Value | None) -> dict[str, Any]:
    results = (draft.net,) if gross is None else (draft.net, gross)
    inputs, steps, names = here.trace.explain(*results)
    written: dict[str, Any] = {
        "v": 1,
        "tariff": here.tariff.code,
        "code": draft.code,
        "period": [draft.period.start.isoformat(), draft.period.end.isoformat()],
        "inputs": inputs,
        "steps": steps,
        "result": names[0],
        "rounding": dict(_policy(here.tariff.rounding)),
    }
    if gross is not None:
        written["gross"] = names[1]
    if draft.conditions:
        written["conditions"] = [_condition(attribute) for attribute in draft.conditions]
    return written


def _condition(attribute: Attribute) -> dict[str, str]:
    written = {"name": attribute.name, "value": attribute.value}
    return {**written, "decision": attribute.decision} if attribute.decision else written


@lru_cache(maxsize=64)
def _policy(rounding: Rounding) -> dict[str, Any]:
    return asdict(rounding)


def line_words(quantity: Decimal, unit: str, price: Decimal, price_unit: str, base: Decimal) -> str:
    """Write the formula of a line for people, in no language."""
    per = "" if base == 1 else f" / {base:f}"
    of_unit = "" if unit == "1" else f" {unit}"
    return f"{quantity:f}{of_unit} x {price:f} {price_unit}{per}"


def figure(here: Here, code: str, value: Value, unit: str) -> FigureValue:
    """Write down a value to keep as a fact."""
    kept = plain(value.number, OPEN_PLACES)
    if not here.is_explained:
        return FigureValue(code=code, period=here.segment, value=kept, unit=unit)
    inputs, steps, names = here.trace.explain(value)
    why = {"v": 1, "tariff": here.tariff.code, "code": code, "inputs": inputs, "steps": steps, "result": names[0]}
    why["rounding"] = {"line": None}
    return FigureValue(code=code, period=here.segment, value=kept, unit=unit, why=why)


def bill_of(
    party: str,
    here: Here,
    lines: Iterable[Settled],
    *,
    contract: str | None = None,
    figures: tuple[FigureValue, ...] = (),
) -> Bill:
    """Add up the lines of one party."""
    settled = tuple(lines)
    policy = here.tariff.rounding
    taxed = [s for s in settled if not s.line.after_tax]
    groups = _tax_groups(taxed, policy)
    exact = sum((net + tax for _, _, net, tax in groups), ZERO)
    total = half_up(exact, policy.total)
    tax = half_up(sum((tax for *_, tax in groups), ZERO), policy.total)
    off = half_up(sum((s.net for s in settled if s.line.after_tax), ZERO), policy.total)
    return Bill(
        id=party,
        currency=here.tariff.currency,
        period=here.book.request.period,
        lines=tuple(s.line for s in settled),
        taxes=tuple(
            TaxTotal(code, plain(rate, PRICE_PLACES), _amount(net, policy), _amount(tax, policy))
            for code, rate, net, tax in groups
        ),
        net=fixed(total - tax, policy.total),
        tax=fixed(tax, policy.total),
        total=fixed(total, policy.total),
        payable=fixed(total + off, policy.total),
        rounded_by=plain(total - exact, OPEN_PLACES),
        rounding=policy,
        figures=figures,
        contract=contract,
    )


def _tax_groups(lines: list[Settled], policy: Rounding) -> list[tuple[str, Fraction, Fraction, Fraction]]:
    """Give tax code, rate, net and tax of each group of lines, sorted."""
    grouped: dict[tuple[str, Decimal], list[Settled]] = {}
    for settled in lines:
        assert settled.line.tax_code is not None
        grouped.setdefault((settled.line.tax_code, settled.line.rate), []).append(settled)
    groups = []
    for (code, rate), members in sorted(grouped.items()):
        net = sum((s.net for s in members), ZERO)
        groups.append((code, Fraction(rate), net, _tax(members, net, Fraction(rate), policy)))
    return groups


def _tax(lines: list[Settled], net: Fraction, rate: Fraction, policy: Rounding) -> Fraction:
    if policy.tax == "end":
        return net * rate
    if policy.tax == "per_rate":
        return half_up(net * rate, policy.tax_places)
    return sum((s.gross - s.net for s in lines if s.gross is not None), ZERO)


def _amount(value: Fraction, policy: Rounding) -> Decimal:
    return plain(value, OPEN_PLACES) if policy.line is None else fixed(value, policy.total)


def house_bill(party: str, here: Here, own: Bill, members: tuple[Bill, ...]) -> Bill:
    """Add up a building: its premises' bills and its own lines."""
    bills = (own, *members)
    taxes: dict[tuple[str, Decimal], tuple[Fraction, Fraction]] = {}
    for bill in bills:
        for entry in bill.taxes:
            net, tax = taxes.get((entry.code, entry.rate), (ZERO, ZERO))
            taxes[(entry.code, entry.rate)] = (net + Fraction(entry.net), tax + Fraction(entry.tax))
    policy = here.tariff.rounding

    def total(name: str) -> Decimal:
        return fixed(sum((Fraction(getattr(bill, name)) for bill in bills), ZERO), policy.total)

    return Bill(
        id=party,
        currency=own.currency,
        period=own.period,
        lines=own.lines,
        taxes=tuple(
            TaxTotal(code, rate, _amount(net, policy), _amount(tax, policy))
            for (code, rate), (net, tax) in sorted(taxes.items())
        ),
        net=total("net"),
        tax=total("tax"),
        total=total("total"),
        payable=total("payable"),
        rounded_by=plain(sum((Fraction(b.rounded_by) for b in bills), ZERO), OPEN_PLACES),
        rounding=policy,
        figures=own.figures,
        members=members,
    )


def covers_days(period: Period, parts: Iterable[Period]) -> bool:
    """Tell whether parts follow each other from the start to the end of a period."""
    day = period.start
    for part in sorted(parts):
        if part.start != day:
            return False
        day = part.end
    return day == period.end
