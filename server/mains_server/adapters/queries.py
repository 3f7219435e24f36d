"""Reads what adapters declare: the list of them, and the words for what they charge, measure and sell."""

from __future__ import annotations

from mains_spi import ContractAttribute, Labels

from mains_server.adapters.host import AdapterHost
from mains_server.adapters.records import Adapter


def list_adapters(host: AdapterHost) -> tuple[Adapter, ...]:
    """List every adapter that was found, in the order of loading, with its state and reason."""
    return host.adapters


def labels_of(host: AdapterHost) -> dict[tuple[str, str], Labels]:
    """Collect the words for every code of every active adapter, by adapter and code.

    Charges, quantities, attributes and products share one space; a charge's word wins, since bills are made of them. An
    attribute's own word, and those of its values, stand under codes of their own.
    """
    words: dict[tuple[str, str], Labels] = {}
    for adapter in host.adapters:
        if adapter.is_active and adapter.utility is not None:
            utility = adapter.utility
            spoken = [(quantity.name, quantity.labels) for quantity in utility.quantities]
            spoken += [(attribute.name, attribute.labels) for attribute in utility.attributes]
            spoken += [(attribute_code(attribute.name), attribute.labels) for attribute in utility.attributes]
            spoken += [word for attribute in utility.attributes for word in _values(attribute)]
            spoken += [(product.code, product.labels) for product in adapter.products]
            spoken += [(charge.code, charge.labels) for charge in utility.charges]
            words |= {(utility.code, code): labels for code, labels in spoken if labels is not None}
    return words


def attribute_code(name: str) -> str:
    """Give the code under which the words for an attribute itself stand."""
    return f"{name}="


def value_code(name: str, value: str) -> str:
    """Give the code under which the words for a value of an attribute stand."""
    return f"{name}={value}"


def _values(attribute: ContractAttribute) -> list[tuple[str, Labels | None]]:
    labels = attribute.value_labels
    return [
        (value_code(attribute.name, value), said) for value, said in zip(attribute.values, labels, strict=bool(labels))
    ]


def label(words: dict[tuple[str, str], Labels], *, adapter: str, code: str, language: str) -> str:
    """Say a code in a language, in English where the language is not known, as itself where the code is not."""
    labels = words.get((adapter, code))
    if labels is None:
        return code
    spoken: str = getattr(labels, language, labels.en) if language in ("lv", "en", "ru") else labels.en
    return spoken
