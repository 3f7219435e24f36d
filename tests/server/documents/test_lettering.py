"""Letters: whose head they carry, that it stays clear of the window, and that nothing anybody is called breaks it."""

import io
import re
from datetime import date

import pypdf
import pytest
from mains_server.documents.lettering import Letter, Sender, print_letter
from mains_server.documents.records import DocumentLanguage

from tests.server.documents import made

LV, EN, RU = DocumentLanguage.LV, DocumentLanguage.EN, DocumentLanguage.RU
SENDER = Sender(
    name="SIA Siltums",
    address="Pasta iela 47, Jelgava, LV-3001",
    registration_number="40003042464",
    contact="+371 63007000",
)
MILLIMETRE = 72 / 25.4
PAGE, WINDOW_FROM, ADDRESS_FROM = 297.0, 45.0, 51.0


def letter(*, sender=SENDER, language=LV, body="Labdien!\n\nViss kārtībā."):
    lines = ("Ģirts Ķiķauka-Žagariņš", "Čiekuru iela 5-3", "Jelgava", "LV-3002")
    return Letter(
        address=lines, day=date(2024, 2, 10), subject="Atgādinājums", body=body, language=language, sender=sender
    )


def text_of(given):
    pages = pypdf.PdfReader(io.BytesIO(print_letter(given))).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def heights(given):
    """Give each piece of text of the first page with how far below the paper's top its line stands, in millimetres."""
    found = []

    def seen(text, matrix, text_matrix, *_):
        if text.strip():
            found.append((text.strip(), PAGE - (matrix[5] + text_matrix[5] * matrix[3]) / MILLIMETRE))

    pypdf.PdfReader(io.BytesIO(print_letter(given))).pages[0].extract_text(visitor_text=seen)
    return found


@pytest.mark.parametrize(("language", "word"), [(LV, "Reģ. Nr."), (EN, "Reg. no."), (RU, "Рег. №")])
def test_the_head_says_who_wrote_and_how_they_are_reached(language, word):
    text = text_of(letter(language=language))

    said = ("Pasta iela 47, Jelgava, LV-3001", f"{word} 40003042464", "+371 63007000")
    assert text.startswith("SIA Siltums ") and all(words in text for words in said)
    assert "SIA Siltums, Pasta iela 47, Jelgava, LV-3001 Ģirts Ķiķauka-Žagariņš" in text


def test_without_a_sender_the_head_is_left_to_the_paper():
    text = text_of(letter(sender=None))

    assert text.startswith("Ģirts Ķiķauka-Žagariņš Čiekuru iela 5-3 Jelgava LV-3002 10.02.2024. Atgādinājums")


@pytest.mark.parametrize(
    "sender",
    [None, SENDER, Sender(name="Garš nosaukums " * 20, address="Iela, " * 50, contact="W" * 500)],
    ids=["none", "usual", "very long"],
)
def test_the_window_shows_the_address_and_the_words_stay_where_they_were(sender):
    """DIN 5008, form B: the window is 45 to 90 mm from the top, and in it the address begins at 51."""
    lines = heights(letter(sender=sender))

    address = [height for words, height in lines if words.startswith("Ģirts")]
    date_line = [height for words, height in lines if words.startswith("10.02.2024")]
    assert [round(height) for height in address] == [53] and [round(height) for height in date_line] == [101]
    above = [height for words, height in lines if height < ADDRESS_FROM]
    head = [height for height in above if height < WINDOW_FROM - 1]
    assert bool(above) == (sender is not None)
    assert all(46 < height < 50 for height in above if height not in head), "the line that returns the letter"


@pytest.mark.parametrize("text", [made.EVIL, "", " ", "x" * 10_000, "עברית \u202e 🏠", "a\x00b"])
def test_nothing_that_a_sender_is_called_breaks_the_letter(text):
    sender = Sender(name=text, address=text, registration_number=text, contact=text)

    assert "Viss kārtībā." in text_of(letter(sender=sender))


def test_the_same_letter_gives_the_same_bytes():
    assert print_letter(letter()) == print_letter(letter())
