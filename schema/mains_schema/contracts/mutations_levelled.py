"""Mutations of levelled payment."""

from __future__ import annotations

from mains_server.access.records import CLERKS, OFFICE

from mains_schema.contracts.levelled_changes import (
    LevelledPlanPayload,
    levelled_plan_change_amount,
    levelled_plan_change_forecast,
    levelled_plan_settle,
    levelled_plan_start,
    levelled_plan_stop,
)
from mains_schema.contracts.levelled_recalculation import (
    LevelledPlansRecalculatePayload,
    levelled_plans_recalculate,
)
from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import also_by, by

OURS = "For the customer's owner, and delegates with REQUEST_SERVICES. UNAUTHENTICATED without a session."


@section
class LevelledMutations:
    """Beginning, changing, ending and settling levelled payments."""

    levelled_plan_start: LevelledPlanPayload = also_by(OFFICE)(
        mutation(
            f"Begins a levelled payment from the next month on; what is owed by invoice stays due. {OURS}",
            levelled_plan_start,
            given="Which.",
        )
    )
    levelled_plan_change_amount: LevelledPlanPayload = also_by(OFFICE)(
        mutation(
            f"Changes what a levelled contract pays a month, from the next instalment on. {OURS}",
            levelled_plan_change_amount,
            given="What.",
        )
    )
    levelled_plan_change_forecast: LevelledPlanPayload = also_by(OFFICE)(
        mutation(
            f"Works a levelled payment out anew by another forecast, from the next instalment on. {OURS}",
            levelled_plan_change_forecast,
            given="What.",
        )
    )
    levelled_plan_stop: LevelledPlanPayload = also_by(OFFICE)(
        mutation(
            f"Goes back to invoices from the next first of a month on; the days before are settled then. {OURS}",
            levelled_plan_stop,
            given="Which.",
        )
    )
    levelled_plan_settle: LevelledPlanPayload = by(CLERKS)(
        mutation(
            "Bills what a levelled contract used up to a day, days whose bill was taken back as well, and"
            " spreads what was not paid; again with another key it is refused as NOTHING_TO_SETTLE.",
            levelled_plan_settle,
            given="Which.",
        )
    )
    levelled_plans_recalculate: LevelledPlansRecalculatePayload = by(CLERKS)(
        mutation(
            "Orders the yearly recalculation of all levelled payments of a utility, which a worker does; a"
            " year that has one goes on with it.",
            levelled_plans_recalculate,
            given="Whose.",
        )
    )
