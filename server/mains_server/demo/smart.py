"""The demo's smart home: an hourly meter over both clock changes, priced by day and night; some of March is missing.

What it uses is invented (source: demo). The network operator's answers come in month by month, as they would have come.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.contracts.operations import load_contracts, load_supply_points
from mains_server.contracts.records import Coverage, DatedAttribute, NewContract, NewSupplyPoint
from mains_server.customers.operations import load_customers
from mains_server.customers.records import Address, CustomerKind, NewCustomer
from mains_server.demo.words import TIME_ZONE, midnight
from mains_server.intervals.operations import import_intervals
from mains_server.intervals.records import ImportRequest, IntervalFormat
from mains_server.intervals.rules import HOUR, day_seconds
from mains_server.metering.installation import load_meters
from mains_server.metering.records import NewMeter, NewRegister, ReadingCollection

NUMBER = "200100"
SERIAL = "EL000100"
ADDRESS = Address(line="Dobeles šoseja 100", city="Jelgava", postcode="LV-3007", country="LV")
DAYS_BEHIND = 5
MISSING = ("2023-03-02T03:00:00+00:00", "2023-03-02T04:00:00+00:00")
WATTS = (
    180, 160, 150, 150, 160, 220, 480, 620, 430, 300, 280, 290,
    340, 310, 290, 320, 450, 700, 880, 910, 820, 640, 420, 260,
)  # fmt: skip


async def settle_smart_home(session: AsyncSession, *, days: Sequence[date], now: datetime) -> int:
    """Add the household with its contract, its meter and what this sent until a few days after the billed year."""
    (customer_id,) = await load_customers(
        session,
        customers=[
            NewCustomer(number=NUMBER, kind=CustomerKind.PRIVATE, name="Dace Viedā", language="lv", address=ADDRESS)
        ],
        now=now,
    )
    point = NewSupplyPoint(
        commodity="electricity", scheme="EIC", identifier="43Z-STO00000100A", address=ADDRESS, time_zone=TIME_ZONE,
        phases=1, amperes=25,
    )  # fmt: skip
    (point_id,) = await load_supply_points(session, points=[point])
    contract = NewContract(
        customer_id=customer_id, number=f"E-{NUMBER}", adapter="electricity_retail", product="klasiskais",
        starts=days[0], covers=(Coverage(supply_point_id=point_id),),
        attributes=(DatedAttribute(name="zones", value="2"),),
    )  # fmt: skip
    await load_contracts(session, contracts=[contract])
    register = NewRegister(code="A+", quantity="energy", unit="kWh", collection=ReadingCollection.INTERVALS)
    meter = NewMeter(supply_point_id=point_id, serial=SERIAL, digits=6, installed_on=days[0], registers=(register,))
    await load_meters(session, meters=[meter], now=now)
    for first, following in pairwise((*days, days[-1] + timedelta(days=DAYS_BEHIND))):
        await _send(session, first=first, following=following)
    return customer_id


async def _send(session: AsyncSession, *, first: date, following: date) -> None:
    """Take in what the operator answers on the day after."""
    elements = list(_elements(first, following))
    answer = orjson.dumps([{"mpNr": "30000000100", "mList": [{"mNr": SERIAL, "cList": elements}]}])
    request = ImportRequest(
        format=IntervalFormat.SADALES_TIKLS,
        name=f"demo {first:%Y-%m}",
        now=midnight(following + timedelta(days=1)),
        is_whole=True,
    )
    await import_intervals(session, request=request, file=io.BytesIO(answer))


def _elements(first: date, following: date) -> Iterator[dict[str, object]]:
    """Give an element an hour: stamps are ends, a cold month uses more, and some hours never came."""
    starts, ends = day_seconds(first, TIME_ZONE)[0], day_seconds(following, TIME_ZONE)[0]
    for turn, at in enumerate(range(starts + HOUR, ends + 1, HOUR)):
        stamp = datetime.fromtimestamp(at, UTC).isoformat()
        watts = WATTS[turn % 24] + (turn * 37 % 90) + (140 if first.month in (11, 12, 1, 2) else 0)
        if stamp not in MISSING:
            value = orjson.Fragment(f"{watts // 1000}.{watts % 1000:03}")
            yield {"cDt": stamp, "cVR": value, "cVV": value}
