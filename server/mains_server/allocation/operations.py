"""Changes in the allocation room: methods announced and cancelled, and areas corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from mains_spi import Attribute, ContractCheck, Utility
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.operations import claim_request
from mains_server.access.records import OPERATORS, Permission, Refusal, Viewer
from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.host import AdapterHost, UnknownAdapter
from mains_server.adapters.live import LiveAdapter
from mains_server.allocation import queries, rules
from mains_server.allocation.records import Announcer, House, NewArea, NewMethod
from mains_server.allocation.tables import AllocationMethod, AllocationValue, AreaCorrection
from mains_server.contracts.agreeing import change_attributes, set_area, take_back_attributes
from mains_server.contracts.queries import contract_by_id, lock_building
from mains_server.contracts.records import DatedAttribute
from mains_server.contracts.statements import contracts_in_house
from mains_server.contracts.votes import carry_on
from mains_server.customers.queries import customer_by_id
from mains_server.db.idempotency import keep_answer
from mains_server.invoices.queries import any_billed_until
from mains_server.metering.rules import civil_day

ANNOUNCE, CANCEL, CORRECT_AREA = "allocation_method_announce", "allocation_method_cancel", "supply_point_area_correct"
STAFF_WHO_ANNOUNCE = OPERATORS
EARLIEST = date(2000, 1, 1)


class ContractNotManaged(Refusal):
    """There is no such contract over a whole building on which the viewer may ask for changes."""

    code = "CONTRACT_NOT_MANAGED"
    path = "contractId"


class ChoiceUnknown(Refusal):
    """The utility lets owners decide no such attribute, or not with that value."""

    code = "CHOICE_UNKNOWN"
    path = "choices"


class ChoicesMissing(Refusal):
    """Nothing is chosen, or one thing twice."""

    code = "CHOICES_MISSING"
    path = "choices"


class MethodIncomplete(Refusal):
    """The method and what else holds in the house on that day do not go together."""

    code = "METHOD_INCOMPLETE"
    path = "choices"


class DecisionReferenceWrong(Refusal):
    """The decision is not named."""

    code = "DECISION_REFERENCE_WRONG"
    path = "decisionReference"


class DecidedOnWrong(Refusal):
    """A decision is announced that is yet to be taken."""

    code = "DECIDED_ON_WRONG"
    path = "decidedOn"


class ValidFromWrong(Refusal):
    """The method would begin on a day that is not the contract's."""

    code = "VALID_FROM_WRONG"
    path = "validFrom"


class ValidFromBilled(Refusal):
    """Somebody in the house was billed for that day; `allowed_from` is the first day that is free."""

    code = "VALID_FROM_BILLED"
    path = "validFrom"

    def __init__(self, message: str, *, allowed_from: date) -> None:
        super().__init__(message)
        self.allowed_from = allowed_from


class MethodUnknown(Refusal):
    """There is no such method that the viewer may cancel."""

    code = "METHOD_UNKNOWN"
    path = "methodId"


class MethodStarted(Refusal):
    """The method holds already, so another has to take its place."""

    code = "METHOD_STARTED"
    path = "methodId"


class UtilityUnavailable(Refusal):
    """The utility's adapter cannot be asked what it allows."""

    code = "UTILITY_UNAVAILABLE"
    is_retryable = True


class AreaWrong(Refusal):
    """No premise has such an area, or nobody says why it is right."""

    code = "AREA_WRONG"


async def announce_method(
    session: AsyncSession, *, viewer: Viewer, method: NewMethod, host: AdapterHost, key: str, now: datetime
) -> int:
    """Let a voted method hold from a day on, and return its id; the same key and body give the same again.

    Raises a `Refusal` named for what is wrong with it; nothing is changed then.
    """
    person_id = _person(viewer)
    house = await queries.house_of(session, contract_id=method.contract_id)
    if house is None or not _may_announce(viewer, house):
        raise ContractNotManaged("there is no such contract over a whole building that is yours to change")
    body = _body(method)
    done = await claim_request(session, person_id=person_id, operation=ANNOUNCE, key=key, body=body, now=now)
    if done is not None:
        return int(done["method"])
    adapter = _adapter(host, code=house.adapter)
    _check_words(method, utility=adapter.utility, today=civil_day(now, time_zone=house.time_zone))
    await lock_building(session, building_id=house.building_id)
    await _check_days(session, method=method, house=house)
    await _check_together(session, method=method, adapter=adapter)
    before = await contract_by_id(session, contract_id=house.contract_id)
    assert before is not None, "the contract over the house was found before"
    replaced = await change_attributes(
        session,
        contract_id=house.contract_id,
        changes=[_agreed(method, name=choice.name, value=choice.value) for choice in method.choices],
    )
    await carry_on(session, before=before, names=[choice.name for choice in method.choices])
    method_id = await _written(session, viewer=viewer, method=method, house=house, replaced=replaced, now=now)
    await keep_answer(session, person_id=person_id, operation=ANNOUNCE, key=key, answer={"method": method_id})
    return method_id


