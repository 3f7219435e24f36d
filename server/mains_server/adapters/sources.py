"""Finds the installed fact sources, lets in those that keep their contract, and asks them one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import entry_points
from typing import Any

from mains_spi import (
    FACT_SOURCE_GROUP,
    REQUIRED_SOURCE_HOOKS,
    SPI_MAJOR,
    BadUnit,
    FactFetch,
    FactFile,
    FactReading,
    FactSource,
    FactSourceHooks,
    FetchRequest,
)
from mains_spi.units import parse_unit

from mains_server.adapters.asking import AdapterFailed, AdapterLine, ask_hook
from mains_server.adapters.loading import (
    AdapterRefused,
    FoundPlugin,
    found_plugin,
    import_plugin,
    refuse_wrong_plain_hooks,
)
from mains_server.adapters.records import AdapterState, Source
from mains_server.adapters.rules import CODE

READ_WITHIN = timedelta(seconds=30)


class UnknownSource(Exception):
    """No active fact source has this code; the message says which there are, or why it is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSource:
    """A fact source that keeps the contract, with its line."""

    card: FactSource
    plugin: Any
    line: AdapterLine

    def read(self, file: FactFile) -> FactReading:
        """Give what a file holds."""
        answer: FactReading = ask_hook(self.line, "read_facts", self.plugin, file, wanted=FactReading)
        for stretch in answer.stretches:
            if self.card.kind_of(stretch.series) is None:
                raise self.line.failure(hook="read_facts", reason=f"{stretch.series} is not on its card")
        return answer

    def plan_fetches(self, request: FetchRequest) -> tuple[FactFetch, ...]:
        """Give the HTTP requests for some days; none where files come by hand only."""
        if not hasattr(self.plugin, "plan_fetches"):
            return ()
        wanted = tuple[FactFetch, ...]
        answer: tuple[FactFetch, ...] = ask_hook(self.line, "plan_fetches", self.plugin, request, wanted=wanted)
        for _, name in (pair for fetch in answer for pair in fetch.secrets):
            if name not in self.card.secrets:
                raise self.line.failure(hook="plan_fetches", reason=f"the secret {name!r} is not on its card")
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHost:
    """The fact sources found, active or set aside, and the live ones by code."""

    sources: tuple[Source, ...]
    live: Mapping[str, LiveSource]

    def source(self, code: str) -> LiveSource:
        """Give a source, or say why it is not there."""
        if code in self.live:
            return self.live[code]
        for source in self.sources:
            if source.name == code:
                raise UnknownSource(f"fact source {code} is set aside: {source.reason}")
        raise UnknownSource(f"no fact source {code} is installed; there are {', '.join(sorted(self.live)) or 'none'}")


def load_sources(*, plugins: Iterable[FoundPlugin] | None = None, answer_within: timedelta = READ_WITHIN) -> SourceHost:
    """Let in every fact source that keeps the contract, one by one."""
    sources: list[Source] = []
    live: dict[str, LiveSource] = {}
    for found in installed_sources() if plugins is None else plugins:
        try:
            admitted = _admit(found, answer_within)
            if live.setdefault(admitted.card.code, admitted) is not admitted:
                raise AdapterRefused(
                    f"the code {admitted.card.code} is taken by {live[admitted.card.code].line.adapter}"
                )
            state, reason, card = AdapterState.ACTIVE, None, admitted.card
        except AdapterRefused as refusal:
            state, reason, card = AdapterState.SET_ASIDE, str(refusal), None
        sources.append(Source(name=found.name, version=found.version, state=state, reason=reason, card=card))
    return SourceHost(sources=tuple(sources), live=live)


def installed_sources() -> tuple[FoundPlugin, ...]:
    """Find the fact sources that installed packages announce, in the order of their names."""
    points = sorted(entry_points(group=FACT_SOURCE_GROUP), key=lambda point: (point.name, point.value))
    return tuple(found_plugin(point) for point in points)


def _admit(found: FoundPlugin, answer_within: timedelta) -> LiveSource:
    plugin: Any = import_plugin(found)
    refuse_wrong_plain_hooks(plugin, hooks=FactSourceHooks, required=REQUIRED_SOURCE_HOOKS)
    line = AdapterLine(adapter=found.name, answer_within=answer_within)
    try:
        card: FactSource = ask_hook(line, "describe_source", plugin, wanted=FactSource)
    except AdapterFailed as failure:
        raise AdapterRefused(f"hook {failure.hook}: {failure.reason}") from failure
    reason = _wrong_with_card(card)
    if reason is not None:
        raise AdapterRefused(reason)
    return LiveSource(card=card, plugin=plugin, line=line)


def _wrong_with_card(card: FactSource) -> str | None:
    if card.spi_major != SPI_MAJOR:
        return f"speaks mains-spi {card.spi_major}, this server speaks {SPI_MAJOR}"
    if CODE.fullmatch(card.code) is None:
        return f"code {card.code!r} is not of the form {CODE.pattern}"
    names = [kind.name for kind in card.series]
    if len(set(names)) != len(names) or not all(names):
        return "names a series twice, or one without a name"
    for kind in card.series:
        seconds = kind.step // timedelta(seconds=1)
        if seconds <= 0 or timedelta(seconds=seconds) != kind.step or 86400 % seconds:
            return f"series {kind.name} has the step {kind.step}, of which a day is no multiple"
        try:
            parse_unit(kind.unit)
        except BadUnit as error:
            return f"series {kind.name}: {error}"
    return None
