"""Executes declarations field by field: each relation is one batch a field path and argument set, whatever the rows.

Every batch takes a connection of its own from the pool for one statement, so that siblings run at the same time.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from mains_server.access.records import Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.billing.records import LineExplanation
from mains_server.consumption.links import ChartLinks
from mains_server.db.engine import Lent
from mains_server.delegation.links import InvitationLinks
from mains_server.documents.links import DocumentLinks
from mains_server.notifications.records import CaughtMessage
from mains_spi import Labels
from sqlalchemy import ARRAY, ColumnElement, Select, and_, any_, bindparam, func, literal, select, true, tuple_
from sqlalchemy import column as sql_column
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry.dataloader import DataLoader

from mains_schema.compiling.proofs import Proof
from mains_schema.declaring.connection import Edge, List, Page, PageInfo, PageRequest, write_cursor
from mains_schema.declaring.errors import not_found, unauthenticated
from mains_schema.declaring.mapping import Many, One, Paged
from mains_schema.declaring.node import decode_id, number_of
from mains_schema.declaring.scope import Scope
from mains_schema.declaring.shape import Shape, name_of

Expression = ColumnElement[Any]
ExplainInvoices = Callable[[Sequence[int]], Awaitable[Mapping[int, Sequence[LineExplanation]]]]
Batch = Callable[[list[Any]], Awaitable[list[Any]]]
STATEMENTS_AT_ONCE = 4


class Reads:
    """What one request knows and has under way: who asks, in which language, when, and the batches of its relations."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        viewer: Viewer,
        language: str,
        now: datetime,
        today: date,
        labels: Mapping[tuple[str, str], Labels],
        explain: ExplainInvoices,
    ) -> None:
        self.engine = engine
        self.viewer = viewer
        self.language = language
        self.now = now
        self.today = today
        self.labels = labels
        self.explain = explain
        self.lent: Lent | None = None
        self.host: AdapterHost | None = None
        self.links: ChartLinks | None = None
        self.document_links: DocumentLinks | None = None
        self.invitation_links: InvitationLinks | None = None
        self.proof: Proof | None = None
        self.address: str | None = None
        self.demo_inbox: Callable[[], Sequence[CaughtMessage]] | None = None
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}
        self._under_way: set[asyncio.Task[Any]] = set()
        self._turns = asyncio.Semaphore(STATEMENTS_AT_ONCE)

    async def rows(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Any]:
        """Run one statement on a connection of its own; a request has at most four under way."""
        async with self._turns, self.engine.connect() as connection:
            return (await connection.execute(statement)).all()

    async def answer(self, statement: str, values: Sequence[Any]) -> bytes | None:
        """Run one compiled statement, whose one value is JSON; None where it has no row."""
        lent, self.lent = self.lent or Lent(self.engine), None
        try:
            found: bytes | None = await (await lent.connection()).fetchval(statement, *values)
            return found
        finally:
            await lent.give_back()

    def load(self, batch: Hashable, key: Any, run: Batch) -> Awaitable[Any]:
        """Give one key's answer out of a batch; shielded: graphql-core cancels siblings, and batches are shared."""
        loader = self._loaders.get(batch)
        if loader is None:
            loader = self._loaders[batch] = DataLoader(self._noted(run))
        return asyncio.shield(loader.load(key))

    async def finish(self) -> None:
        """Wait for batches that nobody waits for any more, so that no connection outlives its request."""
        await asyncio.sleep(0)
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _noted(self, run: Batch) -> Batch:
        async def noted(keys: list[Any]) -> list[Any]:
            task = asyncio.current_task()
            assert task is not None
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            return await run(keys)

        return noted


def mine(target: Shape) -> Callable[[Reads], Awaitable[Any]]:
    """Return what reads the viewer's own row."""
    key, make = _key_of(target), target.maker()

    async def read(reads: Reads) -> Any:
        if reads.viewer.person_id is None:
            raise unauthenticated()
        rows = await reads.rows(_scoped(target, reads, key == literal(reads.viewer.person_id, key.type)))
        if not rows:
            raise not_found("Your person is not here any more.")
        return make(rows[0], reads)

    return read