async def cancel_method(session: AsyncSession, *, viewer: Viewer, method_id: int, key: str, now: datetime) -> int:
    """Call a method off before it starts, so that what held before goes on, and return its id; again, it stays so.

    It is called off on every contract over the house, also by the manager who has taken the house over since.
    """
    person_id = _person(viewer)
    found = await queries.announced_method(session, method_id=method_id)
    houses = () if found is None else await queries.houses_of(session, method=found)
    if found is None or not any(_may_announce(viewer, house) for house in houses):
        raise MethodUnknown("there is no such method that is yours to cancel")
    body = {"method": method_id}
    done = await claim_request(session, person_id=person_id, operation=CANCEL, key=key, body=body, now=now)
    if done is not None or found.is_cancelled:
        return method_id
    if civil_day(now, time_zone=houses[0].time_zone) >= found.starts:
        raise MethodStarted(f"it holds since {found.starts}; announce another for a later day")
    for contract_id in sorted(house.contract_id for house in houses):
        before = await contract_by_id(session, contract_id=contract_id)
        assert before is not None, "the contract over the house was found before"
        replaced = found.replaced if contract_id == found.contract_id else frozenset(found.names)
        await take_back_attributes(
            session, contract_id=contract_id, starts=found.starts, names=found.names, replaced=replaced
        )
        await carry_on(session, before=before, names=found.names)
    await session.execute(
        update(AllocationMethod)
        .where(col(AllocationMethod.id) == method_id)
        .values(cancelled_at=now, cancelled_by_person_id=person_id)
    )
    await keep_answer(session, person_id=person_id, operation=CANCEL, key=key, answer={"method": method_id})
    return method_id


async def correct_area(session: AsyncSession, *, viewer: Viewer, area: NewArea, key: str, now: datetime) -> int:
    """Put a premise's true area on file for the bills to come, and return the supply point's id.

    Issued bills stay as they are, with the area they were billed by. Raises `AreaWrong`.
    """
    person_id = _person(viewer)
    body = {"point": area.supply_point_id, "area": str(area.area_m2), "reason": area.reason}
    done = await claim_request(session, person_id=person_id, operation=CORRECT_AREA, key=key, body=body, now=now)
    if done is not None:
        return area.supply_point_id
    if not area.area_m2.is_finite() or not 0 < area.area_m2 <= rules.AREA_MAX:
        raise AreaWrong(f"an area is more than 0 and at most {rules.AREA_MAX} m2")
    if not rules.is_reason(area.reason):
        raise AreaWrong(f"say why it is right, in 1 to {rules.REASON_CHARACTERS_MAX} characters")
    before = await set_area(session, supply_point_id=area.supply_point_id, area_m2=area.area_m2)
    session.add(
        AreaCorrection(
            supply_point_id=area.supply_point_id,
            area_before=before,
            area_after=area.area_m2,
            reason=area.reason.strip(),
            corrected_at=now,
            corrected_by_person_id=person_id,
        )
    )
    answer = {"point": area.supply_point_id}
    await keep_answer(session, person_id=person_id, operation=CORRECT_AREA, key=key, answer=answer)
    return area.supply_point_id


def _person(viewer: Viewer) -> int:
    assert viewer.person_id is not None, "whoever changes something is signed in"
    return viewer.person_id


def _may_announce(viewer: Viewer, house: House) -> bool:
    mine = viewer.may(Permission.REQUEST_SERVICES, customer_id=house.customer_id, contract_id=house.contract_id)
    return mine or bool(viewer.staff & STAFF_WHO_ANNOUNCE)


def _adapter(host: AdapterHost, *, code: str) -> LiveAdapter:
    try:
        return host.adapter(code)
    except UnknownAdapter as failure:
        raise UtilityUnavailable("the utility cannot be asked at the moment; try again later") from failure


def _body(method: NewMethod) -> Mapping[str, Any]:
    return {
        "contract": method.contract_id,
        "choices": [[choice.name, choice.value] for choice in method.choices],
        "from": method.valid_from.isoformat(),
        "decision": method.decision_reference,
        "decided_on": method.decided_on.isoformat(),
    }


