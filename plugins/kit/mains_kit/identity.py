"""Checks of the identity card: what customers, clerks and the server must find on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from mains_spi import (
    SPI_MAJOR,
    AllocateBuilding,
    BadUnit,
    Capability,
    ContractAttribute,
    Labels,
    PerUnit,
    Price,
    Product,
    Qty,
    Settlement,
    Spot,
    Tariff,
    TimeOfUse,
    Utility,
    When,
    application_mistakes,
    contract_rules_mistakes,
    invoicing_rules_mistakes,
    levelled_rules_mistakes,
    notice_mistakes,
    reading_rules_mistakes,
    topic_mistakes,
)
from mains_spi.units import parse_unit

from mains_kit.adapter import Adapter
from mains_kit.errors import did_you_mean
from mains_kit.fit import HOST_ATTRIBUTES
from mains_kit.walk import all_of

CODE = re.compile(r"[a-z][a-z0-9_]*")
LANGUAGES = ("lv", "en", "ru")


def identity_mistakes(*, adapter: Adapter, on: date) -> tuple[str, ...]:
    """Find what is missing or contradictory on the identity card, its products and its capabilities."""
    utility, products = adapter.utility(), adapter.products(on=on)
    tariffs = tuple(adapter.tariff(product=product.code, on=on) for product in products if not product.rated)
    return (
        *_card(utility),
        *_labels(utility, products),
        *_units(utility),
        *_charges(utility),
        *_products(utility, products, on),
        *_capabilities(utility, products, tariffs),
        *_attributes(utility, tariffs),
        *_lists(utility, tariffs),
        *_text_reminder_fee(utility, tariffs),
    )


def _card(utility: Utility) -> Iterator[str]:
    if CODE.fullmatch(utility.code) is None:
        yield f"Utility.code {utility.code!r}: use lower-case letters, digits and _"
    if utility.spi_major != SPI_MAJOR:
        yield f"Utility.spi_major is {utility.spi_major}: this Mains speaks version {SPI_MAJOR}"
    for field in ("quantities", "charges"):
        if not getattr(utility, field):
            yield f"Utility.{field} is empty: declare what is billed"
    for field, names in (
        ("quantities", [kind.name for kind in utility.quantities]),
        ("charges", [charge.code for charge in utility.charges]),
        ("attributes", [attribute.name for attribute in utility.attributes]),
        ("price_lists", list(utility.price_lists)),
    ):
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"Utility.{field} has {name!r} twice: keep one"
    for rules in (
        reading_rules_mistakes(utility.reading_rules),
        contract_rules_mistakes(utility.contract_rules),
        invoicing_rules_mistakes(utility.invoicing_rules),
        levelled_rules_mistakes(utility.levelled_rules),
        application_mistakes(utility.applications),
        notice_mistakes(utility.notice_texts),
        topic_mistakes(utility.notice_topics),
    ):
        yield from (f"Utility.{mistake}" for mistake in rules)


def _labels(utility: Utility, products: tuple[Product, ...]) -> Iterator[str]:
    yield from _label("Utility", utility.labels)
    for kind in utility.quantities:
        yield from _label(f"quantity `{kind.name}`", kind.labels)
    for charge in utility.charges:
        yield from _label(f"charge `{charge.code}`", charge.labels)
    for attribute in utility.attributes:
        yield from _label(f"attribute `{attribute.name}`", attribute.labels)
        for value, labels in zip(attribute.values, attribute.value_labels, strict=False):
            yield from _label(f"value {value!r} of attribute `{attribute.name}`", labels)
    for product in products:
        yield from _label(f"product `{product.code}`", product.labels)
    for one in utility.applications:
        yield from _label(f"application `{one.code}`", one.labels)
        for field in one.fields:
            yield from _label(f"field `{field.name}` of application `{one.code}`", field.labels)
            for choice in field.choices:
                yield from _label(f"choice {choice.value!r} of field `{field.name}`", choice.labels)


def _label(what: str, labels: Labels | None) -> Iterator[str]:
    if labels is None:
        yield f"{what} has no labels: add Labels(lv=..., en=..., ru=...)"
        return
    for language in LANGUAGES:
        if not getattr(labels, language).strip():
            yield f"{what} has no label in {language!r}: a customer with that language would read nothing"


def _units(utility: Utility) -> Iterator[str]:
    held = [(f"quantity `{kind.name}`", kind.unit) for kind in utility.quantities]
    held += [(f"attribute `{a.name}`", a.unit) for a in utility.attributes if a.unit is not None]
    for what, unit in held:
        try:
            parse_unit(unit)
        except BadUnit as error:
            yield f"{what}: {error}"
    for kind in utility.quantities:
        if kind.places < 0:
            yield f"quantity `{kind.name}` has {kind.places} places: give 0 or more"


def _charges(utility: Utility) -> Iterator[str]:
    for charge in utility.charges:
        if not charge.tax.strip():
            yield f"charge `{charge.code}` has no tax code: name one, such as 'standard'"
        if not charge.account.strip():
            yield f"charge `{charge.code}` has no revenue account: name one, such as 'revenue:{charge.code}'"


def _products(utility: Utility, products: tuple[Product, ...], on: date) -> Iterator[str]:
    if not products:
        yield f"there is no product on {on}: `products` must offer at least one on the days of the golden bills"
    codes = [product.code for product in products]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield f"product `{code}` is offered twice: keep one"
    for product in products:
        if product.price_list not in utility.price_lists:
            hint = did_you_mean(word=product.price_list, known=utility.price_lists)
            yield f"product `{product.code}` has the undeclared price list {product.price_list!r}. {hint}"
        has_range = product.recommended_from is not None or product.recommended_upto is not None
        if has_range and not product.recommended_unit:
            yield f"product `{product.code}` recommends an amount without recommended_unit"
        if not product.settlements or not product.channels:
            yield f"product `{product.code}` has no settlement or no channel, so nobody could have it"
        yield from _fees(product)
    universal = utility.contract_rules.universal_product
    if universal is not None and universal not in codes:
        yield f"contract_rules.universal_product is {universal!r}: name a product that is offered"


def _fees(product: Product) -> Iterator[str]:
    for field in ("exit_fee", "switch_fee"):
        fee = getattr(product, field)
        if fee is None:
            continue
        if fee <= 0:
            yield f"product `{product.code}` has the {field} {fee}: give more than nothing, or None"
        if product.price_fixed_months is None:
            yield f"product `{product.code}` has a {field} but no price_fixed_months, so nobody would ever owe it"
    fall = product.exit_fee_falls
    if fall is not None and (product.exit_fee is None or fall.months < 1 or not 0 < fall.share <= 1):
        yield f"product `{product.code}`: exit_fee_falls needs an exit_fee, a share above 0 up to 1, and whole months"


def _capabilities(utility: Utility, products: tuple[Product, ...], tariffs: tuple[Tariff, ...]) -> Iterator[str]:
    """Hold what the card promises against what tariffs do; a ``rated`` product may do anything."""
    is_levelled = any(Settlement.LEVELLED in product.settlements for product in products)
    shown = {
        Capability.BUILDINGS: (bool(all_of(kind=AllocateBuilding, value=tariffs)), "AllocateBuilding in a tariff"),
        Capability.SPOT_PRICE: (bool(all_of(kind=Spot, value=tariffs)), "Spot in a tariff"),
        Capability.TWO_ZONES: (_has_zones(tariffs), "TimeOfUse, or Qty with a zone, in a tariff"),
        Capability.LEVELLED: (is_levelled, "Settlement.LEVELLED in a product"),
    }
    for capability, (is_there, where) in shown.items():
        is_open = capability is not Capability.LEVELLED and any(product.rated for product in products)
        if capability in utility.capabilities and not is_there and not is_open:
            yield f"capability {capability} is declared, but there is no {where}: drop it, or add that"
        if is_there and capability not in utility.capabilities:
            yield f"there is {where}, but capability {capability} is not declared: add it to Utility.capabilities"


def _has_zones(tariffs: tuple[Tariff, ...]) -> bool:
    zoned = any(quantity.zone is not None for quantity in all_of(kind=Qty, value=tariffs))
    return zoned or bool(all_of(kind=TimeOfUse, value=tariffs))


def _attributes(utility: Utility, tariffs: tuple[Tariff, ...]) -> Iterator[str]:
    known = (*HOST_ATTRIBUTES, *(a.name for a in utility.attributes), *(kind.name for kind in utility.quantities))
    asked = {when.name for when in all_of(kind=When, value=tariffs)}
    asked |= {name for price in all_of(kind=Price, value=tariffs) for name in price.by}
    for attribute in utility.attributes:
        yield from _choices(attribute)
    for name in sorted(asked - set(known)):
        hint = did_you_mean(word=name, known=known)
        yield f"a tariff asks for the attribute `{name}`, which Utility.attributes does not declare. {hint}"


def _choices(attribute: ContractAttribute) -> Iterator[str]:
    """Hold what people choose from against what they are shown."""
    name, count = f"attribute `{attribute.name}`", len(attribute.values)
    if attribute.value_labels and len(attribute.value_labels) != count:
        yield f"{name} has {count} values but {len(attribute.value_labels)} value_labels: give one for each"
    if attribute.is_voted and attribute.scope != "building":
        yield f"{name} is voted on but is no attribute of a building: give it scope='building', or drop is_voted"
    if attribute.is_voted and count and not attribute.value_labels:
        yield f"{name} is voted on but its values have no labels: add value_labels, so that people can choose"
    if attribute.values and attribute.default is not None and attribute.default not in attribute.values:
        yield f"{name} is {attribute.default!r} by default, which is none of its values: choose one of them"


def _lists(utility: Utility, tariffs: tuple[Tariff, ...]) -> Iterator[str]:
    known = (*utility.price_lists, "product")
    for name in sorted({price.list for price in all_of(kind=Price, value=tariffs)} - set(known)):
        yield f"a tariff uses the undeclared price list {name!r}. {did_you_mean(word=name, known=known)}"


def _text_reminder_fee(utility: Utility, tariffs: tuple[Tariff, ...]) -> Iterator[str]:
    fee = utility.text_reminder_fee
    if fee is None:
        return
    given = (part for tariff in tariffs for part in tariff.components if isinstance(part, PerUnit) and part.if_given)
    charged = sorted({qty.name for part in given for qty in all_of(kind=Qty, value=part.qty)})
    if fee not in charged:
        known = ", ".join(charged) or "none"
        yield f"Utility.text_reminder_fee is {fee!r}: name a quantity of PerUnit(..., if_given=True): {known}"
