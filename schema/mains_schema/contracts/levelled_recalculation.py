"""Ordering the yearly recalculation of a utility's levelled payments; a worker does it."""

from __future__ import annotations

from datetime import date
from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.levelling.ordering import RecalculationOrder, order_recalculation

from mains_schema.compiling.changed import changed
from mains_schema.contracts.levelled_changes import asker_of
from mains_schema.contracts.levelled_story import LevelledRun
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import described
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error


class RecalculationErrorCode(Enum):
    """Why no recalculation was ordered."""

    UTILITY_UNKNOWN = "UTILITY_UNKNOWN"
    LEVELLING_NOT_OFFERED = "LEVELLING_NOT_OFFERED"
    STARTS_INSIDE_MONTH = "STARTS_INSIDE_MONTH"
    STARTS_TOO_EARLY = "STARTS_TOO_EARLY"
    YEAR_NOT_POSSIBLE = "YEAR_NOT_POSSIBLE"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    RecalculationErrorCode,
    "Why no recalculation was ordered.",
    {
        "UTILITY_UNKNOWN": "There is no such utility whose adapter is at work.",
        "LEVELLING_NOT_OFFERED": "The utility does not level payments.",
        "STARTS_INSIDE_MONTH": "Amounts change on the first of a month.",
        "STARTS_TOO_EARLY": "The first month's instalment is due already.",
        "YEAR_NOT_POSSIBLE": "The first month is not in that year or the one after.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why no recalculation was ordered.")
class RecalculationUserError:
    """A refusal."""

    code: RecalculationErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="Whose levelled payments are worked out anew, for which year and from which month on.")
class LevelledPlansRecalculateInput:
    """An order."""

    adapter: str = strawberry.field(description="Code of the utility.")
    year: int = strawberry.field(description="The year it is for; each plan is worked out anew once a year.")
    starts_on: date = strawberry.field(
        description="First of the month that asks for the new amounts; a year that was begun keeps its own."
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="The recalculation that was ordered, or why none was.")
class LevelledPlansRecalculatePayload:
    """An order, or why there is none."""

    run: LevelledRun | None = strawberry.field(
        description="The year's recalculation; ask for it again to see how far it is. Null if it was refused."
    )
    user_errors: list[RecalculationUserError] = strawberry.field(description=USER_ERRORS)


async def levelled_plans_recalculate(
    info: Info, given: LevelledPlansRecalculateInput
) -> LevelledPlansRecalculatePayload:
    """Order a recalculation, or say why not."""
    asker = asker_of(info)
    order = RecalculationOrder(
        adapter=given.adapter,
        year=given.year,
        starts=given.starts_on,
        person_id=asker.person_id,
        key=given.idempotency_key,
        now=asker.now,
        today=asker.today,
    )
    try:
        async with unit_of_work(asker.engine) as session:
            number = await order_recalculation(session, host=asker.host, order=order)
    except Refusal as refusal:
        error = user_error(RecalculationUserError, RecalculationErrorCode, refusal)
        return LevelledPlansRecalculatePayload(run=None, user_errors=[error])
    return LevelledPlansRecalculatePayload(run=changed(LevelledRun, number), user_errors=[])
