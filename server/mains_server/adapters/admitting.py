"""Finds and lets in what keeps one of the plain contracts: fact sources, payment providers, notification channels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import entry_points
from typing import Any, Generic, Protocol, TypeVar

from mains_spi import SPI_MAJOR

from mains_server.adapters.asking import ANSWER_WITHIN, AdapterFailed, AdapterLine, ask_hook
from mains_server.adapters.loading import (
    AdapterRefused,
    FoundPlugin,
    found_plugin,
    import_plugin,
    refuse_wrong_plain_hooks,
)
from mains_server.adapters.records import AdapterState, Plugin
from mains_server.adapters.rules import CODE


class Card(Protocol):
    """What every identity card says."""

    @property
    def spi_major(self) -> int:
        """Give the version of the contract."""
        ...

    @property
    def code(self) -> str:
        """Give the code by which settings and rows name it."""
        ...


C = TypeVar("C", bound=Card)
Live = TypeVar("Live")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainContract(Generic[C]):
    """What the plug-ins of an entry point group keep: their hooks, and a card that one of them gives.

    `wrong_with` says what is wrong with a card beyond its version and code.
    """

    group: str
    hooks: type
    required: Iterable[str]
    describe: str
    card: type[C]
    wrong_with: Callable[[C], str | None]


def admit_each(
    contract: PlainContract[C],
    *,
    make: Callable[..., Live],
    plugins: Iterable[FoundPlugin] | None = None,
    answer_within: timedelta = ANSWER_WITHIN,
) -> tuple[tuple[Plugin[C], ...], dict[str, Live]]:
    """Let in every plug-in that keeps the contract, one by one; give them all, and the live ones by code.

    `make` makes a live one of its `card`, `plugin` and `line`.
    """
    found_ones: list[Plugin[C]] = []
    live: dict[str, Live] = {}
    names: dict[str, str] = {}
    for found in installed(contract) if plugins is None else plugins:
        line = AdapterLine(adapter=found.name, answer_within=answer_within)
        try:
            plugin, card = _admit(contract, found, line)
            if card.code in live:
                raise AdapterRefused(f"the code {card.code} is taken by {names[card.code]}")
        except AdapterRefused as refusal:
            reason, state = str(refusal), AdapterState.SET_ASIDE
            found_ones.append(Plugin(name=found.name, version=found.version, state=state, reason=reason))
            continue
        names[card.code], live[card.code] = found.name, make(card=card, plugin=plugin, line=line)
        found_ones.append(Plugin(name=found.name, version=found.version, state=AdapterState.ACTIVE, card=card))
    return tuple(found_ones), live


def installed(contract: PlainContract[Any]) -> tuple[FoundPlugin, ...]:
    """Find what installed packages announce for a contract, in the order of their names."""
    points = sorted(entry_points(group=contract.group), key=lambda point: (point.name, point.value))
    return tuple(found_plugin(point) for point in points)


def _admit(contract: PlainContract[C], found: FoundPlugin, line: AdapterLine) -> tuple[object, C]:
    plugin = import_plugin(found)
    refuse_wrong_plain_hooks(plugin, hooks=contract.hooks, required=contract.required)
    try:
        card: C = ask_hook(line, contract.describe, plugin, wanted=contract.card)
    except AdapterFailed as failure:
        raise AdapterRefused(f"hook {failure.hook}: {failure.reason}") from failure
    reason = _wrong_with_any(card) or contract.wrong_with(card)
    if reason is not None:
        raise AdapterRefused(reason)
    return plugin, card


def _wrong_with_any(card: Card) -> str | None:
    if card.spi_major != SPI_MAJOR:
        return f"speaks mains-spi {card.spi_major}, this server speaks {SPI_MAJOR}"
    if CODE.fullmatch(card.code) is None:
        return f"code {card.code!r} is not of the form {CODE.pattern}"
    return None
