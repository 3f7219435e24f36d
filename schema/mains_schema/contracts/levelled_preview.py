"""What a change of levelled payment would mean, and why it would be refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import Refusal
from mains_server.adapters.host import AdapterHost
from mains_server.levelling.changes import Asker, Change, Forecast, preview_change
from mains_server.levelling.records import Preview

from mains_schema.contracts.levelled import LevelledUsage, usage_of
from mains_schema.declaring.given import Given
from mains_schema.declaring.mapping import described
from mains_schema.declaring.payload import USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.declaring.scalars import Money

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

ROWS_ABOUT = 400


class LevelledErrorCode(Enum):
    """Why a levelled payment was not changed."""

    CONTRACT_UNKNOWN = "CONTRACT_UNKNOWN"
    LEVELLING_NOT_OFFERED = "LEVELLING_NOT_OFFERED"
    LEVELLED_ALREADY = "LEVELLED_ALREADY"
    NOT_LEVELLED = "NOT_LEVELLED"
    ENDS_ALREADY = "ENDS_ALREADY"
    AMOUNT_NOT_POSSIBLE = "AMOUNT_NOT_POSSIBLE"
    FORECAST_WRONG = "FORECAST_WRONG"
    NO_HISTORY = "NO_HISTORY"
    COST_NOT_KNOWN = "COST_NOT_KNOWN"
    PRODUCT_NOT_OFFERED = "PRODUCT_NOT_OFFERED"
    SETTLEMENT_NOT_ALLOWED = "SETTLEMENT_NOT_ALLOWED"
    CHANNEL_NOT_ALLOWED = "CHANNEL_NOT_ALLOWED"
    PROTECTED_SETTLES_BY_INVOICE = "PROTECTED_SETTLES_BY_INVOICE"
    CONTRACT_NOT_ALLOWED = "CONTRACT_NOT_ALLOWED"
    ADAPTER_SILENT = "ADAPTER_SILENT"
    STARTS_TOO_EARLY = "STARTS_TOO_EARLY"
    STARTS_INSIDE_MONTH = "STARTS_INSIDE_MONTH"
    DAYS_BILLED = "DAYS_BILLED"
    DAY_OUTSIDE = "DAY_OUTSIDE"
    NOTHING_CHANGES = "NOTHING_CHANGES"
    CHANGE_PENDING = "CHANGE_PENDING"
    NOTHING_TO_SETTLE = "NOTHING_TO_SETTLE"
    SETTLEMENT_HELD = "SETTLEMENT_HELD"
    DAYS_TO_COME = "DAYS_TO_COME"
    DAYS_BILLED_ALREADY = "DAYS_BILLED_ALREADY"
    PERIOD_OUTSIDE_CONTRACT = "PERIOD_OUTSIDE_CONTRACT"
    CONTRACT_NOT_BILLED = "CONTRACT_NOT_BILLED"
    CONTRACT_IN_BUILDING = "CONTRACT_IN_BUILDING"
    NOBODY_TO_INVOICE = "NOBODY_TO_INVOICE"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


REASONS = {
    "CONTRACT_UNKNOWN": "There is no such contract whose payment the viewer may change.",
    "LEVELLING_NOT_OFFERED": "The utility does not level the payments of this contract.",
    "LEVELLED_ALREADY": "The contract has a levelled payment already.",
    "NOT_LEVELLED": "The contract has no levelled payment.",
    "ENDS_ALREADY": "The levelled payment ends already.",
    "AMOUNT_NOT_POSSIBLE": "The amount is below nothing, finer than a cent, or above 100,000.00 a month.",
    "FORECAST_WRONG": "The forecast is below nothing, too large, or not for each tariff zone once.",
    "NO_HISTORY": "It is not known what was used in twelve months; a forecast is needed.",
    "COST_NOT_KNOWN": "What the expected use costs cannot be worked out.",
    "PRODUCT_NOT_OFFERED": "The product is not offered on that day.",
    "SETTLEMENT_NOT_ALLOWED": "The product is not paid by levelled amounts.",
    "CHANNEL_NOT_ALLOWED": "The product's invoices are not delivered as this contract's are.",
    "PROTECTED_SETTLES_BY_INVOICE": "Who is protected pays by invoice while the status lasts.",
    "CONTRACT_NOT_ALLOWED": "The utility has a reason of its own; the message says it.",
    "ADAPTER_SILENT": "The utility's adapter did not say whether this can be; try again later.",
    "STARTS_TOO_EARLY": "The first day is past or too near.",
    "STARTS_INSIDE_MONTH": "Methods change on the first of a month.",
    "DAYS_BILLED": "Some of the days are billed already as they were agreed before.",
    "DAY_OUTSIDE": "The contract is not in force on the day.",
    "NOTHING_CHANGES": "The contract is paid like this already.",
    "CHANGE_PENDING": "Other terms are agreed for a later day already.",
    "NOTHING_TO_SETTLE": "The levelled payment is settled up to the day.",
    "SETTLEMENT_HELD": "What was used cannot be billed up to the day; the message says why.",
    "DAYS_TO_COME": "Days are settled once they are over.",
    "DAYS_BILLED_ALREADY": "Some of the days are billed already.",
    "PERIOD_OUTSIDE_CONTRACT": "The contract is not in force on all of the days.",
    "CONTRACT_NOT_BILLED": "The contract gets no invoices itself.",
    "CONTRACT_IN_BUILDING": "Its premise is billed together with its house.",
    "NOBODY_TO_INVOICE": "Nobody is registered to invoice for the utility.",
    "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
    "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
}
described(LevelledErrorCode, "Why a levelled payment was not changed.", REASONS)


@strawberry.type(description="Why a levelled payment was not changed.")
class LevelledUserError:
    """A refusal."""

    code: LevelledErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description="The same for people, in English.")
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")


@strawberry.input(description="How much will be used in a year.")
class LevelledForecastInput:
    """A forecast."""

    zone: str | None = strawberry.field(
        description="Tariff zone; left out where the meter has none.", default=strawberry.UNSET
    )
    value: Decimal = strawberry.field(description="How much in a year, in the unit of the meter; 0 for nothing.")


@strawberry.type(description="What one month would ask.")
class LevelledPreviewMonth:
    """A month's amount."""

    due_on: date = strawberry.field(description="Last day to pay it.")
    amount: Money = strawberry.field(description="What would be asked.")
    base_part: Money = strawberry.field(description="The share of what twelve months cost.")
    difference_part: Money = strawberry.field(description="The share of what was used and not paid before.")


