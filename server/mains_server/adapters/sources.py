"""Finds the installed fact sources, lets in those that keep their contract, and asks them one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mains_spi import (
    FACT_SOURCE_GROUP,
    REQUIRED_SOURCE_HOOKS,
    BadUnit,
    FactFetch,
    FactFile,
    FactReading,
    FactSource,
    FactSourceHooks,
    FetchRequest,
)
from mains_spi.units import parse_unit

from mains_server.adapters.admitting import PlainContract, admit_each
from mains_server.adapters.asking import AdapterLine, ask_hook
from mains_server.adapters.loading import FoundPlugin
from mains_server.adapters.records import Plugin

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

    sources: tuple[Plugin[FactSource], ...]
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
    found, live = admit_each(CONTRACT, make=LiveSource, plugins=plugins, answer_within=answer_within)
    return SourceHost(sources=found, live=live)


def _wrong_with_card(card: FactSource) -> str | None:
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


CONTRACT = PlainContract(
    group=FACT_SOURCE_GROUP,
    hooks=FactSourceHooks,
    required=REQUIRED_SOURCE_HOOKS,
    describe="describe_source",
    card=FactSource,
    wrong_with=_wrong_with_card,
)
