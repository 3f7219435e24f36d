"""Codes of an authenticator app, and those for when it is lost. RFC 6238: six digits, others every thirty seconds."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime

import pyotp

from mains_server.signin.codes import LETTERS

ISSUER = "Mains"
STEP_SECONDS = 30
DRIFT_STEPS = 1
RECOVERY_CODES = 10
RECOVERY_LETTERS = 16
TYPED_CHARACTERS_MAX = 100


def new_secret() -> str:
    """Draw a secret of 160 random bits, as RFC 4226 advises, in base 32."""
    return pyotp.random_base32()


def enrolment_uri(*, secret: str, account: str) -> str:
    """Give the address that an app reads from a QR code: the secret and whose it is."""
    return pyotp.TOTP(secret, name=account, issuer=ISSUER).provisioning_uri()


def step_of(now: datetime) -> int:
    """Count the steps of thirty seconds since 1970."""
    return int(now.timestamp()) // STEP_SECONDS


def matching_step(typed: str, *, secret: str, now: datetime, after: int | None) -> int | None:
    """Find the step whose code was typed, later than the step that was used last; None if there is none.

    Clocks of phones go wrong, so the codes of the step before and of the one to come count too. All are compared,
    whichever matches, so that time tells nothing.
    """
    otp, current = pyotp.TOTP(secret), step_of(now)
    plain = plain_code(typed).encode()
    found = None
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        is_same = hmac.compare_digest(plain, otp.generate_otp(step).encode())
        if is_same and (after is None or step > after):
            found = step
    return found


def new_recovery_codes() -> tuple[str, ...]:
    """Draw the codes for when the app is lost: 80 random bits each, so that a plain hash of one is enough."""
    return tuple(_recovery_code() for _ in range(RECOVERY_CODES))


def plain_code(typed: str) -> str:
    """Write a code the one way it is compared and hashed: in capitals, without what stands between them."""
    return "".join(one for one in typed[:TYPED_CHARACTERS_MAX].upper() if one.isascii() and one.isalnum())


def _recovery_code() -> str:
    letters = "".join(secrets.choice(LETTERS) for _ in range(RECOVERY_LETTERS))
    return "-".join(letters[place : place + 4] for place in range(0, RECOVERY_LETTERS, 4))
