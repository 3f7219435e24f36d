"""Texts for people, in the three languages that customers read."""

from __future__ import annotations

from dataclasses import dataclass

from mains_spi.record import Record


@dataclass(frozen=True, slots=True)
class Labels(Record):
    """A text for people in Latvian, English and Russian."""

    lv: str
    en: str
    ru: str
