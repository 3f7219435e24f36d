"""A text is cut as networks cut it: 160 and 153 places, 70 and 67, and never within a letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_spi.texting import GSM_BASIC, GSM_EXTENSION, TextEncoding, places_of, segments_of, shortest, without_accents

LATVIAN = "aābcčdeēfgģhiījkķlļmnņoprsštuūvzžAĀBCČDEĒFGĢHIĪJKĶLĻMNŅOPRSŠTUŪVZŽ"
GSM = st.text(alphabet=sorted(GSM_BASIC | GSM_EXTENSION), max_size=500)
ANY = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=300)


@pytest.mark.parametrize(
    ("text", "encoding", "sizes"),
    [
        ("", "GSM7", [0]),
        ("a" * 160, "GSM7", [160]),
        ("a" * 161, "GSM7", [153, 8]),
        ("a" * 306, "GSM7", [153, 153]),
        ("a" * 307, "GSM7", [153, 153, 1]),
        # The euro sign takes two places: 158 + 2 fill one message; 159 + 2 do not.
        ("a" * 158 + "€", "GSM7", [159]),
        ("a" * 159 + "€", "GSM7", [153, 7]),
        # Place 153 alone is too little for it, so that segment ends at 152 and the sign begins the next.
        ("a" * 152 + "€" + "a" * 20, "GSM7", [152, 21]),
        ("ā" * 70, "UCS2", [70]),
        ("ā" * 71, "UCS2", [67, 4]),
        # A letter beyond the first plane is two units: 66 + 2 do not fit into 67.
        ("ā" * 66 + "😀" + "ā" * 10, "UCS2", [66, 11]),
        ("a" * 69 + "ā", "UCS2", [70]),
        ("[{}]", "GSM7", [4]),
    ],
)
def test_lengths_of_segments(text, encoding, sizes):
    found = segments_of(text)

    assert found.encoding.name == encoding
    assert [len(part) for part in found.parts] == sizes


@given(GSM)
def test_the_alphabet_of_networks_fits_its_segments(text):
    assert segments_of(text).encoding is TextEncoding.GSM7
    expect_cut(text)


@given(ANY)
def test_any_text_fits_its_segments(text):
    expect_cut(text)


def expect_cut(text):
    """Nothing is lost, no segment is too long, and none ends although the next letter would have fitted."""
    found = segments_of(text)
    sizes = [places_of(part, encoding=found.encoding) for part in found.parts]

    assert "".join(found.parts) == text
    if len(sizes) == 1:
        assert sizes[0] <= found.encoding.alone
        return
    assert places_of(text, encoding=found.encoding) > found.encoding.alone
    for size, following in zip(sizes, found.parts[1:], strict=False):
        assert size <= found.encoding.joined < size + places_of(following[0], encoding=found.encoding)
    assert 0 < sizes[-1] <= found.encoding.joined


def test_latvian_letters_lose_their_accents():
    assert without_accents("Rēķins ŅĢŪ: šķūņi, žņaugs, čiekurs") == "Rekins NGU: skuni, znaugs, ciekurs"
    assert segments_of(without_accents(LATVIAN)).encoding is TextEncoding.GSM7


def test_what_has_no_plain_letter_stays():
    assert without_accents("Привет „ā” – €") == 'Привет "a" - €'


def test_letters_of_the_alphabet_keep_their_accents():
    assert without_accents("éüñÅ") == "éüñÅ"


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        # 70 letters go in one message as they are; 71 would be two, and without accents are one.
        ("ā" * 70, False),
        ("ā" * 71, True),
        # 161 without accents are two segments, and with them three.
        ("ā" * 161, True),
        # Nothing is won where another letter keeps the text UCS-2.
        ("ā" * 100 + "я", False),
        ("a" * 200, False),
    ],
)
def test_accents_are_left_out_where_it_saves_a_segment(text, is_plain):
    assert shortest(text) == (without_accents(text) if is_plain else text)


@given(ANY)
def test_the_shortest_is_never_longer_and_says_as_much(text):
    found = shortest(text)

    assert len(segments_of(found).parts) <= len(segments_of(text).parts)
    assert found in (text, without_accents(text))
