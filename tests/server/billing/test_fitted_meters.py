"""What a meter counted on days that were billed without it is on their bill once they are billed again."""

from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.access.records import StaffRole, Viewer
from mains_server.billing.corrections import CorrectionRequest
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.records import CorrectionReason
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.queries import billed_until
from mains_server.metering.fitting import fit_meter
from mains_server.metering.installation import MeterDatesWrong
from mains_server.metering.records import NewMeter, NewRegister

LATER = datetime(2023, 2, 20, 8, tzinfo=UTC)
REGISTER = NewRegister(code="T1", quantity="energy", unit="kWh", zone=None, first_value=D(0))


@pytest.fixture
def fit(town, engine):
    """Give what fits a meter on somebody's word."""
    person = town.insert("person", email="a@b.example", name="A", language="en", created_at=LATER)
    viewer = Viewer(person_id=person, language="en", grants=(), staff=frozenset({StaffRole.OPERATOR}))

    async def run(point, *, on):
        meter = NewMeter(supply_point_id=point, serial="N-1", digits=6, installed_on=on, registers=(REGISTER,))
        async with unit_of_work(engine) as session:
            words = {"key": f"{on}", "now": LATER, "billed_until": billed_until}
            return await fit_meter(session, viewer=viewer, meter=meter, **words)

    return run


@pytest.fixture
def places(town):
    """Have a contract over two places, of which one has a meter: 100 kWh in January; give the other place."""
    points = town.point(), town.point()
    town.contract(customer=town.customer(), points=points)
    town.read(town.meter(points[0]), (date(2023, 1, 1), "1000"), (date(2023, 2, 1), "1100"))
    return points[1]


@pytest.mark.asyncio
async def test_it_is_fitted_once_their_bill_is_taken_back(town, connection, bill, fit, engine, places):
    """January was billed for 100 kWh, 18.20 with fees; since the tenth 50 more were used: 22.50 and 3.20 are 25.70."""
    bill()

    with pytest.raises(MeterDatesWrong, match="billed to 2023-02-01 without this meter"):
        await fit(places, on=date(2023, 1, 10))

    assert connection.execute("select count(*) from meter").fetchall() == [(1,)]
    request = CorrectionRequest(
        document_number="S-000001", reason=CorrectionReason.MISTAKE, note="a meter", issued_on=LATER.date(), now=LATER
    )
    await take_back_invoice(engine, request=request)
    await fit(places, on=date(2023, 1, 10))
    ((register,),) = connection.execute("select max(id) from register").fetchall()
    town.read(register, (date(2023, 2, 1), "50"))
    bill()
    nets = connection.execute("select net from invoice order by id").fetchall()
    assert [net for (net,) in nets] == [D("18.20"), D("-18.20"), D("25.70")]


@pytest.mark.asyncio
async def test_from_the_day_to_which_it_is_billed_it_is_fitted_at_once(connection, bill, fit, places):
    bill()

    await fit(places, on=date(2023, 2, 1))

    assert connection.execute("select max(installed_on) from meter").fetchall() == [(date(2023, 2, 1),)]
