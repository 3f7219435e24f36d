"""The utility's own work on meters: fitting and replacing them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.billing.operations import note_correction
from mains_server.contracts.attributes import AttributeValueWrong
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.queries import billed_until, is_billed
from mains_server.metering.fitting import Office, exchange_meter, fit_meter
from mains_server.metering.installation import FinalValuesIncomplete
from mains_server.metering.records import MeterReplacement, NewMeter, NewRegister, ReadingCollection

from mains_schema.compiling.changed import changed
from mains_schema.contracts.contract_inputs import ContractAttributeInput
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.metering.meter import Meter

REPLACEMENT_PATHS = {
    "METER_DATES_WRONG": "replacedOn",
    "READING_RUNS_BACKWARDS": "finalValues",
    "READING_ALREADY_BILLED": "finalValues",
}


class MeterErrorCode(Enum):
    """Why a meter was not installed or replaced."""

    METER_UNKNOWN = "METER_UNKNOWN"
    METER_EXISTS = "METER_EXISTS"
    METER_IN_PLACE = "METER_IN_PLACE"
    METER_MALFORMED = "METER_MALFORMED"
    METER_DATES_WRONG = "METER_DATES_WRONG"
    SUPPLY_POINT_UNKNOWN = "SUPPLY_POINT_UNKNOWN"
    FINAL_VALUES_INCOMPLETE = "FINAL_VALUES_INCOMPLETE"
    READING_MALFORMED = "READING_MALFORMED"
    READING_NEGATIVE = "READING_NEGATIVE"
    READING_TOO_LARGE = "READING_TOO_LARGE"
    READING_RUNS_BACKWARDS = "READING_RUNS_BACKWARDS"
    READING_ALREADY_BILLED = "READING_ALREADY_BILLED"
    ATTRIBUTE_UNKNOWN = "ATTRIBUTE_UNKNOWN"
    ATTRIBUTE_VALUE_WRONG = "ATTRIBUTE_VALUE_WRONG"
    ATTRIBUTES_REFUSED = "ATTRIBUTES_REFUSED"
    CONTRACT_NOT_THERE = "CONTRACT_NOT_THERE"
    CONTRACT_SHARED = "CONTRACT_SHARED"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    MeterErrorCode,
    "Why a meter was not installed or replaced.",
    {
        "METER_UNKNOWN": "There is no such meter in use.",
        "METER_EXISTS": "This meter is installed there on this day already.",
        "METER_IN_PLACE": "Another meter there counts the same; replace it.",
        "METER_MALFORMED": "The meter is described in a way that none can be.",
        "METER_DATES_WRONG": "The day contradicts the meter's other days or readings, is yet to come, or was billed"
        " without the meter.",
        "SUPPLY_POINT_UNKNOWN": "There is no such supply point.",
        "FINAL_VALUES_INCOMPLETE": "Each register of the old meter needs its last value once, and no other.",
        "READING_MALFORMED": "A value is not a plain number a register can show.",
        "READING_NEGATIVE": "A meter shows nothing below zero.",
        "READING_TOO_LARGE": "A value has more digits than its meter.",
        "READING_RUNS_BACKWARDS": "The register showed more before.",
        "READING_ALREADY_BILLED": "A true value for that day has been billed that differs.",
        "ATTRIBUTE_UNKNOWN": "The utility's contracts are not given such an attribute.",
        "ATTRIBUTE_VALUE_WRONG": "The attribute has no such value.",
        "ATTRIBUTES_REFUSED": "The utility's adapter says that these do not go together, or did not answer.",
        "CONTRACT_NOT_THERE": "Nobody has a contract for the place on that day.",
        "CONTRACT_SHARED": "The contract covers other places, too.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why a meter was not installed or replaced.")
class MeterUserError:
    """A refusal."""

    code: MeterErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="A counter of a new meter.")
class RegisterInput:
    """One counter."""

    code: str = strawberry.field(description="Code on the meter: `T1`, `T2`, `heat`, `hot_water`.")
    quantity: str = strawberry.field(
        description="What is counted, as the utility calls it: `energy`, `heat`, `hot_water`, `water`."
    )
    unit: str = strawberry.field(description="Unit it counts in: `kWh`, `MWh`, `m3`.")
    zone: str | None = strawberry.field(
        description="Tariff zone it counts in, `T1` or `T2`; left out if it counts always.", default=strawberry.UNSET
    )
    first_value: Decimal | None = strawberry.field(
        description="What it shows when it is fitted; only a register that sends intervals may be without.",
        default=strawberry.UNSET,
    )
    collection: ReadingCollection | None = strawberry.field(
        description="How it is read; by people if left out.", default=strawberry.UNSET
    )


@strawberry.input(description="A new meter: what is printed on it, and its counters.")
class MeterInput:
    """A meter."""

    serial: str = strawberry.field(description="Serial number, as printed on it; at most 100 characters.")
    digits: int = strawberry.field(description="Whole digits its registers show: 1 to 12.")
    multiplier: Decimal | None = strawberry.field(
        description="What a shown unit counts for; 1 if left out.", default=strawberry.UNSET
    )
    registers: list[RegisterInput] = strawberry.field(description="Its counters; one to four, each code once.")


@strawberry.input(description="Which meter is fitted where.")
class MeterInstallInput:
    """A meter where there was none."""

    supply_point_id: strawberry.ID = strawberry.field(description="Global id of the supply point.")
    installed_on: date = strawberry.field(description="Civil day from whose start it counts; today or earlier.")
    meter: MeterInput = strawberry.field(description="The meter.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="What a register of the old meter showed at last.")
class FinalValueInput:
    """A last value."""

    code: str = strawberry.field(description="Code of the register.")
    value: Decimal = strawberry.field(description="What it showed, in its unit: up to 12 digits and 6 decimals.")


@strawberry.input(description="Which meter makes room for which.")
class MeterReplaceInput:
    """A meter for a meter."""

    meter_id: strawberry.ID = strawberry.field(description="Global id of the meter that is taken away.")
    replaced_on: date = strawberry.field(
        description="Civil day from whose start the new one counts, today or earlier: old and new are billed together."
    )
    final_values: list[FinalValueInput] = strawberry.field(description="What each register of the old meter showed.")
    meter: MeterInput = strawberry.field(description="The new meter; its registers may differ from the old one's.")
    attributes: list[ContractAttributeInput] | None = strawberry.field(
        description="What the place's contract is priced by from that day on because of the new meter, such as `zones`"
        " 2 with registers T1 and T2; each name once.",
        default=strawberry.UNSET,
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="The meter that was fitted, or why none was.")
class MeterPayload:
    """A meter, or why there is none."""

    meter: Meter | None = strawberry.field(description="The new meter; null if it was refused.")
    user_errors: list[MeterUserError] = strawberry.field(description=USER_ERRORS)


async def meter_install(info: Info, given: MeterInstallInput) -> MeterPayload:
    """Fit a meter where there was none, or say why not."""
    context, key = info.context, given.idempotency_key
    point = number_of(given.supply_point_id, type_name="SupplyPoint")
    meter = NewMeter(
        supply_point_id=point,
        serial=given.meter.serial,
        digits=given.meter.digits,
        installed_on=given.installed_on,
        registers=_registers(given.meter),
        multiplier=_multiplier(given.meter),
    )
    try:
        async with unit_of_work(context.engine) as session:
            number = await fit_meter(
                session, viewer=context.viewer, meter=meter, key=key, now=context.now, billed_until=billed_until
            )
    except Refusal as refusal:
        return _unfitted(refusal, {"METER_DATES_WRONG": "installedOn"})
    return MeterPayload(meter=changed(Meter, number), user_errors=[])


async def meter_replace(info: Info, given: MeterReplaceInput) -> MeterPayload:
    """Take a meter away and fit another, or say why not."""
    context, key = info.context, given.idempotency_key
    try:
        async with unit_of_work(context.engine) as session:
            number = await exchange_meter(
                session,
                viewer=context.viewer,
                replacement=_replacement(given),
                key=key,
                now=context.now,
                office=Office(is_billed=is_billed, note_correction=note_correction, host=context.services.host),
            )
    except Refusal as refusal:
        return _unfitted(refusal, REPLACEMENT_PATHS)
    return MeterPayload(meter=changed(Meter, number), user_errors=[])


def _registers(given: MeterInput) -> tuple[NewRegister, ...]:
    return tuple(
        NewRegister(
            code=register.code,
            quantity=register.quantity,
            unit=register.unit,
            zone=register.zone or None,
            first_value=register.first_value if isinstance(register.first_value, Decimal) else None,
            collection=register.collection or ReadingCollection.MANUAL,
        )
        for register in given.registers
    )


def _replacement(given: MeterReplaceInput) -> MeterReplacement:
    return MeterReplacement(
        meter_id=number_of(given.meter_id, type_name="Meter"),
        replaced_on=given.replaced_on,
        final_values=_final_values(given),
        serial=given.meter.serial,
        digits=given.meter.digits,
        registers=_registers(given.meter),
        multiplier=_multiplier(given.meter),
        attributes=_attributes(given),
    )


def _attributes(given: MeterReplaceInput) -> dict[str, str]:
    """Give the values by name; a name that is there twice has no value."""
    told = given.attributes or []
    values = {one.name: one.value for one in told}
    if len(values) != len(told):
        raise AttributeValueWrong("give each attribute once")
    return values


def _final_values(given: MeterReplaceInput) -> dict[str, Decimal]:
    """Give the last values by register code; what is there twice is refused like what is missing."""
    values = {final.code: final.value for final in given.final_values}
    if len(values) != len(given.final_values):
        raise FinalValuesIncomplete("write down what each register showed once")
    return values


def _multiplier(given: MeterInput) -> Decimal:
    return Decimal(1) if given.multiplier is None or given.multiplier is strawberry.UNSET else given.multiplier


def _unfitted(refusal: Refusal, fields: Mapping[str, str]) -> MeterPayload:
    """Name the field as this mutation has it, which the rooms of dates and readings do not know."""
    error = user_error(MeterUserError, MeterErrorCode, refusal)
    return MeterPayload(meter=None, user_errors=[replace(error, path=fields.get(refusal.code, error.path))])