def _check_words(method: NewMethod, *, utility: Utility, today: date) -> None:
    """Refuse what does not name a decision, and what nobody can vote for."""
    if not rules.is_reference(method.decision_reference):
        raise DecisionReferenceWrong(
            f"name the decision, such as the number of the minutes, in 1 to {rules.REFERENCE_CHARACTERS_MAX} characters"
        )
    if not EARLIEST <= method.decided_on <= today:
        raise DecidedOnWrong(f"give the day of the decision, {EARLIEST} at the earliest and today at the latest")
    names = [choice.name for choice in method.choices]
    if not 1 <= len(names) <= rules.CHOICES_MAX or len(set(names)) != len(names):
        raise ChoicesMissing(f"choose 1 to {rules.CHOICES_MAX} attributes, each once")
    voted = rules.voted_attributes(utility)
    for choice in method.choices:
        attribute = voted.get(choice.name)
        if attribute is None:
            raise ChoiceUnknown(f"owners can decide {', '.join(voted) or 'nothing'}; not `{choice.name[:60]}`")
        if not rules.allows(attribute, value=choice.value):
            known = ", ".join(attribute.values) or f"a plain number in {attribute.unit}"
            raise ChoiceUnknown(f"`{choice.name}` can be {known}; not `{choice.value[:60]}`")


async def _check_days(session: AsyncSession, *, method: NewMethod, house: House) -> None:
    """Refuse a day that is not the contract's or was billed; the message names days that can be chosen, if any."""
    contracts = await contracts_in_house(session, building_id=house.building_id, adapter=house.adapter)
    billed_until = await any_billed_until(session, contract_ids=contracts | {house.contract_id})
    first = house.starts if billed_until is None else max(house.starts, rules.first_free_month(billed_until))
    if house.ends is not None and first >= house.ends:
        raise ValidFromWrong(
            f"no day of this contract is left to choose, since it ends on {house.ends};"
            " announce it on the next contract over the house"
        )
    if method.valid_from < house.starts or (house.ends is not None and method.valid_from >= house.ends):
        until = "" if house.ends is None else f" and before {house.ends}"
        raise ValidFromWrong(f"choose a day of the contract, from {first} on{until}")
    if billed_until is not None and method.valid_from < billed_until:
        raise ValidFromBilled(
            f"the house is billed until {billed_until}; let it hold from {first} on", allowed_from=first
        )


async def _check_together(session: AsyncSession, *, method: NewMethod, adapter: LiveAdapter) -> None:
    """Have the adapter say whether the method is whole, among all that holds in the house on its first day."""
    contract = await contract_by_id(session, contract_id=method.contract_id)
    assert contract is not None, "the contract over the house was found before"
    attributes: Sequence[Attribute] = rules.in_force(
        method.choices, agreed=contract.attributes, utility=adapter.utility, day=method.valid_from
    )
    request = ContractCheck(product=contract.product, on=method.valid_from, attributes=tuple(attributes))
    voted = rules.voted_attributes(adapter.utility)
    try:
        problems = adapter.check_contract(request)
    except AdapterFailed as failure:
        raise UtilityUnavailable("the utility cannot be asked at the moment; try again later") from failure
    for problem in problems:
        if problem.severity == "refuse" and problem.path in voted:
            raise MethodIncomplete(f"{problem.path}: {problem.labels.en}")


def _agreed(method: NewMethod, *, name: str, value: str) -> DatedAttribute:
    return DatedAttribute(name=name, value=value, starts=method.valid_from, decision=method.decision_reference)


async def _written(
    session: AsyncSession, *, viewer: Viewer, method: NewMethod, house: House, replaced: frozenset[str], now: datetime
) -> int:
    is_managers = viewer.may(Permission.REQUEST_SERVICES, customer_id=house.customer_id, contract_id=house.contract_id)
    customer = await customer_by_id(session, customer_id=house.customer_id) if is_managers else None
    row = AllocationMethod(
        customer_id=house.customer_id,
        contract_id=house.contract_id,
        building_id=house.building_id,
        starts=method.valid_from,
        decided_on=method.decided_on,
        decision_reference=method.decision_reference,
        announced_at=now,
        announced_as=Announcer.MANAGER if is_managers else Announcer.STAFF,
        announced_by=None if customer is None else customer.name,
        announced_by_person_id=_person(viewer),
    )
    session.add(row)
    await session.flush()
    for choice in method.choices:
        session.add(
            AllocationValue(
                customer_id=house.customer_id,
                method_id=row.id,
                contract_id=house.contract_id,
                starts=method.valid_from,
                adapter=house.adapter,
                name=choice.name,
                value=choice.value,
                has_replaced=choice.name in replaced,
            )
        )
    await session.flush()
    return row.id
