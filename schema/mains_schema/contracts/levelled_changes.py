"""Changes of levelled payment: shown first, then made by customers, and settled by employees."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import Refusal
from mains_server.contracts.queries import contract_by_id
from mains_server.db.idempotency import Once
from mains_server.db.unit_of_work import read_session
from mains_server.levelling.changes import Asker, Change, change_plan, start_plan, stop_plan
from mains_server.levelling.settling import Clerk, settle

from mains_schema.compiling.changed import changed
from mains_schema.contracts.contract import Contract
from mains_schema.contracts.levelled_preview import (
    LevelledErrorCode,
    LevelledForecastInput,
    LevelledUserError,
    error_of,
    forecast_of,
)
from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import KEY_WORDS, USER_ERRORS

if TYPE_CHECKING:
    pass

CONTRACT_ID = "Global id of the contract."


@strawberry.input(description="Which contract begins to pay by levelled amounts.")
class LevelledPlanStartInput:
    """A beginning."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    forecast: list[LevelledForecastInput] | None = strawberry.field(
        description="What will be used, once for each tariff zone; left out, the last twelve months' use counts.",
        default=strawberry.UNSET,
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Another amount a month for a levelled contract.")
class LevelledPlanChangeAmountInput:
    """An amount of one's own."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    amount: Decimal = strawberry.field(
        description="What to pay a month: 0.00, where nothing will be used, to 100000.00."
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Another forecast for a levelled contract.")
class LevelledPlanChangeForecastInput:
    """A forecast of one's own."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    forecast: list[LevelledForecastInput] = strawberry.field(
        description="What will be used in a year, once for each tariff zone."
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which contract goes back to invoices.")
class LevelledPlanStopInput:
    """An end."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which levelled contract is settled, up to which day.")
class LevelledPlanSettleInput:
    """A settlement."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    day: date = strawberry.field(description="Civil day at whose start the meters were read; today or earlier.")
    idempotency_key: str | None = strawberry.field(
        description=f"{KEY_WORDS} Left out, a repetition is refused as NOTHING_TO_SETTLE.",
        default=strawberry.UNSET,
    )


@strawberry.type(description="The contract after a change of its levelled payment, or why nothing was changed.")
class LevelledPlanPayload:
    """A contract, or why it is as it was."""

    contract: Contract | None = strawberry.field(description="The contract as it is now; null if it was refused.")
    user_errors: list[LevelledUserError] = strawberry.field(description=USER_ERRORS)


async def levelled_plan_start(info: Info, given: LevelledPlanStartInput) -> LevelledPlanPayload:
    """Begin a levelled payment, or say why not."""
    number = number_of(given.contract_id, type_name="Contract")
    change = Change(contract_id=number, forecast=forecast_of(given.forecast))
    return await _taken(number, start_plan(asker_of(info), change=change, key=given.idempotency_key))


async def levelled_plan_change_amount(info: Info, given: LevelledPlanChangeAmountInput) -> LevelledPlanPayload:
    """Change the amount, or say why not."""
    number = number_of(given.contract_id, type_name="Contract")
    change = Change(contract_id=number, amount=given.amount)
    return await _taken(number, change_plan(asker_of(info), change=change, key=given.idempotency_key))


async def levelled_plan_change_forecast(info: Info, given: LevelledPlanChangeForecastInput) -> LevelledPlanPayload:
    """Change the forecast, or say why not."""
    number = number_of(given.contract_id, type_name="Contract")
    change = Change(contract_id=number, forecast=forecast_of(given.forecast))
    return await _taken(number, change_plan(asker_of(info), change=change, key=given.idempotency_key))


async def levelled_plan_stop(info: Info, given: LevelledPlanStopInput) -> LevelledPlanPayload:
    """Go back to invoices, or say why not."""
    number = number_of(given.contract_id, type_name="Contract")
    return await _taken(number, stop_plan(asker_of(info), contract_id=number, key=given.idempotency_key))


async def levelled_plan_settle(info: Info, given: LevelledPlanSettleInput) -> LevelledPlanPayload:
    """Settle a levelled contract, or say why not."""
    asker = asker_of(info)
    number = number_of(given.contract_id, type_name="Contract")
    async with read_session(asker.engine) as session:
        contract = await contract_by_id(session, contract_id=number)
    adapter = None if contract is None else asker.host.live.get(contract.adapter)
    if adapter is None:
        error = LevelledUserError(
            code=LevelledErrorCode.CONTRACT_UNKNOWN,
            message="there is no such contract of a utility whose adapter is at work",
            path="contractId",
            retryable=False,
        )
        return LevelledPlanPayload(contract=None, user_errors=[error])
    clerk = Clerk(engine=asker.engine, adapter=adapter, now=asker.now, today=asker.today)
    once = _once(asker, given, contract_id=number)
    return await _taken(number, settle(clerk, contract_id=number, day=given.day, once=once))


def _once(asker: Asker, given: LevelledPlanSettleInput, *, contract_id: int) -> Once | None:
    if not isinstance(given.idempotency_key, str):
        return None
    return Once(
        person_id=asker.person_id,
        operation="levelled_settle",
        key=given.idempotency_key,
        body={"contract": contract_id, "day": given.day.isoformat()},
        now=asker.now,
    )


def asker_of(info: Info) -> Asker:
    """Give who asks for a change; who is not signed in does not."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    host = context.services.host
    return Asker(engine=context.engine, host=host, viewer=context.viewer, now=context.now, today=context.reads.today)


async def _taken(number: int, work: Awaitable[object]) -> LevelledPlanPayload:
    try:
        await work
    except Refusal as refusal:
        return LevelledPlanPayload(contract=None, user_errors=[error_of(refusal)])
    return LevelledPlanPayload(contract=changed(Contract, number), user_errors=[])
