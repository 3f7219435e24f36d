"""XML from strangers: bombs are refused where they begin, and nothing is fetched or expanded."""

import pytest
from mains_spot_prices.guarded_xml import DEPTH_MAX, ELEMENTS_MAX, read_xml
from mains_spot_prices.series import Unreadable

from plugins.spot_prices.tests.bombs import BOMBS

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
