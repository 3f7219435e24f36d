"""Asks both executors the same, and gives each answer as text."""

from __future__ import annotations

from typing import Any

import orjson
from mains_server.access.records import Viewer

from tests.schema.asking import Asker


async def compiled_text(asker: Asker, document: str, viewer: Viewer, **variables: Any) -> bytes | str:
    """Give the compiled answer, or in its place the reason it was declined for."""
    answered = await asker.schema.plans.answer(
        query=document, name=None, variables=variables, context=asker.context(viewer)
    )
    return answered.reason if answered.data is None else answered.data


async def resolved_text(asker: Asker, document: str, viewer: Viewer, **variables: Any) -> bytes | list[Any]:
    """Give the resolvers' answer, or in its place the errors it had."""
    result = await asker.schema.execute(
        document, variable_values=variables, context_value=asker.context(viewer), operation_name=None
    )
    return result.errors if result.errors else orjson.dumps(result.data)