def by_id(target: Shape, type_name: str) -> Callable[[Reads, str], Awaitable[Any]]:
    """Return what reads the row of one type that a global id names, or null where the viewer sees none."""

    async def read(reads: Reads, given: str) -> Any:
        return _if_of(
            type_name, await row_by_number(target=target, reads=reads, number=number_of(given, type_name=type_name))
        )

    return read


def node(targets: Mapping[str, Shape]) -> Callable[[Reads, str], Awaitable[Any]]:
    """Return what reads the row of any type that a global id names, or null where the viewer sees none."""

    async def read(reads: Reads, given: str) -> Any:
        type_name, number = decode_id(given)
        target = targets.get(type_name)
        if target is None:
            return None
        return _if_of(type_name, await row_by_number(target=target, reads=reads, number=number))

    return read


async def row_by_number(*, target: Shape, reads: Reads, number: int) -> Any:
    """Read the row with this number, or None where the viewer sees none."""
    key = _key_of(target)
    rows = await reads.rows(_scoped(target, reads, key == literal(number, key.type)))
    return target.maker()(rows[0], reads) if rows else None


def one(relation: One, target: Shape) -> Callable[[Reads, Any], Any]:
    """Return what reads the one row that a value points to; a null value points to none."""
    key = relation.to if relation.to is not None else _key_of(target)
    make = target.maker()

    def read(reads: Reads, value: Any) -> Any:
        async def run(values: list[Any]) -> list[Any]:
            rows = await reads.rows(_scoped(target, reads, _among(key, values), more=[key.label("joined")]))
            found = {row[-1]: row for row in rows}
            return [make(found[value], reads) if value in found else None for value in values]

        return None if value is None else reads.load(relation, value, run)

    return read


def many(relation: Many, target: Shape) -> Callable[[Reads, Any], Any]:
    """Return what reads all rows that point to a value, in their order."""
    theirs, make = relation.theirs, target.maker()

    def read(reads: Reads, value: Any) -> Any:
        async def run(values: list[Any]) -> list[Any]:
            statement = _scoped(target, reads, _among(theirs, values), more=[theirs.label("joined")])
            grouped = defaultdict(list)
            for row in await reads.rows(statement.order_by(theirs, *relation.order)):
                grouped[row[-1]].append(make(row, reads))
            return [grouped[value] for value in values]

        return reads.load(relation, value, run)

    return read


class PagesRead:
    """A connection as resolvers see it: the page is loaded when a field needs it, and the count too, each once."""

    __slots__ = ("_list", "_request", "_value", "reads")

    def __init__(self, *, pages: PageReader, reads: Reads, request: PageRequest, value: Any) -> None:
        self._list = pages
        self.reads = reads
        self._request = request
        self._value = value

    async def edges(self) -> list[Any]:
        """Give the rows with their cursors."""
        rows = (await self._page()).rows
        return [Edge(node=self._list.make(row, self.reads), cursor=self._cursor(row)) for row in rows]

    async def nodes(self) -> list[Any]:
        """Give the rows."""
        return [self._list.make(row, self.reads) for row in (await self._page()).rows]

    async def page_info(self) -> PageInfo:
        """Tell where the page stands; the row of a given cursor lies on the page's other side."""
        page, request = await self._page(), self._request
        came_from, goes_on = request.position is not None, page.has_more
        return PageInfo(
            has_next_page=came_from if request.is_backwards else goes_on,
            has_previous_page=goes_on if request.is_backwards else came_from,
            start_cursor=self._cursor(page.rows[0]) if page.rows else None,
            end_cursor=self._cursor(page.rows[-1]) if page.rows else None,
        )

    async def count(self) -> int:
        """Count the whole list under its filter."""
        return await self._list.count(self.reads, self._request, self._value)

    async def _page(self) -> Page:
        return await self._list.page(self.reads, self._request, self._value)

    def _cursor(self, row: Any) -> str:
        return write_cursor(self._request, [row[place] for place in self._list.places(self._request)])


