"""Asks both executors the same, and gives each answer as text."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
from mains_schema.context import Context
from mains_schema.plans import Plans
from mains_schema.resolve import Reads
from mains_server.access.records import Viewer

from tests.schema.asking import NOW, Asker


def plans_of(asker: Asker) -> Plans:
    return asker.schema.plans


def context_of(asker: Asker, viewer: Viewer) -> Context:
    reads = Reads(
        engine=asker.engine.execution_options(isolation_level="AUTOCOMMIT"),
        viewer=viewer,
        language=viewer.language,
        now=NOW,
        today=date(2023, 3, 20),
        labels=asker.services.labels,
        explain=asker.services.explain,
    )
    return Context(reads=reads, engine=asker.engine, services=asker.services, now=NOW)


async def compiled_text(asker: Asker, document: str, viewer: Viewer, **variables: Any) -> bytes | str:
    """Give the compiled answer, or in its place the reason it was declined for."""
    answered = await plans_of(asker).answer(
        query=document, name=None, variables=variables, context=context_of(asker, viewer)
    )
    return answered.reason if answered.data is None else answered.data


async def resolved_text(asker: Asker, document: str, viewer: Viewer, **variables: Any) -> bytes | list[Any]:
    """Give the resolvers' answer, or in its place the errors it had."""
    answer = await asker.ask(document, viewer=viewer, **variables)
    return answer.errors if answer.errors else orjson.dumps(answer.data)
