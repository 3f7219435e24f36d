"""What leaves the billing room."""

from __future__ import annotations

from enum import Enum


class RunStatus(Enum):
    """How far a billing run is."""

    RUNNING = "RUNNING"
    DONE = "DONE"


class ChunkStatus(Enum):
    """How far a chunk of a run is."""

    WAITING = "WAITING"
    DONE = "DONE"
