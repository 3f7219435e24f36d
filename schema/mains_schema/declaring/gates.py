"""Root fields that stand on no row: sections behind a check, and lists that the process knows without a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from strawberry.types.info import Info

from mains_schema.declaring.context import Context
from mains_schema.declaring.mapping import ReadField


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """A section that a check, which raises, stands before."""

    check: Callable[[Context], None]
    section: type

    def open(self, context: Context) -> Any:
        """Check, and give the section, which has no row."""
        self.check(context)
        return object.__new__(self.section)


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A small value that Python makes out of the request."""

    open: Callable[[Context], Any]


class RootField(ReadField):
    """A field that is opened with the request's context."""

    @property
    def is_basic_field(self) -> bool:
        """Tell Strawberry that the field wants an `Info`."""
        return False

    def get_result(self, source: Any, info: Info[Any, Any] | None, args: list[Any], kwargs: Any) -> Any:
        """Open the field."""
        if info is None:
            raise RuntimeError(f"field {self.python_name} was not given its request")
        return self.metadata["source"].open(info.context)


def gate(doc: str, section: type, *, check: Callable[[Context], None]) -> Any:
    """Declare a section of root fields that only some may enter; `check` raises for the others."""
    return RootField(description=doc, metadata={"source": Gate(check, section)})


def given(doc: str, make: Callable[[Context], Any]) -> Any:
    """Declare a root field whose value the process knows: pure, quick, and made of plain Strawberry types."""
    return RootField(description=doc, metadata={"source": Given(make)})
