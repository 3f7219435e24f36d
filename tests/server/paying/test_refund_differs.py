"""A refund that a provider tells otherwise than it was asked for: named, kept for staff, and booked as it was told."""

from decimal import Decimal as D

import pytest
import pytest_asyncio
from mains_server.access.records import StaffRole
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.paying import desk as paying
from mains_server.paying import flow, queries, settling
from mains_server.paying.flow import take_event
from mains_server.paying.records import EventOutcome, RefundStatus
from mains_spi import ProviderEvent, ProviderOutcome, ProviderReport
from sqlalchemy import text

from tests.server.paying.test_settling import decide
from tests.server.paying.test_settling import stands as event_stands

pytestmark = pytest.mark.asyncio
REFUNDED, FAILED = ProviderOutcome.REFUNDED, ProviderOutcome.FAILED
HELD, APPLIED, STALE = EventOutcome.HELD, EventOutcome.APPLIED, EventOutcome.STALE
# 80.00 came in advance, and 50.00 of it are to go back: until that is known they are set aside.
ASIDE = ([], "30.00", {"clearing:sandbox": "80.00", "receivable": "-30.00", "refunds": "-50.00"})


@pytest_asyncio.fixture
async def asked(desk):
    """Have a refund of 50.00 of a payment of 80.00 that its provider has not answered; give customer and refund."""
    customer, contract, _ = await desk.owned()
    viewer = desk.viewer(customer)
    intent = await desk.begun(viewer, contract_id=contract, amount=D("80.00"))
    desk.decide(intent)
    await desk.post(desk.event("payment.captured"))
    payment = await desk.utility.run("select max(id) from payment")
    desk.shop("/v1/behaviour", {"down": True})
    refund = await paying.create_refund(
        desk.counter, viewer=viewer, payment_id=payment, amount=D("50.00"), reason="moved", key="r1"
    )
    assert refund.status is RefundStatus.UNKNOWN
    return customer, intent, refund


async def told(desk, asked, name, outcome, *, amount="50.00", currency="EUR"):
    """Let the provider tell what became of the refund; give what that did."""
    _, intent, refund = asked
    report = ProviderReport(
        outcome=outcome, reference=intent.reference, refund_reference=refund.reference,
        amount=None if amount is None else D(amount), currency=currency,
    )  # fmt: skip
    event = ProviderEvent(id=name, kind="refund", occurred_at=desk.counter.clock(), report=report)
    return await take_event(desk.counter, provider="sandbox", event=event)


async def refund_of(desk, asked):
    async with read_session(desk.utility.engine) as session:
        return await queries.refund_by_id(session, refund_id=asked[2].id)


async def note_of(desk, name):
    async with unit_of_work(desk.utility.engine) as session:
        return await session.scalar(text("select note from payment_event where event_id = :name"), {"name": name})


async def test_another_amount_is_named_kept_and_asked_about_no_more(desk, asked):
    assert await told(desk, asked, "less", REFUNDED, amount="40.00") is HELD

    assert await note_of(desk, "less") == "REFUND_AMOUNT_DIFFERS: 50.00 was to be refunded, 40.00 was"
    assert await desk.owed(asked[0]) == ASIDE
    assert (await refund_of(desk, asked)).status is RefundStatus.UNKNOWN
    desk.moments.append(desk.moments[-1].replace(hour=23))
    assert await flow.resolve(desk.counter) == 0


async def test_less_is_booked_and_the_rest_is_credit_again(desk, asked):
    await told(desk, asked, "less", REFUNDED, amount="40.00")

    await decide(desk, "less", books_refund=True)
    await decide(desk, "less", books_refund=True)

    # 80.00 came and 40.00 left.
    booked = ([], "40.00", {"clearing:sandbox": "40.00", "receivable": "-40.00"})
    assert await desk.owed(asked[0]) == booked
    assert (await event_stands(desk, "less"))[:2] == ("SETTLED", "REFUND_BOOKED")
    assert (await refund_of(desk, asked)).status is RefundStatus.REFUNDED
    async with unit_of_work(desk.utility.engine) as session:
        said = await session.scalar(text("select failure from payment_refund"))
    assert said == "40.00 left, not 50.00: the provider wrote"
    assert await told(desk, asked, "less told again", REFUNDED, amount="40.00") is STALE
    assert await told(desk, asked, "less still", REFUNDED, amount="39.00") is HELD
    with pytest.raises(settling.EventNotMoney):
        await decide(desk, "less still", books_refund=True)
    assert await desk.owed(asked[0]) == booked


