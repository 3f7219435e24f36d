"""How a house's cost is shared out by the will of its owners: methods announced and cancelled, and true areas."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

import strawberry
from mains_server.access.records import Refusal
from mains_server.allocation.operations import (
    ValidFromBilled,
    announce_method,
    cancel_method,
    correct_area,
)
from mains_server.allocation.records import AllocationChoice, Announcer, NewArea, NewMethod
from mains_server.allocation.tables import AllocationMethod as AM
from mains_server.allocation.tables import AllocationValue as AV
from mains_server.contracts.tables import ContractAttribute as CA
from mains_server.db.unit_of_work import unit_of_work
from sqlalchemy import ColumnElement, select

from mains_schema.common.scopes import in_building
from mains_schema.common.words import attribute_word, value_word
from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.expressions import plain
from mains_schema.declaring.mapping import column, computed, described, embed, key, looked_up, many, mapped, one
from mains_schema.declaring.node import Node, number_of
from mains_schema.declaring.payload import USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.declaring.scalars import Period
from mains_schema.declaring.scope import through

if TYPE_CHECKING:
    from mains_schema.contracts.contract import Contract
    from mains_schema.metering.supply import Building, SupplyPoint

METHODS = in_building(AM.building_id)
KEY_WORDS = "1 to 200 characters, such as a UUID: repeating a request with its key does it once, for 30 days."
RETRYABLE = "Whether the same request may succeed later."
IN_ENGLISH = "The same for people, in English."


def _of_method(seen: ColumnElement[bool]) -> ColumnElement[bool]:
    return plain(AV.method_id).in_(select(plain(AM.id)).where(seen).correlate(None))


@mapped(AV, scope=through(METHODS, _of_method))
class AllocationValue:
    """What a method sets."""

    name: str = column("Code of the attribute, as the utility declares it.", AV.name)
    label: str = computed("What it is called in the viewer's language.", attribute_word, AV.adapter, AV.name)
    value: str = column("The value: one of the attribute's codes, or a plain number in its unit.", AV.value)
    value_label: str = computed(
        "What the value is called in the viewer's language; a number stands for itself.",
        value_word,
        AV.adapter,
        AV.name,
        AV.value,
    )
    period: Period = embed(
        "Days on which it holds; `to` is null while nothing else was announced. Without meaning once cancelled.",
        Period,
        start=AV.starts,
        end=looked_up(CA.ends, CA.contract_id == AV.contract_id, CA.name == AV.name, CA.starts == AV.starts),
    )


@mapped(AM, scope=METHODS)
class AllocationMethod(Node):
    """A way of sharing a house's cost that its owners voted for, as it was announced; cancelled ones stay on record."""

    id: strawberry.ID = key("Global id.", AM.id)
    valid_from: date = column("Civil day from which it holds.", AM.starts)
    decided_on: date = column("Day on which the owners decided.", AM.decided_on)
    decision_reference: str = column(
        "The decision, such as the number of the minutes; bills cite it.", AM.decision_reference
    )
    announced_at: datetime = column("When it was announced.", AM.announced_at)
    announced_as: Announcer = column("In which capacity somebody announced it.", AM.announced_as)
    announced_by: str | None = column("Name of the manager who announced it; null for the utility.", AM.announced_by)
    cancelled_at: datetime | None = column(
        "When it was called off before it held; null if it was not.", AM.cancelled_at
    )
    values: list[AllocationValue] = many(
        "What it sets, by name; what it does not name stays as it is. At most thirty.",
        AV.method_id,
        order=(AV.name, AV.id),
        about=3,
    )
    building: Building = one("The house.", AM.building_id)
    contract: Contract | None = one("The contract over the house; null to who does not hold it.", AM.contract_id)


