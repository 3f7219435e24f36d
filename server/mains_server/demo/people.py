"""Invented people of the demo, in a fixed order; no name, code or address here belongs to anybody."""

from __future__ import annotations

from random import Random

_FIRST = (
    ("Anna", "Bērziņa"), ("Jānis", "Kalniņš"), ("Ilze", "Ozoliņa"), ("Andris", "Liepiņš"), ("Kristīne", "Krūmiņa"),
    ("Mārtiņš", "Balodis"), ("Inese", "Eglīte"), ("Juris", "Zariņš"), ("Līga", "Pētersone"), ("Edgars", "Vītols"),
    ("Zane", "Kļaviņa"), ("Valdis", "Kārkliņš"), ("Daina", "Vanaga"), ("Aivars", "Rozītis"), ("Sandra", "Jansone"),
    ("Guntis", "Siliņš"), ("Olga", "Ivanova"), ("Sergejs", "Petrovs"), ("Natālija", "Vasiļjeva"),
    ("Viktors", "Fjodorovs"),
)  # fmt: skip
_LAST = (
    ("Āboliņa", "Āboliņš"), ("Grīnberga", "Grīnbergs"), ("Dzene", "Dzenis"), ("Freimane", "Freimanis"),
    ("Lāce", "Lācis"), ("Medne", "Mednis"), ("Priede", "Priede"), ("Strazdiņa", "Strazdiņš"),
    ("Tauriņa", "Tauriņš"), ("Upīte", "Upītis"), ("Zvirbule", "Zvirbulis"), ("Šteinberga", "Šteinbergs"),
)  # fmt: skip


def person_names(*, count: int, seed: int) -> tuple[str, ...]:
    """Give that many different full names, the same for the same seed."""
    everybody = [f"{first} {last[0] if first[-1] in 'ae' else last[1]}" for first, _ in _FIRST for last in _LAST] + [
        f"{first} {last}" for first, last in _FIRST
    ]
    Random(seed).shuffle(everybody)
    return tuple(everybody[:count])
