"""Ordering the yearly recalculation: the year's run is written down and a worker called, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from mains_spi import Capability
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal
from mains_server.adapters.host import AdapterHost
from mains_server.db.idempotency import keep_answer
from mains_server.db.jobs import defer_job
from mains_server.levelling import queries, rules
from mains_server.levelling.changes import LevellingNotOffered
from mains_server.levelling.records import RunStatus
from mains_server.levelling.tables import LevelledRun

TASK, OPERATION = "recalculate_levelled", "levelled_recalculate"


class UtilityUnknown(Refusal):
    """There is no such utility whose adapter is at work."""

    code = "UTILITY_UNKNOWN"
    path = "adapter"


class StartsInsideMonth(Refusal):
    """Amounts change on the first of a month."""

    code = "STARTS_INSIDE_MONTH"
    path = "startsOn"


class StartsTooEarly(Refusal):
    """The instalment of the first month is due already, and cannot change any more."""

    code = "STARTS_TOO_EARLY"
    path = "startsOn"


class YearNotPossible(Refusal):
    """A year's recalculation asks for its amounts from a month of that year or the next on."""

    code = "YEAR_NOT_POSSIBLE"
    path = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalculationOrder:
    """Who orders a utility's recalculation, for which year and from which month on; prices count as known `today`."""

    adapter: str
    year: int
    starts: date
    person_id: int
    key: str
    now: datetime
    today: date


async def order_recalculation(session: AsyncSession, *, host: AdapterHost, order: RecalculationOrder) -> int:
    """Order a year's recalculation once by its key, and give the run's id.

    A year that has a run goes on with it, by the month and the prices it was begun with: what was held is tried again.
    Refuses with `UtilityUnknown`, `LevellingNotOffered`, `StartsInsideMonth`, `StartsTooEarly` and `YearNotPossible`.
    """
    asked = {"adapter": order.adapter, "year": order.year, "starts": order.starts.isoformat()}
    before = await claim_request(
        session, person_id=order.person_id, operation=OPERATION, key=order.key, body=asked, now=order.now
    )
    if before is not None:
        return int(before["run"])
    _check(host, order=order)
    run = {
        "adapter": order.adapter,
        "year": order.year,
        "starts": order.starts,
        "known_on": order.today,
        "status": RunStatus.RUNNING,
        "started_at": order.now,
    }
    once = postgresql.insert(LevelledRun).values(run).on_conflict_do_nothing(constraint="levelled_run_once")
    await session.execute(once)
    run_id = await queries.run_of_year(session, adapter=order.adapter, year=order.year)
    job = {**asked, "known_on": order.today.isoformat()}
    await defer_job(session, task=TASK, arguments=job, one_at_a_time=f"levelled {order.adapter}")
    await keep_answer(session, person_id=order.person_id, operation=OPERATION, key=order.key, answer={"run": run_id})
    return run_id


def _check(host: AdapterHost, *, order: RecalculationOrder) -> None:
    live = host.live.get(order.adapter)
    if live is None:
        raise UtilityUnknown(f"there is no utility {order.adapter!r} whose adapter is at work")
    if Capability.LEVELLED not in live.utility.capabilities:
        raise LevellingNotOffered(f"{order.adapter} does not level payments")
    if order.starts.day != 1:
        raise StartsInsideMonth(f"{order.starts} is no first of a month")
    earliest = rules.first_month(today=order.today, due_day=live.utility.levelled_rules.due_day)
    if order.starts < earliest:
        raise StartsTooEarly(f"choose {earliest} or a later month: the instalment of {order.starts} is due already")
    if not order.year <= order.starts.year <= order.year + 1:
        raise YearNotPossible(f"a recalculation for {order.year} cannot begin on {order.starts}")
