"""A bad fact source is set aside with one line of reason; what a good one answers is never believed unchecked."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from types import SimpleNamespace

import pytest
from mains_server.adapters.admitting import installed
from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.loading import FoundPlugin
from mains_server.adapters.records import AdapterState
from mains_server.adapters.sources import CONTRACT, UnknownSource, load_sources
from mains_spi import (
    FactFetch,
    FactFile,
    FactReading,
    FactSource,
    FactStretch,
    FetchRequest,
    Labels,
    Period,
    SeriesKind,
    hookimpl,
)

WORDS = Labels("lv", "en", "ru")
KIND = SeriesKind(name="s", unit="EUR/MWh", step=timedelta(hours=1), labels=WORDS)
CARD = FactSource(code="tap", spi_major=1, labels=WORDS, series=(KIND,), media_types=("a/b",), secrets=("token",))
STRETCH = FactStretch(series="s", starts_at=datetime(2024, 1, 1, tzinfo=UTC), values=(D("1.5"), None))
FETCH = FactFetch(url="https://a.org")
READING = FactReading(stretches=(STRETCH,))
FILE = FactFile(content=b"x", name="x")
REQUEST = FetchRequest(period=Period(date(2024, 1, 1), date(2024, 1, 2)))


def plugin(*, card=CARD, answer=READING, fetches=(FETCH,)):
    @hookimpl
    def describe_source():
        return card

    @hookimpl
    def read_facts(request):
        return answer(request) if callable(answer) else answer

    @hookimpl
    def plan_fetches(request):
        return fetches

    return SimpleNamespace(describe_source=describe_source, read_facts=read_facts, plan_fetches=plan_fetches)


class Made:
    """A plug-in with the hooks of a namespace; unlike that it can be told apart, as a module can."""

    def __init__(self, **hooks):
        vars(self).update(hooks)


def host_of(*plugins, names=("good", "bad")):
    found = [
        FoundPlugin(name=name, version="1", load=lambda made=made: Made(**vars(made)))
        for name, made in zip(names, plugins, strict=False)
    ]
    return load_sources(plugins=found, answer_within=timedelta(seconds=30))


def test_a_good_source_is_asked():
    host = host_of(plugin())

    assert [(source.name, source.state, source.reason) for source in host.sources] == [
        ("good", AdapterState.ACTIVE, None)
    ]
    assert host.source("tap").read(FILE).stretches == (STRETCH,)
    assert host.source("tap").plan_fetches(REQUEST) == (FactFetch(url="https://a.org"),)


def test_a_source_without_fetches_has_none():
    made = plugin()
    del made.plan_fetches

    assert host_of(made).source("tap").plan_fetches(REQUEST) == ()


def test_the_first_party_sources_are_installed():
    names = [found.name for found in installed(CONTRACT)]

    assert {"csv", "entsoe"} <= set(names)
    assert [source.reason for source in load_sources().sources] == [None] * len(names)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"spi_major": 2}, "speaks mains-spi 2, this server speaks 1"),
        ({"code": "Tap"}, "code 'Tap' is not of the form [a-z][a-z0-9_]*"),
        ({"series": (KIND, KIND)}, "names a series twice, or one without a name"),
        ({"series": (replace(KIND, step=timedelta(hours=7)),)}, "series s has the step 7:00:00"),
        ({"series": (replace(KIND, step=timedelta(0)),)}, "series s has the step 0:00:00"),
        ({"series": (replace(KIND, unit="E U"),)}, "series s: unit 'E U' cannot be read"),
    ],
)  # fmt: skip
def test_a_card_that_contradicts_itself_sets_aside(change, reason):
    host = host_of(plugin(), plugin(card=replace(CARD, **change)))

    assert host.sources[1].state is AdapterState.SET_ASIDE
    assert host.sources[1].reason.startswith(reason)
    assert list(host.live) == ["tap"]


@pytest.mark.parametrize("hook", ["describe_source", "read_facts"])
def test_a_missing_hook_sets_aside(hook):
    made = plugin()
    delattr(made, hook)

    assert host_of(made).sources[0].reason == f"hook {hook} is missing"


def test_unknown_hooks_wrong_answers_and_taken_codes_set_aside():
    unknown, wrong = plugin(), plugin(card="card")
    unknown.read_fact = unknown.read_facts

    assert host_of(unknown).sources[0].reason == "unknown hook 'read_fact'"
    assert "is a str, not a FactSource" in host_of(wrong).sources[0].reason
    assert host_of(plugin(), plugin()).sources[1].reason == "the code tap is taken by good"


def test_a_source_set_aside_is_told_with_its_reason():
    host = host_of(plugin(card="card"))

    with pytest.raises(UnknownSource, match="fact source good is set aside: hook describe_source"):
        host.source("good")
    with pytest.raises(UnknownSource, match="no fact source other is installed; there are none"):
        host.source("other")


def _fails(request):
    raise RuntimeError("no")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "not a FactReading"),
        (_fails, "RuntimeError: no"),
        (FactReading(stretches=(replace(STRETCH, series="t"),)), "t is not on its card"),
        (FactReading(stretches=(1,)), "not a FactStretch"),
        (FactReading(stretches=(replace(STRETCH, values=("1",)),)), "is a str"),
    ],
)
def test_a_wrong_answer_is_no_reading(answer, reason):
    with pytest.raises(AdapterFailed, match=reason):
        host_of(plugin(answer=answer)).source("tap").read(FILE)


def test_a_fetch_with_a_strange_secret_is_refused():
    host = host_of(plugin(fetches=(FactFetch(url="https://a.org", secrets=(("k", "password"),)),)))

    with pytest.raises(AdapterFailed, match="'password' is not on its card"):
        host.source("tap").plan_fetches(REQUEST)
