"""A server process that dies by kill -9 at a named point of a payment; run by `test_kills.py` as a program.

Its arguments: the database, the sandbox, the point, and what it is to do as JSON. A point is a function's name and
whether it dies before or after it: after `begin_intent` is inside the transaction, before `ask` is after its commit.
"""

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime
from decimal import Decimal

from mains_server.access.records import Grant, GrantRole, Permission, Viewer
from mains_server.adapters.providers import load_providers
from mains_server.db.engine import make_engine
from mains_server.paying import desk, flow, operations
from mains_server.paying.calling import Terminals, terminals_of
from mains_spi import ProviderEvent, ProviderOutcome, ProviderReport

PLACES = {
    "begin_intent": (operations, "begin_intent"),
    "request_refund": (operations, "request_refund"),
    "take_told": (operations, "take_told"),
    "decide": (operations, "decide_on_reserved"),
    "ask": (Terminals, "ask"),
}
NOW = datetime(2024, 2, 10, 9, 30, tzinfo=UTC)


def die_at(point):
    """Put a kill before or after a function; `ask CAPTURE after` counts only calls that ask for that act."""
    name, *rest = point.split()
    when, act = rest[-1], rest[0] if len(rest) == 2 else None
    owner, attribute = PLACES[name]
    real = getattr(owner, attribute)

    async def deadly(*args, **kwargs):
        is_meant = act is None or kwargs["request"].act.name == act
        if is_meant and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = await real(*args, **kwargs)
        if is_meant and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(owner, attribute, deadly)


async def work(address, sandbox, deed, key):
    """Do one deed of a server."""
    codes = ("sandbox", "sandbox_card")
    terminals = terminals_of(
        load_providers(), secrets={f"{code}.key": key for code in codes}, addresses=dict.fromkeys(codes, sandbox)
    )
    counter = flow.Counter(
        engine=make_engine(address=address, connections_max=3), terminals=terminals, clock=lambda: NOW
    )
    grant = Grant(customer_id=deed["customer"], role=GrantRole.OWNER, permissions=frozenset(Permission))
    viewer = Viewer(person_id=deed["person"], language="en", grants=(grant,))
    if deed["do"] == "pay":
        asked = desk.PaymentAsked(provider=deed["provider"], key="k", invoices=((deed["invoice"], None),))
        await desk.create_payment(counter, viewer=viewer, asked=asked, instalment=None)
    elif deed["do"] == "refund":
        await desk.create_refund(
            counter, viewer=viewer, payment_id=deed["payment"], amount=Decimal("9.00"), reason="?", key="r"
        )
    else:
        report = ProviderReport(
            outcome=ProviderOutcome[deed["outcome"]],
            provider_id=deed["id"],
            reference=deed["reference"],
            amount=Decimal("121.00"),
            currency="EUR",
        )
        event = ProviderEvent(id="evt_1", kind="payment", occurred_at=NOW, report=report)
        await flow.take_event(counter, provider=deed["provider"], event=event)


if __name__ == "__main__":
    database, sandbox_address, where, what, secret = sys.argv[1:]
    die_at(where)
    asyncio.run(work(database, sandbox_address, json.loads(what), secret))
    sys.exit("the point was never reached")
