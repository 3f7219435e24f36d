"""Finds bills of the rest of a month that went on from what an earlier bill of it counted, and that is otherwise now.

What an allowance of the month has left is told by the month's bills before (`parts.used_before`). Where one of these is
put right, or billed again, the ones after it come out otherwise too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

import orjson
from mains_spi import Period, Utility
from mains_spi.civil import month_of
from psycopg import Connection

from mains_server.billing import queries
from mains_server.billing.draft import Draft
from mains_server.billing.due import BilledPart, ContractDays
from mains_server.billing.parts import used_before
from mains_server.billing.records import Resting
from mains_server.invoices.records import InvoiceKind


def bills_counting_on(connection: Connection, *, utility: Utility, drafts: Iterable[Draft]) -> tuple[Resting, ...]:
    """List the bills that stand of later days of the month in which some bills end, if they were told another usage.

    The bills given count in the place of what stands of their days, booked or not. Premises of a house have no
    allowance of their own and are left out.
    """
    by_month: dict[Period, list[Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.house is None and draft.due.ends.day != 1:
            by_month[month_of(draft.due.ends)].append(draft)
    return tuple(
        resting
        for month, ending in by_month.items()
        for resting in _counting_on(connection, utility=utility, month=month, drafts=ending)
    )


def _counting_on(
    connection: Connection, *, utility: Utility, month: Period, drafts: Sequence[Draft]
) -> Iterable[Resting]:
    contracts = tuple(draft.due.contract_id for draft in drafts)
    asked = queries.Asked(adapter=utility.code, period=month, contracts=contracts)
    parts: dict[int, list[BilledPart]] = defaultdict(list)
    for part in queries.billed_parts(connection, asked=asked):
        if not part.is_taken_back and part.kind != InvoiceKind.INTEREST.name:
            parts[part.contract_id].append(part)
    if not any(part.starts >= draft.due.ends for draft in drafts for part in parts[draft.due.contract_id]):
        return
    in_force = {days.contract_id: days for days in queries.contract_days(connection, asked=asked)}
    for draft in drafts:
        contract = draft.due.contract_id
        if contract not in in_force:
            continue
        for part in _told_otherwise(draft, parts=parts[contract], days=in_force[contract], utility=utility):
            yield Resting(
                customer_id=draft.due.customer_id, contract_id=contract, invoice_id=part.invoice_id, day=part.starts
            )


def _told_otherwise(
    draft: Draft, *, parts: Sequence[BilledPart], days: ContractDays, utility: Utility
) -> Iterable[BilledPart]:
    own = Period(draft.due.starts, draft.due.ends)
    standing = [part for part in parts if not own.meets(Period(part.starts, part.ends))]
    standing.append(_as_part(draft))
    for part in parts:
        known = used_before(part.starts, days=days, standing=standing, utility=utility)
        told = _told(part)
        if part.starts >= own.end and known and told:
            now = {used.name: used.value for used in known}
            if any(now.get(name, Decimal(0)) != value for name, value in told.items()):
                yield part


def _told(part: BilledPart) -> dict[str, Decimal]:
    """Read what a bill was told of the usage in its month before it; nothing where it was told nothing."""
    request = {} if part.inputs is None else orjson.loads(part.inputs).get("request") or {}
    return {used["name"]: Decimal(used["value"]) for used in request.get("used") or () if used["window"] == "month"}


def _as_part(draft: Draft) -> BilledPart:
    due = draft.due
    return BilledPart(
        contract_id=due.contract_id,
        invoice_id=0,
        document_number="",
        kind="",
        revision=draft.revision,
        starts=due.starts,
        ends=due.ends,
        is_taken_back=False,
        inputs=draft.inputs.decode(),
    )
