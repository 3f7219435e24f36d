"""What leaves the machines room, and what it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from mains_server.access.records import MachineScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a token reaches: whole customers, single contracts, and places with whatever contract supplies them."""

    customers: frozenset[int] = frozenset()
    contracts: frozenset[int] = frozenset()
    buildings: frozenset[int] = frozenset()
    supply_points: frozenset[int] = frozenset()

    @property
    def count(self) -> int:
        """Count what is named."""
        return sum(len(ids) for ids in (self.customers, self.contracts, self.buildings, self.supply_points))

    @property
    def is_by_place(self) -> bool:
        """Tell whether a place is named, at which customers come and go."""
        return bool(self.buildings or self.supply_points)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token to be made: what it is called, what it opens and reaches, for how many days."""

    name: str
    scopes: frozenset[MachineScope]
    reach: Reach
    days: int
    rows_a_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A partner whose software asks: its name, and the address of who answers for it there."""

    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeToken:
    """A token that was made; its text is shown this once."""

    id: int
    text: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenListed:
    """A token as a list for administrators shows it."""

    id: int
    name: str
    partner: str | None
    email: str
    scopes: tuple[str, ...]
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
