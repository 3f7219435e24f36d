"""Reads a JSON document piece by piece, so that its size does not matter; numbers stay exact."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO

from mains_server.intervals.rules import FileRefused

CHUNK = 1 << 16
PIECE_MAX = 1 << 16
SPACE = " \t\r\n"
CUT_NUMBER = 3  # of a number that goes on as `e+5`, this many characters show that it does


class JsonStream:
    """Walks a document: whoever reads says which object or array comes next, and reads its small parts whole."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")
        self._scan = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number).scan_once  # type: ignore[attr-defined]
        self._text = ""
        self._at = 0
        self._is_over = False

    def begins(self) -> str:
        """Look at the next character that is no space; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def members(self) -> Iterator[str]:
        """Go through an object: each time a name is given, the caller reads its value."""
        self._take("{")
        is_first = True
        while self.begins() != "}":
            if not is_first:
                self._take(",")
            is_first = False
            name = self.value()
            if not isinstance(name, str):
                raise FileRefused("this is no JSON: the name of a member is a text")
            self._take(":")
            yield name
        self._take("}")

    def elements(self) -> Iterator[None]:
        """Go through an array: each time, the caller reads an element."""
        self._take("[")
        is_first = True
        while self.begins() != "]":
            if not is_first:
                self._take(",")
                if self.begins() == "]":
                    raise FileRefused("this is no JSON: an array ends with a comma")
            is_first = False
            yield
        self._take("]")

    def values(self) -> Iterator[Any]:
        """Go through an array of small elements, each read whole; there may be a million of them."""
        self._take("[")
        if self.begins() == "]":
            self._take("]")
            return
        following = ","
        while following == ",":
            yield self.value()
            following = self.begins()
            self._at += 1
        if following != "]":
            raise FileRefused("this is no whole JSON: an array ends with a bracket")

    def value(self) -> Any:
        """Read a value whole; it has at most 64 thousand characters."""
        self.begins()
        while True:
            try:
                found, end = self._scan(self._text, self._at)
            except (ValueError, StopIteration) as refused:
                if len(self._text) - self._at > PIECE_MAX:
                    raise FileRefused(f"this is no JSON, or a part is longer than {PIECE_MAX} characters") from refused
                if not self._more():
                    raise FileRefused("this is no whole JSON: a value breaks off, or is none") from refused
                continue
            except RecursionError as refused:
                raise FileRefused("this JSON is nested too deep") from refused
            length = end - self._at
            if len(self._text) - end >= CUT_NUMBER or not self._more():
                self._at += length
                return found

    def finish(self) -> None:
        """Refuse anything that stands behind the document."""
        if self.begins():
            raise FileRefused("something stands behind the JSON document")

    def _take(self, wanted: str) -> None:
        found = self.begins()
        if found != wanted:
            what = f"{found!r} stands" if found else "the file ends"
            raise FileRefused(f"this is no whole JSON of the format: {what} where {wanted!r} should be")
        self._at += 1

    def _more(self) -> bool:
        """Read on; what was read already is let go."""
        if self._is_over:
            return False
        chunk = self._file.read(CHUNK)
        self._is_over = not chunk
        try:
            text = self._decoder.decode(chunk, final=self._is_over)
        except UnicodeDecodeError as refused:
            raise FileRefused("the file is not written in UTF-8") from refused
        self._text = self._text[self._at :] + text
        self._at = 0
        return not self._is_over or bool(text)


def _no_number(word: str) -> Any:
    raise FileRefused(f"this is no JSON: {word} is no number")
