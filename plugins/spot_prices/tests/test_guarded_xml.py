"""XML from strangers: bombs are refused where they begin, and nothing is fetched or expanded."""

import pytest
from mains_spot_prices.guarded_xml import DEPTH_MAX, ELEMENTS_MAX, read_xml
from mains_spot_prices.series import Unreadable

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
BOMBS = {
    "billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "lol">{LAUGHS}]><a>&l11;</a>'.encode(),
    "quadratic": b'<!DOCTYPE a [<!ENTITY b "' + b"b" * 100_000 + b'">]><a>' + b"&b;" * 100_000 + b"</a>",
    "external entity": b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
    "external type": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>',
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><a/>',
    "empty type": b"<!DOCTYPE a><a/>",
    "unknown entity": b"<a>&nbsp;</a>",
    "deep": b"<a>" * 500_000,
    "many": b"<r>" + b"<a/>" * 2_400_000 + b"</r>",
    "huge attribute": b'<a b="' + b"x" * 9_900_000 + b'"/>',
    "many attributes": b"<a " + b" ".join(b'a%d=""' % n for n in range(100_000)) + b"/>",
    "long name": b"<" + b"a" * 9_000_000 + b"/>",
    "long text": b"<a>" + b"x" * 9_900_000 + b"</a>",
    "long namespace": b'<a xmlns="' + b"x" * 5_000 + b'"/>',
    "too big": b"<a>" + b" " * 10_000_000 + b"</a>",
    "truncated": b"<a><b>1</b>",
    "two roots": b"<a/><a/>",
    "empty": b"",
    "no xml": b"\x00\x01\x02",
    "utf-16": '<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"),
    "utf-16 without a mark": "<a/>".encode("utf-16-le"),
    "utf-32": "<a/>".encode("utf-32"),
    "claims utf-16": b'<?xml version="1.0" encoding="UTF-16"?><a/>',
    "claims latin": b'<?xml version="1.0" encoding="ISO-8859-4"?><a/>',
    "utf-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-',
    "latin bytes": b"<a>\xe5</a>",
    "nul": b"<a>\x00</a>",
    "comment in the type": b"<!DOCTYPE a [<!-- " + b"x" * 1_000_000 + b" -->]><a/>",
}


REFUSED_AT = {
    "deep": ("xml_bounds", f"element {DEPTH_MAX + 1}"),
    "many": ("xml_bounds", f"element {ELEMENTS_MAX + 1}"),
    "huge attribute": ("xml_bounds", "element 1"),
    "many attributes": ("xml_bounds", "element 1"),
    "long name": ("xml_bounds", "element 1"),
    "long text": ("xml_bounds", "element 1"),
    "long namespace": ("xml_bounds", "element 1"),
    "billion laughs": ("xml_declares", ""),
    "quadratic": ("xml_declares", ""),
    "external entity": ("xml_declares", ""),
    "external type": ("xml_declares", ""),
    "parameter entity": ("xml_declares", ""),
    "too big": ("too_big", ""),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(name):
    with pytest.raises(Unreadable):
        read_xml(content=BOMBS[name])


@pytest.mark.parametrize("name", REFUSED_AT)
def test_a_bomb_is_read_no_further_than_its_bound(name):
    """How far it was read is what bounds the work, and unlike time it is the same on each machine."""
    with pytest.raises(Unreadable) as refused:
        read_xml(content=BOMBS[name])

    assert (refused.value.problem.code, refused.value.problem.path) == REFUSED_AT[name]


def test_a_plain_document_is_read():
    root = read_xml(
        content='\ufeff<?xml version="1.0"?><n:a xmlns:n="urn:x" k="v"><b.c>ž</b.c><!-- c --></n:a>'.encode()
    )

    assert (root.tag, [(child.tag, child.text) for child in root]) == ("urn:x a", [("b.c", "ž")])


def test_the_refusal_says_where():
    with pytest.raises(Unreadable) as refused:
        read_xml(content=b"<a>\n<b>\n</a>")

    assert (refused.value.problem.code, refused.value.problem.path) == ("not_xml", "line 3")
