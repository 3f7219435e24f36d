"""Mutations of levelled payment."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import CLERKS, OFFICE

from mains_schema.contracts.levelled_changes import (
    LevelledPlanChangeAmountInput,
    LevelledPlanChangeForecastInput,
    LevelledPlanPayload,
    LevelledPlanSettleInput,
    LevelledPlanStartInput,
    LevelledPlanStopInput,
    levelled_plan_change_amount,
    levelled_plan_change_forecast,
    levelled_plan_settle,
    levelled_plan_start,
    levelled_plan_stop,
)
from mains_schema.contracts.levelled_recalculation import (
    LevelledPlansRecalculateInput,
    LevelledPlansRecalculatePayload,
    levelled_plans_recalculate,
)
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import also_by, by

OURS = "For the customer's owner, and delegates with REQUEST_SERVICES. UNAUTHENTICATED without a session."


@section
class LevelledMutations:
    """Beginning, changing, ending and settling levelled payments."""

    @also_by(OFFICE)
    @resolved(f"Begins a levelled payment from the next month on; what is owed by invoice stays due. {OURS}")
    async def levelled_plan_start(
        self,
        info: Info,
        given: Annotated[LevelledPlanStartInput, strawberry.argument(name="input", description="Which.")],
    ) -> LevelledPlanPayload:
        """Begin a levelled payment."""
        return await levelled_plan_start(info, given)

    @also_by(OFFICE)
    @resolved(f"Changes what a levelled contract pays a month, from the next instalment on. {OURS}")
    async def levelled_plan_change_amount(
        self,
        info: Info,
        given: Annotated[LevelledPlanChangeAmountInput, strawberry.argument(name="input", description="What.")],
    ) -> LevelledPlanPayload:
        """Change the amount."""
        return await levelled_plan_change_amount(info, given)

    @also_by(OFFICE)
    @resolved(f"Works a levelled payment out anew by another forecast, from the next instalment on. {OURS}")
    async def levelled_plan_change_forecast(
        self,
        info: Info,
        given: Annotated[LevelledPlanChangeForecastInput, strawberry.argument(name="input", description="What.")],
    ) -> LevelledPlanPayload:
        """Change the forecast."""
        return await levelled_plan_change_forecast(info, given)

    @also_by(OFFICE)
    @resolved(f"Goes back to invoices from the next first of a month on; the days before are settled then. {OURS}")
    async def levelled_plan_stop(
        self,
        info: Info,
        given: Annotated[LevelledPlanStopInput, strawberry.argument(name="input", description="Which.")],
    ) -> LevelledPlanPayload:
        """End a levelled payment."""
        return await levelled_plan_stop(info, given)

    @by(CLERKS)
    @resolved(
        "Bills what a levelled contract used up to a day, days whose bill was taken back as well, and spreads what was"
        " not paid; again with another key it is refused as NOTHING_TO_SETTLE."
    )
    async def levelled_plan_settle(
        self,
        info: Info,
        given: Annotated[LevelledPlanSettleInput, strawberry.argument(name="input", description="Which.")],
    ) -> LevelledPlanPayload:
        """Settle a levelled payment."""
        return await levelled_plan_settle(info, given)

    @by(CLERKS)
    @resolved(
        "Orders the yearly recalculation of all levelled payments of a utility, which a worker does; a year that has"
        " one goes on with it."
    )
    async def levelled_plans_recalculate(
        self,
        info: Info,
        given: Annotated[LevelledPlansRecalculateInput, strawberry.argument(name="input", description="Whose.")],
    ) -> LevelledPlansRecalculatePayload:
        """Order a recalculation."""
        return await levelled_plans_recalculate(info, given)
