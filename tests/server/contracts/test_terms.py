"""Other terms from a first of a month on, agreed on the real database."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime

import mains_electricity_retail
import pytest
import pytest_asyncio
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import FoundPlugin, load_adapters
from mains_server.contracts import operations, queries, terms
from mains_server.contracts.admission import (
    AdapterSaysNothing,
    ChannelNotAllowed,
    ContractNotAllowed,
    ProtectedSettlesByInvoice,
    SettlementNotAllowed,
)
from mains_server.contracts.life import DayOutside, DaysBilled, StartsInsideMonth, StartsTooEarly
from mains_server.contracts.records import ContractStep, Delivery, Settlement
from mains_server.customers.operations import protect_customer
from mains_server.customers.records import Protection, ProtectionKind
from mains_server.db.unit_of_work import unit_of_work
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
TODAY = date(2022, 3, 10)
STEP = terms.Step(now=datetime(2022, 3, 10, 12, tzinfo=UTC), today=TODAY)


@pytest.fixture(scope="module")
def host() -> AdapterHost:
    found = FoundPlugin(name="electricity_retail", version="1", load=lambda: mains_electricity_retail)
    return load_adapters(on=date(2022, 1, 1), plugins=[found])


@pytest.fixture
def contract(contract):
    return replace(contract, product="universalais", ends=None)


@pytest_asyncio.fixture
async def settle(engine, concluded, host):
    async def do(settlement=Settlement.LEVELLED, starts=date(2022, 4, 1), billed_until=None, contract_id=None):
        async def billed(session, contract):
            return billed_until

        async with unit_of_work(engine) as session:
            return await terms.change_settlement(
                session,
                contract_id=contract_id or concluded,
                settlement=settlement,
                starts=starts,
                adapter=host.adapter("electricity_retail"),
                billed_until=billed,
                step=STEP,
            )

    return do


async def read(engine, contract_id):
    async with unit_of_work(engine) as session:
        return await queries.contract_by_id(session, contract_id=contract_id)


async def test_another_settlement_holds_from_its_first_day(engine, concluded, settle):
    await settle()

    seen = await read(engine, concluded)
    assert [(held.starts, held.settlement) for held in seen.terms] == [
        (date(2022, 1, 1), Settlement.INVOICE),
        (date(2022, 4, 1), Settlement.LEVELLED),
    ]
    assert seen.terms_on(date(2022, 3, 31)).settlement is Settlement.INVOICE
    assert seen.terms_on(date(2022, 4, 1)).settlement is Settlement.LEVELLED
    async with unit_of_work(engine) as session:
        steps = (await session.execute(text("select step, day from contract_event"))).all()
    assert [tuple(step) for step in steps] == [(ContractStep.SETTLEMENT_CHANGED.name, date(2022, 4, 1))]


async def test_what_is_agreed_for_later_may_be_changed_until_it_starts(engine, concluded, settle):
    await settle()
    await settle(settlement=Settlement.INVOICE)

    seen = await read(engine, concluded)
    assert [held.settlement for held in seen.terms] == [Settlement.INVOICE, Settlement.INVOICE]


@pytest.mark.parametrize(
    ("given", "refusal", "next_allowed"),
    [
        ({"starts": date(2022, 3, 1)}, StartsTooEarly, date(2022, 4, 1)),
        ({"starts": date(2022, 4, 2)}, StartsInsideMonth, date(2022, 5, 1)),
        ({"billed_until": date(2022, 4, 15)}, DaysBilled, date(2022, 5, 1)),
        ({"settlement": Settlement.INVOICE}, terms.NothingChanges, None),
        ({"contract_id": 404}, operations.ContractUnknown, None),
    ],
)
async def test_a_settlement_that_cannot_be_is_refused(engine, concluded, settle, given, refusal, next_allowed):
    with pytest.raises(refusal) as refused:
        await settle(**given)

    assert getattr(refused.value, "next_allowed", None) == next_allowed
    assert len((await read(engine, concluded)).terms) == 1


async def test_what_is_agreed_for_later_stands_in_the_way(engine, concluded, settle):
    await settle(starts=date(2022, 6, 1))

    with pytest.raises(terms.ChangePending) as refused:
        await settle(starts=date(2022, 5, 1))

    assert refused.value.next_allowed == date(2022, 6, 1)


async def test_an_ended_contract_is_not_changed(engine, concluded, settle):
    async with unit_of_work(engine) as session:
        await operations.end_contract(session, contract_id=concluded, ends=date(2022, 4, 1))

    with pytest.raises(DayOutside):
        await settle()


async def test_a_product_settles_as_its_adapter_says(engine, concluded, settle):
    async with unit_of_work(engine) as session:
        await session.execute(text("update contract set product = 'dinamiskais'"))

    with pytest.raises(SettlementNotAllowed, match="dinamiskais is settled by: INVOICE"):
        await settle()

    assert len((await read(engine, concluded)).terms) == 1


async def test_who_is_protected_settles_by_invoice(engine, concluded, settle, customers):
    async with unit_of_work(engine) as session:
        status = Protection(
            kind=ProtectionKind.LOW_INCOME, starts=date(2022, 5, 1), ends=date(2022, 9, 1), proof="card"
        )
        await protect_customer(session, customer_id=customers[0], protection=status)

    with pytest.raises(ProtectedSettlesByInvoice) as refused:
        await settle()

    assert refused.value.next_allowed == date(2022, 9, 1)
    assert len((await read(engine, concluded)).terms) == 1


async def test_of_two_changes_at_once_one_is_made(engine, concluded, settle):
    answers = await asyncio.gather(settle(), settle(), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["Contract", "NothingChanges"]
    assert len((await read(engine, concluded)).terms) == 2


async def change_delivery(engine, host, contract_id, delivery):
    async with unit_of_work(engine) as session:
        adapter = host.adapter("electricity_retail")
        return await terms.change_delivery(
            session, contract_id=contract_id, delivery=delivery, adapter=adapter, step=STEP
        )


async def test_invoices_are_delivered_as_the_customer_wants(engine, concluded, host):
    changed = await change_delivery(engine, host, concluded, Delivery.POST)

    assert changed.delivery is Delivery.POST
    assert (await read(engine, concluded)).delivery is Delivery.POST
    with pytest.raises(terms.NothingChanges):
        await change_delivery(engine, host, concluded, Delivery.POST)


async def test_a_portal_only_product_has_no_letters(engine, concluded, host):
    async with unit_of_work(engine) as session:
        await session.execute(text("update contract set product = 'ekonomiskais'"))

    with pytest.raises((ChannelNotAllowed, ContractNotAllowed)):
        await change_delivery(engine, host, concluded, Delivery.POST)

    assert (await read(engine, concluded)).delivery is Delivery.PORTAL


async def test_an_adapter_that_says_nothing_can_be_asked_again(engine, concluded, host, monkeypatch):
    live = host.adapter("electricity_retail")

    def dies(*, request):
        raise RuntimeError("no")

    monkeypatch.setattr(live.manager, "subset_hook_caller", lambda hook, remove_plugins: dies)

    with pytest.raises(AdapterSaysNothing) as refusal:
        await change_delivery(engine, host, concluded, Delivery.POST)

    assert (refusal.value.code, refusal.value.is_retryable) == ("ADAPTER_SILENT", True)
    assert (await read(engine, concluded)).delivery is Delivery.PORTAL
