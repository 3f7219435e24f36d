"""The records of fact sources refuse what would go wrong later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from mains_spi import BadRecord, FactSource, FactSourceHooks, FactStretch, InexactNumber, Labels, SeriesKind

WORDS = Labels("lv", "en", "ru")
DEGREES = SeriesKind(name="degree_days.*", unit="K*day", step=timedelta(days=1), labels=WORDS)
PRICES = SeriesKind(name="nordpool.lv", unit="EUR/MWh", step=timedelta(hours=1), labels=WORDS)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("nordpool.lv", PRICES),
        ("nordpool.lv.quarters", None),
        ("nordpool", None),
        ("degree_days.jelgava", DEGREES),
        ("degree_days.", None),
        ("degree_days", None),
        ("degree_daysx.y", None),
    ],
)
def test_a_series_is_found_by_its_name(name, kind):
    card = FactSource(code="s", spi_major=1, labels=WORDS, series=(PRICES, DEGREES), media_types=("text/csv",))

    assert card.kind_of(name) == kind


def test_a_stretch_is_in_utc_and_exact():
    at = datetime(2024, 1, 1, tzinfo=UTC)

    assert FactStretch(series="s", starts_at=at, values=(Decimal("1.5"), None)).values[1] is None
    with pytest.raises(BadRecord, match="UTC"):
        FactStretch(series="s", starts_at=at.astimezone(timezone(timedelta(hours=2))), values=())
    with pytest.raises(BadRecord, match="UTC"):
        FactStretch(series="s", starts_at=at.replace(tzinfo=None), values=())
    with pytest.raises(InexactNumber):
        FactStretch(series="s", starts_at=at, values=(1.5,))


def test_every_hook_of_a_source_is_documented():
    hooks = [name for name in vars(FactSourceHooks) if not name.startswith("_")]

    assert hooks == ["describe_source", "read_facts", "plan_fetches"]
    assert all(getattr(FactSourceHooks, name).__doc__ for name in hooks)
