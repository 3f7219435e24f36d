"""Hashes, and how failures slow guessing down."""

from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from mains_server.signin.rules import (
    check_password,
    email_hash,
    hash_password,
    is_storable,
    retry_at,
    token_hash,
)

NOON = datetime(2023, 3, 1, 12, tzinfo=UTC)


def minutes(*ago):
    return [NOON - timedelta(minutes=value) for value in ago]


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        ([], None),
        (minutes(*range(1, 10)), None),
        (minutes(*range(1, 11)), NOON + timedelta(minutes=5)),
        (minutes(*range(1, 13)), NOON + timedelta(minutes=5)),
        (minutes(*range(6, 16)), None),
    ],
)
def test_ten_failures_in_a_quarter_of_an_hour_close_an_address(failures, expected):
    assert retry_at(failures=failures, now=NOON) == expected


def test_a_password_is_hashed_by_argon2id_and_recognised_however_it_was_composed():
    stored = hash_password("pa\u0304rdroša parole")

    assert stored.startswith("$argon2id$")
    assert check_password(password="p\u0101rdroša parole", stored=stored) == (True, None)
    assert check_password(password="pardroša parole", stored=stored) == (False, None)


def test_a_weak_hash_is_replaced_when_the_password_is_right():
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("long enough")

    is_right, fresh = check_password(password="long enough", stored=weak)

    assert is_right
    assert fresh is not None
    assert check_password(password="long enough", stored=fresh) == (True, None)


@pytest.mark.parametrize("password", ["", "\x00", "\ud800", "x" * 1_000_000])
def test_without_a_stored_hash_no_password_is_right(password):
    assert check_password(password=password, stored=None) == (False, None)


def test_a_token_hash_has_256_bits():
    assert token_hash("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len(token_hash("\ud800")) == 32


def test_failures_count_for_an_address_whatever_its_capitals():
    assert email_hash(" Anna@Example.LV") == email_hash("anna@example.lv")


def test_text_the_database_cannot_hold_is_told_apart():
    assert is_storable("anna.ozoliņa@example.lv")
    assert not is_storable("anna\x00@example.lv")
    assert not is_storable("\ud800")
