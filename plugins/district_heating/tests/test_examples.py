"""Every published example of a heat bill has a golden file, step by step."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent
STEPS = {
    "LV-HEAT-01-bauska": (
        *("house_heat_total", "dhw_price_per_m3", "flat_dhw", "house_rest_for_heating", "flat_heating"),
        *("house_dhw_MWh_statistic", "house_heating_MWh_statistic", "heating_per_m2_statistic"),
    ),
    "LV-HEAT-03-ventspils-vat-table": (
        *(f"metered_{n}_m3" for n in range(1, 11)),
        *(f"norm_{n}_persons" for n in range(1, 11)),
    ),
    "LV-HEAT-05-gren-support": tuple(
        f"household_tariff_for_{tariff}" for tariff in ("94.90", "103.45", "102.69", "94.15", "90.93", "87.73")
    ),
}


def _golden_files() -> list[dict[str, object]]:
    files = [*(HERE / "golden").glob("*.toml"), *(HERE / "published").glob("*.toml")]
    return [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]


@pytest.mark.parametrize("example", STEPS)
def test_every_printed_step_of_an_example_stands_in_a_golden_file(example: str) -> None:
    bills = [bill for bill in _golden_files() if bill["bill"]["title"].startswith(example)]

    steps = {step["name"] for bill in bills for step in bill["expect"].get("step", [])}
    rows = {member["id"] for bill in bills for member in bill["expect"].get("member", [])}

    assert bills, f"{example} has no golden file"
    assert set(STEPS[example]) <= steps | rows
