"""Load checks of conditions."""

from __future__ import annotations

from collections.abc import Iterator

from mains_spi.hooks import Utility
from mains_spi.prices import When
from mains_spi.record import Record
from mains_spi.results import Mistake
from mains_spi.walk import find

GIVEN_BY_HOST = frozenset({"kind"})


def vet_condition(record: Record, name: str, utility: Utility) -> Iterator[Mistake]:
    """Find conditions on attributes or values that no contract can have, or that ask for nothing."""
    declared = {attribute.name: attribute for attribute in utility.attributes}
    for when in find(record, When):
        attribute = declared.get(when.name)
        if attribute is None and when.name not in GIVEN_BY_HOST:
            known = ", ".join(sorted(declared)) or "none"
            remedy = f"When asks for `{when.name}`, which the utility does not declare (it declares {known})"
            yield Mistake("wrong_when", name, remedy)
        elif attribute is not None and attribute.values:
            for word in when.among:
                if word not in attribute.values:
                    remedy = f"`{when.name}` is never {word!r}: choose among {', '.join(attribute.values)}"
                    yield Mistake("wrong_when", name, remedy)
        if not when.among and when.above is None and when.upto is None:
            yield Mistake("wrong_when", name, f"When('{when.name}') asks for nothing: give among, above or upto")
