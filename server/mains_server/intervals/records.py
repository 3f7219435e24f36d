"""What leaves the intervals room."""

from __future__ import annotations

from enum import Enum


class IntervalFormat(Enum):
    """How a file of intervals is written."""

    SADALES_TIKLS = "SADALES_TIKLS"
    CSV = "CSV"
