"""The evaluator: one contract, or one building whole, to a bill. Pure, exact, and the truth for everything else."""

from __future__ import annotations

from collections.abc import Iterator

from mains_spi.algebra import unit_of
from mains_spi.book import Book
from mains_spi.buildings import HOUSE, allocate
from mains_spi.charging import charge
from mains_spi.components import AllocateBuilding, Component, Figure, PerUnit
from mains_spi.cuts import segments_of
from mains_spi.drafts import Draft, part_of
from mains_spi.errors import CannotRate
from mains_spi.here import Amounts, Building, Here, Premise, Site
from mains_spi.plan import plan_of
from mains_spi.record import Period
from mains_spi.requests import Group, Member, RatingRequest
from mains_spi.results import Bill, FigureValue
from mains_spi.scope import Scope
from mains_spi.settling import bill_of, covers_days, figure, house_bill, settle
from mains_spi.tariff import Tariff
from mains_spi.terms import Qty
from mains_spi.trace import Trace
from mains_spi.units import unit_text
from mains_spi.values import all_hold, applies, value_of
from mains_spi.walk import find, name_of


def evaluate(tariff: Tariff, request: RatingRequest) -> Bill:
    """Work out the bill of one contract, or of one building whole.

    Raises ``CannotRate`` naming the input that is missing or does not fit. Equal arguments give equal bills, whatever
    the time, the place and the caller's decimal context.
    """
    return _bill(tariff, request, is_explained=True)


def evaluate_amounts(tariff: Tariff, request: RatingRequest) -> Bill:
    """Work out the same bill without explanations, for a run that makes them on demand."""
    return _bill(tariff, request, is_explained=False)


def _bill(tariff: Tariff, request: RatingRequest, *, is_explained: bool) -> Bill:
    scope = Scope(usage=request.usage, attributes=request.attributes, series=request.series)
    building = None if request.group is None else _building(request.group, scope)
    sites = _sites(request, scope)
    book = Book(request)
    here = Here(tariff, book, Trace(), scope, building, Amounts(), request.period, "", is_explained, sites)
    return _contract_bill(here) if building is None else _building_bill(here, building)


def _sites(request: RatingRequest, around: Scope) -> tuple[Site, ...]:
    """Give a contract's supply points, each with its own usage; what it does not say itself, the contract says."""
    names = [place.name for place in request.places]
    if len(set(names)) != len(names) or "" in names:
        raise CannotRate("place_twice", request.contract, "give every place a name of its own")
    stray = sorted({row.place for row in request.usage} - {*names, ""}) if names else []
    if stray:
        raise CannotRate("place_unknown", request.contract, f"usage names the place {stray[0]!r}: give it in places")
    return tuple(
        Site(
            place.name,
            place.period,
            Scope(
                usage=(row for row in request.usage if row.place == place.name),
                attributes=place.attributes,
                around=around,
            ),
            Amounts(),
        )
        for place in sorted(request.places, key=lambda place: place.name)
    )


def _building(group: Group, around: Scope) -> Building:
    own = Scope(usage=group.usage, attributes=group.attributes, series=around.series.values(), around=around)
    members = sorted(group.members, key=lambda member: member.id)
    if len({member.id for member in members}) != len(members) or HOUSE in {member.id for member in members}:
        raise CannotRate("premise_twice", group.id, "give every premise an id of its own")
    return Building(own, tuple(Premise(member, _premise_scope(member, own)) for member in members))


def _premise_scope(member: Member, around: Scope) -> Scope:
    """Make the scope of a premise; a single occupant's attributes come before those of the premise."""
    own = member.occupants[0].attributes if len(member.occupants) == 1 else ()
    names = {attribute.name for attribute in own}
    attributes = (*own, *(a for a in member.attributes if a.name not in names))
    return Scope(usage=member.usage, attributes=attributes, around=around)


def _contract_bill(here: Here) -> Bill:
    plan = plan_of(here.tariff)
    drafts: list[Draft] = []
    figures: list[FigureValue] = []
    for index, component in enumerate(plan.components):
        name = name_of(component)
        for segment in segments_of(plan, index, here.at(here.segment, name)):
            there = here.at(segment, name)
            if component.each_place and here.sites:
                drafts.extend(_at_each_place(component, there))
                continue
            if not applies(component, there):
                continue
            if isinstance(component, AllocateBuilding):
                raise CannotRate("no_building", name, "the tariff shares a building's cost: rate the building whole")
            if isinstance(component, Figure):
                figures.append(_figure(component, there))
            else:
                drafts.extend(charge(component, there))
    lines = [settle(draft, here, here.scope) for draft in drafts]
    return bill_of(here.book.request.contract, here, lines, figures=tuple(figures))


