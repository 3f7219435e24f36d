"""GraphQL over HTTP: strict about bodies, one JSON shape for every refusal, a query editor on GET for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from graphql import GraphQLError
from mains_server.access.records import ANONYMOUS, Viewer
from mains_server.db.engine import Lent
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLRequestData
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult

from mains_schema import errors
from mains_schema.build import Schema
from mains_schema.context import Context, Services
from mains_schema.plans import Answered, Plans, cost_text, count
from mains_schema.resolve import Reads

BODY_BYTES_MAX = 1_000_000
TOKEN_LENGTH_MAX = 500
LANGUAGES = ("lv", "en", "ru")
PLAIN_JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
TELL_EXECUTOR = "x-mains-executor"
BODY = "mains.body"
EXECUTOR = "mains.executor"
HOME_ZONE = ZoneInfo("Europe/Riga")

Authenticate = Callable[[Lent, str, datetime], Awaitable[Viewer | None]]


class Refused(Exception):
    """A request that never becomes an operation: its status and the one error of its answer."""

    def __init__(self, status: int, error: GraphQLError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error.message)
        self.status = status
        self.error = error
        self.headers = dict(headers or {})


class BoundedRequest(StarletteRequestAdapter):
    """Starlette's request as Strawberry wants it, whose body ends at a megabyte."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.plain = request

    async def get_body(self) -> bytes:
        """Read the body, as far as it may go."""
        return await _body(self.plain)


class GraphQLView(GraphQL[Context, None]):
    """Strawberry's ASGI view, with our own reading of requests and wording of answers."""

    request_adapter_class = BoundedRequest

    def __init__(
        self,
        *,
        schema: Schema,
        engine: AsyncEngine,
        services: Services,
        authenticate: Authenticate,
        clock: Callable[[], datetime],
        has_editor: bool,
        compiles: bool = True,
    ) -> None:
        super().__init__(schema, graphql_ide="graphiql" if has_editor else None, subscription_protocols=())
        self._engine = engine
        self._reading_engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self.services = services
        self._authenticate = authenticate
        self._clock = clock
        self._plans = schema.plans if compiles else None
        self._tells_executor = has_editor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong, the answer is JSON with a typed error."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refused as refused:
            response = _refusal(request, refused)
        except HTTPException as refused:
            response = _refusal(request, Refused(refused.status_code, errors.bad_input(refused.reason)))
        except Exception as error:
            masked = errors.typed([GraphQLError("", original_error=error)])[0]
            response = _refusal(request, Refused(500, masked))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        """Answer a query by its compiled plan, or leave the request to Strawberry and the resolvers."""
        if self._plans is None or request.method != "POST" or _content_kind(request.headers) != PLAIN_JSON:
            return await self.run(request)
        request.scope[BODY] = await _body(request)  # before a connection is taken, since it may come slowly
        return await self._proven(request, self._plans) or await self._looked_up(request, self._plans)

    async def _proven(self, request: Request, plans: Plans) -> Response | None:
        """Answer who asked before by the one SELECT that also proves them; whatever it cannot answer is asked anew."""
        token = _token(request.headers)
        proof = None if token is None else self.services.proofs.known(token)
        if proof is None:
            return None
        try:
            given = _request(_json_object(request.scope[BODY], "The body"))
        except Refused:
            return None
        context = self._context_of(proof.viewer, request.headers, self._clock())
        context.reads.proof = proof
        answered = await plans.attempt(
            query=given.query or "", name=given.operation_name, variables=given.variables or {}, context=context
        )
        if answered.data is None:
            return None
        count(answered)
        return self._compiled(request, answered, answered.data)

    async def _looked_up(self, request: Request, plans: Plans) -> Response:
        """Find out who asks, and answer by the plan or leave it to Strawberry."""
        lent = Lent(self._engine)
        try:
            context = await self._context(request, lent)
            given = _request(_json_object(request.scope[BODY], "The body"))
            answered = await plans.answer(
                query=given.query or "", name=given.operation_name, variables=given.variables or {}, context=context
            )
        finally:
            await lent.give_back()
        if answered.data is not None:
            return self._compiled(request, answered, answered.data)
        if (executor := self._executor(request.headers, answered)) is not None:
            request.scope[EXECUTOR] = executor, context.payloads
        return await self.run(request, context=context)

    def _compiled(self, request: Request, answered: Answered, data: bytes) -> Response:
        executor = self._executor(request.headers, answered)
        told = b"" if executor is None else b',"executor":' + orjson.dumps(executor)
        text = b'{"data":%b,"extensions":{"cost":%b%b}}' % (data, cost_text(answered.cost), told)
        return Response(text, 200, media_type=f"{_media_type(request.headers.get('accept', ''))}; charset=utf-8")

    def _executor(self, headers: Headers, answered: Answered) -> Mapping[str, str] | None:
        """Tell which executor answers, to developers who ask for it with a header."""
        if not self._tells_executor or TELL_EXECUTOR not in headers:
            return None
        return {"name": "resolvers" if answered.data is None else "compiled", "reason": answered.reason}

    def should_render_graphql_ide(self, request: Any) -> bool:
        """Show the query editor to browsers only."""
        accepts = request.headers.get("accept", "")
        return request.method == "GET" and request.query_params.get("query") is None and "text/html" in accepts

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """Resolve who asks, once a request, and take the time, which nothing below asks for."""
        lent = Lent(self._engine)
        try:
            return await self._context(request, lent)
        finally:
            await lent.give_back()

    async def _context(self, request: Request | WebSocket, lent: Lent) -> Context:
        now, headers = self._clock(), request.headers
        context = self._context_of(await self._viewer(headers, now, lent), headers, now)
        context.reads.lent = lent
        context.reads.address = None if request.client is None else request.client.host
        return context

    def _context_of(self, viewer: Viewer, headers: Headers, now: datetime) -> Context:
        reads = Reads(
            engine=self._reading_engine,
            viewer=viewer,
            language=viewer.language if viewer.is_signed_in else _language(headers),
            now=now,
            today=now.astimezone(HOME_ZONE).date(),
            labels=self.services.labels,
            explain=self.services.explain,
        )
        reads.links = self.services.links
        reads.document_links = self.services.document_links
        reads.host = self.services.host
        return Context(reads=reads, engine=self._engine, services=self.services, now=now, plans=self._plans)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """Read a request's document, variables and operation name from its URL or its body."""
        if request.method == "GET":
            return _request(_from_query(request.query_params))
        if _content_kind(request.headers) != PLAIN_JSON:
            raise Refused(415, errors.bad_input(f"Send the body as `{PLAIN_JSON}`."))
        return _request(_json_object(await request.get_body(), "The body"))

    async def execute_single(self, request: Request, *args: Any, **kwargs: Any) -> ExecutionResult:
        """Run the operation; only queries are read over GET."""
        try:
            return await super().execute_single(request, *args, **kwargs)
        except HTTPException as refused:
            if isinstance(refused.__cause__, InvalidOperationTypeError):
                error = errors.bad_input("Only queries can be sent with GET; send this with POST.")
                raise Refused(405, error, {"Allow": "POST"}) from None
            raise

    async def process_result(self, request: Request, result: ExecutionResult) -> Any:
        """Leave `data` out of an answer to what never ran, as GraphQL over HTTP wants it."""
        answer: dict[str, Any] = {}
        if result.errors:
            answer["errors"] = [error.formatted for error in result.errors]
        if result.data is not None or not all(error.path is None for error in result.errors or ()):
            answer["data"] = result.data
        if result.extensions:
            answer["extensions"] = result.extensions
        if (told := request.scope.get(EXECUTOR)) is not None:
            answer["extensions"] = {**answer.get("extensions", {}), "executor": _with_payloads(*told)}
        answer["accept"] = request.headers.get("accept", "")
        return answer

    def create_response(self, response_data: Any, sub_response: Response) -> Response:
        """Word the answer in the media type that was asked for, with the status that type means."""
        accept = response_data.pop("accept")
        kind = _media_type(accept)
        is_lenient = PLAIN_JSON in accept and kind == PLAIN_JSON
        status = 200 if "data" in response_data or is_lenient else 400
        return _json(response_data, status=status, kind=kind)

    async def _viewer(self, headers: Headers, now: datetime, lent: Lent) -> Viewer:
        if "authorization" not in headers:
            return ANONYMOUS
        token = _token(headers)
        viewer = None if token is None else await self._authenticate(lent, token, now)
        if viewer is None:
            words = "This session token is unknown, expired or revoked. Sign in again."
            raise Refused(401, errors.unauthenticated(words), {"WWW-Authenticate": "Bearer"})
        return viewer


