"""Reads requests strictly and words refusals: what of GraphQL over HTTP does not depend on the schema."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from strawberry.http import GraphQLRequestData

from mains_schema.declaring import errors

BODY_BYTES_MAX = 1_000_000
TOKEN_LENGTH_MAX = 500
LANGUAGES = ("lv", "en", "ru")
PLAIN_JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"


class Refused(Exception):
    """A request that never becomes an operation: its status and the one error of its answer."""

    def __init__(self, status: int, error: GraphQLError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error.message)
        self.status = status
        self.error = error
        self.headers = dict(headers or {})


def token_of(headers: Headers) -> str | None:
    """Give the token of a request, if it sends one that can be read."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and 0 < len(token) <= TOKEN_LENGTH_MAX else None


def content_kind(headers: Mapping[str, str]) -> str:
    """Give the media type of a body, without its parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


async def body_of(request: Request, *, seconds_max: int) -> bytes:
    """Read a body, which ends at a megabyte and comes within a time: who sends slower holds nobody up for longer."""
    try:
        async with asyncio.timeout(seconds_max):
            return await _whole_body(request)
    except TimeoutError:
        words = f"A body has {seconds_max} seconds to arrive in."
        raise Refused(408, errors.bad_input(words), {"Connection": "close"}) from None
    except ClientDisconnect:
        raise Refused(400, errors.bad_input("The body did not come whole.")) from None


async def _whole_body(request: Request) -> bytes:
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refused(415, errors.bad_input("Send the body as it is, without a content encoding."))
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:12]) > BODY_BYTES_MAX:
        raise _too_large()
    parts: list[bytes] = []
    length = 0
    while (message := await request.receive())["type"] == "http.request":
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > BODY_BYTES_MAX:
            raise _too_large()
        if not message.get("more_body", False):
            return b"".join(parts)
    raise ClientDisconnect


def _too_large() -> Refused:
    return Refused(413, errors.bad_input(f"A request has at most {BODY_BYTES_MAX} bytes."))


def json_object(text: bytes | str, what: str) -> dict[str, Any]:
    """Read JSON that must be an object."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refused(400, errors.bad_input(f"{what} is not JSON.")) from None
    if not isinstance(found, dict):
        raise Refused(400, errors.bad_input(f"{what} must be a JSON object."))
    return found


def from_query(params: Mapping[str, Any]) -> dict[str, Any]:
    """Read the parts of a request out of a URL."""
    texts = ("query", "operationName", "documentId")
    given: dict[str, Any] = {name: params[name] for name in texts if params.get(name)}
    for name in ("variables", "extensions"):
        if params.get(name):
            given[name] = json_object(params[name], f"`{name}`")
    return given


def insist_on_kinds(given: Mapping[str, Any]) -> None:
    """Refuse a request whose parts are of another kind than they must be."""
    wanted: Sequence[tuple[str, type, str]] = (
        ("query", str, "a string"),
        ("operationName", str, "a string"),
        ("documentId", str, "a string"),
        ("variables", dict, "an object"),
        ("extensions", dict, "an object"),
    )
    for name, kind, words in wanted:
        if given.get(name) is not None and not isinstance(given[name], kind):
            raise Refused(400, errors.bad_input(f"`{name}` must be {words}."))


def request_of(given: Mapping[str, Any]) -> GraphQLRequestData:
    """Make what is run of a request whose parts are of the right kinds; there must be a document."""
    if not given.get("query"):
        raise Refused(400, errors.bad_input("There is no `query` in this request."))
    return GraphQLRequestData(
        query=given["query"],
        variables=given.get("variables"),
        operation_name=given.get("operationName"),
        extensions=given.get("extensions"),
    )


def language_of(headers: Headers) -> str:
    """Give the first language that is wanted and that we speak."""
    for part in headers.get("accept-language", "")[:200].split(","):
        language = part.strip()[:2].lower()
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


def media_type(accept: str) -> str:
    """Give the media type of the answer."""
    return GRAPHQL_JSON if GRAPHQL_JSON in accept else PLAIN_JSON


def refusal(request: Request, refused: Refused) -> Response:
    """Word a refusal as the answer to a request."""
    kind = media_type(request.headers.get("accept", ""))
    return json_response(
        {"errors": [refused.error.formatted]}, status=refused.status, kind=kind, headers=refused.headers
    )


def json_response(answer: Any, *, status: int, kind: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer in JSON of a media type."""
    return Response(orjson.dumps(answer), status, dict(headers or {}), f"{kind}; charset=utf-8")