def _at_each_place(component: Component, here: Here) -> Iterator[Draft]:
    """Draft the lines of one component at each place it covers on these days; the contract's amounts are their sum."""
    for site in here.sites:
        there = here.at_place(site)
        if site.period.covers(here.segment) and applies(component, there):
            for draft in charge(component, there):
                here.amounts.add(draft.code, draft.period, draft.net, here.trace)
                yield draft


def _figure(component: Figure, here: Here) -> FigureValue:
    unit = unit_text(unit_of(component.value, here.tariff.currency))
    return figure(here, component.code, value_of(component.value, here), unit)


def _building_bill(here: Here, building: Building) -> Bill:
    plan = plan_of(here.tariff)
    house = here.for_party(building.scope, here.amounts)
    amounts = {premise.member.id: Amounts(around=here.amounts) for premise in building.premises}
    drafts: dict[str, list[Draft]] = {HOUSE: [], **{party: [] for party in amounts}}
    figures: list[FigureValue] = []
    for index, component in enumerate(plan.components):
        name = name_of(component)
        for segment in segments_of(plan, index, house.at(here.segment, name)):
            there = house.at(segment, name)
            if isinstance(component, Figure):
                figures.extend([_figure(component, there)] if all_hold(component.when, there) else [])
            else:
                for party, lines in _building_lines(component, there, building, amounts).items():
                    drafts[party].extend(lines)
    own = [settle(draft, house, building.scope) for draft in drafts[HOUSE]]
    members = [b for premise in building.premises for b in _premise_bills(premise, drafts[premise.member.id], house)]
    group = here.book.request.group
    assert group is not None
    own_bill = bill_of(group.id, house, own, figures=tuple(figures))
    return house_bill(group.id, house, own_bill, tuple(members))


def _building_lines(
    component: Component, house: Here, building: Building, amounts: dict[str, Amounts]
) -> dict[str, list[Draft]]:
    """Draft the lines of one component: the shares of a cost, or for each premise what it pays by itself."""
    if isinstance(component, AllocateBuilding):
        return allocate(component, house, amounts) if all_hold(component.when, house) else {}
    lines = {}
    for premise in building.premises:
        there = house.for_party(premise.scope, amounts[premise.member.id])
        if applies(component, there):
            lines[premise.member.id] = list(_premise_lines(component, there, premise.member))
    return lines


def _premise_lines(component: Component, here: Here, member: Member) -> Iterator[Draft]:
    """Draft the lines of one component for a premise, each occupant's apart where it charges what is theirs alone."""
    apart = _days_apart(component, here, member)
    for days in apart:
        for draft in charge(component, here.at(days, here.component)):
            if days != here.segment:
                here.amounts.add(draft.code, here.segment, draft.net, here.trace)
            yield draft
    if not apart:
        yield from charge(component, here)


def _days_apart(component: Component, here: Here, member: Member) -> list[Period]:
    """Give the days of the occupants who have what is charged now and then; none where it is the premise's as a whole.

    What was noted on somebody's contract is given over their days alone: it is no cost of the premise to be shared.
    """
    if not isinstance(component, PerUnit) or not component.if_given or len(member.occupants) < 2:
        return []
    names = {qty.name for qty in find(component, Qty)}
    given = [row.period for row in member.usage if row.name in names and row.period.meets(here.segment)]
    theirs = sorted(occupant.period for occupant in member.occupants)
    if not all(any(days.covers(period) for days in theirs) for period in given):
        return []
    charged = [days.common(here.segment) for days in theirs if any(days.covers(period) for period in given)]
    return [days for days in charged if days is not None]


def _premise_bills(premise: Premise, drafts: list[Draft], house: Here) -> list[Bill]:
    """Make the bill of a premise, or one for each of its occupants, who share by days."""
    member, whole = premise.member, house.book.request.period
    if not member.occupants:
        return [bill_of(member.id, house, [settle(draft, house, premise.scope) for draft in drafts])]
    if not covers_days(whole, (occupant.period for occupant in member.occupants)):
        remedy = "its occupants must follow each other through the whole period: name the owner for empty days"
        raise CannotRate("occupants_have_gaps", member.id, remedy)
    bills = []
    for occupant in sorted(member.occupants, key=lambda o: o.period):
        scope = Scope(usage=(), attributes=occupant.attributes, around=premise.scope)
        parts = [part for draft in drafts for part in _parts(draft, house, occupant.period)]
        lines = [settle(part, house, scope) for part in parts]
        bills.append(bill_of(member.id, house, lines, contract=occupant.contract))
    return bills


def _parts(draft: Draft, house: Here, days: Period) -> list[Draft]:
    if days.covers(draft.period):
        return [draft]
    common = draft.period.common(days)
    return [part_of(draft, house, common, draft.period)] if common else []
