"""Mutations on how a house's cost is shared out."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import OPERATORS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import also_by, by
from mains_schema.metering.allocation import (
    AllocationMethodAnnounceInput,
    AllocationMethodCancelInput,
    AllocationMethodPayload,
    SupplyPointAreaCorrectInput,
    SupplyPointAreaPayload,
    allocation_method_announce,
    allocation_method_cancel,
    supply_point_area_correct,
)


@section
class AllocationMutations:
    """How a house's cost is shared out."""

    @also_by(OPERATORS)
    @resolved(
        "Announces what the owners of a house voted for. For who holds the contract over the house, or may request"
        " services on it. UNAUTHENTICATED without a session."
    )
    async def allocation_method_announce(
        self,
        info: Info,
        given: Annotated[AllocationMethodAnnounceInput, strawberry.argument(name="input", description="What.")],
    ) -> AllocationMethodPayload:
        """Announce a method."""
        return await allocation_method_announce(info, given)

    @also_by(OPERATORS)
    @resolved("Calls an announced method off before it holds; again, it stays so. UNAUTHENTICATED without a session.")
    async def allocation_method_cancel(
        self,
        info: Info,
        given: Annotated[AllocationMethodCancelInput, strawberry.argument(name="input", description="Which.")],
    ) -> AllocationMethodPayload:
        """Cancel a method."""
        return await allocation_method_cancel(info, given)

    @by(OPERATORS)
    @resolved("Puts a premise's true area on file for the bills to come; issued bills keep theirs.")
    async def supply_point_area_correct(
        self,
        info: Info,
        given: Annotated[SupplyPointAreaCorrectInput, strawberry.argument(name="input", description="What.")],
    ) -> SupplyPointAreaPayload:
        """Correct an area."""
        return await supply_point_area_correct(info, given)