class AllocationMethodErrorCode(Enum):
    """Why a method was not announced or cancelled."""

    CONTRACT_NOT_MANAGED = "CONTRACT_NOT_MANAGED"
    CHOICES_MISSING = "CHOICES_MISSING"
    CHOICE_UNKNOWN = "CHOICE_UNKNOWN"
    METHOD_INCOMPLETE = "METHOD_INCOMPLETE"
    DECISION_REFERENCE_WRONG = "DECISION_REFERENCE_WRONG"
    DECIDED_ON_WRONG = "DECIDED_ON_WRONG"
    VALID_FROM_WRONG = "VALID_FROM_WRONG"
    VALID_FROM_BILLED = "VALID_FROM_BILLED"
    ATTRIBUTE_AGREED_LATER = "ATTRIBUTE_AGREED_LATER"
    METHOD_UNKNOWN = "METHOD_UNKNOWN"
    METHOD_STARTED = "METHOD_STARTED"
    UTILITY_UNAVAILABLE = "UTILITY_UNAVAILABLE"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    AllocationMethodErrorCode,
    "Why a method was not announced or cancelled.",
    {
        "CONTRACT_NOT_MANAGED": "There is no such contract over a whole building that is the viewer's to change.",
        "CHOICES_MISSING": "Nothing is chosen, more than thirty things, or one thing twice.",
        "CHOICE_UNKNOWN": "Owners cannot decide this with this utility, or not with this value.",
        "METHOD_INCOMPLETE": "Something that the method needs is missing, such as a fixed share, or is out of range.",
        "DECISION_REFERENCE_WRONG": "The reference is missing, or longer than 200 characters.",
        "DECIDED_ON_WRONG": "The day of the decision is yet to come, or before 2000.",
        "VALID_FROM_WRONG": "The day is not one of the contract's.",
        "VALID_FROM_BILLED": "The house was billed for that day; `allowedFrom` is the first one that is free.",
        "ATTRIBUTE_AGREED_LATER": "Another value is announced from that day or a later one on; cancel that first.",
        "METHOD_UNKNOWN": "There is no such method that is the viewer's to cancel.",
        "METHOD_STARTED": "It holds already; announce another for a later day.",
        "UTILITY_UNAVAILABLE": "The utility's adapter cannot be asked.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why a method was not announced or cancelled.")
class AllocationMethodUserError:
    """A refusal."""

    code: AllocationMethodErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)
    allowed_from: date | None = strawberry.field(
        description="First day on which it could begin; null unless the code is VALID_FROM_BILLED.", default=None
    )


@strawberry.input(description="One thing that the owners decided.")
class AllocationChoiceInput:
    """An attribute and its value."""

    name: str = strawberry.field(description="Code of the attribute: one of `UtilityAdapter.attributes` that is voted.")
    value: str = strawberry.field(description="One of its values, or a plain number in its unit.")


@strawberry.input(description="A method that the owners of a house voted for.")
class AllocationMethodAnnounceInput:
    """What holds from when, and by which decision."""

    contract_id: strawberry.ID = strawberry.field(
        description="Global id of the contract over the whole building, billed BY_MEMBERS."
    )
    choices: list[AllocationChoiceInput] = strawberry.field(
        description="What was decided, each attribute once, at most thirty; all others stay as they are."
    )
    valid_from: date = strawberry.field(
        description="Civil day from which it holds, none that was billed; within a month its bill has two parts."
    )
    decision_reference: str = strawberry.field(
        description="The decision, such as the number of the minutes: 1 to 200 characters, cited on bills."
    )
    decided_on: date = strawberry.field(description="Day on which the owners decided; today at the latest.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which announced method does not come.")
class AllocationMethodCancelInput:
    """A method that does not hold yet."""

    method_id: strawberry.ID = strawberry.field(description="Global id of the method.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="The method as it stands, or why it was refused.")
class AllocationMethodPayload:
    """A method, or why there is none."""

    allocation_method: AllocationMethod | None = strawberry.field(description="The method; null if it was refused.")
    user_errors: list[AllocationMethodUserError] = strawberry.field(description=USER_ERRORS)


class AreaErrorCode(Enum):
    """Why an area was not corrected."""

    AREA_WRONG = "AREA_WRONG"
    SUPPLY_POINT_UNKNOWN = "SUPPLY_POINT_UNKNOWN"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    AreaErrorCode,
    "Why an area was not corrected.",
    {
        "AREA_WRONG": "The area is not above zero and at most 100,000 m2, or the reason is missing or too long.",
        "SUPPLY_POINT_UNKNOWN": "There is no such supply point.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why an area was not corrected.")
class AreaUserError:
    """A refusal."""

    code: AreaErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="A premise's true area.")
