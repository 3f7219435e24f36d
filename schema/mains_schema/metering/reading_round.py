"""A building's round of readings, for who manages it."""

from __future__ import annotations

from datetime import date

import strawberry
from mains_server.db.unit_of_work import read_session
from mains_server.intake import records
from mains_server.intake.records import UnreadOutcome
from mains_server.intake.rounds import reading_round
from mains_server.metering.records import ReadingCollection, ReadingStatus

from mains_schema.declaring.given import Given
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import encode_id
from mains_schema.declaring.resolve import Reads
from mains_schema.declaring.scalars import Quantity

described(
    UnreadOutcome,
    "What becomes of bills whose register nobody reads in time.",
    {
        "ESTIMATED": "They are issued on an estimate, and say so on every line; a true reading later corrects them.",
        "HELD": "They wait until somebody reads it.",
    },
)

ROWS_ABOUT = 100
GIVEN = (
    Given(
        "counts_for",
        date | None,
        "The day for which readings count; by default that of the next bill, by the utility's rules.",
    ),
)


@strawberry.type(description="A register of a building, and what it showed for a day.")
class RoundRegister:
    """Where it is, and what somebody told."""

    register_id: strawberry.ID = strawberry.field(description="Global id of the register; `readingSubmit` takes it.")
    premise: str | None = strawberry.field(description="Number of the flat or room; null for the house's own.")
    serial: str = strawberry.field(description="Serial number on the meter.")
    code: str = strawberry.field(description="Code of the register on the meter.")
    collection: ReadingCollection = strawberry.field(description="How it is read.")
    value: Quantity | None = strawberry.field(description="What it showed; null while nobody has told.")
    status: ReadingStatus | None = strawberry.field(description="ACCEPTED or FLAGGED; null while nobody has told.")


@strawberry.type(description="How far a building's readings for a day are. Estimates do not count as told.")
class ReadingRound:
    """What was told, and what is missing."""

    counts_for: date = strawberry.field(description="The day for which the readings count.")
    closes_on: date = strawberry.field(description="The last day on which a reading for that day is waited for.")
    register_count: int = strawberry.field(description="How many registers people read in the building.")
    reported_count: int = strawberry.field(description="For how many of them somebody has told what they showed.")
    house: list[RoundRegister] = strawberry.field(description="The house's own registers; a handful.")
    missing: list[RoundRegister] = strawberry.field(
        description="Registers of premises that people read and for which nobody has told, by premise; as many as the"
        " house has at most."
    )
    silent: list[RoundRegister] = strawberry.field(
        description="Registers of premises that are read remotely and have not told for the day; nobody is asked."
    )
    if_house_unread: UnreadOutcome = strawberry.field(
        description="What becomes of all bills of the building if its own meters are not read until `closesOn`."
    )
    if_premise_unread: UnreadOutcome = strawberry.field(
        description="What becomes of a premise's part if its registers are not read until `closesOn`."
    )


async def round_of_building(reads: Reads, building: int, *, counts_for: date | None = None) -> ReadingRound | None:
    """Tell how far a building's readings are, to who manages it."""
    async with read_session(reads.engine) as session:
        found = await reading_round(
            session, viewer=reads.viewer, building_id=building, day=counts_for, now=reads.now, host=reads.host
        )
    if found is None:
        return None
    return ReadingRound(
        counts_for=found.counts_for,
        closes_on=found.closes_on,
        register_count=found.register_count,
        reported_count=found.reported_count,
        house=[_register(one) for one in found.house],
        missing=[_register(one) for one in found.missing],
        silent=[_register(one) for one in found.silent],
        if_house_unread=found.if_house_unread,
        if_premise_unread=found.if_premise_unread,
    )


def _register(register: records.RoundRegister) -> RoundRegister:
    return RoundRegister(
        register_id=encode_id(type_name="Register", number=register.register_id),
        premise=register.premise,
        serial=register.serial,
        code=register.code,
        collection=register.collection,
        value=None if register.value is None else Quantity(value=register.value, unit=register.unit),
        status=register.status,
    )
