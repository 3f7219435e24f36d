"""The links of invitations: ours alone, unchanged, and the same each time."""

import pytest
from mains_server.delegation.links import InvitationLinks

LINKS = InvitationLinks(b"s" * 32)
TOKEN = LINKS.sign(42)


def test_a_token_names_its_invitation_and_is_the_same_each_time():
    assert LINKS.read(TOKEN) == 42
    assert LINKS.sign(42) == TOKEN


@pytest.mark.parametrize(
    "token",
    ["", "42", "42.", ".", TOKEN[:-1], TOKEN + "A", TOKEN.replace("42.", "43."), "٤٢." + TOKEN[3:], "x" * 500, "-1.x"],
)
def test_what_we_did_not_sign_is_none(token):
    assert LINKS.read(token) is None


def test_another_secret_reads_nothing():
    assert InvitationLinks(b"t" * 32).read(TOKEN) is None
