"""A document is read piece by piece, whatever its size and wherever its pieces are cut."""

import io
from decimal import Decimal as D

import pytest
from mains_server.intervals import json_stream
from mains_server.intervals.json_stream import JsonStream
from mains_server.intervals.rules import FileRefused

DOCUMENT = b'\xef\xbb\xbf {"a" : [1.10, 22, "\xc4\x93]", {"b": null}] , "c": true} \n'


def read(content):
    stream = JsonStream(io.BytesIO(content))
    found = {}
    for name in stream.members():
        found[name] = [stream.value() for _ in stream.elements()] if name == "a" else stream.value()
    stream.finish()
    return found


@pytest.mark.parametrize("chunk", [1, 2, 7, 1 << 16])
def test_pieces_may_be_cut_anywhere(monkeypatch, chunk):
    monkeypatch.setattr(json_stream, "CHUNK", chunk)

    found = read(DOCUMENT)

    assert found == {"a": [D("1.10"), D(22), "ē]", {"b": None}], "c": True}
    assert str(found["a"][0]) == "1.10"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"a"',
        b'{"a": [1',
        b'{"a": [1 2]}',
        b'{"a": [1,]}',
        b"{5: 1}",
        b'{"c": NaN}',
        b'{"c": tru',
        b"{} {}",
    ],
)
def test_what_is_no_such_document_is_refused(content):
    with pytest.raises(FileRefused):
        read(content)


def test_what_was_read_is_let_go(monkeypatch):
    monkeypatch.setattr(json_stream, "CHUNK", 64)
    stream = JsonStream(io.BytesIO(b"[" + b",".join([b"123"] * 10_000) + b"]"))

    held = [len(stream._text) for _ in stream.elements() if stream.value()]

    assert len(held) == 10_000
    assert max(held) < 200
