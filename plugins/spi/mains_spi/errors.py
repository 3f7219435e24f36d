"""What this package refuses, each refusal named for what could not be done."""

from __future__ import annotations


class SpiError(Exception):
    """Something handed to mains-spi cannot be used."""


class InexactNumber(SpiError, TypeError):
    """A number is a float, not finite, or no number at all; the message names the field."""


class BadRecord(SpiError, ValueError):
    """A record contradicts itself; the message names the field."""


class BadUnit(SpiError, ValueError):
    """Two units do not go together, or a unit cannot be read."""


class CannotRate(SpiError):
    """A bill cannot be worked out because an input is missing or does not fit.

    ``code`` is stable and short, ``component`` the charge that needed the input, ``remedy`` a sentence for a person.
    """

    def __init__(self, code: str, component: str, remedy: str) -> None:
        super().__init__(f"{component or 'bill'}: {remedy} [{code}]")
        self.code = code
        self.component = component
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[CannotRate], tuple[str, str, str]]:
        return (type(self), (self.code, self.component, self.remedy))


class MissingInput(CannotRate):
    """An input is not there; ``OrElse`` may go on without it, anything else holds the bill."""