class SupplyPointAreaCorrectInput:
    """What is right, and why."""

    supply_point_id: strawberry.ID = strawberry.field(description="Global id of the supply point.")
    area: Decimal = strawberry.field(description="Heated area in m2: above 0 and at most 100,000.")
    reason: str = strawberry.field(description="Why it is right, for the file; 1 to 1,000 characters.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="The supply point as it stands, or why its area was not corrected.")
class SupplyPointAreaPayload:
    """A supply point, or why it did not change."""

    supply_point: SupplyPoint | None = strawberry.field(description="The supply point; null if it was refused.")
    user_errors: list[AreaUserError] = strawberry.field(description=USER_ERRORS)


async def allocation_method_announce(info: Info, given: AllocationMethodAnnounceInput) -> AllocationMethodPayload:
    """Let a voted method hold from a day on, or say why not."""
    context = info.context
    _signed_in(info)
    method = NewMethod(
        contract_id=number_of(given.contract_id, type_name="Contract"),
        choices=tuple(AllocationChoice(name=choice.name, value=choice.value) for choice in given.choices),
        valid_from=given.valid_from,
        decision_reference=given.decision_reference,
        decided_on=given.decided_on,
    )
    try:
        async with unit_of_work(context.engine) as session:
            number = await announce_method(
                session,
                viewer=context.viewer,
                method=method,
                host=context.services.host,
                key=given.idempotency_key,
                now=context.now,
            )
    except Refusal as refusal:
        return _refused(refusal)
    return AllocationMethodPayload(allocation_method=changed(AllocationMethod, number), user_errors=[])


async def allocation_method_cancel(info: Info, given: AllocationMethodCancelInput) -> AllocationMethodPayload:
    """Call a method off before it holds, or say why not."""
    context = info.context
    _signed_in(info)
    number = number_of(given.method_id, type_name="AllocationMethod")
    try:
        async with unit_of_work(context.engine) as session:
            await cancel_method(
                session, viewer=context.viewer, method_id=number, key=given.idempotency_key, now=context.now
            )
    except Refusal as refusal:
        return _refused(refusal)
    return AllocationMethodPayload(allocation_method=changed(AllocationMethod, number), user_errors=[])


async def supply_point_area_correct(info: Info, given: SupplyPointAreaCorrectInput) -> SupplyPointAreaPayload:
    """Put a premise's true area on file, or say why not."""
    from mains_schema.metering.supply import SupplyPoint  # later than the enums that its file shows are described

    context = info.context
    _signed_in(info)
    area = NewArea(
        supply_point_id=number_of(given.supply_point_id, type_name="SupplyPoint"),
        area_m2=given.area,
        reason=given.reason,
    )
    try:
        async with unit_of_work(context.engine) as session:
            number = await correct_area(
                session, viewer=context.viewer, area=area, key=given.idempotency_key, now=context.now
            )
    except Refusal as refusal:
        error = user_error(AreaUserError, AreaErrorCode, refusal)
        return SupplyPointAreaPayload(supply_point=None, user_errors=[error])
    return SupplyPointAreaPayload(supply_point=changed(SupplyPoint, number), user_errors=[])


def _signed_in(info: Info) -> None:
    if not info.context.viewer.is_signed_in:
        raise unauthenticated()


def _refused(refusal: Refusal) -> AllocationMethodPayload:
    error: Any = user_error(AllocationMethodUserError, AllocationMethodErrorCode, refusal)
    if isinstance(refusal, ValidFromBilled):
        error.allowed_from = refusal.allowed_from
    return AllocationMethodPayload(allocation_method=None, user_errors=[error])
