"""Sees that a golden file speaks of what the adapter declares: every word, every unit, every price."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mains_spi import Fact, Group, Price, Product, Spot, Tariff, Usage, Utility

from mains_kit.adapter import Adapter
from mains_kit.errors import TermUnknown, UnitsDiffer, did_you_mean
from mains_kit.records import GoldenBill
from mains_kit.tables import Table
from mains_kit.walk import all_of

HOST_ATTRIBUTES = ("kind", "premise", "phases", "amperes", "delivery", "settlement")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words an adapter knows, by what they name; ``rows`` is None where a ``rated`` product may ask for any."""

    units: dict[str, str]
    attributes: tuple[str, ...]
    lists: tuple[str, ...]
    rows: tuple[str, ...] | None
    taxes: tuple[str, ...]
    charges: tuple[str, ...]
    series: tuple[str, ...]
    facts: tuple[str, ...]


@lru_cache(maxsize=64)
def vocabulary_of(*, utility: Utility, products: tuple[Product, ...], tariffs: tuple[Tariff, ...]) -> Vocabulary:
    """Collect the words of an adapter from its identity card and its tariffs."""
    quantities = {kind.name: kind.unit for kind in utility.quantities}
    spots = all_of(kind=Spot, value=tariffs)
    profiles = (name for spot in spots for name in (spot.series, spot.weights) if name is not None)
    asked = tuple(price.name for price in all_of(kind=Price, value=tariffs))
    bound = tuple(
        f"{product.price_list}.{name.partition('.')[2]}"
        for product in products
        for name in asked
        if name.startswith("product.")
    )
    return Vocabulary(
        units=quantities,
        attributes=(*HOST_ATTRIBUTES, *(a.name for a in utility.attributes), *quantities),
        lists=("product", *utility.price_lists, *(product.price_list for product in products)),
        rows=None if any(product.rated for product in products) else (*asked, *bound),
        taxes=tuple({charge.tax for charge in utility.charges}),
        charges=tuple(charge.code for charge in utility.charges),
        series=(*profiles, *quantities),
        facts=tuple(fact.name for fact in all_of(kind=Fact, value=tariffs)),
    )


def check_words(*, golden: GoldenBill, adapter: Adapter) -> None:
    """Refuse a golden bill that names something the adapter does not declare, or in another unit."""
    bill, utility = golden.table.child("bill") or golden.table, adapter.utility()
    if golden.utility != utility.code:
        problem = f"{golden.utility!r} is not the utility of {adapter.name}"
        raise bill.refusal(TermUnknown, "utility", problem, f'Write utility = "{utility.code}"')
    products = adapter.products(on=golden.on)
    codes = tuple(product.code for product in products)
    _known(bill, "product", golden.product, codes, "product")
    tariffs = tuple(adapter.tariff(product=p.code, on=golden.on) for p in products if not p.rated)
    words = vocabulary_of(utility=utility, products=products, tariffs=tariffs)
    _check_prices(golden.table, words)
    _check_usage(golden, words)
    _check_attributes(golden.table, words)
    _check_others(golden, words, has_rated=words.rows is None)


def _known(table: Table, key: str, word: str, known: tuple[str, ...], what: str) -> None:
    if word not in known:
        kind, _, where = what.partition(" in ")
        problem = f"there is no {kind} {word!r}{' in ' if where else ''}{where}"
        raise table.refusal(TermUnknown, key, problem, did_you_mean(word=word, known=tuple(set(known))))


def _check_prices(root: Table, words: Vocabulary) -> None:
    for table in root.children("price"):
        name = table.word("list")
        _known(table, "list", name, words.lists, "price list")
        if words.rows is None:
            continue
        own = tuple(row.partition(".")[2] for row in words.rows if row.partition(".")[0] == name)
        if table.has_children("rows"):
            for row in table.children("rows"):
                _known(row, "name", row.word("name"), own, f"price in list {name!r}")
        else:
            short = table.child("rows")
            for row_name in short.names() if short is not None else ():
                _known(short or table, row_name, row_name, own, f"price in list {name!r}")


def _check_usage(golden: GoldenBill, words: Vocabulary) -> None:
    root = golden.table
    holders = [root, *(t for t in (root.child("building"), *root.children("member")) if t is not None)]
    rows = [golden.request.usage]
    if golden.request.group is not None:
        rows += [golden.request.group.usage, *(member.usage for member in golden.request.group.members)]
    for holder, usages in zip(holders, rows, strict=False):
        for at, usage in enumerate(usages):
            table, key = _place(holder, at, usage)
            _known(table, key, usage.name, tuple(words.units), "quantity")
            if words.units[usage.name] != usage.unit:
                raise table.refusal(
                    UnitsDiffer,
                    key,
                    f"{usage.name!r} is in {usage.unit}, but the utility counts it in {words.units[usage.name]}",
                    f"Give it in {words.units[usage.name]}",
                )


def _place(holder: Table, at: int, usage: Usage) -> tuple[Table, str]:
    if holder.has_children("usage"):
        return holder.children("usage")[at], "name"
    return holder.child("usage") or holder, usage.name


def _check_attributes(root: Table, words: Vocabulary) -> None:
    members = root.children("member")
    occupants = tuple(occupant for member in members for occupant in member.children("occupant"))
    for holder in (root, root.child("building"), *root.children("place"), *members, *occupants):
        if holder is None:
            continue
        short = holder.child("attributes")
        for name in short.names() if short is not None else ():
            _known(short or holder, name, name, words.attributes, "attribute")
        for item in holder.children("attribute"):
            _known(item, "name", item.word("name"), words.attributes, "attribute")


def _check_others(golden: GoldenBill, words: Vocabulary, *, has_rated: bool) -> None:
    root = golden.table
    for table in root.children("tax"):
        _known(table, "code", table.word("code"), words.taxes, "tax")
    for name, known in (("series", words.series), ("fact", words.facts)):
        for table in root.children(name) if not has_rated else ():
            _known(table, "name", table.word("name"), known, name)
    members = _member_words(golden.request.group)
    for line in golden.expected.lines:
        _known(line.table, "code", line.code, words.charges, "charge")
        if line.member is not None:
            _known(line.table, "member", line.member, members, "member")
    for sums in golden.expected.members:
        _known(sums.table, "id", str(sums.member), members, "member")


def _member_words(group: Group | None) -> tuple[str, ...]:
    if group is None:
        return ()
    return tuple(w for m in group.members for w in (m.id, *(o.contract for o in m.occupants)))
