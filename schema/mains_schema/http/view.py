"""GraphQL over HTTP: strict about bodies, one JSON shape for every refusal, a query editor on GET for people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from graphql import GraphQLError, OperationType
from mains_server.access.records import ANONYMOUS, Viewer
from mains_server.db.engine import Lent
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLRequestData
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult

from mains_schema.compiling.plans import Answered, Plans, count
from mains_schema.declaring import errors
from mains_schema.declaring.context import Context, Services
from mains_schema.declaring.resolve import Reads
from mains_schema.http.asked import (
    PLAIN_JSON,
    Refused,
    body_of,
    content_kind,
    from_query,
    insist_on_kinds,
    json_object,
    json_response,
    language_of,
    media_type,
    refusal,
    request_of,
    token_of,
)
from mains_schema.http.build import Schema
from mains_schema.http.cookies import Caller, caller_of
from mains_schema.http.edge import Edge, spender_of, with_document
from mains_schema.http.limits import chosen, published

TELL_EXECUTOR = "x-mains-executor"
EXECUTOR = "mains.executor"
GIVEN = "mains.given"
SPENDER = "mains.spender"
CALLER = "mains.caller"
HOME_ZONE = ZoneInfo("Europe/Riga")

Authenticate = Callable[[Lent, str, datetime], Awaitable[Viewer | None]]


class ReadRequest(StarletteRequestAdapter):
    """Starlette's request as Strawberry wants it; what was read of it is in its scope."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.plain = request


