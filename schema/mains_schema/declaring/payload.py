"""Refusals of mutations as data: what could not be done, which input it is about, and whether to try again."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from mains_server.access.records import Refusal

E = TypeVar("E", bound=Enum)
UserError = TypeVar("UserError")

USER_ERROR_PATH = "Input field it is about, such as `value`; null if it is about the whole."
KEY_WORDS = "1 to 200 characters, such as a UUID: repeating a request with its key does it once, for 30 days."
RETRYABLE = "Whether the same request may succeed later."
IN_ENGLISH = "The same for people, in English."
USER_ERRORS = "Why it was not done, in the viewer's terms; empty if it was done."


def user_error(make: Callable[..., UserError], codes: type[E], refusal: Refusal) -> UserError:
    """Turn a room's refusal into a mutation's error; a refusal the mutation does not know is a bug and raised."""
    if refusal.code not in codes.__members__:
        raise refusal
    return made_error(make, codes[refusal.code], str(refusal), path=refusal.path, is_retryable=refusal.is_retryable)


def made_error(
    make: Callable[..., UserError], code: Any, message: str, *, path: str | None = None, is_retryable: bool = False
) -> UserError:
    """Make a mutation's error."""
    return make(code=code, message=message, path=path, retryable=is_retryable)
