"""Gathers a chunk: who is due, what was used, and what an adapter is told; a few statements, however many contracts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from mains_spi import Period, Usage, Utility
from psycopg import Connection

from mains_server.billing import queries
from mains_server.billing.attributes import AttributeTeller
from mains_server.billing.cases import PAPER, build_cases
from mains_server.billing.differences import settlements
from mains_server.billing.draft import Draft
from mains_server.billing.due import (
    BilledPart,
    Case,
    DueRow,
    EstimatedReading,
    HistoryRow,
    PremiseRow,
    Problem,
    SettlementRow,
)
from mains_server.billing.estimates import Estimator
from mains_server.billing.houses import House, HouseParts, build_house
from mains_server.billing.interval_usage import IntervalCounter
from mains_server.billing.parts import counted_before, left_of
from mains_server.billing.records import Hold
from mains_server.billing.usage import as_usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whose bills of which days are asked for; `is_anew` asks as if nothing had been billed of them yet.

    With `of_invoices` the bills have the fees that these have, and not those that wait for a bill.
    """

    utility: Utility
    period: Period
    contracts: tuple[int, ...]
    is_anew: bool = False
    of_invoices: tuple[int, ...] | None = None

    @property
    def is_settling(self) -> bool:
        """Tell whether the bill takes up the differences that wait for one: a bill that is rated anew does not."""
        return not self.is_anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What is known of a chunk before anything is priced; `wanted` are the contracts to be billed now.

    `earlier` are bills of the days that were taken back, so that the new ones can say what they follow.
    """

    question: Question
    cases: tuple[Case, ...]
    houses: tuple[House, ...]
    holds: tuple[Hold, ...]
    wanted: frozenset[int]
    history: Mapping[int, HistoryRow]
    earlier: Mapping[int, tuple[BilledPart, ...]] = field(default_factory=dict)
    settlements: Mapping[int, Sequence[SettlementRow]] = field(default_factory=dict)

    def estimates_of(self, drafts: Collection[Draft]) -> list[EstimatedReading]:
        """Give the estimated readings that some bills rest on; those of a building when any of its bills is issued."""
        contracts = {draft.due.contract_id for draft in drafts}
        of_cases = (r for case in self.cases if case.due.contract_id in contracts for r in case.estimates)
        houses = {draft.house for draft in drafts}
        of_houses = (r for house in self.houses if house.building_id in houses for r in house.estimates)
        return list(dict.fromkeys((*of_cases, *of_houses)))

    def usage_of(self, contract_id: int) -> tuple[Usage, ...]:
        """Give what a contract used, measured or estimated; in a building what its premises used."""
        alone = (case for case in self.cases if case.due.contract_id == contract_id)
        own = [
            as_usage(row)
            for case in alone
            for row in case.usage
            if row.quantity not in {PAPER, *(fee.code for fee in case.fees)}
        ]
        members = (member for house in self.houses for member in house.group.members)
        shared = (m for m in members if str(contract_id) in {occupant.contract for occupant in m.occupants})
        return (*own, *(usage for member in shared for usage in member.usage if usage.name != PAPER))


def gather(
    connection: Connection,
    *,
    question: Question,
    teller: AttributeTeller,
    estimator: Estimator,
    counter: IntervalCounter,
) -> Gathered:
    """Gather all that a chunk's bills depend on, neighbours included; contracts that lack something come back held.

    A contract that has no day in the period any more, because it was ended or billed meanwhile, is not due and left
    out; of one that is billed in part the days that are left are asked.
    """
    utility, contracts = question.utility, question.contracts
    asked = queries.Asked(
        adapter=utility.code, period=question.period, contracts=contracts, of_invoices=question.of_invoices
    )
    history = queries.history(connection, asked=asked)
    left = left_of(connection, asked=asked, history=history, utility=utility, is_anew=question.is_anew)
    managers = queries.house_contracts(connection, asked=asked)
    premises = queries.premises(connection, asked=asked, buildings=tuple(managers))
    neighbours = {row.contract_id for rows in premises.values() for row in rows if row.contract_id is not None}
    everybody = sorted({*contracts, *neighbours, *(c for found in managers.values() for c in found)})
    alone_on = {contract: days for contract, days in left.stretches.items() if contract not in neighbours}
    found = asked.of(everybody).only(alone_on)
    cases_of = partial(build_cases, connection, utility=utility, teller=teller, estimator=estimator, counter=counter)
    cases = cases_of(asked=found)
    wanted = frozenset(contracts) - left.done
    houses, holds = _houses(managers=managers, premises=premises, cases=cases, teller=teller, wanted=wanted)
    alone = [
        cases[contract]._replace(before=left.before.get(contract), begun=left.begun.get(contract, ()))
        for contract in contracts
        if contract in cases and contract in wanted and contract not in neighbours
    ]
    holds += [hold_of(case, problem=case.problem) for case in alone if case.problem is not None]
    billable = [case for case in alone if case.problem is None]
    return Gathered(
        question=question,
        cases=tuple(counted_before(billable, adapter=utility.code, cases_of=cases_of)),
        houses=tuple(houses),
        holds=tuple(holds),
        wanted=wanted,
        history=history,
        earlier=left.earlier,
        settlements=settlements(connection, asked=asked) if question.is_settling else {},
    )


def hold_of(case: Case, *, problem: Problem) -> Hold:
    """Hold a contract for a problem."""
    return hold_of_row(case.due, problem=problem)


def hold_of_row(due: DueRow, *, problem: Problem) -> Hold:
    """Hold the contract of a row for a problem."""
    return Hold(customer_id=due.customer_id, contract_id=due.contract_id, code=problem.code, reason=problem.reason)


def _houses(
    *,
    managers: Mapping[int, Sequence[int]],
    premises: Mapping[int, Sequence[PremiseRow]],
    cases: Mapping[int, Case],
    teller: AttributeTeller,
    wanted: frozenset[int],
) -> tuple[list[House], list[Hold]]:
    houses: list[House] = []
    holds: list[Hold] = []
    for building, contracts in managers.items():
        rows = premises.get(building, ())
        house = build_house(HouseParts(building, contracts, rows, cases), teller=teller)
        if isinstance(house, House):
            houses.append(house)
        else:
            due = sorted({row.contract_id for row in rows if row.contract_id is not None} & wanted)
            holds += [hold_of(cases[contract], problem=house) for contract in due]
    return houses, holds
