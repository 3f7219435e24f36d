"""Reads XML from strangers: no document type, no entities, and bounds on size, depth and number of everything."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from mains_spi import FILE_BYTES_MAX, Labels

from mains_spot_prices.series import Unreadable

ELEMENTS_MAX = 150_000
DEPTH_MAX = 16
ATTRIBUTES_MAX = 16
TEXT_MAX = 2_000

TOO_BIG = Labels(
    "Fails ir lielāks par 10 MB; sadaliet to pa mēnešiem",
    "The file is larger than 10 MB; divide it by months",
    "Файл больше 10 МБ; разделите его по месяцам",
)
NOT_UTF8 = Labels("Fails nav UTF-8 kodējumā", "The file is not in UTF-8", "Файл не в кодировке UTF-8")
BROKEN = Labels("Fails nav vesels XML", "The file is no whole XML", "Файл не является целым XML")
DECLARES = Labels(
    "XML ar dokumenta tipu vai entītijām netiek lasīts",
    "XML with a document type or entities is not read",
    "XML с типом документа или сущностями не читается",
)
TOO_MUCH = Labels(
    "XML ir dziļāks, garāks vai pilnāks, nekā tirgus dokuments mēdz būt",
    "The XML is deeper, longer or fuller than a document of the market is",
    "XML глубже, длиннее или полнее, чем бывает документ рынка",
)


def read_xml(*, content: bytes) -> Element:
    """Read a document into elements whose tags are local names, the root's with its namespace, or raise Unreadable."""
    if len(content) > FILE_BYTES_MAX:
        raise Unreadable("too_big", TOO_BIG)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("not_utf8", NOT_UTF8, path=f"byte {error.start}") from error
    if b"\0" in content:
        raise Unreadable("not_utf8", NOT_UTF8, path=f"byte {content.index(0)}")
    tree = _GuardedTree()
    parser = expat.ParserCreate(encoding="UTF-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    parser.XmlDeclHandler = tree.declare
    for handler in ("StartDoctypeDeclHandler", "EntityDeclHandler", "ExternalEntityRefHandler"):
        setattr(parser, handler, tree.refuse)
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise Unreadable("not_xml", BROKEN, path=f"line {error.lineno}") from error
    return tree.root()


class _GuardedTree:
    """Takes what the parser finds, and stops at the first sign of a bomb."""

    def __init__(self) -> None:
        self._builder = TreeBuilder()
        self._depth = 0
        self._elements = 0
        self._text = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Open an element."""
        self._depth += 1
        self._elements += 1
        self._text = 0
        longest = max([len(name), *(len(key) + len(value) for key, value in attributes.items())])
        if self._depth > DEPTH_MAX or self._elements > ELEMENTS_MAX or len(attributes) > ATTRIBUTES_MAX:
            raise Unreadable("xml_bounds", TOO_MUCH, path=f"element {self._elements}")
        if longest > TEXT_MAX:
            raise Unreadable("xml_bounds", TOO_MUCH, path=f"element {self._elements}")
        self._builder.start(self._tag(name), attributes)

    def end(self, name: str) -> None:
        """Close an element."""
        self._builder.end(self._tag(name))
        self._depth -= 1
        self._text = 0

    def text(self, words: str) -> None:
        """Take a piece of an element's text."""
        self._text += len(words)
        if self._text > TEXT_MAX:
            raise Unreadable("xml_bounds", TOO_MUCH, path=f"element {self._elements}")
        self._builder.data(words)

    def declare(self, version: str, encoding: str | None, standalone: int) -> None:
        """Hear which encoding the document claims."""
        if encoding is not None and encoding.upper() not in ("UTF-8", "UTF8", "US-ASCII"):
            raise Unreadable("not_utf8", NOT_UTF8, path="line 1")

    def refuse(self, *_found: object) -> None:
        """Stop at a document type or an entity, before anything of it is expanded."""
        raise Unreadable("xml_declares", DECLARES)

    def root(self) -> Element:
        """Give the whole document."""
        return self._builder.close()

    def _tag(self, name: str) -> str:
        return name if self._depth == 1 else name.rpartition(" ")[2]
