"""Links to documents hold for a quarter of an hour, and only those that we signed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from mains_server.consumption.links import ChartLinks
from mains_server.documents.links import (
    LIFETIME,
    ArchiveAsked,
    ArchiveForm,
    DocumentAsked,
    DocumentLinks,
    expires_at,
)
from mains_server.documents.records import DocumentKind, DocumentLanguage

NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
LINKS = DocumentLinks(b"secret")
DOCUMENT = DocumentAsked(invoice_id=7, kind=DocumentKind.PDF, language=DocumentLanguage.RU, session_id=3)
ARCHIVE = ArchiveAsked(
    customer_id=1,
    contract_id=None,
    starts=date(2022, 1, 1),
    ends=date(2023, 1, 1),
    form=ArchiveForm.ZIP,
    language=DocumentLanguage.LV,
    session_id=3,
)


@pytest.mark.parametrize("asked", [DOCUMENT, ARCHIVE])
def test_a_link_is_read_as_it_was_made(asked):
    assert LINKS.read(LINKS.sign(asked, now=NOW), now=NOW) == asked


def test_a_link_ends_when_it_says():
    token = LINKS.sign(DOCUMENT, now=NOW)

    assert expires_at(NOW) == NOW + LIFETIME
    assert LINKS.read(token, now=NOW + LIFETIME - timedelta(seconds=1)) == DOCUMENT
    assert LINKS.read(token, now=NOW + LIFETIME) is None


def test_another_secret_or_purpose_reads_nothing():
    token = LINKS.sign(DOCUMENT, now=NOW)

    assert DocumentLinks(b"other").read(token, now=NOW) is None
    assert ChartLinks(b"secret").read(token, now=NOW) is None


@pytest.mark.parametrize("place", [0, 10, 50, -1])
def test_a_changed_link_is_none(place):
    token = list(LINKS.sign(DOCUMENT, now=NOW))
    token[place] = "A" if token[place] != "A" else "E"

    assert LINKS.read("".join(token), now=NOW) is None


@pytest.mark.parametrize("token", ["", ".", "a.b", "ā.b", "x" * 5000, "." + "A" * 43])
def test_nonsense_is_none(token):
    assert LINKS.read(token, now=NOW) is None
