"""The series that this package gives, and the refusal both sources share."""

from __future__ import annotations

from datetime import timedelta

from mains_spi import Labels, Problem, SeriesKind

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)

HOURLY = SeriesKind(
    name="nordpool.lv",
    unit="EUR/MWh",
    step=HOUR,
    labels=Labels("Biržas cena, stundas", "Exchange price, hours", "Биржевая цена, часы"),
)
QUARTERLY = SeriesKind(
    name="nordpool.lv.quarters",
    unit="EUR/MWh",
    step=QUARTER,
    labels=Labels("Biržas cena, ceturtdaļstundas", "Exchange price, quarter-hours", "Биржевая цена, четверти часа"),
)
PROFILE = SeriesKind(
    name="profile.lv",
    unit="1",
    step=HOUR,
    labels=Labels("Slodzes profils", "Load profile", "Профиль нагрузки"),
)
DEGREE_DAYS = SeriesKind(
    name="degree_days.*",
    unit="K*day",
    step=timedelta(days=1),
    labels=Labels("Grādu dienas", "Degree days", "Градусо-дни"),
)


class Unreadable(Exception):
    """A file, or a place in it, cannot be read; ``path`` says where."""

    def __init__(self, code: str, words: Labels, *, path: str = "") -> None:
        super().__init__(f"{path}: {words.en}" if path else words.en)
        self.problem = Problem(code=code, labels=words, path=path)