class PageReader:
    """Reads the pages of one connection, each parent's page by a keyset read that is joined LATERAL."""

    def __init__(self, *, paged: Paged, target: Shape, listed: List) -> None:
        self.make = target.maker()
        self._paged = paged
        self._target = target
        self._key = _key_of(target)
        self.listed = listed

    def open(self, reads: Reads, value: Any, arguments: Mapping[str, Any]) -> PagesRead:
        """Read the arguments; nothing is loaded yet."""
        return PagesRead(pages=self, reads=reads, request=self.listed.request(arguments), value=value)

    def places(self, request: PageRequest) -> list[int]:
        """Give where in a row its cursor's values stand."""
        return [self._target.slot(part) for part in (*request.order.columns, self._key)]

    async def page(self, reads: Reads, request: PageRequest, value: Any) -> Page:
        """Load the page of one parent, in one statement with its siblings' pages."""

        async def run(values: list[Any]) -> list[Any]:
            grouped = defaultdict(list)
            for row in await reads.rows(self._statement(reads, request, values)):
                grouped[row[-1]].append(row)
            return [self._cut(grouped[value], request) for value in values]

        page: Page = await reads.load((self, "page", request), value, run)
        return page

    async def count(self, reads: Reads, request: PageRequest, value: Any) -> int:
        """Count the list of one parent, in one statement with its siblings' counts."""
        theirs = self._paged.theirs

        async def run(values: list[Any]) -> list[Any]:
            conditions = self._conditions(reads, request)
            if theirs is None:
                everything = select(func.count(), literal(None)).select_from(self._target.table)
                rows = await reads.rows(everything.where(*conditions))
            else:
                counted = select(func.count(), theirs).where(_among(theirs, values), *conditions).group_by(theirs)
                rows = await reads.rows(counted)
            found = {row[1]: row[0] for row in rows}
            return [found.get(value, 0) for value in values]

        counted: int = await reads.load((self, "count", request.wanted), value, run)
        return counted

    def _statement(self, reads: Reads, request: PageRequest, values: list[Any]) -> Select[Any]:
        order = [*request.order.columns, self._key]
        conditions = self._conditions(reads, request)
        if request.position is not None:
            conditions.append(_beyond(order, request.position, is_descending=request.is_descending))
        directed = [part.desc() if request.is_descending else part.asc() for part in order]
        theirs = self._paged.theirs
        if theirs is None:
            rows = self._target.select(literal(None).label("parent")).where(*conditions)
            return rows.order_by(*directed).limit(request.size + 1)
        parents = func.unnest(bindparam("parents", values, type_=ARRAY(theirs.type))).table_valued(
            sql_column("parent", theirs.type), name="parents"
        )
        parent = parents.render_derived().c.parent
        page = self._target.select().where(theirs == parent, *conditions).order_by(*directed)
        pages = page.limit(request.size + 1).lateral("page")
        places = [pages.c[place] for place in self.places(request)]
        outer = [part.desc() if request.is_descending else part.asc() for part in places]
        return select(*pages.c, parent).join_from(parent.table, pages, true()).order_by(parent, *outer)

    def _conditions(self, reads: Reads, request: PageRequest) -> list[Expression]:
        scopes = (_scope(self._target.scope, reads), _scope(self._paged.within, reads))
        return [scope for scope in scopes if scope is not None] + [
            condition.fits(list(value) if condition.is_of_many else value) for condition, value in request.wanted
        ]

    def _cut(self, rows: list[Any], request: PageRequest) -> Page:
        kept = rows[: request.size]
        return Page(kept[::-1] if request.is_backwards else kept, len(rows) > request.size)


def _if_of(type_name: str, found: Any) -> Any:
    """Keep a row only if it is of the type that its id named, which among an interface's types it need not be."""
    return found if found is not None and name_of(type(found)) == type_name else None


def _scoped(target: Shape, reads: Reads, condition: Expression, *, more: Sequence[Expression] = ()) -> Select[Any]:
    scope = _scope(target.scope, reads)
    return target.select(*more).where(condition if scope is None else and_(condition, scope))


def _scope(scope: Scope | None, reads: Reads) -> ColumnElement[bool] | None:
    return None if scope is None else scope.condition(reads.viewer)


def _among(column: Expression, values: list[Any]) -> Expression:
    return column == any_(bindparam("keys", values, type_=ARRAY(column.type)))


def _beyond(order: Sequence[Expression], position: Sequence[Any], *, is_descending: bool) -> Expression:
    here = tuple_(*order)
    there = tuple_(*(literal(value, part.type) for value, part in zip(position, order, strict=True)))
    return here < there if is_descending else here > there


def _key_of(target: Shape) -> Expression:
    if target.key is None:
        raise RuntimeError(f"{target.cls.__name__} has no key and can stand only in `many`, or in `one` with `to`")
    return target.key
