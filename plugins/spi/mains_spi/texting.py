"""How a text message is cut into segments, by GSM 03.38 and GSM 03.40, and how accents are left out to save some.

A text whose letters are all in the GSM alphabet goes as 7-bit, 160 places to a message; one other letter makes it
UCS-2, 70 places. A longer text is sent in segments, each with a header that takes the place of 7 or 3 letters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from mains_spi.record import Record

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
"""Each is an escape and a letter: two places, which stand in one segment."""
PLAIN = {"„": '"', "“": '"', "”": '"', "‘": "'", "’": "'", "`": "'", "–": "-", "—": "-", "…": "..."}
PLAIN |= dict.fromkeys("\xa0\u202f\t", " ")


class TextEncoding(Enum):
    """How letters travel, with the places of a message that stands alone and of a segment of a longer one."""

    GSM7 = (160, 153)
    UCS2 = (70, 67)

    @property
    def alone(self) -> int:
        """Give the places of a message of one segment."""
        return self.value[0]

    @property
    def joined(self) -> int:
        """Give the places of each segment of a longer message."""
        return self.value[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments(Record):
    """A text as it travels: its encoding, and what each segment carries; joined, they are the text."""

    encoding: TextEncoding
    parts: tuple[str, ...]


def segments_of(text: str) -> Segments:
    """Cut a text into the segments that a network sends, none of which ends within a letter."""
    is_gsm = all(letter in GSM_BASIC or letter in GSM_EXTENSION for letter in text)
    encoding, places = (TextEncoding.GSM7, _septets) if is_gsm else (TextEncoding.UCS2, _units)
    if sum(map(places, text)) <= encoding.alone:
        return Segments(encoding=encoding, parts=(text,))
    return Segments(encoding=encoding, parts=_cut(text, places=places, most=encoding.joined))


def places_of(text: str, *, encoding: TextEncoding) -> int:
    """Count the places that a text takes."""
    return sum(map(_septets if encoding is TextEncoding.GSM7 else _units, text))


def without_accents(text: str) -> str:
    """Write letters that are not in the GSM alphabet by the letter they are made of, where that is in it: ā as a."""
    return "".join(_plain(letter) for letter in text)


def shortest(text: str) -> str:
    """Give the text without accents where that takes fewer segments, else as it is."""
    plain = without_accents(text)
    return plain if len(segments_of(plain).parts) < len(segments_of(text).parts) else text


def _cut(text: str, *, places: Callable[[str], int], most: int) -> tuple[str, ...]:
    parts, begins, taken = [], 0, 0
    for at, letter in enumerate(text):
        size = places(letter)
        if taken + size > most:
            parts.append(text[begins:at])
            begins, taken = at, 0
        taken += size
    return (*parts, text[begins:])


def _septets(letter: str) -> int:
    return 2 if letter in GSM_EXTENSION else 1


def _units(letter: str) -> int:
    """Count UTF-16 units: beyond the first plane a letter has two, which stand in one segment."""
    return 2 if ord(letter) > 0xFFFF else 1


def _plain(letter: str) -> str:
    if letter in GSM_BASIC or letter in GSM_EXTENSION:
        return letter
    base = unicodedata.normalize("NFD", letter)[0]
    return PLAIN.get(letter, base if base in GSM_BASIC else letter)
