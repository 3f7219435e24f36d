"""Mutations on how a house's cost is shared out."""

from __future__ import annotations

from mains_server.access.records import OPERATORS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import also_by, by
from mains_schema.metering.allocation import (
    AllocationMethodPayload,
    SupplyPointAreaPayload,
    allocation_method_announce,
    allocation_method_cancel,
    supply_point_area_correct,
)


@section
class AllocationMutations:
    """How a house's cost is shared out."""

    allocation_method_announce: AllocationMethodPayload = also_by(OPERATORS)(
        mutation(
            "Announces what the owners of a house voted for. For who holds the contract over the house, or"
            " may request services on it. UNAUTHENTICATED without a session.",
            allocation_method_announce,
            given="What.",
        )
    )
    allocation_method_cancel: AllocationMethodPayload = also_by(OPERATORS)(
        mutation(
            "Calls an announced method off before it holds; again, it stays so. UNAUTHENTICATED without a session.",
            allocation_method_cancel,
            given="Which.",
        )
    )
    supply_point_area_correct: SupplyPointAreaPayload = by(OPERATORS)(
        mutation(
            "Puts a premise's true area on file for the bills to come; issued bills keep theirs.",
            supply_point_area_correct,
            given="What.",
        )
    )
