"""Global ids: opaque to clients, one name for one thing, and the `Node` interface that they open."""

from __future__ import annotations

import base64
import binascii
import re

import strawberry

from mains_schema.declaring.errors import bad_input

ID_LENGTH_MAX = 200
ID_MAX = 2**63 - 1
_PLAIN = re.compile(r"([A-Z][A-Za-z]{0,60}):([1-9][0-9]{0,18})", re.ASCII)


@strawberry.interface(description="Anything that has a global id and can be read again by it.")
class Node:
    """What `node(id)` may give."""

    id: strawberry.ID = strawberry.field(description="Global id: opaque, stable, at most 200 characters.")


def encode_id(*, type_name: str, number: int) -> strawberry.ID:
    """Give the global id of one row of a type."""
    return strawberry.ID(base64.urlsafe_b64encode(f"{type_name}:{number}".encode()).decode().rstrip("="))


def decode_id(value: str) -> tuple[str, int]:
    """Read a global id back into type and number, refusing what we never gave out."""
    found = _PLAIN.fullmatch(_plain_text(value)) if len(value) <= ID_LENGTH_MAX else None
    if found is None or int(found[2]) > ID_MAX or encode_id(type_name=found[1], number=int(found[2])) != value:
        raise bad_input("This is not an id that this server gave out.")
    return found[1], int(found[2])


def number_of(value: str, *, type_name: str) -> int:
    """Read a global id that must name a row of one type."""
    found, number = decode_id(value)
    if found != type_name:
        raise bad_input(f"This is the id of {_article(found)} {found}; {_article(type_name)} {type_name} was expected.")
    return number


def _plain_text(value: str) -> str:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""


def _article(word: str) -> str:
    return "an" if word[0] in "AEIOU" else "a"
