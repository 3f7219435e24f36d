"""Secrets on their way: sealed for one occasion under one secret, and never readable in between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.notifications.sealing import Seal, Unsealable

SEAL = Seal(b"a secret of the server, long enough")


@given(values=st.dictionaries(st.text(max_size=10), st.text(max_size=200), max_size=4), occasion=st.text(max_size=20))
def test_what_is_sealed_opens_for_its_occasion(values, occasion):
    assert SEAL.open(SEAL.close(values, occasion=occasion), occasion=occasion) == values


def test_the_same_secret_is_never_sealed_alike_and_never_seen():
    one, other = (SEAL.close({"code": "493817"}, occasion="code 1") for _ in range(2))

    assert one != other
    assert b"493817" not in one and b"code" not in one


@pytest.mark.parametrize("place", [0, 20, -1])
def test_what_was_changed_does_not_open(place):
    sealed = bytearray(SEAL.close({"code": "493817"}, occasion="code 1"))
    sealed[place] ^= 1

    with pytest.raises(Unsealable):
        SEAL.open(bytes(sealed), occasion="code 1")


@pytest.mark.parametrize("occasion", ["code 2", "", "code 1 "])
def test_it_opens_for_no_other_occasion_and_under_no_other_secret(occasion):
    sealed = SEAL.close({"code": "493817"}, occasion="code 1")

    with pytest.raises(Unsealable):
        SEAL.open(sealed, occasion=occasion)
    with pytest.raises(Unsealable):
        Seal(b"another secret of another server").open(sealed, occasion="code 1")
    with pytest.raises(Unsealable):
        SEAL.open(sealed[:40], occasion="code 1")
