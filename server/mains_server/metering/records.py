"""What leaves the metering room."""

from __future__ import annotations

from enum import Enum


class ReadingSource(Enum):
    """By which road a reading came."""

    PORTAL = "PORTAL"
    LINK = "LINK"
    MANAGER = "MANAGER"
    STAFF = "STAFF"
    SMS = "SMS"
    INSTALLER = "INSTALLER"
    CONTROL_ROUND = "CONTROL_ROUND"
    SMART_METER = "SMART_METER"
    IMPORT = "IMPORT"


class ReadingQuality(Enum):
    """Whether somebody saw the figure or it was worked out."""

    ACTUAL = "ACTUAL"
    ESTIMATED = "ESTIMATED"


class ReadingStatus(Enum):
    """What became of a reading; only ACCEPTED ones bill, and superseded ones stay."""

    ACCEPTED = "ACCEPTED"
    FLAGGED = "FLAGGED"
    REJECTED = "REJECTED"
    SUPERSEDED = "SUPERSEDED"
