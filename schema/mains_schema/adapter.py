"""The utilities served, each by its adapter, and what they can do."""

from __future__ import annotations

import strawberry
from mains_server.adapters.queries import list_adapters
from mains_server.adapters.records import Adapter, AdapterState
from mains_spi import Capability

from mains_schema.context import Context
from mains_schema.words import in_language


@strawberry.type(description="A utility and the adapter that knows its tariffs.")
class UtilityAdapter:
    """One installed adapter."""

    code: str = strawberry.field(description="Code of the utility, as contracts and invoices name it.")
    name: str = strawberry.field(
        description="What the utility is called in the viewer's language; its code if unknown."
    )
    version: str = strawberry.field(description="Version of the adapter.")
    state: AdapterState = strawberry.field(description="Whether the adapter works.")
    reason: str | None = strawberry.field(description="Why it was set aside, for staff; null otherwise.")
    capabilities: list[Capability] = strawberry.field(
        description="What the utility offers beyond a bill; at most seven."
    )


def utility_adapters(context: Context) -> list[UtilityAdapter]:
    """List the utilities in the order in which their adapters were loaded."""
    return [_shown(adapter, context) for adapter in list_adapters(context.services.host)]


def _shown(adapter: Adapter, context: Context) -> UtilityAdapter:
    labels = adapter.labels
    return UtilityAdapter(
        code=adapter.code,
        name=adapter.code if labels is None else in_language(context.reads, labels.lv, labels.en, labels.ru),
        version=adapter.version,
        state=adapter.state,
        reason=adapter.reason if context.viewer.is_staff else None,
        capabilities=list(adapter.capabilities),
    )
