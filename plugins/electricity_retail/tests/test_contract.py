"""The kit's checks on the adapter, and on the publishers' forms beside it."""

from __future__ import annotations

from pathlib import Path

import mains_electricity_retail
import mains_electricity_retail.published
from mains_kit import AdapterContract

HERE = Path(__file__).parent.parent


class TestElectricityRetail(AdapterContract):
    adapter = mains_electricity_retail
    golden = HERE / "golden"


class TestPublishedElectricity(AdapterContract):
    adapter = mains_electricity_retail.published
    golden = HERE / "published"
