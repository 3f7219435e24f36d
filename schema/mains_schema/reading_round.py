"""A building's round of readings, for who manages it."""

from __future__ import annotations

from datetime import date

import strawberry
from mains_server.db.unit_of_work import read_session
from mains_server.intake import records
from mains_server.intake.rounds import reading_round
from mains_server.metering.records import ReadingStatus
from mains_server.metering.windows import window_on
from mains_spi.readings import USUAL_READING_RULES

from mains_schema.given import Given
from mains_schema.node import encode_id
from mains_schema.resolve import Reads
from mains_schema.scalars import Quantity

ROWS_ABOUT = 100
GIVEN = (Given("counts_for", date | None, "The day for which readings count; by default that of the next bill."),)


@strawberry.type(description="A register of a building, and what it showed for a day.")
class RoundRegister:
    """Where it is, and what somebody told."""

    register_id: strawberry.ID = strawberry.field(description="Global id of the register; `readingSubmit` takes it.")
    premise: str | None = strawberry.field(description="Number of the flat or room; null for the house's own.")
    serial: str = strawberry.field(description="Serial number on the meter.")
    code: str = strawberry.field(description="Code of the register on the meter.")
    value: Quantity | None = strawberry.field(description="What it showed; null while nobody has told.")
    status: ReadingStatus | None = strawberry.field(description="ACCEPTED or FLAGGED; null while nobody has told.")


@strawberry.type(description="How far a building's readings for a day are. Estimates do not count as told.")
class ReadingRound:
    """What was told, and what is missing."""

    counts_for: date = strawberry.field(description="The day for which the readings count.")
    register_count: int = strawberry.field(description="How many registers are read in the building.")
    reported_count: int = strawberry.field(description="For how many of them somebody has told what they showed.")
    house: list[RoundRegister] = strawberry.field(description="The house's own registers; a handful.")
    missing: list[RoundRegister] = strawberry.field(
        description="Registers of premises for which nobody has told, by premise; as many as the house has at most."
    )


async def round_of_building(reads: Reads, building: int, *, counts_for: date | None = None) -> ReadingRound | None:
    """Tell how far a building's readings are, to who manages it."""
    day = counts_for or window_on(reads.today, rules=USUAL_READING_RULES).counts_for
    async with read_session(reads.engine) as session:
        found = await reading_round(session, viewer=reads.viewer, building_id=building, day=day, now=reads.now)
    if found is None:
        return None
    return ReadingRound(
        counts_for=found.counts_for,
        register_count=found.register_count,
        reported_count=found.reported_count,
        house=[_register(one) for one in found.house],
        missing=[_register(one) for one in found.missing],
    )


def _register(register: records.RoundRegister) -> RoundRegister:
    return RoundRegister(
        register_id=encode_id(type_name="Register", number=register.register_id),
        premise=register.premise,
        serial=register.serial,
        code=register.code,
        value=None if register.value is None else Quantity(value=register.value, unit=register.unit),
        status=register.status,
    )
