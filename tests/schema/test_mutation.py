"""What the declaration of a mutation makes of the function that does it."""

from __future__ import annotations

import pytest
import strawberry
from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation


@strawberry.input
class KnockInput:
    times: int


@strawberry.type
class KnockPayload:
    heard: int


async def knock(info: strawberry.Info, given: KnockInput) -> KnockPayload:
    return KnockPayload(heard=given.times)


async def ring(info: strawberry.Info) -> KnockPayload:
    return KnockPayload(heard=1)


@section
class DoorMutations:
    """At the door."""

    door_knock: KnockPayload = mutation("Knocks.", knock, given="How often.")
    door_ring: KnockPayload = mutation("Rings.", ring)


@strawberry.type
class Query:
    name: str = "door"


SCHEMA = strawberry.Schema(query=Query, mutation=DoorMutations)


def test_a_mutation_takes_one_described_input() -> None:
    written = SCHEMA.as_str()

    assert '"""Knocks."""\n  doorKnock(\n    """How often."""\n    input: KnockInput!\n  ): KnockPayload!' in written
    assert '"""Rings."""\n  doorRing: KnockPayload!' in written


@pytest.mark.asyncio
async def test_the_function_is_given_what_was_sent() -> None:
    done = await SCHEMA.execute("mutation { doorKnock(input: {times: 3}) { heard } doorRing { heard } }")

    assert done.errors is None
    assert done.data == {"doorKnock": {"heard": 3}, "doorRing": {"heard": 1}}
