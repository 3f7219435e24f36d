"""What leaves the intake room."""

from __future__ import annotations

from enum import Enum


class UploadMode(Enum):
    """What one bad row does to the others."""

    ALL_OR_NOTHING = "ALL_OR_NOTHING"
    PER_ROW = "PER_ROW"


class UploadStatus(Enum):
    """How far an upload has come."""

    WAITING = "WAITING"
    TAKEN = "TAKEN"
    REFUSED = "REFUSED"


class RowOutcome(Enum):
    """What became of one row."""

    ACCEPTED = "ACCEPTED"
    FLAGGED = "FLAGGED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"
    LEFT_OUT = "LEFT_OUT"
