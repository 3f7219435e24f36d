"""A whole run: shared by processes, from the queue, and with credit put on the new invoices."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.adapters.loading import load_adapters
from mains_server.billing import jobs
from mains_server.billing.records import RunStatus
from mains_server.billing.workers import bill_period
from mains_server.db.jobs import defer_job
from mains_server.db.unit_of_work import unit_of_work
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest
from mains_server.worker import room_tasks, work_off

D = Decimal
pytestmark = pytest.mark.asyncio


async def test_what_was_paid_ahead_settles_the_new_invoice(town, connection, small, engine, psycopg_dsn):
    town.household(used="100")
    payment = PaymentRequest(
        customer_id=1,
        amount=D("30.00"),
        currency="EUR",
        method=PaymentMethod.BANK_TRANSFER,
        received_on=date(2023, 1, 20),
        reference="ahead",
        idempotency_key="a",
    )
    async with unit_of_work(engine) as session:
        await receive_payment(session, request=payment, now=small.NOW)

    await bill_period(engine, address=psycopg_dsn, request=small.request(), host=small.host_of())

    assert connection.execute("select amount from payment_allocation").fetchall() == [(D("22.02"),)]
    assert connection.execute("select status from invoice_state").fetchall() == [("PAID",)]
    assert connection.execute("select balance from customer_balance").fetchall() == [(D("-7.98"),)]


async def test_how_far_it_is_is_told_chunk_by_chunk(town, small, engine, psycopg_dsn):
    for _ in range(5):
        town.household()
    told = []

    await bill_period(
        engine,
        address=psycopg_dsn,
        request=small.request(contracts_per_chunk=2),
        host=small.host_of(),
        tell=lambda state: told.append((state.contracts_done, state.contracts)),
    )

    assert told == [(0, 5), (2, 5), (4, 5), (5, 5)]


@pytest.fixture
def water_works(town, small):
    """Have customers of the installed water utility."""
    adapter = "example_cold_water"
    town.insert(
        "seller", adapter=adapter, starts=small.FIRST, name="Water", registration_number="2", vat_number="LV2",
        address="Lielā iela 2", iban="LV80BANK0000435195002", series="S",
    )  # fmt: skip
    town.price(
        "water", adapter=adapter, water=("1.20", "EUR/m3"), sewage=("1.50", "EUR/m3"), fixed=("36.50", "EUR/year")
    )
    contracts = []
    for _ in range(11):
        point = town.point(commodity="water")
        contracts.append(
            town.contract(customer=town.customer(), points=(point,), adapter=adapter, product="cold_water")
        )
        register = town.meter(point, quantity="cold_water", unit="m3")
        town.read(register, (small.JANUARY.start, "10"), (small.JANUARY.end, "12"))
    return contracts


def _water_request(small):
    return replace(small.request(contracts_per_chunk=3), adapter="example_cold_water")


async def test_processes_share_a_run(town, totals, small, engine, psycopg_dsn, water_works):
    state = await bill_period(
        engine, address=psycopg_dsn, request=_water_request(small), host=load_adapters(on=small.FIRST), workers=2
    )

    assert (state.invoiced, state.held, state.run.status) == (11, 0, RunStatus.DONE)
    assert totals() == dict.fromkeys(water_works, D("10.29"))


async def test_a_run_from_the_queue_is_the_same(town, totals, small, engine, psycopg_dsn, water_works):
    arguments = {"adapter": "example_cold_water", "period": "2023-01", "issued_on": "2023-02-10"}
    async with unit_of_work(engine) as session:
        await defer_job(session, task="bill", arguments=arguments)
        await defer_job(session, task="bill", arguments=arguments)

    await work_off(address=psycopg_dsn, until_empty=True, tasks=jobs.TASKS)

    assert totals() == dict.fromkeys(water_works, D("10.29"))


async def test_workers_know_the_task():
    assert "bill" in room_tasks()
