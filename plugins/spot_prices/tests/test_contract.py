"""Both sources keep the contract of fact sources."""

from pathlib import Path

from mains_kit import FactSourceContract
from mains_spot_prices import csv_file, entsoe

SAMPLES = Path(__file__).parent / "samples"


class TestEntsoe(FactSourceContract):
    source = entsoe
    samples = (
        (SAMPLES / "hours_of_a_short_day.xml", None),
        (SAMPLES / "quarters_of_a_long_day.xml", None),
    )


class TestCsv(FactSourceContract):
    source = csv_file
    samples = (
        (SAMPLES / "prices.csv", "nordpool.lv"),
        (SAMPLES / "degree_days.csv", "degree_days.jelgava"),
    )
