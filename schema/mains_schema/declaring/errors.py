"""The errors a client can meet at the top level: seven codes, the unexpected ones masked."""

from __future__ import annotations

import re
import secrets
import traceback
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import structlog
from graphql import GraphQLError

LOG = structlog.get_logger("mains_schema")
MESSAGE_LENGTH_MAX = 300
RETRY_AFTER = "retryAfter"
RETRY_SECONDS = 60
STATEMENT_CUT = "57014"
# How graphql-core words our own wrong answers, which it marks no other way; of variables, whose errors have no path, it
# words wrong ones likewise.
SERVER_WORDS = ("Cannot return null", "Expected Iterable", "Abstract type", "Expected value of type")


class ErrorCode(StrEnum):
    """What went wrong with a request as a whole; refusals of a mutation are `userErrors` instead."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    RATE_LIMITED = "RATE_LIMITED"
    BAD_INPUT = "BAD_INPUT"
    TOO_COMPLEX = "TOO_COMPLEX"
    INTERNAL = "INTERNAL"


class RequestRefused(GraphQLError):
    """A request, or one field of it, cannot be answered for a reason the client can act on."""

    def __init__(self, code: ErrorCode, message: str, *, more: Mapping[str, int] | None = None) -> None:
        super().__init__(message, extensions={"code": code.value, **(more or {})})
        self.code = code


SIGN_IN = "Sign in first: send a valid session token as `Authorization: Bearer <token>`."


def unauthenticated(message: str = SIGN_IN) -> RequestRefused:
    """Say that the request needs a session."""
    return RequestRefused(ErrorCode.UNAUTHENTICATED, message)


def forbidden(message: str) -> RequestRefused:
    """Say that the viewer may not do this at all."""
    return RequestRefused(ErrorCode.FORBIDDEN, message)


def not_found(message: str) -> RequestRefused:
    """Say that there is no such thing, or none that the viewer may see; both look alike."""
    return RequestRefused(ErrorCode.NOT_FOUND, message)


def rate_limited(message: str, *, seconds: int = RETRY_SECONDS) -> RequestRefused:
    """Say that the viewer must slow down, and after how many seconds to try again."""
    return RequestRefused(ErrorCode.RATE_LIMITED, message, more={RETRY_AFTER: seconds})


def retry_after(errors: Sequence[GraphQLError]) -> int | None:
    """Give the seconds to wait before trying again, as the `Retry-After` of the answer says them; None without need."""
    found = [error.extensions[RETRY_AFTER] for error in errors if error.extensions and RETRY_AFTER in error.extensions]
    return max(found, default=None)


def bad_input(message: str) -> RequestRefused:
    """Say that what was sent cannot be read."""
    return RequestRefused(ErrorCode.BAD_INPUT, message)


def too_complex(message: str) -> RequestRefused:
    """Say that the document asks for more than one request may."""
    return RequestRefused(ErrorCode.TOO_COMPLEX, message)


def took_too_long() -> RequestRefused:
    """Say that an operation was given up because it took longer than one may."""
    return too_complex(
        "This took longer than one operation may and was given up. Ask for less; repeat a change with its key."
    )


# A server that hides its schema does not spell it out either: names of arguments, types, values and fields of inputs.
SUGGESTION = re.compile(r" Did you mean [^?]*\?")


def typed(errors: Sequence[GraphQLError]) -> list[GraphQLError]:
    """Give every error its code; what nobody foresaw is logged and masked under a correlation id."""
    return [_typed(error) for error in errors]


def _typed(error: GraphQLError) -> GraphQLError:
    root = _root(error)
    if isinstance(root, RequestRefused):
        return error if root is error else _coded(error, root.code, root.message, root.extensions)
    is_wrong_input = isinstance(root, GraphQLError) and (
        error.path is None or not root.message.startswith(SERVER_WORDS)
    )
    is_unreadable_value = isinstance(root, ValueError) and error.path is None
    if is_wrong_input or is_unreadable_value:
        return _coded(error, ErrorCode.BAD_INPUT, SUGGESTION.sub("", error.message))
    if _sql_state(root) == STATEMENT_CUT:
        return _coded(error, ErrorCode.TOO_COMPLEX, took_too_long().message)
    return _masked(error, root)


def _sql_state(root: BaseException) -> str | None:
    """Give PostgreSQL's code of an error, which drivers and SQLAlchemy wrap."""
    state = getattr(root, "sqlstate", None) or getattr(getattr(root, "orig", None), "sqlstate", None)
    return state if isinstance(state, str) else None


def _root(error: GraphQLError) -> BaseException:
    """Give what an error began with: graphql-core wraps causes, some of them twice."""
    found: BaseException = error
    while isinstance(found, GraphQLError) and found.original_error is not None:
        found = found.original_error
    return found


def _coded(
    error: GraphQLError, code: ErrorCode, message: str, extensions: Mapping[str, Any] | None = None
) -> GraphQLError:
    return GraphQLError(
        message[:MESSAGE_LENGTH_MAX],
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={**(extensions or {}), "code": code.value},
    )


def _masked(error: GraphQLError, cause: BaseException) -> GraphQLError:
    correlation = secrets.token_hex(8)
    _log(correlation, error, cause)
    return GraphQLError(
        f"Something went wrong on our side. Tell us {correlation} and we will find it.",
        nodes=error.nodes,
        path=error.path,
        extensions={"code": ErrorCode.INTERNAL.value, "correlationId": correlation},
    )


def _log(correlation: str, error: GraphQLError, cause: BaseException) -> None:
    """Log where it happened, never what was sent: no message, for drivers quote values in theirs, and frames only."""
    LOG.error(
        "graphql_field_failed",
        correlation=correlation,
        path=error.path,
        error=type(cause).__name__,
        frames="".join(traceback.format_tb(cause.__traceback__)),
    )
