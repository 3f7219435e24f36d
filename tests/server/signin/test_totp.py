"""Codes of an authenticator app, by the figures of RFC 6238."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from mains_server.signin import totp

# RFC 6238, appendix B: the secret "12345678901234567890", SHA-1; of its eight digits an app shows the last six.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")]
STEP = timedelta(seconds=30)


def at(seconds):
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_are_those_of_the_standard(seconds, code):
    assert totp.matching_step(code, secret=SECRET, now=at(seconds), after=None) == seconds // 30


@pytest.mark.parametrize(("drift", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_wrong_by_one_step(drift, is_taken):
    found = totp.matching_step("005924", secret=SECRET, now=at(1234567890) + drift * STEP, after=None)

    assert (found is not None) is is_taken


def test_neither_a_code_that_was_used_nor_an_earlier_one_is_taken():
    used = 1234567890 // 30

    assert totp.matching_step("005924", secret=SECRET, now=at(1234567890), after=used) is None
    assert totp.matching_step("005924", secret=SECRET, now=at(1234567890), after=used + 1) is None
    assert totp.matching_step("005924", secret=SECRET, now=at(1234567890), after=used - 1) == used


@pytest.mark.parametrize("typed", [" 005 924 ", "005-924", "005924\n"])
def test_what_stands_between_the_digits_does_not_matter(typed):
    assert totp.matching_step(typed, secret=SECRET, now=at(1234567890), after=None) is not None


@pytest.mark.parametrize(
    "typed", ["", "5924", "0059240", "00592", "٠٠٥٩٢٤", "\x00", "\ud800", "0" * 100_000, "-" * 200 + "005924", "None"]
)
def test_what_is_no_code_is_not_taken(typed):
    assert totp.matching_step(typed, secret=SECRET, now=at(1234567890), after=None) is None


def test_an_app_reads_whose_secret_it_is():
    uri = urlsplit(totp.enrolment_uri(secret=SECRET, account="anna@example.lv"))

    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/Mains:anna%40example.lv")
    assert parse_qs(uri.query) == {"secret": [SECRET], "issuer": ["Mains"]}


def test_secrets_and_recovery_codes_are_long_and_differ():
    codes = totp.new_recovery_codes()

    assert len(totp.new_secret()) == 32
    assert totp.new_secret() != totp.new_secret()
    assert len(set(codes)) == 10
    assert {len(totp.plain_code(code)) for code in codes} == {16}
