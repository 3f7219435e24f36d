"""Reads XML from strangers piece by piece: no document type, no entities, bounds on everything, and nothing kept."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Protocol
from xml.parsers import expat

from mains_server.statements.refusals import BankFileRefused

PIECE_BYTES = 65_536
DEPTH_MAX = 24
TEXT_MAX = 2_000
ATTRIBUTES_MAX = 16
TOKEN_BYTES_MAX = 262_144
"""How much of a file may wait for the end of one tag; a real one has a hundred signs."""


class Listener(Protocol):
    """Hears of elements by their names with namespace, `<namespace> <name>`."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Hear that an element begins."""

    def end(self, text: str) -> None:
        """Hear that the element begun last ends, with its own text."""


def read_pieces(file: BinaryIO, *, listener: Listener) -> Iterator[None]:
    """Read a file piece by piece, telling the listener, and give way after each; raises BankFileRefused."""
    guard = _Guard(listener)
    parser = guard.parser
    decoder = codecs.getincrementaldecoder("utf-8")()
    fed = 0
    while True:
        piece = file.read(PIECE_BYTES)
        _require_utf8(decoder, piece, is_last=not piece)
        try:
            parser.Parse(piece, not piece)
        except expat.ExpatError as error:
            raise BankFileRefused(
                "FILE_NOT_XML", f"the file is no whole XML, by line {error.lineno}; fetch it from the bank again"
            ) from error
        fed += len(piece)
        if fed - parser.CurrentByteIndex > TOKEN_BYTES_MAX:
            raise guard.too_much()
        yield
        if not piece:
            return


def _require_utf8(decoder: codecs.IncrementalDecoder, piece: bytes, *, is_last: bool) -> None:
    try:
        decoder.decode(piece, is_last)
    except UnicodeDecodeError as error:
        raise BankFileRefused("FILE_ENCODING", "the file is not in UTF-8; ask the bank for it in UTF-8") from error
    if b"\0" in piece:
        raise BankFileRefused("FILE_ENCODING", "the file is not in UTF-8; ask the bank for it in UTF-8")


class _Guard:
    """Takes what the parser finds, and stops at the first sign of a bomb."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._depth = 0
        self._text: list[str] = []
        self._length = 0
        self.parser = expat.ParserCreate(encoding="UTF-8", namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.XmlDeclHandler = self._declare
        for handler in ("StartDoctypeDeclHandler", "EntityDeclHandler", "ExternalEntityRefHandler"):
            setattr(self.parser, handler, self._refuse)

    def too_much(self) -> BankFileRefused:
        """Make the refusal of what no bank sends."""
        return BankFileRefused(
            "XML_BOUNDS", f"the XML is deeper or longer than a statement is, by line {self.parser.CurrentLineNumber}"
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._length:
            self._text, self._length = [], 0
        if self._depth > DEPTH_MAX or len(name) > TEXT_MAX:
            raise self.too_much()
        if attributes:
            longest = max(len(key) + len(value) for key, value in attributes.items())
            if len(attributes) > ATTRIBUTES_MAX or longest > TEXT_MAX:
                raise self.too_much()
        self._listener.start(name, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if not self._length:
            self._listener.end("")
            return
        text = "".join(self._text)
        self._text, self._length = [], 0
        self._listener.end(text)

    def _characters(self, words: str) -> None:
        self._length += len(words)
        if self._length > TEXT_MAX:
            raise self.too_much()
        self._text.append(words)

    def _declare(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.upper() not in ("UTF-8", "UTF8", "US-ASCII"):
            raise BankFileRefused("FILE_ENCODING", f"the file says it is in {encoding[:20]}; ask the bank for UTF-8")

    def _refuse(self, *_found: object) -> None:
        raise BankFileRefused("XML_DECLARES", "XML with a document type or entities is not read")
