"""The mass recalculation: all plans of a utility once a year, chunk after chunk, each in one transaction.

It may be killed at any moment and started again: a chunk that is done stays done, and a plan has one version a year.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime

from mains_spi import Period
from psycopg import Connection

from mains_server.adapters.live import LiveAdapter
from mains_server.billing.book import copy_rows
from mains_server.billing.due import Problem
from mains_server.billing.expected import ExpectedRater
from mains_server.db.cycles import no_search_for_cycles
from mains_server.db.ids import next_ids
from mains_server.levelling import renewing, rules, statements
from mains_server.levelling.records import RecalculationRequest
from mains_server.levelling.renewing import RenewedPlan, StandingPlan

TASK = "recalculation"


class StartsWithinMonth(ValueError):
    """A plan changes on a first of a month."""


def recalculate(connection: Connection, *, adapter: LiveAdapter, request: RecalculationRequest) -> int:
    """Work all plans of a utility out anew and give the run's id; a second start goes on, or does nothing.

    What cannot be priced is held with a reason and its plan goes on as it was; a later start tries it again.
    """
    if request.starts.day != 1:
        raise StartsWithinMonth(f"{request.starts} is no first of a month")
    run_id, request = _start(connection, request=request)
    rater = ExpectedRater(adapter=adapter, period=_year(request), known_at=request.known_on)
    while _next_chunk(connection, rater=rater, request=request, run_id=run_id):
        pass
    connection.execute(statements.RUN_DONE, {"run": run_id, "now": request.now})
    return run_id


def key_of(year: int) -> str:
    """Name the version that a year's recalculation makes of a plan."""
    return f"yearly:{year}"


def _start(connection: Connection, *, request: RecalculationRequest) -> tuple[int, RecalculationRequest]:
    """Find the year's run or begin it; it keeps the month and the prices that it was begun with."""
    asked = {"adapter": request.adapter, "year": request.year, "starts": request.starts}
    with connection.transaction():
        connection.execute(statements.INSERT_RUN, {**asked, "known_on": request.known_on, "now": request.now})
        ((run_id, starts, known_on),) = connection.execute(statements.RUN, asked).fetchall()
        ((is_waiting,),) = connection.execute(statements.IS_WAITING, {"run": run_id}).fetchall()
        if not is_waiting:
            _plan(connection, request=request, run_id=run_id)
    begun = RecalculationRequest(
        adapter=request.adapter,
        year=request.year,
        starts=starts,
        known_on=known_on,
        now=request.now,
        contracts_per_chunk=request.contracts_per_chunk,
    )
    return run_id, begun


def _plan(connection: Connection, *, request: RecalculationRequest, run_id: int) -> None:
    asked = {"adapter": request.adapter, "starts": request.starts, "key": key_of(request.year)}
    contracts = [row[0] for row in connection.execute(statements.TO_DO, asked)]
    size = request.contracts_per_chunk
    chunks = [{"run": run_id, "contracts": contracts[at : at + size]} for at in range(0, len(contracts), size)]
    if chunks:
        with connection.cursor() as cursor:
            cursor.executemany(statements.INSERT_CHUNK, chunks)


def _next_chunk(connection: Connection, *, rater: ExpectedRater, request: RecalculationRequest, run_id: int) -> bool:
    with no_search_for_cycles(), connection.transaction():
        claimed = connection.execute(statements.CLAIM, {"run": run_id}).fetchall()
        if not claimed:
            return False
        ((chunk_id, contracts),) = claimed
        plans = _standing(connection, contracts=contracts, request=request)
        costs = _costs(connection, rater=rater, plans=plans)
        problems = {contract: cost for contract, cost in costs.items() if isinstance(cost, Problem)}
        anew = [
            renewing.renewed(plan, cost=cost, starts=request.starts)
            for plan in plans
            if not isinstance(cost := costs[plan.contract_id], Problem)
        ]
        _write(connection, plans=anew, request=request)
        _release(connection, contracts=contracts, done=costs.keys() - problems.keys(), now=request.now)
        _hold(connection, problems=problems, now=request.now)
        done = {"chunk": chunk_id, "recalculated": len(anew), "held": len(problems), "now": request.now}
        connection.execute(statements.CHUNK_DONE, done)
    return True


def _standing(connection: Connection, *, contracts: str, request: RecalculationRequest) -> list[StandingPlan]:
    """Take hold of a chunk's contracts, then read its plans: what was paid before cannot change any more.

    `contracts` is the database's own writing of an array of ids, passed back as it came.
    """
    year = _year(request)
    asked = {"contracts": contracts, "from": year.start, "to": year.end}
    connection.execute(statements.BY_INDEX)
    connection.execute(statements.LOCK_CONTRACTS, asked)
    with connection.cursor(binary=True) as cursor:
        # Planned for each chunk's own contracts: a general plan would expect a handful, and look each up apart.
        rows = cursor.execute(statements.STANDING_PLANS, asked, prepare=False).fetchall()
    return list(map(StandingPlan._make, rows))


def _costs(connection: Connection, *, rater: ExpectedRater, plans: Sequence[StandingPlan]) -> dict[int, int | Problem]:
    """Price what each contract is expected to use in a year, in cents."""
    totals = rater.totals(connection, expected=[plan.expected() for plan in plans])
    negative = Problem("negative_total", "a year would cost less than nothing")
    return {
        contract: negative if not isinstance(total, Problem) and total < 0 else total
        for contract, total in totals.items()
    }


def _year(request: RecalculationRequest) -> Period:
    return Period(request.starts, rules.months_after(request.starts, months=rules.MONTHS))


def _write(connection: Connection, *, plans: Sequence[RenewedPlan], request: RecalculationRequest) -> None:
    """Write the versions with a letter each, and events; a plan that has the year's version already stops the run."""
    ids = next_ids(connection, sequence="levelled_version_id_seq", count=len(plans))
    versions = renewing.version_rows(plans, ids=ids, request=request, key=key_of(request.year))
    copy_rows(connection, "levelled_version", renewing.VERSION_COLUMNS, versions)
    letters = renewing.letter_rows(plans, ids=ids, request=request)
    copy_rows(connection, "levelled_letter", renewing.LETTER_COLUMNS, letters)
    events = renewing.event_rows(ids=ids, request=request)
    copy_rows(connection, "outbox_event", renewing.EVENT_COLUMNS, events)


def _release(connection: Connection, *, contracts: str, done: Set[int], now: datetime) -> None:
    """Let go of what was held before; hardly anything is, so a chunk asks first."""
    held = {contract for (contract,) in connection.execute(statements.HELD, {"contracts": contracts, "task": TASK})}
    if held & done:
        connection.execute(statements.RELEASE, {"contracts": sorted(held & done), "task": TASK, "now": now})


def _hold(connection: Connection, *, problems: dict[int, Problem], now: datetime) -> None:
    holds = [
        {"contract": contract, "task": TASK, "code": problem.code, "reason": problem.reason, "now": now}
        for contract, problem in problems.items()
    ]
    if holds:
        with connection.cursor() as cursor:
            cursor.executemany(statements.HOLD, holds)
