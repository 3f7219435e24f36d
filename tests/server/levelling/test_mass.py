"""The mass recalculation is the plain rule for everybody, once a year, however often it is stopped."""

from datetime import date
from decimal import Decimal
from random import Random

import psycopg
import pytest
from mains_server.levelling import changes, mass, rules, working_out
from mains_server.levelling.changes import Change
from mains_server.levelling.records import RecalculationRequest

from tests.server.levelling.conftest import by_forecast, household, noon

pytestmark = pytest.mark.asyncio
TODAY, ON = date(2023, 1, 10), date(2024, 1, 20)
STARTS = date(2024, 2, 1)


def request(**change):
    own = {
        "adapter": "small",
        "year": 2024,
        "starts": STARTS,
        "known_on": ON,
        "now": noon(ON),
        "contracts_per_chunk": 4,
    }
    return RecalculationRequest(**{**own, **change})


async def a_town(levelled, *, seed, count=11):
    """Plans of all sorts: of one and of several alike, paid well, badly, far ahead or never, some changed meanwhile."""
    chance = Random(seed)
    contracts = []
    for number in range(count):
        delivery = "POST" if number % 3 == 1 else "PORTAL"
        contract = household(levelled, delivery=delivery)
        kwh = str(Decimal(chance.randrange(0, 4_000_000)).scaleb(-3))
        await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, kwh), key=f"s{contract}")
        for month in range(chance.randrange(0, 5)):
            await levelled.pay(contract, str(Decimal(chance.randrange(1, 60_000)).scaleb(-2)), date(2023, month + 2, 3))
        if number % 4 == 2:
            asked = Change(contract_id=contract, amount=Decimal(chance.randrange(0, 5000)).scaleb(-2))
            await changes.change_plan(levelled.asker(date(2023, 7, 25)), change=asked, key=f"c{contract}")
        contracts.append(contract)
    return contracts


@pytest.mark.parametrize("seed", [1, 2])
async def test_everybody_gets_what_the_plain_rule_gives(levelled, connection, seed):
    contracts = await a_town(levelled, seed=seed)
    before = {contract: await levelled.plan(contract) for contract in contracts}

    mass.recalculate(connection, adapter=levelled.host.adapter("small"), request=request())

    for contract, was in before.items():
        plan = await levelled.plan(contract)
        shown = await changes.preview_change(levelled.asker(ON), change=by_forecast(contract, str(was.usage[0].value)))
        used = working_out.used_by(was, STARTS)
        wanted = rules.amounts_by_rule(cost=shown.expectation.cost, used=used, paid=was.paid)
        assert (plan.amounts, plan.used_before, plan.paid_before) == (wanted, used, was.paid)
        assert (plan.number, plan.version_starts, plan.usage) == (was.number + 1, STARTS, was.usage)
        ((channel, old, new, base, difference),) = levelled.ask(
            "select channel, old_amount, new_amount, base_part, difference_part from levelled_letter"
            " where version_id = %(version)s",
            version=plan.version_id,
        )
        assert channel == ("POST" if contracts.index(contract) % 3 == 1 else "EMAIL")
        was_asked = rules.twelfth(
            was.amounts.total if rules.months_between(was.version_starts, STARTS) < 12 else was.amounts.going_on,
            month=rules.months_between(was.version_starts, STARTS),
        )
        assert (old, new) == (was_asked, rules.twelfth(wanted.total, month=0))
        assert (base, difference) == (rules.twelfth(wanted.base_total, month=0), new - base)
    told = (
        "select v.contract_id from outbox_event e, jsonb_array_elements(e.payload->'versionIds') i"
        " join levelled_version v on v.id = i::bigint and v.reason = 'YEARLY' where e.kind = 'levelled.plans_changed'"
        " and e.customer_id is null order by 1"
    )
    assert levelled.ask(told) == [(contract,) for contract in sorted(contracts)]


