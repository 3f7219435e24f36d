"""Tokens and counts."""

from mains_server.intake.records import RowOutcome, RowReport
from mains_server.intake.rules import counts, new_token, token_hash


def test_tokens_are_long_differ_and_are_known_by_their_hash():
    first, second = new_token(), new_token()

    assert first != second
    assert len(first) == 43
    assert token_hash(first) == token_hash(first) != token_hash(second)
    assert len(token_hash("\ud800" * 5000)) == 64


def test_every_outcome_is_counted():
    rows = [RowReport(line=2, text="", outcome=RowOutcome.REFUSED)] * 2

    assert counts(rows)[RowOutcome.REFUSED] == 2
    assert sum(counts(rows).values()) == 2