class GraphQLView(GraphQL[Context, None]):
    """Strawberry's ASGI view, with our own reading of requests and wording of answers."""

    request_adapter_class = ReadRequest

    def __init__(
        self,
        *,
        schema: Schema,
        engine: AsyncEngine,
        services: Services,
        authenticate: Authenticate,
        clock: Callable[[], datetime],
        edge: Edge,
        compiles: bool = True,
    ) -> None:
        super().__init__(schema, graphql_ide="graphiql" if edge.has_editor else None, subscription_protocols=())
        self._engine = engine
        self._reading_engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self.services = services
        self._authenticate = authenticate
        self._clock = clock
        self._documents = schema.documents
        self._plans = schema.plans if compiles else None
        self._tells_executor = edge.has_editor
        self.edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong, the answer is JSON with a typed error."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._in_time(request)
        except Refused as refused:
            response = refusal(request, refused)
        except HTTPException as refused:
            response = refusal(request, Refused(refused.status_code, errors.bad_input(refused.reason)))
        except Exception as error:
            masked = errors.typed([GraphQLError("", original_error=error)])[0]
            response = refusal(request, Refused(500, masked))
        await response(scope, receive, send)

    async def _in_time(self, request: Request) -> Response:
        """Answer within the time that an operation has, which begins when the request is there."""
        await self._read(request)
        limit = asyncio.timeout(self.edge.operation_seconds_max)
        try:
            async with limit:
                return await self._answer(request)
        except TimeoutError:
            if not limit.expired():
                raise
            raise Refused(400, errors.took_too_long()) from None

    async def _read(self, request: Request) -> None:
        """Read what is asked, before a connection is taken, since it may come slowly."""
        if request.method == "POST":
            if content_kind(request.headers) != PLAIN_JSON:
                raise Refused(415, errors.bad_input(f"Send the body as `{PLAIN_JSON}`."))
            body = await body_of(request, seconds_max=self.edge.body_seconds_max)
            given: Mapping[str, Any] = json_object(body, "The body")
        elif request.method == "GET" and not self.should_render_graphql_ide(request):
            given = from_query(request.query_params)
        else:
            return
        insist_on_kinds(given)
        request.scope[GIVEN] = request_of(await with_document(given, edge=self.edge))

    async def _answer(self, request: Request) -> Response:
        """Answer a query by its compiled plan, or leave the request to Strawberry and the resolvers."""
        if self._plans is None or request.method != "POST":
            return await self.run(request)
        given: GraphQLRequestData = request.scope[GIVEN]
        return await self._proven(request, given, self._plans) or await self._looked_up(request, given, self._plans)

    async def _proven(self, request: Request, given: GraphQLRequestData, plans: Plans) -> Response | None:
        """Answer who asked before by the one SELECT that also proves them; whatever it cannot answer is asked anew."""
        token = _token(request.headers, self.caller(request))
        proof = None if token is None else self.services.proofs.known(token)
        if proof is None:
            return None
        now = self._clock()
        await self._insist_on_budget(request, proof.viewer, now)
        context = self.context_of(proof.viewer, request, now)
        context.reads.proof = proof
        answered = await plans.attempt(
            query=given.query or "", name=given.operation_name, variables=given.variables or {}, context=context
        )
        if answered.data is None:
            return None
        count(answered)
        return self._compiled(request, answered, answered.data)

    async def _looked_up(self, request: Request, given: GraphQLRequestData, plans: Plans) -> Response:
        """Find out who asks, and answer by the plan or leave it to Strawberry."""
        lent = Lent(self._engine)
        try:
            context = await self._context(request, lent)
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
        cost = orjson.dumps(self._spend(request, published(answered.cost)))
        text = b'{"data":%b,"extensions":{"cost":%b%b}}' % (data, cost, told)
        return Response(text, 200, media_type=f"{media_type(request.headers.get('accept', ''))}; charset=utf-8")

    async def _insist_on_budget(self, request: Request, viewer: Viewer, now: datetime) -> None:
        """Refuse who has read as much as a minute allows; whose budget it is stays with the request."""
        if self.edge.budget is not None:
            spender = spender_of(viewer, None if request.client is None else request.client.host)
            request.scope[SPENDER] = spender, None if viewer.machine is None else viewer.machine.rows_a_minute
            await self.edge.budget.insist(spender, now=now, rows_a_minute=request.scope[SPENDER][1])

    def _spend(self, request: Request, cost: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take an operation's cost off the budget of who asked, and tell what is left; everything costs a row."""
        if self.edge.budget is None or SPENDER not in request.scope:
            return cost
        spender, of_token = request.scope[SPENDER]
        rows = max(cost["rows"], 1)
        allowance = self.edge.budget.spend(spender, rows=rows, now=self._clock(), rows_a_minute=of_token)
        return {**cost, "budget": allowance.as_json()}

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
        now = self.now()
        viewer = await self._viewer(request, now, lent)
        if isinstance(request, Request):
            await lent.give_back()  # so that nobody holds a connection while they wait for another
            await self._insist_on_budget(request, viewer, now)
        context = self.context_of(viewer, request, now)
        context.reads.lent = lent
        context.reads.address = None if request.client is None else request.client.host
        return context

    def now(self) -> datetime:
        """Take the time."""
        return self._clock()

    async def viewer_by(self, token: str, now: datetime) -> Viewer | None:
        """Tell who a token stands for now; None if it is no good."""
        lent = Lent(self._engine)
        try:
            return await self._authenticate(lent, token, now)
        finally:
            await lent.give_back()

    def context_of(self, viewer: Viewer, request: Request | WebSocket, now: datetime) -> Context:
        """Make what resolvers get for one operation of somebody who is known."""
        language = viewer.language if viewer.is_signed_in else language_of(request.headers)
        return self.context_for(viewer, language=language, now=now, caller=self.caller(request))

    def context_for(self, viewer: Viewer, *, language: str, now: datetime, caller: Caller) -> Context:
        """Make what resolvers get for one operation, whether or not a request stands behind it."""
        reads = Reads(
            engine=self._reading_engine,
            viewer=viewer,
            language=language,
            now=now,
            today=now.astimezone(HOME_ZONE).date(),
            labels=self.services.labels,
            explain=self.services.explain,
        )
        reads.links = self.services.links
        reads.document_links = self.services.document_links
        reads.invitation_links = self.services.invitation_links
        reads.host = self.services.host
        reads.demo_inbox = self.services.demo_inbox
        return Context(
            reads=reads,
            engine=self._engine,
            services=self.services,
            now=now,
            plans=self._plans,
            hides_schema=self.edge.hides_schema,
            caller=caller,
        )

    def caller(self, request: Request | WebSocket) -> Caller:
        """Read once what the request says of its sender; a socket can do as much as a POST."""
        if CALLER not in request.scope:
            method = request.scope.get("method", "POST")
            request.scope[CALLER] = caller_of(request.headers, method=method, front_ends=self.edge.origins)
        caller: Caller = request.scope[CALLER]
        return caller

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """Give what was read of the request."""
        assert isinstance(request, ReadRequest)
        given: GraphQLRequestData = request.plain.scope[GIVEN]
        return given

    async def execute_single(self, request: Request, *args: Any, **kwargs: Any) -> ExecutionResult:
        """Run the operation; only queries are read over GET, and nothing that has more than one answer."""
        self._reject_live(request.scope[GIVEN])
        try:
            return await super().execute_single(request, *args, **kwargs)
        except HTTPException as refused:
            if isinstance(refused.__cause__, InvalidOperationTypeError):
                error = errors.bad_input("Only queries can be sent with GET; send this with POST.")
                raise Refused(405, error, {"Allow": "POST"}) from None
            raise

    def _reject_live(self, given: GraphQLRequestData) -> None:
        try:
            operation = chosen(self._documents.read(given.query or ""), given.operation_name)
        except GraphQLError:
            return  # whoever runs it says what is wrong
        if operation.operation is OperationType.SUBSCRIPTION:
            words = "Subscriptions run over WebSocket, by graphql-transport-ws at this address; over HTTP ask a query."
            raise Refused(400, errors.bad_input(words))

    async def process_result(self, request: Request, result: ExecutionResult) -> Any:
        """Leave `data` out of an answer to what never ran, as GraphQL over HTTP wants it."""
        answer: dict[str, Any] = {}
        if result.errors:
            answer["errors"] = [error.formatted for error in result.errors]
        if result.data is not None or not all(error.path is None for error in result.errors or ()):
            answer["data"] = result.data
        extensions = dict(result.extensions or {})
        if "cost" in extensions or SPENDER in request.scope:
            cost = self._spend(request, extensions.get("cost") or published(0))
            extensions["cost"] = cost
        if extensions:
            answer["extensions"] = extensions
        answer["wait"] = errors.retry_after(result.errors or ())
        if (told := request.scope.get(EXECUTOR)) is not None:
            answer["extensions"] = {**answer.get("extensions", {}), "executor": _with_payloads(*told)}
        answer["accept"] = request.headers.get("accept", "")
        answer["cookies"] = self.caller(request).set_cookies
        return answer

    def create_response(self, response_data: Any, sub_response: Response) -> Response:
        """Word the answer in the media type that was asked for, with the status that type means."""
        accept, wait, cookies = (response_data.pop(name) for name in ("accept", "wait", "cookies"))
        kind = media_type(accept)
        is_lenient = PLAIN_JSON in accept and kind == PLAIN_JSON
        status = 200 if "data" in response_data or is_lenient else 400
        headers = {} if wait is None else {"Retry-After": str(wait)}
        response = json_response(response_data, status=status, kind=kind, headers=headers)
        for cookie in cookies:
            response.headers.append("set-cookie", cookie)
        return response

    async def _viewer(self, request: Request | WebSocket, now: datetime, lent: Lent) -> Viewer:
        """Find out who asks; a cookie that has run out is nobody's, so that its browser can refresh or sign in."""
        has_cookie = "authorization" not in request.headers
        token = _token(request.headers, self.caller(request))
        viewer = None if token is None else await self._authenticate(lent, token, now)
        if viewer is None and has_cookie:
            return ANONYMOUS
        if viewer is None:
            words = "This session token is unknown, expired or revoked. Sign in again."
            raise Refused(401, errors.unauthenticated(words), {"WWW-Authenticate": "Bearer"})
        return viewer


def _token(headers: Headers, caller: Caller) -> str | None:
    """Give the token of a request, if it sends one that can be read; a cookie counts only from a front end of ours."""
    if "authorization" not in headers:
        if caller.session_token is not None and not caller.is_ours:
            raise Refused(403, errors.forbidden("A session in a cookie may be used by its own front end only."))
        return caller.session_token
    return token_of(headers)


def _with_payloads(executor: Mapping[str, str], payloads: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
    """Add which parts of a mutation's payload were compiled, and why others were not."""
    told = [
        {"path": path, "name": "resolvers" if reason else "compiled", "reason": reason}
        for path, reason in sorted(payloads)
    ]
    return {**executor, "payloads": told} if told else executor
