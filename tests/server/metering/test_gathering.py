"""Readings are judged by the utility's own rules and by its adapter, whoever brings them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.host import AdapterHost
from mains_server.contracts.records import ContractThere
from mains_server.db.unit_of_work import unit_of_work
from mains_server.metering import gathering, installation, judging, loading, operations
from mains_server.metering.records import (
    NewRegister,
    ReadingQuality,
    ReadingSource,
    ReadingStatus,
    ReadingSubmission,
    SystemViewer,
)
from mains_spi import Labels, Problem, ReadingRules
from mains_spi.readings import USUAL_READING_RULES
from sqlalchemy import text

from tests.server.metering.conftest import NOW, loaded, new_meter, readings, submit

APRIL = date(2023, 4, 1)
WORDS = Labels("par daudz", "too much", "много")


def host(*, rules=USUAL_READING_RULES, says=None, asked=None):
    """Make a host whose electricity adapter has these rules and this opinion."""

    def check_reading(request):
        if asked is not None:
            asked.append(request)
        if says is None:
            raise AdapterFailed(adapter="electricity_retail", hook="check_reading", reason="hangs")
        return says

    adapter: Any = SimpleNamespace(
        utility=SimpleNamespace(reading_rules=rules),
        hooks=frozenset() if says is None and asked is None else frozenset({"check_reading"}),
        check_reading=check_reading,
    )
    return AdapterHost(adapters=(), live={"electricity_retail": adapter})


async def send(engine, home, value, *, viewer=None, host=None, note_correction=None, is_billed=None, **changes):
    async def never(session, contracts, day):
        return False

    request = ReadingSubmission(register_id=home.register, value=value, idempotency_key=str(value))
    async with unit_of_work(engine) as session:
        return await operations.submit_reading(
            session,
            viewer=viewer or home.owner,
            request=replace(request, **changes),
            now=NOW,
            is_billed=is_billed or never,
            host=host,
            note_correction=note_correction,
        )


@pytest.mark.asyncio
async def test_the_adapters_own_rules_tell_what_is_odd(engine, home):
    strict = host(rules=ReadingRules(times_average_max=2, flags_zero=True))

    zero = await send(engine, home, "1100", host=strict)
    high = await send(engine, home, "1262", host=strict)

    assert (zero.status, zero.reasons) == (ReadingStatus.FLAGGED, ("ZERO",))
    assert (high.status, high.reasons) == (ReadingStatus.FLAGGED, ("HIGH",))
    assert high.plausible.highest == 1261


@pytest.mark.asyncio
async def test_the_adapters_window_tells_for_which_day_a_reading_counts(engine, home):
    outcome = await send(engine, home, "1150", host=host(rules=ReadingRules(from_day=28, upto_day=1)),
                         taken_at=datetime(2023, 3, 26, 9, tzinfo=UTC))  # fmt: skip

    assert outcome.counts_for == date(2023, 3, 26)


@pytest.mark.asyncio
async def test_an_adapter_may_refuse_in_the_viewers_language(engine, home):
    with pytest.raises(judging.AdapterRefusesReading, match="par daudz") as refused:
        await send(engine, home, "1190", host=host(says=(Problem("too_much", WORDS),)))

    assert refused.value.code == "ADAPTER_REFUSED"
    assert refused.value.plausible.lowest == 1100


@pytest.mark.asyncio
async def test_an_adapter_may_warn_and_is_told_what_came_before(engine, home):
    asked = []
    warning = Problem("too_much", WORDS, severity="warn")

    outcome = await send(engine, home, "1190", host=host(says=(warning,), asked=asked))

    assert (outcome.status, outcome.reasons) == (ReadingStatus.FLAGGED, ("ADAPTER_TOO_MUCH",))
    (check,) = asked
    assert (check.reading.counts_for, check.reading.value, check.on) == (APRIL, 1190, APRIL)
    assert [point.value for point in check.register.readings][-2:] == [1000, 1100]


@pytest.mark.asyncio
async def test_an_adapter_that_gives_no_answer_leaves_it_to_somebody_to_look(engine, home):
    outcome = await send(engine, home, "1190", host=host(asked=[]))

    assert (outcome.status, outcome.reasons) == (ReadingStatus.FLAGGED, ("ADAPTER_SILENT",))


def test_a_place_is_judged_by_its_own_contract_before_the_managers():
    own = ContractThere(contract_id=9, customer_id=1, adapter="heat", is_managers=False)
    managers = replace(own, contract_id=3, is_managers=True)

    assert gathering.contract_of((managers, own)) == own
    assert gathering.contract_of((managers,)) == managers
    assert gathering.contract_of(()) is None
    assert gathering.reading_rules_of(host(), contract=own) == USUAL_READING_RULES


@pytest.mark.asyncio
async def test_a_road_without_a_login_submits_for_its_own_place_only(engine, home):
    link = SystemViewer(source=ReadingSource.LINK, actor="link 7", supply_point_ids=frozenset({home.point}))
    phone = SystemViewer(source=ReadingSource.SMS, actor="+37120000000", contract_ids=frozenset({home.contract}))

    first = await send(engine, home, "1190", viewer=link)
    second = await send(engine, home, "1195", viewer=phone)

    assert (first.status, second.reasons) == (ReadingStatus.ACCEPTED, ("SECOND_TODAY",))
    async with unit_of_work(engine) as session:
        told = await session.execute(
            text("select source, actor, actor_person_id from reading order by id desc limit 2")
        )
        assert [tuple(row) for row in told] == [("SMS", "+37120000000", None), ("LINK", "link 7", None)]
    with pytest.raises(operations.RegisterUnknown):
        await send(engine, home, "1199", viewer=replace(link, supply_point_ids=frozenset({home.point + 1})))


@pytest.mark.asyncio
async def test_staff_may_correct_anybody(engine, home):
    await submit(engine, home, "1190")

    assert (await send(engine, home, "1180", viewer=home.staff)).status is ReadingStatus.ACCEPTED


@pytest.mark.asyncio
async def test_a_true_reading_replaces_a_billed_estimate_and_the_bill_is_corrected(engine, home):
    noted = []

    async def note(session, *, contracts, day, reading_id, now):
        noted.append((contracts, day, reading_id, now))

    async def billed(session, contracts, day):
        return True

    async with unit_of_work(engine) as session:
        guess = loaded(home.meter, APRIL, "1300", quality=ReadingQuality.ESTIMATED)
        await loading.load_readings(session, readings=[guess], now=NOW)
    with pytest.raises(operations.ReadingAlreadyBilled):
        await send(engine, home, "1190", is_billed=billed)

    outcome = await send(engine, home, "1190", is_billed=billed, note_correction=note)

    assert outcome.estimate_replaced
    assert noted == [(frozenset({home.contract}), APRIL, outcome.reading_id, NOW)]
    assert (await readings(engine, home))[-2:] == [(APRIL, 1300, "SUPERSEDED"), (APRIL, 1190, "ACCEPTED")]


@pytest.mark.asyncio
async def test_two_values_told_the_wrong_way_round_are_noticed(engine, home):
    two = (NewRegister(code="T1", quantity="kwh", unit="kWh", zone="day"),
           NewRegister(code="T2", quantity="kwh", unit="kWh", zone="night"))  # fmt: skip
    async with unit_of_work(engine) as session:
        meter = await installation.install_meter(
            session, meter=new_meter(home.point, serial="Z", registers=two), now=NOW
        )
        day, night = meter.registers
        known = [
            loaded(meter, on, value, register_id=register.id)
            for register, values in ((day, ("5000", "5100")), (night, ("700", "750")))
            for on, value in zip((date(2023, 2, 1), date(2023, 3, 1)), values, strict=True)
        ]
        await loading.load_readings(session, readings=known, now=NOW)

    with pytest.raises(judging.ReadingLooksSwapped, match="790 cannot be T1, but fits another register of meter Z"):
        await send(engine, home, "790", register_id=day.id)
    swapped = await send(engine, home, "5190", register_id=night.id)

    assert (swapped.status, swapped.reasons) == (ReadingStatus.FLAGGED, ("HIGH", "LOOKS_SWAPPED"))


@pytest.mark.asyncio
async def test_the_unit_that_is_wanted_is_told(engine, home):
    with pytest.raises(judging.ReadingUnitWrong, match="counts in kWh"):
        await send(engine, home, "1.19", unit="MWh")
    assert (await send(engine, home, "1190", unit="kwh")).status is ReadingStatus.ACCEPTED