async def test_more_is_booked_and_taken_from_what_the_payment_has_left(desk, asked):
    await told(desk, asked, "more", REFUNDED, amount="60.00")

    await decide(desk, "more", books_refund=True)

    assert await desk.owed(asked[0]) == ([], "20.00", {"clearing:sandbox": "20.00", "receivable": "-20.00"})
    assert await told(desk, asked, "more again", REFUNDED, amount="60.00") is STALE


async def test_nothing_of_it_is_booked_as_nothing(desk, asked):
    assert await told(desk, asked, "nothing", REFUNDED, amount="0.00") is HELD

    await decide(desk, "nothing", books_refund=True)

    assert await desk.owed(asked[0]) == ([], "80.00", {"clearing:sandbox": "80.00", "receivable": "-80.00"})


async def test_more_than_ever_came_is_refused_and_changes_nothing(desk, asked):
    await told(desk, asked, "far more", REFUNDED, amount="80.01")

    with pytest.raises(settling.MoneyGone):
        await decide(desk, "far more", books_refund=True)

    assert await desk.owed(asked[0]) == ASIDE
    assert (await event_stands(desk, "far more"))[0] == "HELD"


async def test_what_was_refunded_and_is_told_otherwise_is_put_right(desk, asked):
    assert await told(desk, asked, "whole", REFUNDED) is APPLIED
    assert await told(desk, asked, "whole again", REFUNDED) is STALE
    assert await told(desk, asked, "less", REFUNDED, amount="45.00") is HELD
    assert await told(desk, asked, "bounced", FAILED) is HELD

    await decide(desk, "bounced", books_refund=True)

    assert await desk.owed(asked[0]) == ([], "80.00", {"clearing:sandbox": "80.00", "receivable": "-80.00"})
    assert await told(desk, asked, "bounced again", FAILED, amount=None) is STALE


async def test_what_failed_and_is_told_to_have_left_is_taken_back(desk, asked):
    assert await told(desk, asked, "failed", FAILED) is APPLIED
    assert await told(desk, asked, "left", REFUNDED) is HELD
    assert await desk.owed(asked[0]) == ([], "80.00", {"clearing:sandbox": "80.00", "receivable": "-80.00"})

    await decide(desk, "left", books_refund=True)

    assert await desk.owed(asked[0]) == ([], "30.00", {"clearing:sandbox": "30.00", "receivable": "-30.00"})
    assert await told(desk, asked, "left again", REFUNDED) is STALE


async def test_what_is_set_aside_is_asked_about_again(desk, asked):
    await told(desk, asked, "less", REFUNDED, amount="40.00")
    desk.shop("/v1/behaviour", {"down": False})

    await decide(desk, "less")
    assert await flow.resolve(desk.counter) == 1

    # The provider never had it; it is asked for now, and goes whole.
    assert await desk.owed(asked[0]) == ([], "30.00", {"clearing:sandbox": "30.00", "receivable": "-30.00"})


@pytest.mark.parametrize(
    ("told_of", "refusal"),
    [({"currency": "SEK"}, settling.CurrencyNotAccepted), ({"amount": "-5.00"}, settling.AmountWrong)],
)
async def test_what_cannot_be_booked_is_refused_by_name(desk, asked, told_of, refusal):
    assert await told(desk, asked, "odd", REFUNDED, **told_of) is HELD

    with pytest.raises(refusal):
        await decide(desk, "odd", books_refund=True)

    assert await desk.owed(asked[0]) == ASIDE


async def test_what_tells_of_no_refund_of_ours_is_none(desk, asked):
    _, intent, _ = asked
    report = ProviderReport(
        outcome=REFUNDED, reference=intent.reference, refund_reference="another", amount=D("5.00"), currency="EUR"
    )
    event = ProviderEvent(id="strange", kind="refund", occurred_at=desk.counter.clock(), report=report)
    assert await take_event(desk.counter, provider="sandbox", event=event) is HELD

    with pytest.raises(settling.EventNotMoney):
        await decide(desk, "strange", books_refund=True)
    assert StaffRole.BILLING_CLERK in paying.STAFF_WHO_REFUND
    assert await desk.owed(asked[0]) == ASIDE
