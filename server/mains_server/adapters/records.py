"""What leaves the adapters room: which adapters there are, in what state, and what they call things."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from mains_spi import (
    Capability,
    ContractAttribute,
    Labels,
    Product,
    Utility,
)

Card = TypeVar("Card")


class AdapterState(Enum):
    """Whether an adapter is asked; one set aside keeps its reason and harms nobody."""

    ACTIVE = "ACTIVE"
    SET_ASIDE = "SET_ASIDE"


class AttributeScope(Enum):
    """Whose attribute something is that a utility prices by."""

    CONTRACT = "CONTRACT"
    PREMISE = "PREMISE"
    BUILDING = "BUILDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """One adapter as it was found: active with its identity card and products, or set aside with one line of reason."""

    name: str
    version: str
    state: AdapterState
    reason: str | None = None
    utility: Utility | None = None
    products: tuple[Product, ...] = ()

    @property
    def is_active(self) -> bool:
        """Tell whether the adapter is asked."""
        return self.state is AdapterState.ACTIVE

    @property
    def code(self) -> str:
        """Give the utility's code, or the name of the entry point where no identity card could be read."""
        return self.name if self.utility is None else self.utility.code

    @property
    def labels(self) -> Labels | None:
        """Give what the utility is called, where its identity card could be read."""
        return None if self.utility is None else self.utility.labels

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """Give what the utility offers beyond a bill."""
        return () if self.utility is None else self.utility.capabilities

    @property
    def attributes(self) -> tuple[ContractAttribute, ...]:
        """Give what the utility prices by."""
        return () if self.utility is None else self.utility.attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin(Generic[Card]):
    """A source, provider or channel as it was found: active with its card, or set aside with one line of reason."""

    name: str
    version: str
    state: AdapterState
    reason: str | None = None
    card: Card | None = None
