"""What leaves the allocation room: methods as they are announced, and who announced them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum


class Announcer(Enum):
    """In which capacity somebody announced a method."""

    MANAGER = "MANAGER"
    STAFF = "STAFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationChoice:
    """One attribute of a method and the value that was voted for."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMethod:
    """A method to be announced: what changes on the contract over a building, from when, and by which decision."""

    contract_id: int
    choices: tuple[AllocationChoice, ...]
    valid_from: date
    decision_reference: str
    decided_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A building as the contract over it has it."""

    building_id: int
    adapter: str
    product: str
    customer_id: int
    contract_id: int
    starts: date
    ends: date | None
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedMethod:
    """A method that was announced, with the attributes it changed; of `replaced` ones another value held before."""

    id: int
    contract_id: int
    customer_id: int
    building_id: int
    starts: date
    decision_reference: str
    names: tuple[str, ...]
    replaced: frozenset[str]
    is_cancelled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArea:
    """A premise's true area, and why the one on file is wrong."""

    supply_point_id: int
    area_m2: Decimal
    reason: str
