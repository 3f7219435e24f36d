"""Reads what adapters declare: the list of them, and the words for what they charge, measure and sell."""

from __future__ import annotations

from mains_spi import Labels

from mains_server.adapters.host import AdapterHost
from mains_server.adapters.records import Adapter


def list_adapters(host: AdapterHost) -> tuple[Adapter, ...]:
    """List every adapter that was found, in the order of loading, with its state and reason."""
    return host.adapters


def labels_of(host: AdapterHost) -> dict[tuple[str, str], Labels]:
    """Collect the words for every code of every active adapter, by adapter and code.

    Charges, quantities, attributes and products share one space; a charge's word wins, since bills are made of them.
    """
    words: dict[tuple[str, str], Labels] = {}
    for adapter in host.adapters:
        if adapter.is_active and adapter.utility is not None:
            utility = adapter.utility
            spoken = [(quantity.name, quantity.labels) for quantity in utility.quantities]
            spoken += [(attribute.name, attribute.labels) for attribute in utility.attributes]
            spoken += [(product.code, product.labels) for product in adapter.products]
            spoken += [(charge.code, charge.labels) for charge in utility.charges]
            words |= {(utility.code, code): labels for code, labels in spoken if labels is not None}
    return words


def label(words: dict[tuple[str, str], Labels], *, adapter: str, code: str, language: str) -> str:
    """Say a code in a language, in English where the language is not known, as itself where the code is not."""
    labels = words.get((adapter, code))
    if labels is None:
        return code
    spoken: str = getattr(labels, language, labels.en) if language in ("lv", "en", "ru") else labels.en
    return spoken
