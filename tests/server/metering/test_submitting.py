"""Readings submitted to the real database: taken, flagged or refused by name."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.access.operations import (
    IdempotencyKeyReused,
    create_person,
    grant_delegate,
)
from mains_server.access.queries import viewer_of_person
from mains_server.access.records import ANONYMOUS, NewDelegate, NewPerson, Permission
from mains_server.db.unit_of_work import unit_of_work
from mains_server.metering import deciding, judging, loading, operations, queries
from mains_server.metering.records import PlausibleRange, ReadingOutcome, ReadingQuality, ReadingStatus
from sqlalchemy import text

from tests.server.metering.conftest import NOW, loaded, never_billed, readings, submit

pytestmark = pytest.mark.asyncio
APRIL = date(2023, 4, 1)
BEFORE = [
    (date(2022, 1, 1), D("2.5"), "ACCEPTED"),
    (date(2023, 2, 1), D(1000), "ACCEPTED"),
    (date(2023, 3, 1), D(1100), "ACCEPTED"),
]


async def rows(engine, table):
    async with unit_of_work(engine) as session:
        return await session.scalar(text(f"select count(*) from {table}"))


async def billed(session, contract_ids, day):
    return True


async def test_a_true_reading_counts(engine, home):
    outcome = await submit(engine, home, "1190.5")

    assert outcome == ReadingOutcome(
        reading_id=outcome.reading_id,
        register_id=home.register,
        status=ReadingStatus.ACCEPTED,
        value=D("1190.5"),
        counts_for=APRIL,
        plausible=PlausibleRange(lowest=D(1100), highest=D(1903), unit="kWh"),
    )
    assert await readings(engine, home) == [*BEFORE, (APRIL, D("1190.5"), "ACCEPTED")]


async def test_a_reading_keeps_when_it_was_taken_and_who_told_it(engine, home):
    taken_at = NOW - timedelta(days=2)

    outcome = await submit(engine, home, "1190", taken_at=taken_at)

    async with unit_of_work(engine) as session:
        kept = await queries.reading_by_id(session, reading_id=outcome.reading_id)
        statement = text("select actor_person_id, received_at from reading where id = :id")
        told = (await session.execute(statement, {"id": outcome.reading_id})).one()
    assert (kept.taken_at, kept.counts_for, kept.quality) == (taken_at, APRIL, ReadingQuality.ACTUAL)
    assert tuple(told) == (home.owner.person_id, NOW)


@pytest.mark.parametrize(
    ("value", "taken_at", "refusal"),
    [
        ("1e4", NOW, judging.ReadingMalformed),
        ("NaN", NOW, judging.ReadingMalformed),
        ("Infinity", NOW, judging.ReadingMalformed),
        (D("NaN"), NOW, judging.ReadingMalformed),
        (D("1e5000"), NOW, judging.ReadingMalformed),
        ("١٢٠٠", NOW, judging.ReadingMalformed),
        ("1200.1234567", NOW, judging.ReadingMalformed),
        ("100000", NOW, judging.ReadingTooLarge),
        ("1200", NOW + timedelta(seconds=1), judging.ReadingInFuture),
        ("1099.999999", NOW, judging.ReadingRunsBackwards),
        ("1000.1", datetime(2023, 1, 20, tzinfo=UTC), judging.ReadingAboveLaterOne),
    ],
)
async def test_a_reading_that_cannot_be_true_is_refused_and_leaves_nothing(engine, home, value, taken_at, refusal):
    with pytest.raises(refusal) as refused:
        await submit(engine, home, value, taken_at=taken_at)

    assert isinstance(refused.value, judging.ReadingRefused)
    assert await readings(engine, home) == BEFORE
    assert await rows(engine, "idempotent_request") == 0


async def test_the_plausible_range_is_told_with_a_refusal(engine, home):
    with pytest.raises(judging.ReadingRunsBackwards) as refused:
        await submit(engine, home, "1099")

    assert refused.value.plausible == PlausibleRange(lowest=D(1100), highest=D(1903), unit="kWh")


async def test_another_persons_register_looks_like_none_at_all(engine, home):
    words = []
    for viewer, changes in (
        (home.stranger, {}),
        (ANONYMOUS, {}),
        (home.owner, {"register_id": home.register + 1}),
        (home.owner, {"register_id": -1}),
        (home.owner, {"register_id": 2**63}),
        (home.owner, {"taken_at": datetime(2021, 12, 31, 12, tzinfo=UTC)}),
    ):
        with pytest.raises(operations.RegisterUnknown) as refused:
            await submit(engine, home, "1200", viewer=viewer, **changes)
        words.append(refused.value.message)

    assert len(set(words)) == 1
    assert await readings(engine, home) == BEFORE
    assert await rows(engine, "idempotent_request") == 0


async def test_the_last_day_of_a_contract_can_still_be_read(engine, home):
    later = datetime(2023, 8, 1, tzinfo=UTC)

    outcome = await submit(engine, home, "1400", taken_at=datetime(2023, 7, 1, 6, tzinfo=UTC), now=later)

    assert outcome.counts_for == date(2023, 7, 1)
    with pytest.raises(operations.RegisterUnknown):
        await submit(engine, home, "1401", taken_at=datetime(2023, 7, 2, 6, tzinfo=UTC), now=later, key="other")


@pytest.mark.parametrize(
    ("permission", "is_taken"), [(Permission.SUBMIT_READINGS, True), (Permission.VIEW, False), (Permission.PAY, False)]
)
async def test_a_delegate_needs_the_permission(engine, home, permission, is_taken):
    async with unit_of_work(engine) as session:
        person = await create_person(session, person=NewPerson(email="j@e.lv", name="J", language="lv"), now=NOW)
        delegate = NewDelegate(
            customer_id=home.customer,
            person_id=person.id,
            permissions=frozenset({permission}),
            contract_ids=frozenset({home.contract}),
        )
        await grant_delegate(session, delegate=delegate, now=NOW)
        viewer = await viewer_of_person(session, person_id=person.id, now=NOW)

    if is_taken:
        assert (await submit(engine, home, "1200", viewer=viewer)).status is ReadingStatus.ACCEPTED
    else:
        with pytest.raises(operations.RegisterUnknown):
            await submit(engine, home, "1200", viewer=viewer)


async def test_an_operator_takes_readings_for_everybody(engine, home):
    assert (await submit(engine, home, "1200", viewer=home.staff)).status is ReadingStatus.ACCEPTED


async def test_a_repeated_submission_gets_the_same_outcome(engine, home):
    first = await submit(engine, home, "1190")
    await submit(engine, home, "1195", key="other")

    assert await submit(engine, home, "1190", now=NOW + timedelta(days=29)) == first
    assert [status for _, _, status in await readings(engine, home)] == [
        "ACCEPTED", "ACCEPTED", "ACCEPTED", "SUPERSEDED", "ACCEPTED",
    ]  # fmt: skip


async def test_a_key_is_not_used_for_another_reading(engine, home):
    await submit(engine, home, "1190")

    with pytest.raises(IdempotencyKeyReused):
        await submit(engine, home, "1191")

    assert await readings(engine, home) == [*BEFORE, (APRIL, D(1190), "ACCEPTED")]


async def test_the_same_value_for_a_day_is_the_same_reading(engine, home):
    first = await submit(engine, home, "1190", taken_at=NOW - timedelta(days=3))

    again = await submit(engine, home, "1190.000", key="other", is_billed=billed)

    assert again == first
    assert await readings(engine, home) == [*BEFORE, (APRIL, D(1190), "ACCEPTED")]


async def test_another_value_for_a_day_takes_the_place_of_the_first(engine, home):
    first = await submit(engine, home, "1190")
    second = await submit(engine, home, "1180", key="other")

    assert await readings(engine, home) == [*BEFORE, (APRIL, D(1190), "SUPERSEDED"), (APRIL, D(1180), "ACCEPTED")]
    async with unit_of_work(engine) as session:
        statement = text("select superseded_by from reading where id = :id")
        assert await session.scalar(statement, {"id": first.reading_id}) == second.reading_id


async def test_what_was_billed_is_not_replaced(engine, home):
    asked = []

    async def is_billed(session, contract_ids, day):
        asked.append((contract_ids, day))
        return True

    await submit(engine, home, "1190", is_billed=is_billed)
    assert asked == []
    with pytest.raises(operations.ReadingAlreadyBilled, match="1190 was billed for 2023-04-01"):
        await submit(engine, home, "1180", key="other", is_billed=is_billed)

    assert asked == [(frozenset({home.contract}), APRIL)]
    assert await readings(engine, home) == [*BEFORE, (APRIL, D(1190), "ACCEPTED")]
    assert await rows(engine, "idempotent_request") == 1


async def test_an_implausibly_high_reading_is_flagged_and_does_not_count(engine, home):
    await submit(engine, home, "1190")

    flagged = await submit(engine, home, "1903.1", key="other")

    assert flagged.status is ReadingStatus.FLAGGED
    assert flagged.plausible == PlausibleRange(lowest=D(1100), highest=D(1903), unit="kWh")
    assert await readings(engine, home) == [*BEFORE, (APRIL, D(1190), "ACCEPTED"), (APRIL, D("1903.1"), "FLAGGED")]
    assert await submit(engine, home, "1903.1", key="third") == flagged


async def test_a_flagged_reading_counts_once_somebody_has_looked_at_it(engine, home):
    await submit(engine, home, "1190")
    flagged = await submit(engine, home, "2000", key="other")

    async with unit_of_work(engine) as session:
        await accepted(session, home, flagged)

    assert await readings(engine, home) == [*BEFORE, (APRIL, D(1190), "SUPERSEDED"), (APRIL, D(2000), "ACCEPTED")]
    with pytest.raises(deciding.ReadingDecided):
        async with unit_of_work(engine) as session:
            await rejected(session, home, flagged)


async def test_a_flagged_reading_may_be_set_aside(engine, home):
    flagged = await submit(engine, home, "2000")

    async with unit_of_work(engine) as session:
        await rejected(session, home, flagged)

    assert await readings(engine, home) == [*BEFORE, (APRIL, D(2000), "REJECTED")]
    assert (await submit(engine, home, "1190", key="other")).status is ReadingStatus.ACCEPTED


async def test_a_flagged_reading_cannot_replace_what_was_billed(engine, home):
    await submit(engine, home, "1190")
    flagged = await submit(engine, home, "2000", key="other")

    with pytest.raises(operations.ReadingAlreadyBilled):
        async with unit_of_work(engine) as session:
            await accepted(session, home, flagged, is_billed=billed)

    assert await readings(engine, home) == [*BEFORE, (APRIL, D(1190), "ACCEPTED"), (APRIL, D(2000), "FLAGGED")]


async def test_a_register_restarts_at_zero(engine, home):
    async with unit_of_work(engine) as session:
        high = [loaded(home.meter, date(2023, 3, 20), "99998")]
        await loading.load_readings(session, readings=high, now=NOW)

    outcome = await submit(engine, home, "00003")

    assert (outcome.status, outcome.value) == (ReadingStatus.ACCEPTED, D(3))


async def test_an_estimate_proves_nothing(engine, home):
    async with unit_of_work(engine) as session:
        guess = loaded(home.meter, date(2023, 3, 20), "1300", quality=ReadingQuality.ESTIMATED)
        await loading.load_readings(session, readings=[guess], now=NOW)

    assert (await submit(engine, home, "1190")).status is ReadingStatus.ACCEPTED


async def test_of_two_submissions_at_once_both_hear_of_one_reading(engine, home):
    outcomes = await asyncio.gather(submit(engine, home, "1190", key="a"), submit(engine, home, "1190", key="b"))

    assert outcomes[0] == outcomes[1]
    assert await readings(engine, home) == [*BEFORE, (APRIL, D(1190), "ACCEPTED")]


async def test_of_two_values_at_once_one_counts(engine, home):
    await asyncio.gather(submit(engine, home, "1190", key="a"), submit(engine, home, "1180", key="b"))

    told = (await readings(engine, home))[len(BEFORE) :]
    assert sorted(status for _, _, status in told) == ["ACCEPTED", "SUPERSEDED"]
    assert {value for _, value, _ in told} == {D(1190), D(1180)}


async def test_the_same_request_sent_twice_at_once_works_once(engine, home):
    outcomes = await asyncio.gather(submit(engine, home, "1190"), submit(engine, home, "1190"))

    assert outcomes[0] == outcomes[1]
    assert await rows(engine, "idempotent_request") == 1
    assert await readings(engine, home) == [*BEFORE, (APRIL, D(1190), "ACCEPTED")]


async def accepted(session, home, flagged, is_billed=never_billed):
    await deciding.accept_flagged_reading(
        session, viewer=home.staff, reading_id=flagged.reading_id, now=NOW, is_billed=is_billed
    )


async def rejected(session, home, flagged):
    await deciding.reject_flagged_reading(
        session, viewer=home.staff, reading_id=flagged.reading_id, now=NOW, note="A digit was misread"
    )