async def test_a_second_start_does_nothing(levelled, connection):
    contracts = await a_town(levelled, seed=3, count=5)
    adapter = levelled.host.adapter("small")

    runs = [mass.recalculate(connection, adapter=adapter, request=request()) for _ in range(2)]

    assert runs[0] == runs[1]
    assert levelled.ask("select count(*) from levelled_version where reason = 'YEARLY'") == [(len(contracts),)]
    assert levelled.ask("select status from levelled_run") == [("DONE",)]


async def test_a_run_that_was_stopped_goes_on(levelled, connection, monkeypatch):
    contracts = await a_town(levelled, seed=4, count=6)
    adapter, whole = levelled.host.adapter("small"), mass._write
    calls = []

    def stop(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return whole(*args, **kwargs)

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(mass, "_write", stop)
        mass.recalculate(connection, adapter=adapter, request=request())
    made = levelled.ask("select count(*) from levelled_version where reason = 'YEARLY'")
    mass.recalculate(connection, adapter=adapter, request=request(known_on=date(2024, 1, 22)))

    assert made == [(4,)]
    asked = "select count(*), count(distinct contract_id), max(known_on) from levelled_version where reason = 'YEARLY'"
    assert levelled.ask(asked) == [(len(contracts), len(contracts), ON)]


async def test_words_with_signs_of_their_own_are_copied_as_they_are(levelled, connection):
    contract = (await a_town(levelled, seed=6, count=1))[0]
    words = 'told \\ by "Ā"\tand\nothers'
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        update = "update levelled_version set usage = jsonb_set(usage, '{0,source}', to_jsonb(%s::text))"
        connection.execute(update, [words])

    mass.recalculate(connection, adapter=levelled.host.adapter("small"), request=request())

    assert (await levelled.plan(contract)).usage[0].source == words


async def test_two_versions_of_a_year_are_never_made(levelled, connection):
    await a_town(levelled, seed=7, count=2)
    adapter = levelled.host.adapter("small")
    mass.recalculate(connection, adapter=adapter, request=request())
    before = levelled.ask("select count(*), max(number) from levelled_version")

    connection.execute("update levelled_chunk set status = 'WAITING'")
    with pytest.raises(psycopg.errors.UniqueViolation):
        mass.recalculate(connection, adapter=adapter, request=request())

    assert levelled.ask("select count(*), max(number) from levelled_version") == before
    assert levelled.ask("select count(*) from levelled_letter") == [(2,)]


async def test_what_cannot_be_priced_is_held_and_tried_again(levelled, connection):
    contracts = await a_town(levelled, seed=5, count=4)
    adapter = levelled.host.adapter("small")
    levelled.town.connection.execute("update supply_point set amperes = 100 where id = 1")

    mass.recalculate(connection, adapter=adapter, request=request())
    held = levelled.ask("select contract_id, task, code from levelled_hold where released_at is null")
    levelled.town.connection.execute("update supply_point set amperes = 16 where id = 1")
    mass.recalculate(connection, adapter=adapter, request=request())

    assert held == [(contracts[0], "recalculation", "missing_price")]
    assert levelled.ask("select count(*) from levelled_hold where released_at is null") == [(0,)]
    assert levelled.ask("select count(*) from levelled_version where reason = 'YEARLY'") == [(len(contracts),)]


async def test_plans_that_begin_later_or_have_ended_are_left_alone(levelled, connection):
    ended, later = household(levelled), household(levelled)
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(ended, "100"), key="s1")
    await changes.stop_plan(levelled.asker(TODAY), contract_id=ended, key="e1")
    await changes.start_plan(levelled.asker(ON), change=by_forecast(later, "100"), key="s2")

    mass.recalculate(connection, adapter=levelled.host.adapter("small"), request=request())

    assert levelled.ask("select count(*) from levelled_version where reason = 'YEARLY'") == [(0,)]


async def test_a_plan_changes_on_a_first_of_a_month(levelled, connection):
    with pytest.raises(mass.StartsWithinMonth):
        mass.recalculate(connection, adapter=levelled.host.adapter("small"), request=request(starts=date(2024, 2, 2)))

    assert levelled.ask("select count(*) from levelled_run") == [(0,)]
