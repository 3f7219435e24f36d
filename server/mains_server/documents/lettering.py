"""Letters in plain words: laid out for the template `letter.typ`, which only places them on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from mains_server.documents.phrases import PHRASES
from mains_server.documents.printing import fonts
from mains_server.documents.records import DocumentLanguage
from mains_server.documents.rules import date_text, printable

PART_MAX = 4_000
NAME_MAX, ABOUT_MAX, RETURN_MAX = 90, 120, 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who a letter is from; `contact` is how it is reached besides its address, in words."""

    name: str
    address: str
    registration_number: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter: to whom and where, line by line, on which day, and its words; an empty line parts paragraphs.

    Without a sender its head is left empty, for paper that has one.
    """

    address: Sequence[str]
    day: date
    subject: str
    body: str
    language: DocumentLanguage
    sender: Sender | None = None


def print_letter(letter: Letter) -> bytes:
    """Print a letter as PDF; the same letter gives the same bytes."""
    from typst import Compiler

    page = {
        "language": letter.language.value,
        "title": printable(letter.subject),
        "date": date_text(letter.day, language=letter.language),
        "address": [printable(line, longest=60) for line in letter.address],
        "sender": None if letter.sender is None else _head(letter.sender, language=letter.language),
        "parts": [printable(part, longest=PART_MAX) for part in letter.body.split("\n\n") if part.strip()],
    }
    made_at = int(datetime.combine(letter.day, time(), tzinfo=UTC).timestamp())
    compiler = Compiler(font_paths=fonts(), ignore_system_fonts=True)
    given = {"page": orjson.dumps(page).decode()}
    printed = compiler.compile(_template(), sys_inputs=given, format="pdf", timestamp=made_at)
    assert isinstance(printed, bytes)
    return printed


def _head(sender: Sender, *, language: DocumentLanguage) -> Mapping[str, Any]:
    """Give the head of a letter, and the line over the address that the post returns it by."""
    registration = f"{PHRASES[language]['registration']} {sender.registration_number}"
    about = (sender.address, registration if sender.registration_number else "", sender.contact)
    return {
        "name": printable(sender.name, longest=NAME_MAX),
        "about": [printable(line, longest=ABOUT_MAX) for line in about if line.strip()],
        "returned_to": printable(f"{sender.name}, {sender.address}", longest=RETURN_MAX),
    }


@cache
def _template() -> bytes:
    return files("mains_server.documents").joinpath("letter.typ").read_bytes()
