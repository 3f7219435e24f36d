"""Reads XML from strangers piece by piece: no document type, no entities, bounds on everything, and nothing kept."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol
from xml.parsers import expat

from mains_server.statements.refusals import BankFileRefused

PIECE_BYTES = 65_536
DEPTH_MAX = 24
TEXT_MAX = 2_000
ATTRIBUTES_MAX = 16
TOKEN_BYTES_MAX = 262_144
"""How much of a file may wait for the end of one tag; a real one has a hundred signs."""


StartTag = Callable[[str, dict[str, str]], None]
EndTag = Callable[[str], None]


class Node:
    """An element that somebody wants to hear of, with those of interest inside it by `<namespace> <name>`.

    A `part` is heard of when it begins and ends; of a `path` the element's own text is wanted, and where it
    `has_currency` its attributes too.
    """

    __slots__ = ("children", "has_currency", "is_begun", "is_ended", "part", "path")

    def __init__(self) -> None:
        self.children: dict[str, Node] = {}
        self.part = self.path = ""
        self.has_currency = self.is_begun = self.is_ended = False

    def hear_of(self, *, part: str = "", path: str = "", has_currency: bool = False) -> None:
        """Have the listener hear of this element, as a part or as the value of a path."""
        self.part, self.path, self.has_currency = part, path, has_currency
        self.is_begun, self.is_ended = bool(part) or has_currency, bool(part or path)


_OF_NO_INTEREST = Node()


class Listener(Protocol):
    """Hears of the elements of interest."""

    def root(self, name: str) -> Node:
        """Say what is of interest in a document, by its outermost element."""

    def begin(self, node: Node, attributes: dict[str, str]) -> None:
        """Hear that an element of interest begins."""

    def end(self, node: Node, text: str) -> None:
        """Hear that an element of interest ends, with its own text, the blanks around it cut off."""


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
        guard.require_short()
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
    """Takes what the parser finds, and stops at the first sign of a bomb; written for the million tags of a file.

    What is of interest is a tree of known names that is less deep than a file may be, so that only other names and
    depths are looked at.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._root = Node()
        self._text: list[str] = []
        self.parser = expat.ParserCreate(encoding="UTF-8", namespace_separator=" ")
        self.parser.buffer_text = True
        self._start, self._end = self._tag_handlers()
        self.parser.StartElementHandler = self._start_root
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append
        self.parser.XmlDeclHandler = self._declare
        for handler in ("StartDoctypeDeclHandler", "EntityDeclHandler", "ExternalEntityRefHandler"):
            setattr(self.parser, handler, self._refuse)

    def too_much(self) -> BankFileRefused:
        """Make the refusal of what no bank sends."""
        return BankFileRefused(
            "XML_BOUNDS", f"the XML is deeper or longer than a statement is, by line {self.parser.CurrentLineNumber}"
        )

    def require_short(self) -> None:
        """Refuse a text that goes on and on, also where no tag ends it."""
        if sum(map(len, self._text)) > TEXT_MAX:
            raise self.too_much()

    def _start_root(self, name: str, attributes: dict[str, str]) -> None:
        self.parser.StartElementHandler = self._start
        self._root.children[name] = self._listener.root(name)
        self._start(name, attributes)

    def _tag_handlers(self) -> tuple[StartTag, EndTag]:
        """Make what hears of each tag; they keep their place in variables, since attributes take a third longer."""
        node, around, texts = self._root, list[Node](), self._text
        begin, end, push, pop = self._listener.begin, self._listener.end, around.append, around.pop

        def start_tag(name: str, attributes: dict[str, str]) -> None:
            nonlocal node
            if texts:
                self._take_text()
            push(node)
            node = node.children.get(name, _OF_NO_INTEREST)
            if node is _OF_NO_INTEREST and (len(around) > DEPTH_MAX or len(name) > TEXT_MAX):
                raise self.too_much()
            if attributes:
                self._require_few(attributes)
            if node.is_begun:
                begin(node, attributes)

        def end_tag(_name: str) -> None:
            nonlocal node
            text = self._take_text() if texts else ""
            if node.is_ended:
                end(node, text.strip())
            node = pop()

        return start_tag, end_tag

    def _take_text(self) -> str:
        texts = self._text
        text = texts[0] if len(texts) == 1 else "".join(texts)
        texts.clear()
        if len(text) > TEXT_MAX:
            raise self.too_much()
        return text

    def _require_few(self, attributes: dict[str, str]) -> None:
        longest = max(len(key) + len(value) for key, value in attributes.items())
        if len(attributes) > ATTRIBUTES_MAX or longest > TEXT_MAX:
            raise self.too_much()

    def _declare(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.upper() not in ("UTF-8", "UTF8", "US-ASCII"):
            raise BankFileRefused("FILE_ENCODING", f"the file says it is in {encoding[:20]}; ask the bank for UTF-8")

    def _refuse(self, *_found: object) -> None:
        raise BankFileRefused("XML_DECLARES", "XML with a document type or entities is not read")
