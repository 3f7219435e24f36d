"""What leaves the privacy room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportAsked:
    """An export that a link was signed for: of whom, for which session."""

    person_id: int
    session_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalTerm:
    """For how many years accounting documents issued on a day or later are kept, and who says so."""

    since: date
    years: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure came to: the day until which what is left must be kept, None where nothing must."""

    customer_id: int
    kept_until: date | None
