"""The kit finds what a fact source breaks."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from mains_kit import FactSourceContract
from mains_spi import (
    FactFetch,
    FactReading,
    FactSource,
    FactStretch,
    Labels,
    Problem,
    SeriesKind,
    hookimpl,
)

WORDS = Labels("lv", "en", "ru")
KIND = SeriesKind(name="s", unit="EUR/MWh", step=timedelta(hours=1), labels=WORDS)
CARD = FactSource(code="good", spi_major=1, labels=WORDS, series=(KIND,), media_types=("text/csv",), secrets=("token",))
FETCH = FactFetch(url="https://example.org/api", secrets=(("key", "token"),))
GOOD = FactStretch(series="s", starts_at=datetime(2024, 1, 1, tzinfo=UTC), values=(Decimal("1.5"),))
REFUSED = FactReading(problems=(Problem("bad", WORDS),))


def source(*, card=CARD, read=None, fetch=FETCH):
    @hookimpl
    def describe_source():
        return card

    @hookimpl
    def read_facts(request):
        return read(request) if read else _read(request)

    @hookimpl
    def plan_fetches(request):
        return (fetch,)

    return SimpleNamespace(describe_source=describe_source, read_facts=read_facts, plan_fetches=plan_fetches)


def _read(request):
    return FactReading(stretches=(GOOD,)) if request.content == b"good" else REFUSED


@pytest.fixture
def fails(tmp_path):
    file = tmp_path / "good"
    file.write_bytes(b"good")

    def failing(plugin):
        contract = type("Contract", (FactSourceContract,), {"source": plugin, "samples": ((file, "s"),)})()
        failed = []
        for name in dir(contract):
            if name.startswith("test_"):
                try:
                    getattr(contract, name)()
                except (AssertionError, pytest.fail.Exception, ValueError):
                    failed.append(name)
        return failed

    return failing


def test_a_good_source_passes(fails):
    assert fails(source()) == []


def _raises(request):
    return FactReading(stretches=(GOOD,)) if request.content == b"good" else int("x")


def _is_rough(request):
    value = Decimal(1) / Decimal(3)
    return FactReading(stretches=(FactStretch(series="s", starts_at=GOOD.starts_at, values=(value,)),))


def _looks(request):
    assert datetime.now(UTC)
    return _read(request)


def _is_silent(request):
    return FactReading(stretches=(GOOD,)) if request.content == b"good" else FactReading()


@pytest.mark.parametrize(
    ("plugin", "check"),
    [
        (source(read=_raises), "test_bad_files_are_refused_in_words"),
        (source(read=_is_silent), "test_bad_files_are_refused_in_words"),
        (source(read=_is_rough), "test_reading_depends_on_nothing_but_the_file"),
        (source(read=_looks), "test_reading_depends_on_nothing_but_the_file"),
        (source(read=lambda request: REFUSED), "test_samples_are_read_whole"),
        (source(fetch=FactFetch(url="http://example.org")), "test_fetches_tell_no_secret"),
        (source(fetch=FactFetch(url="https://a.org", secrets=(("k", "other"),))), "test_fetches_tell_no_secret"),
    ],
)
def test_a_fault_is_found_by_its_check(fails, plugin, check):
    assert fails(plugin) == [check]


@pytest.mark.parametrize(
    "kind",
    [
        SeriesKind(name="s", unit="E U R", step=timedelta(hours=1), labels=WORDS),
        SeriesKind(name="s", unit="1", step=timedelta(0), labels=WORDS),
        SeriesKind(name="s", unit="1", step=timedelta(hours=1), labels=Labels("", "en", "ru")),
    ],
)
def test_a_card_with_a_fault_is_found(fails, kind):
    card = FactSource(code="good", spi_major=1, labels=WORDS, series=(kind,), media_types=("a/b",), secrets=("token",))

    assert fails(source(card=card)) == ["test_source_card_is_complete"]


def test_a_missing_unknown_or_odd_hook_is_found(fails):
    plugin = source()
    plugin.read_fact = plugin.read_facts

    assert fails(plugin) == ["test_source_hooks_are_as_the_contract_has_them"]
