"""A building that is rated whole: the house's own quantities, and its premises with who has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mains_spi import Attribute, Group, Member, Occupant, Period, Usage

from mains_server.billing.attributes import OF_PREMISE, AttributeTeller, clipped
from mains_server.billing.cases import PAPER
from mains_server.billing.due import Case, DueRow, EstimatedReading, Fee, Measured, PremiseRow, Problem
from mains_server.billing.usage import as_usage


class House(NamedTuple):
    """A building as one question, with the contracts in it by the id under which the answer names them.

    `premises` are the supply points of its members by the names that they have there, `fees` what was noted on the
    contracts of its occupants.
    """

    building_id: int
    product: str
    period: Period
    time_zone: str
    group: Group
    occupants: Mapping[str, DueRow]
    is_metered: frozenset[str]
    estimates: tuple[EstimatedReading, ...] = ()
    premises: Mapping[str, int] = {}
    fees: Mapping[int, tuple[Fee, ...]] = {}

    @property
    def all_fees(self) -> tuple[Fee, ...]:
        """Give the fees of all occupants."""
        return tuple(fee for fees in self.fees.values() for fee in fees)


class HouseParts(NamedTuple):
    """A building's parts as they were found: the contracts of the house, its premises, and everybody's case."""

    building_id: int
    contracts: Sequence[int]
    premises: Sequence[PremiseRow]
    cases: Mapping[int, Case]


def build_house(parts: HouseParts, *, teller: AttributeTeller) -> House | Problem:
    """Put a building together; whatever one part lacks holds the whole, since a share needs all the others."""
    managers = [parts.cases[contract] for contract in parts.contracts]
    problem = _first_problem(parts, managers=managers)
    if problem is not None:
        return problem
    period = Period(min(m.due.starts for m in managers), max(m.due.ends for m in managers))
    first = _first_premises(parts.premises)
    members = [
        _member(rows, cases=parts.cases, teller=teller, period=period, first=first)
        for rows in _by_premise(parts.premises).values()
    ]
    return House(
        building_id=parts.building_id,
        product=managers[0].due.product,
        period=period,
        time_zone=managers[0].due.time_zone,
        group=Group(
            id=f"building:{parts.building_id}",
            attributes=_house_attributes(managers, teller=teller),
            usage=_house_usage(managers),
            members=tuple(member for member, _ in members),
        ),
        occupants={contract: due for _, dues in members for contract, due in dues.items()},
        is_metered=frozenset(row.unit for case in parts.cases.values() for row in case.usage),
        estimates=tuple(estimate for case in _involved(parts, managers=managers) for estimate in case.estimates),
        premises={premise.identifier: premise.supply_point_id for premise in parts.premises},
        fees={contract: parts.cases[contract].fees for contract in first},
    )


def _first_problem(parts: HouseParts, *, managers: Sequence[Case]) -> Problem | None:
    if len({manager.due.product for manager in managers}) != 1:
        return Problem(
            "house_product_changes", "the house has two products in the period; let the change be on its first day"
        )
    for premise in parts.premises:
        if premise.contract_id is None:
            name = premise.premise or premise.identifier
            return Problem("premise_without_contract", f"nobody has premise {name}; conclude a contract for it")
    for case in _involved(parts, managers=managers):
        if case.problem is not None:
            return Problem(case.problem.code, f"{case.due.identifier}: {case.problem.reason}")
        if any(used.value is not None and used.value < 0 for used in case.usage):
            reason = "an estimate was too high; give a reading for its day, so that its bill is corrected"
            return Problem("negative_usage", f"{case.due.identifier}: {reason}")
    return None


def _involved(parts: HouseParts, *, managers: Sequence[Case]) -> list[Case]:
    return [*managers, *(parts.cases[p.contract_id] for p in parts.premises if p.contract_id is not None)]


def _by_premise(premises: Iterable[PremiseRow]) -> dict[str, list[PremiseRow]]:
    found: dict[str, list[PremiseRow]] = defaultdict(list)
    for premise in premises:
        found[premise.identifier].append(premise)
    return found


def _first_premises(premises: Iterable[PremiseRow]) -> dict[int, int]:
    """Tell for each contract at which of its premises stands what is charged once a contract."""
    first: dict[int, int] = {}
    for premise in premises:
        if premise.contract_id is not None:
            first.setdefault(premise.contract_id, premise.supply_point_id)
    return first


def _member(
    rows: Sequence[PremiseRow],
    *,
    cases: Mapping[int, Case],
    teller: AttributeTeller,
    period: Period,
    first: Mapping[int, int],
) -> tuple[Member, dict[str, DueRow]]:
    """Make a premise with its occupants; what holds of an occupant holds of the premise on the occupant's days."""
    attributes: list[Attribute] = []
    usage: list[Usage] = []
    occupants: list[Occupant] = []
    dues: dict[str, DueRow] = {}
    for row in rows:
        assert row.contract_id is not None
        case = cases[row.contract_id]
        (point,) = (point for point in case.points if point.supply_point_id == row.supply_point_id)
        days = Period(max(point.covers_from, period.start), min(point.covers_to, period.end))
        told = teller.tell(case.traits, scopes=("contract", "premise"))
        of_contract = tuple(attribute for attribute in told if attribute.name not in OF_PREMISE)
        of_premise = [attribute for attribute in told if attribute.name in OF_PREMISE]
        attributes += of_contract if len(rows) == 1 else clipped(of_contract, period=days)
        attributes += [] if occupants else of_premise
        elsewhere = () if first[row.contract_id] == row.supply_point_id else (PAPER, *(fee.code for fee in case.fees))
        usage += [
            as_usage(_of_occupant(measured, case=case, days=days), place="")
            for measured in case.usage
            if measured.place in ("", row.identifier) and measured.quantity not in elsewhere
        ]
        occupants.append(Occupant(str(row.contract_id), days, of_contract))
        dues[str(row.contract_id)] = point._replace(starts=days.start, ends=days.end)
    member = Member(rows[0].identifier, tuple(attributes), tuple(usage), tuple(occupants))
    return member, dues


def _of_occupant(measured: Measured, *, case: Case, days: Period) -> Measured:
    """Give a fee the days on which its contract has the premise, so that no other occupant bears a part of it."""
    is_fee = any(fee.code == measured.quantity for fee in case.fees)
    return measured._replace(starts=days.start, ends=days.end) if is_fee else measured


def _house_attributes(managers: Sequence[Case], *, teller: AttributeTeller) -> tuple[Attribute, ...]:
    told: list[Attribute] = []
    for manager in managers:
        attributes = teller.tell(manager.traits, scopes=("contract", "building"))
        days = Period(manager.due.starts, manager.due.ends)
        told += attributes if len(managers) == 1 else clipped(attributes, period=days)
    return tuple(attribute for attribute in told if attribute.name not in OF_PREMISE)


def _house_usage(managers: Sequence[Case]) -> tuple[Usage, ...]:
    return tuple(as_usage(measured) for manager in managers for measured in manager.usage)
