"""Links for readings: made by who may, used once by whoever has them, and silent once they cannot be used."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intake.links import (
    LINK_LASTS,
    LINK_LASTS_MAX,
    REFUSED_MAX,
    ContractUnknown,
    LinkEnded,
    LinkPeriodWrong,
    LinkRegistersUnknown,
    LinkUnknown,
    SupplyPointUnknown,
    create_link,
    look_at_link,
    revoke_link,
    submit_by_link,
)
from mains_server.intake.records import LinkState, NewLink
from sqlalchemy import text

from tests.server.intake.conftest import NOW, shown_in

pytestmark = pytest.mark.asyncio


async def made(engine, house, *, viewer=None, **changes):
    request = replace(NewLink(contract_id=house.contracts[1], supply_point_id=house.points[1]), **changes)
    async with unit_of_work(engine) as session:
        return await create_link(session, viewer=viewer or house.family, request=request, now=NOW)


async def seen(engine, token, now=NOW):
    async with unit_of_work(engine) as session:
        return await look_at_link(session, token=token, now=now)


async def sent(engine, token, *values, now=NOW):
    async with unit_of_work(engine) as session:
        return await submit_by_link(session, token=token, values=[(code, D(value)) for code, value in values], now=now)


async def revoked(engine, viewer, link_id):
    async with unit_of_work(engine) as session:
        await revoke_link(session, viewer=viewer, link_id=link_id, now=NOW)


async def test_a_link_shows_the_place_and_what_would_be_plausible(engine, house):
    link = await made(engine, house)

    view = await seen(engine, link.token)

    assert view.state is LinkState.OPEN
    assert (view.form.address, view.form.expires_at) == ("Lielā iela 10, Jelgava", NOW + LINK_LASTS)
    (register,) = view.form.registers
    assert (register.serial, register.code) == ("KU-1", "hot_water")
    assert (register.previous, register.previous_on) == (D(100), date(2023, 3, 1))
    assert (register.plausible.lowest, register.plausible.unit) == (D(100), "m3")


async def test_a_link_is_used_once(engine, house):
    link = await made(engine, house)

    first = await sent(engine, link.token, ("hot_water", "105"))
    again = await sent(engine, link.token, ("hot_water", "106"))

    assert (first.is_taken, again.is_taken, again.state) == (True, False, LinkState.USED)
    assert await shown_in(engine, house, 1) == [(D("105.000000"), "LINK", "ACCEPTED")]
    assert await seen(engine, link.token) == await seen(engine, link.token)
    assert (await seen(engine, link.token)).form is None


async def test_a_refused_value_leaves_the_link_open_and_is_counted(engine, house):
    link = await made(engine, house)

    outcome = await sent(engine, link.token, ("hot_water", "99"))

    assert (outcome.is_taken, [row.code for row in outcome.rows]) == (False, ["READING_RUNS_BACKWARDS"])
    for _ in range(REFUSED_MAX - 1):
        await sent(engine, link.token, ("hot_water", "99"))
    assert (await sent(engine, link.token, ("hot_water", "105"))).state is LinkState.TRIED_TOO_OFTEN
    assert await shown_in(engine, house, 1) == []


@pytest.mark.parametrize("values", [[], [("heat", "5")], [("hot_water", "105"), ("hot_water", "106")]])
async def test_all_registers_come_together_and_once(engine, house, values):
    link = await made(engine, house)

    outcome = await sent(engine, link.token, *values)

    assert not outcome.is_taken
    assert {row.code for row in outcome.rows} == {"VALUES_INCOMPLETE"}


async def test_a_link_that_cannot_be_used_says_only_why(engine, house):
    early = await made(engine, house, opens_at=NOW + timedelta(days=1))
    gone = await made(engine, house)
    await revoked(engine, house.family, gone.id)

    states = [
        (await seen(engine, early.token)).state,
        (await seen(engine, gone.token)).state,
        (await seen(engine, early.token, now=NOW + timedelta(days=40))).state,
        (await seen(engine, "made-up")).state,
    ]

    assert states == [LinkState.NOT_OPEN_YET, LinkState.REVOKED, LinkState.EXPIRED, LinkState.UNKNOWN]
    assert (await sent(engine, gone.token, ("hot_water", "105"))).state is LinkState.REVOKED
    assert await shown_in(engine, house, 1) == []


async def test_the_token_is_kept_as_a_hash_only(engine, house):
    link = await made(engine, house)

    async with unit_of_work(engine) as session:
        kept = await session.scalar(text("select to_jsonb(reading_link)::text from reading_link"))

    assert link.token not in kept


@pytest.mark.parametrize(
    ("who", "changes", "refusal"),
    [
        ("stranger", {}, ContractUnknown),
        ("clerk", {}, ContractUnknown),
        ("family", {"contract_id": 999}, ContractUnknown),
        ("family", {"supply_point_id": 999}, SupplyPointUnknown),
        ("family", {"register_ids": (999,)}, LinkRegistersUnknown),
        ("family", {"expires_at": NOW}, LinkPeriodWrong),
        ("family", {"expires_at": NOW + LINK_LASTS_MAX + timedelta(seconds=1)}, LinkPeriodWrong),
    ],
)
async def test_only_who_may_read_makes_a_link(engine, house, who, changes, refusal):
    with pytest.raises(refusal):
        await made(engine, house, viewer=getattr(house, who), **changes)


async def test_staff_make_and_revoke_links_and_strangers_do_not(engine, house):
    link = await made(engine, house, viewer=house.staff)

    with pytest.raises(LinkUnknown):
        await revoked(engine, house.stranger, link.id)
    await revoked(engine, house.staff, link.id)
    with pytest.raises(LinkEnded):
        await revoked(engine, house.staff, link.id)


async def test_every_refusal_of_links_has_a_code():
    codes = [refusal.code for refusal in Refusal.__subclasses__() if refusal.__module__.endswith("intake.links")]

    assert len(codes) == len(set(codes)) == 6
