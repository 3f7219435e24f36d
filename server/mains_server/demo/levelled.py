"""The demo's levelled household: twelve equal payments, a settlement after the year, and a letter about the next.

What it uses is invented (source: demo). Nothing here is a rule: the levelling room is asked as the portal asks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.access.queries import person_by_email, viewer_of_person
from mains_server.adapters.host import AdapterHost
from mains_server.contracts.operations import load_contracts, load_supply_points
from mains_server.contracts.queries import contract_by_number
from mains_server.contracts.records import Coverage, NewContract, NewSupplyPoint, Settlement
from mains_server.customers.operations import load_customers
from mains_server.customers.records import Address, CustomerKind, NewCustomer
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.demo.cast import LEVELLED
from mains_server.demo.words import TIME_ZONE, midnight
from mains_server.levelling.changes import Asker, Change, Forecast, start_plan
from mains_server.levelling.queries import plan_of
from mains_server.levelling.records import Plan, PlanReason
from mains_server.levelling.rules import MONTHS, months_after, twelfth
from mains_server.levelling.settling import Clerk, settle
from mains_server.metering.installation import load_meters
from mains_server.metering.loading import load_readings
from mains_server.metering.records import LoadedReading, NewMeter, NewRegister, ReadingSource
from mains_server.payments.operations import receive_payment
from mains_server.payments.queries import payment_by_key
from mains_server.payments.records import PaymentMethod, PaymentRequest

NUMBER = "200200"
ADAPTER = "electricity_retail"
ADDRESS = Address(line="Dobeles šoseja 200", city="Jelgava", postcode="LV-3007", country="LV")
AGREED_ON = date(2022, 2, 25)
FORECAST_KWH = Decimal(2400)
FIRST_KWH, AFTER_A_YEAR_KWH = Decimal(1000), Decimal(3280)
PAID_ON_DAY = 15
SETTLED_AFTER = timedelta(days=5)
LAST_PAYMENT = f"demo-{NUMBER}-2023-03"


async def settle_levelled_home(session: AsyncSession, *, days: Sequence[date], now: datetime) -> int:
    """Add the household with its contract and its meter, which is read when the year ends; give the customer's id."""
    customer = NewCustomer(
        number=NUMBER, kind=CustomerKind.PRIVATE, name=LEVELLED.name, language="lv", address=ADDRESS,
        email=LEVELLED.email,
    )  # fmt: skip
    (customer_id,) = await load_customers(session, customers=[customer], now=now)
    point = NewSupplyPoint(
        commodity="electricity", scheme="EIC", identifier="43Z-STO00000200A", address=ADDRESS, time_zone=TIME_ZONE,
        phases=1, amperes=25,
    )  # fmt: skip
    (point_id,) = await load_supply_points(session, points=[point])
    contract = NewContract(
        customer_id=customer_id, number=f"E-{NUMBER}", adapter=ADAPTER, product="klasiskais", starts=days[0],
        covers=(Coverage(supply_point_id=point_id),), settlement=Settlement.LEVELLED,
    )  # fmt: skip
    await load_contracts(session, contracts=[contract])
    register = NewRegister(code="T1", quantity="energy", unit="kWh", first_value=FIRST_KWH)
    meter = NewMeter(supply_point_id=point_id, serial="EL000200", digits=6, installed_on=days[0], registers=(register,))
    (fitted,) = await load_meters(session, meters=[meter], now=now)
    read_on = months_after(days[0], months=MONTHS)
    reading = LoadedReading(
        register_id=fitted.register("T1").id, supply_point_id=point_id, taken_at=midnight(read_on), counts_for=read_on,
        value=AFTER_A_YEAR_KWH, source=ReadingSource.PORTAL,
    )  # fmt: skip
    await load_readings(session, readings=[reading], now=midnight(read_on + timedelta(days=1)))
    return customer_id


async def level_year(engine: AsyncEngine, *, host: AdapterHost) -> None:
    """Have the household agree on a plan, pay it for a year, be settled, and pay on; what is done is left alone."""
    async with read_session(engine) as session:
        contract = await contract_by_number(session, number=f"E-{NUMBER}")
        if contract is None or await payment_by_key(session, customer_id=contract.customer_id, key=LAST_PAYMENT):
            return
        plan = await plan_of(session, contract_id=contract.id)
    if plan is None:
        await _agree(engine, host=host, contract_id=contract.id)
        plan = await _plan(engine, contract_id=contract.id)
    if plan.reason is PlanReason.START:
        for month in range(MONTHS):
            await _pay(engine, plan=plan, month=month, amount=twelfth(plan.amounts.total, month=month))
        day = months_after(plan.starts, months=MONTHS)
        settled_at = midnight(day + SETTLED_AFTER) + timedelta(hours=9)
        clerk = Clerk(engine=engine, adapter=host.adapter(ADAPTER), now=settled_at, today=day + SETTLED_AFTER)
        await settle(clerk, contract_id=contract.id, day=day)
        plan = await _plan(engine, contract_id=contract.id)
    await _pay(engine, plan=plan, month=MONTHS, amount=twelfth(plan.amounts.total, month=0))


async def _agree(engine: AsyncEngine, *, host: AdapterHost, contract_id: int) -> None:
    now = midnight(AGREED_ON) + timedelta(hours=12)
    async with read_session(engine) as session:
        person = await person_by_email(session, email=LEVELLED.email)
        assert person is not None, "the household's owner was admitted"
        viewer = await viewer_of_person(session, person_id=person.id, now=now)
    assert viewer is not None, "a person is a viewer"
    asker = Asker(engine=engine, host=host, viewer=viewer, now=now, today=AGREED_ON)
    change = Change(contract_id=contract_id, forecast=(Forecast(zone=None, value=FORECAST_KWH),))
    await start_plan(asker, change=change, key="demo levelled")


async def _plan(engine: AsyncEngine, *, contract_id: int) -> Plan:
    async with read_session(engine) as session:
        plan = await plan_of(session, contract_id=contract_id)
    assert plan is not None, "the household has its plan"
    return plan


async def _pay(engine: AsyncEngine, *, plan: Plan, month: int, amount: Decimal) -> None:
    """Pay an instalment, counted from the plan's first, once."""
    day = months_after(plan.starts, months=month).replace(day=PAID_ON_DAY)
    request = PaymentRequest(
        customer_id=plan.customer_id, amount=amount, currency=plan.currency, method=PaymentMethod.BANK_TRANSFER,
        received_on=day, reference=f"demo {NUMBER}", idempotency_key=f"demo-{NUMBER}-{day:%Y-%m}",
        contract_number=f"E-{NUMBER}",
    )  # fmt: skip
    async with unit_of_work(engine) as session:
        await receive_payment(session, request=request, now=midnight(day) + timedelta(hours=9))
