"""Every published example of an electricity bill has a golden file, step by step."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent
STEPS = {
    "LV-EL-01-220-garanteta": (
        *("vat_per_kWh", "sum_per_kWh", "connection_incl_vat", "oik_capacity_incl_vat"),
        *("bill_100_kWh", "bill_1000_kWh"),
    ),
    "LV-EL-05-pamata1-60pct": (
        *("1F<=16A_after_60pct", "1F20A_after_60pct", "1F25A_after_60pct", "1F32A_after_60pct"),
        *("3F16A_after_60pct", "3F20A_after_60pct", "3F25A_after_60pct", "3F32A_after_60pct", "3F40A_after_60pct"),
    ),
    "LV-EL-07-oik-gross": ("oik_sum", "oik_incl_vat"),
    "LV-EL-08-quarter-to-hour": ("hour_a", "hour_b", "with_vat", "round4"),
    "UK-EL-13-wtmaths": ("usage", "net_pence", "total"),
}


def _golden_files() -> list[dict[str, object]]:
    files = [*(HERE / "golden").glob("*.toml"), *(HERE / "published").glob("*.toml")]
    return [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]


@pytest.mark.parametrize("example", STEPS)
def test_every_printed_step_of_an_example_stands_in_a_golden_file(example: str) -> None:
    bills = [bill for bill in _golden_files() if bill["bill"]["title"].startswith(example)]

    printed = {step["name"] for bill in bills for step in bill["expect"].get("step", [])}

    assert bills, f"{example} has no golden file"
    assert set(STEPS[example]) <= printed
