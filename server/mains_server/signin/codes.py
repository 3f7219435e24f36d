"""Codes and tokens that messages carry: made of a row's number and the server's secret, so that none is ever stored.

Whoever reads the database cannot make one, and whoever has the secret needs the row.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LETTERS = 10
TOKEN_LETTERS = 40
PURPOSE = b"mains code 1:"


def code_of(*, key: bytes, purpose: str, row_id: int, nonce: bytes) -> str:
    """Make a code that a person types, such as `7KQ2M-XP4RT`: 50 random bits, and good for a few tries only."""
    letters = _letters(key=key, purpose=purpose, row_id=row_id, nonce=nonce, count=CODE_LETTERS)
    return f"{letters[:5]}-{letters[5:]}"


def token_of(*, key: bytes, purpose: str, row_id: int, nonce: bytes) -> str:
    """Make a token that nobody guesses, of 200 random bits."""
    return _letters(key=key, purpose=purpose, row_id=row_id, nonce=nonce, count=TOKEN_LETTERS)


def is_code(given: str, *, code: str) -> bool:
    """Compare what somebody typed with a code, in the same time whatever they typed."""
    return hmac.compare_digest(_plain(given).encode(), _plain(code).encode())


def _plain(text: str) -> str:
    """Write a code the one way it is compared: in capitals, without what stands between them."""
    return "".join(letter for letter in text[:100].upper() if letter.isascii() and letter.isalnum())


def _letters(*, key: bytes, purpose: str, row_id: int, nonce: bytes, count: int) -> str:
    digest = hmac.new(key, PURPOSE + f"{purpose}:{row_id}:".encode() + nonce, sha256).digest()
    number = int.from_bytes(digest, "big")
    return "".join(LETTERS[(number >> (5 * place)) & 31] for place in range(count))
