"""What people write in a text message about a meter: its number and what it shows, in whatever order of spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

TEXT_MAX = 500
FILLERS = frozenset({
    "skaititajs", "skaititaja", "skaititajam", "nr", "numurs", "radijums", "radijumi", "radija", "ir",
    "meter", "number", "reading", "readings", "value", "kwh", "kvth", "mwh", "m3", "m", "labdien", "sveiki", "paldies",
})  # fmt: skip
CODES = {
    "t1": "t1", "t2": "t2", "diena": "t1", "dienas": "t1", "day": "t1", "nakts": "t2", "night": "t2",
    "siltums": "heat", "heat": "heat", "karstais": "hot_water", "udens": "hot_water", "hotwater": "hot_water",
}  # fmt: skip
WORDS = re.compile(r"[^\W_]+(?:[.,/-][^\W_]+)*", re.UNICODE)
NUMBER = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,6})?", re.ASCII)
HEAD, GROUP = re.compile(r"[0-9]{1,3}", re.ASCII), re.compile(r"[0-9]{3}(?:[.,][0-9]{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextedReadings:
    """What a message says: the meter, if it names one, and values with the register's code, if it names one."""

    meter: str | None
    values: tuple[tuple[str | None, Decimal], ...]


def read_text(text: str) -> TextedReadings | None:
    """Read a message such as `EL000001 2969,03` or `T1 123 T2 456`; None where it cannot be understood."""
    words = [word for word in WORDS.findall(_plain(text[:TEXT_MAX])) if word not in FILLERS]
    codes = [place for place, word in enumerate(words) if word in CODES]
    if codes:
        return _coded(words, codes)
    match words:
        case [] | [_] if not words or NUMBER.fullmatch(words[0]) is None:
            return None
        case [value]:
            return TextedReadings(meter=None, values=((None, _number([value])),))
        case [meter, *rest] if _is_number(rest):
            return TextedReadings(meter=meter, values=((None, _number(rest)),))
    return None


def _coded(words: Sequence[str], codes: Sequence[int]) -> TextedReadings | None:
    """Read a message that names registers: each is followed by its value; what comes first is the meter."""
    if codes[0] > 1:
        return None
    values: list[tuple[str | None, Decimal]] = []
    for place, end in zip(codes, (*codes[1:], len(words)), strict=True):
        rest = words[place + 1 : end]
        if not _is_number(rest):
            return None
        values.append((CODES[words[place]], _number(rest)))
    names = [code for code, _ in values]
    if len(set(names)) != len(names):
        return None
    return TextedReadings(meter=words[0] if codes[0] == 1 else None, values=tuple(values))


def _is_number(words: Sequence[str]) -> bool:
    """Tell whether words are one number, perhaps with spaces between its thousands."""
    if len(words) == 1:
        return NUMBER.fullmatch(words[0]) is not None
    return len(words) > 1 and HEAD.fullmatch(words[0]) is not None and all(GROUP.fullmatch(w) for w in words[1:])


def _number(words: Sequence[str]) -> Decimal:
    return Decimal("".join(words).replace(",", "."))


def _plain(text: str) -> str:
    """Write a message without marks on its letters, in small ones."""
    return unicodedata.normalize("NFKD", text.replace("³", "3")).encode("ascii", "ignore").decode().casefold()