@strawberry.type(description="What a change of a levelled payment would mean; worked out as the change is.")
class LevelledPreview:
    """The months to come, and what they leave over."""

    starts: date = strawberry.field(description="First day of the first month it would hold for.")
    yearly_cost: Money = strawberry.field(description="What the expected use costs in twelve months, tax included.")
    difference: Money = strawberry.field(description="What counts as used until then, less what was paid.")
    expected_at_settlement: Money = strawberry.field(
        description="What would be left to pay after twelve months if all comes as expected; negative stays prepaid."
    )
    expected_usage: list[LevelledUsage] = strawberry.field(description="What it expects for twelve months; a handful.")
    months: list[LevelledPreviewMonth] = strawberry.field(description="What each of the twelve months would ask.")


@strawberry.type(description="A preview, or why the change would be refused.")
class LevelledPreviewAnswer:
    """What would come, or why it would not."""

    preview: LevelledPreview | None = strawberry.field(description="What it would mean; null if it would be refused.")
    user_errors: list[LevelledUserError] = strawberry.field(description=USER_ERRORS)


GIVEN = (
    Given("amount", Decimal | None, "An amount of one's own a month; left out, the amount follows from the use."),
    Given(
        "forecast",
        list[LevelledForecastInput] | None,
        "A year's use, once for each tariff zone; left out, what is expected already, or the last twelve months' use.",
    ),
)


async def levelled_plan_preview(
    reads: Reads,
    contract_id: int,
    *,
    amount: Decimal | None = None,
    forecast: list[LevelledForecastInput] | None = None,
) -> LevelledPreviewAnswer:
    """Tell what beginning or changing a levelled payment would mean."""
    asker = Asker(
        engine=reads.engine,
        host=reads.host or AdapterHost(adapters=(), live={}),
        viewer=reads.viewer,
        now=reads.now,
        today=reads.today,
    )
    try:
        shown = await preview_change(
            asker, change=Change(contract_id=contract_id, amount=amount, forecast=forecast_of(forecast))
        )
    except Refusal as refusal:
        return LevelledPreviewAnswer(preview=None, user_errors=[error_of(refusal)])
    return LevelledPreviewAnswer(preview=_preview(shown), user_errors=[])


def forecast_of(given: list[LevelledForecastInput] | None) -> tuple[Forecast, ...] | None:
    """Read a forecast; None where none is given."""
    if given is None or given is strawberry.UNSET:
        return None
    return tuple(Forecast(zone=one.zone or None, value=one.value) for one in given)


def _preview(shown: Preview) -> LevelledPreview:
    def money(amount: Decimal) -> Money:
        return Money(amount=amount, currency=shown.expectation.currency)

    return LevelledPreview(
        starts=shown.starts,
        yearly_cost=money(shown.amounts.base_total),
        difference=money(shown.amounts.difference),
        expected_at_settlement=money(shown.amounts.left_over),
        expected_usage=[usage_of(one) for one in shown.expectation.usage],
        months=[
            LevelledPreviewMonth(
                due_on=one.due_on,
                amount=money(one.amount),
                base_part=money(one.base_part),
                difference_part=money(one.difference_part),
            )
            for one in shown.instalments
        ],
    )


def error_of(refusal: Refusal) -> LevelledUserError:
    """Tell why something was refused."""
    return user_error(LevelledUserError, LevelledErrorCode, refusal)
