"""What the kit refuses: a golden bill that cannot be read or used, each refusal named for its cause."""

from __future__ import annotations

from difflib import get_close_matches


class GoldenFileRefused(Exception):
    """A golden bill cannot be used as it is written.

    ``file`` and ``key`` say where, ``problem`` what, ``remedy`` what to do; ``line`` is known for most mistakes.
    """

    def __init__(self, *, file: str, key: str, problem: str, remedy: str, line: int | None = None) -> None:
        place = file if line is None else f"{file}, line {line}"
        where = f"{place}: {key}" if key else place
        super().__init__(f"{where}: {problem}. {remedy}{'' if remedy.endswith('?') else '.'}")
        self.file = file
        self.key = key
        self.problem = problem
        self.remedy = remedy
        self.line = line


class NotToml(GoldenFileRefused):
    """The file is no TOML at all, or cannot be opened."""


class NumberWithoutQuotes(GoldenFileRefused):
    """A number is written bare: as a float it would not be exact."""


class NumberUnreadable(GoldenFileRefused):
    """A text where a number belongs is no plain decimal number."""


class KeyUnknown(GoldenFileRefused):
    """A key is not one of this table's."""


class KeyMissing(GoldenFileRefused):
    """A key that the bill needs is not there."""


class ValueUnreadable(GoldenFileRefused):
    """A value is of the wrong kind: no date, no table, no known word."""


class VersionsOverlap(GoldenFileRefused):
    """Two versions of one price list hold on the same day and neither is known later."""


class TermUnknown(GoldenFileRefused):
    """A quantity, attribute, price list, price, charge, product or member is not one the adapter declares."""


class UnitsDiffer(GoldenFileRefused):
    """A value is given in another unit than the adapter counts it in."""


class PriceMissing(GoldenFileRefused):
    """The tariff asks for a price which the file does not give for all days of the bill."""


class TariffRefused(GoldenFileRefused):
    """The adapter's tariff does not go with the prices of the file."""


class BillHeld(GoldenFileRefused):
    """The bill cannot be worked out from what the file gives."""


class AdapterUnusable(Exception):
    """An adapter cannot be loaded, or a hook of it is missing, raises or gives no answer of its kind."""


class HookRaised(AdapterUnusable):
    """A hook raised instead of answering; the cause is what it raised."""


class ExplanationRefused(Exception):
    """A JSON file holds no explanation or request that can be worked out again."""


def did_you_mean(*, word: str, known: tuple[str, ...]) -> str:
    """Suggest the known word that was probably meant, or list those there are."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known here: {', '.join(sorted(known))}" if known else "There is none here"