def _token(headers: Headers) -> str | None:
    """Give the token of a request, if it sends one that can be read."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and 0 < len(token) <= TOKEN_LENGTH_MAX else None


def _with_payloads(executor: Mapping[str, str], payloads: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
    """Add which parts of a mutation's payload were compiled, and why others were not."""
    told = [
        {"path": path, "name": "resolvers" if reason else "compiled", "reason": reason}
        for path, reason in sorted(payloads)
    ]
    return {**executor, "payloads": told} if told else executor


def _content_kind(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


async def _body(request: Request) -> bytes:
    if BODY in request.scope:
        kept: bytes = request.scope[BODY]
        return kept
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


def _json_object(text: bytes | str, what: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refused(400, errors.bad_input(f"{what} is not JSON.")) from None
    if not isinstance(found, dict):
        raise Refused(400, errors.bad_input(f"{what} must be a JSON object."))
    return found


def _from_query(params: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {name: params[name] for name in ("query", "operationName") if params.get(name)}
    for name in ("variables", "extensions"):
        if params.get(name):
            given[name] = _json_object(params[name], f"`{name}`")
    return given


def _request(given: Mapping[str, Any]) -> GraphQLRequestData:
    wanted: Sequence[tuple[str, type, str]] = (
        ("query", str, "a string"),
        ("operationName", str, "a string"),
        ("variables", dict, "an object"),
        ("extensions", dict, "an object"),
    )
    for name, kind, words in wanted:
        if given.get(name) is not None and not isinstance(given[name], kind):
            raise Refused(400, errors.bad_input(f"`{name}` must be {words}."))
    if not given.get("query"):
        raise Refused(400, errors.bad_input("There is no `query` in this request."))
    return GraphQLRequestData(
        query=given["query"],
        variables=given.get("variables"),
        operation_name=given.get("operationName"),
        extensions=given.get("extensions"),
    )


def _language(headers: Headers) -> str:
    for part in headers.get("accept-language", "")[:200].split(","):
        language = part.strip()[:2].lower()
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


def _media_type(accept: str) -> str:
    return GRAPHQL_JSON if GRAPHQL_JSON in accept else PLAIN_JSON


def _refusal(request: Request, refused: Refused) -> Response:
    kind = _media_type(request.headers.get("accept", ""))
    return _json({"errors": [refused.error.formatted]}, status=refused.status, kind=kind, headers=refused.headers)


def _json(answer: Any, *, status: int, kind: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(answer), status, dict(headers or {}), f"{kind}; charset=utf-8")
