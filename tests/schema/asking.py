"""Asks a schema as a viewer, without HTTP, and counts the statements that it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from mains_schema.declaring.context import Context, Services
from mains_schema.declaring.resolve import Reads
from mains_schema.http.build import Schema
from mains_server.access.records import OFFICE, Grant, GrantRole, Permission, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.billing.records import LineExplanation
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

NOW = datetime(2023, 3, 20, 10, 0, tzinfo=UTC)
ALL = frozenset(Permission)


async def explains_nothing(_invoices: Sequence[int]) -> Mapping[int, Sequence[LineExplanation]]:
    return {}


NO_ADAPTERS = Services(
    host=AdapterHost(adapters=(), live={}),
    explain=explains_nothing,
    session_lifetime=timedelta(hours=1),
    demo_inbox=lambda: (),
)


@dataclass(frozen=True)
class Answer:
    data: Any
    errors: list[Any]
    extensions: dict[str, Any]
    statements: int

    @property
    def codes(self) -> list[str]:
        return [error.extensions["code"] for error in self.errors]


@dataclass(frozen=True)
class Asker:
    schema: Schema
    engine: AsyncEngine
    services: Services = NO_ADAPTERS

    async def ask(self, document: str, *, viewer: Viewer, name: str | None = None, **variables: Any) -> Answer:
        """Ask the resolvers, and insist that the compiler gives the same bytes or leaves the document to them."""
        answer = await self.resolve(document, viewer=viewer, name=name, **variables)
        compiled = await self.schema.plans.answer(
            query=document, name=name, variables=variables, context=self.context(viewer)
        )
        if compiled.data is not None:
            assert not answer.errors, f"compiled, but refused by the resolvers: {answer.errors}"
            assert compiled.data == orjson.dumps(answer.data)
        return answer

    async def resolve(self, document: str, *, viewer: Viewer, name: str | None = None, **variables: Any) -> Answer:
        """Ask the resolvers alone."""
        with counted(self.engine) as statements:
            result = await self.schema.execute(
                document, variable_values=variables, context_value=self.context(viewer), operation_name=name
            )
        return Answer(result.data, result.errors or [], result.extensions or {}, len(statements))

    def context(self, viewer: Viewer) -> Context:
        """Give a request's context."""
        reads = Reads(
            engine=self.engine.execution_options(isolation_level="AUTOCOMMIT"),
            viewer=viewer,
            language=viewer.language,
            now=NOW,
            today=date(2023, 3, 20),
            labels=self.services.labels,
            explain=self.services.explain,
        )
        reads.host = self.services.host
        reads.demo_inbox = self.services.demo_inbox
        return Context(reads=reads, engine=self.engine, services=self.services, now=NOW)


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine.sync_engine, "before_cursor_execute", note)


def owner(*customers: int, person: int = 1) -> Viewer:
    grants = tuple(Grant(id=c, customer_id=c, role=GrantRole.OWNER, permissions=ALL) for c in customers)
    return Viewer(person_id=person, grants=grants)


def delegate(customer: int, *contracts: int, person: int = 1, permissions: frozenset[Permission] = ALL) -> Viewer:
    grant = Grant(
        id=1,
        customer_id=customer,
        role=GrantRole.DELEGATE,
        permissions=permissions,
        contract_ids=frozenset(contracts),
    )
    return Viewer(person_id=person, grants=(grant,))


def clerk(person: int = 1) -> Viewer:
    """Give an employee who does all the work with customers."""
    return Viewer(person_id=person, staff=OFFICE)
