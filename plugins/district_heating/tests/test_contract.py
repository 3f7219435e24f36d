"""The kit's checks on the adapter, and on the publishers' forms beside it."""

from __future__ import annotations

from pathlib import Path

import mains_district_heating
import mains_district_heating.published
from mains_kit import AdapterContract

HERE = Path(__file__).parent.parent


class TestDistrictHeating(AdapterContract):
    adapter = mains_district_heating
    golden = HERE / "golden"


class TestPublishedHeat(AdapterContract):
    adapter = mains_district_heating.published
    golden = HERE / "published"
