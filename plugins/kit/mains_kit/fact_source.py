"""The test class an author of a fact source inherits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import ROUND_DOWN, Context, localcontext
from pathlib import Path
from typing import Any, ClassVar

import pytest
from mains_spi import (
    REQUIRED_SOURCE_HOOKS,
    SPI_MAJOR,
    BadUnit,
    FactFetch,
    FactFile,
    FactReading,
    FactSource,
    FactSourceHooks,
    FetchRequest,
    Labels,
    Period,
)
from mains_spi.units import parse_unit

from mains_kit.hooks import expect_none, hook_mistakes
from mains_kit.purity import Impure, watched
from mains_kit.walk import first_difference

ROUGH = Context(prec=3, rounding=ROUND_DOWN)
CODE = re.compile(r"[a-z][a-z0-9_]*")
SAMPLE_PERIOD = Period(date(2022, 12, 31), date(2024, 3, 1))
NONSENSE = (b"", b"\x00", b"\xff\xfe<\x00", b"<a>", b"<!DOCTYPE a><a/>", b"a;b\n1;2\n", b"{}", b"\n" * 1000, b"=1+1\n")


class FactSourceContract:
    """Holds a fact source to what it promises. Set ``source`` to its module.

    ``samples`` are good files, each with the name of its series where the file itself does not say it.
    """

    source: ClassVar[Any] = None
    samples: ClassVar[tuple[tuple[Path, str | None], ...]] = ()

    def test_source_hooks_are_as_the_contract_has_them(self) -> None:
        """Every hook is known, marked and takes what it should."""
        expect_none(hook_mistakes(self.source, hooks=FactSourceHooks, required=REQUIRED_SOURCE_HOOKS))

    def test_source_card_is_complete(self) -> None:
        """Labels in three languages, units and steps are there."""
        expect_none(_card_mistakes(self.source.describe_source()))

    def test_samples_are_read_whole(self) -> None:
        """Every sample gives values of declared series, and no problem."""
        assert self.samples, "give at least one good file in samples"
        expect_none(mistake for file in self._files() for mistake in _sample_mistakes(self.source, file))

    def test_reading_depends_on_nothing_but_the_file(self) -> None:
        """Asked again, by a caller with 3 digits, and watched, a source answers the same."""
        for call in self._calls():
            answer = call()
            with localcontext(ROUGH):
                difference = first_difference(one=answer, other=call(), place=type(answer).__name__)
            assert difference is None, f"depends on the caller's decimal context: {difference}"
            try:
                watched(call=call)
            except Impure as offence:
                pytest.fail(str(offence), pytrace=False)

    def test_bad_files_are_refused_in_words(self) -> None:
        """Nonsense and files cut short raise nothing: a problem in three languages says what is wrong."""
        cut = [file.content[:length] for file in self._files() for length in (1, len(file.content) // 2)]
        names = {file.series for file in self._files()}
        for content in (*NONSENSE, *cut):
            for series in (*names, "kit-nonsense", None):
                reading = self.source.read_facts(FactFile(content=content, name="kit", series=series))
                expect_none(_refusal_mistakes(reading, content))

    def test_fetches_tell_no_secret(self) -> None:
        """Requests go to https addresses and name secrets of the card instead of holding them."""
        if hasattr(self.source, "plan_fetches"):
            card = self.source.describe_source()
            fetches = self.source.plan_fetches(FetchRequest(period=SAMPLE_PERIOD))
            assert fetches, "plan_fetches gives no request"
            expect_none(mistake for fetch in fetches for mistake in _fetch_mistakes(fetch, card))

    def _files(self) -> list[FactFile]:
        return [FactFile(content=path.read_bytes(), name=path.name, series=name) for path, name in self.samples]

    def _calls(self) -> Iterator[Callable[[], object]]:
        yield self.source.describe_source
        for file in self._files():
            yield lambda file=file: self.source.read_facts(file)  # type: ignore[misc]
        if hasattr(self.source, "plan_fetches"):
            yield lambda: self.source.plan_fetches(FetchRequest(period=SAMPLE_PERIOD))


def _card_mistakes(card: FactSource) -> Iterator[str]:
    if CODE.fullmatch(card.code) is None:
        yield f"code {card.code!r} is not of the form {CODE.pattern}"
    if card.spi_major != SPI_MAJOR:
        yield f"spi_major is {card.spi_major}: write SPI_MAJOR"
    if not card.series or not card.media_types:
        yield "the card names no series, or no media type"
    yield from _wordless(card.labels, "the source")
    for kind in card.series:
        yield from _wordless(kind.labels, kind.name)
        if kind.step.total_seconds() <= 0:
            yield f"{kind.name} has the step {kind.step}"
        try:
            parse_unit(kind.unit)
        except BadUnit as error:
            yield f"{kind.name}: {error}"


def _sample_mistakes(source: Any, file: FactFile) -> Iterator[str]:
    card, reading = source.describe_source(), source.read_facts(file)
    yield from (f"{file.name}: {problem.path} {problem.labels.en}" for problem in reading.problems)
    if not any(stretch.values for stretch in reading.stretches):
        yield f"{file.name}: gives no value"
    for stretch in reading.stretches:
        if card.kind_of(stretch.series) is None:
            yield f"{file.name}: gives {stretch.series}, which is not on the card"


def _refusal_mistakes(reading: FactReading, content: bytes) -> Iterator[str]:
    if not reading.problems and not reading.stretches:
        yield f"{content[:20]!r} is passed over in silence: give a Problem"
    for problem in reading.problems:
        yield from _wordless(problem.labels, f"problem {problem.code}")


def _fetch_mistakes(fetch: FactFetch, card: FactSource) -> Iterator[str]:
    if not fetch.url.startswith("https://") or "?" in fetch.url:
        yield f"{fetch.url} is no https address without a query"
    for parameter, name in fetch.secrets:
        if name not in card.secrets:
            yield f"parameter {parameter} asks for the secret {name!r}, which is not on the card"


def _wordless(labels: Labels, what: str) -> Iterator[str]:
    if not all(word.strip() for word in (labels.lv, labels.en, labels.ru)):
        yield f"{what} has no words in lv, en and ru"
