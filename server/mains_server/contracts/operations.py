"""Changes in the contracts room: places of supply added, contracts concluded and ended, contracts delegated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import delete, false, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.operations import grant_delegate
from mains_server.access.records import NewDelegate, Refusal
from mains_server.contracts import queries, rules, statements
from mains_server.contracts.life import LifeRefusal
from mains_server.contracts.records import Delivery, NewBuilding, NewContract, NewSupplyPoint, NewTermsDocument
from mains_server.contracts.tables import (
    Building,
    Contract,
    ContractAttribute,
    ContractSeries,
    ContractSupplyPoint,
    TermsDocument,
)
from mains_server.db.copying import RowExists, copy_rows, draw_ids

POINT_COLUMNS = (
    "id", "commodity", "scheme", "identifier", "role", "premise_kind", "building_id", "premise",
    "address_line", "address_city", "address_postcode", "address_country",
    "area_m2", "residents", "phases", "amperes", "time_zone",
)  # fmt: skip
CONTRACT_COLUMNS = (
    "id", "customer_id", "number", "adapter", "product", "billing", "settlement", "delivery", "payment_term_days",
    "signed_on", "starts", "ends", "price_fixed_until", "terms_document_id", "is_distance",
)  # fmt: skip
COVERAGE_COLUMNS = ("customer_id", "contract_id", "supply_point_id", "starts", "ends")
ATTRIBUTE_COLUMNS = ("customer_id", "contract_id", "name", "value", "starts", "ends", "decision")


class SupplyPointExists(Refusal):
    """A supply point with this identifier is there already."""

    code = "SUPPLY_POINT_EXISTS"
    path = "identifier"


class SupplyPointUnknown(Refusal):
    """A contract names a supply point that is not there."""

    code = "SUPPLY_POINT_UNKNOWN"
    path = "supplyPoints"


class SupplyPointTaken(LifeRefusal):
    """Another contract has the supply point on some of the days; `next_allowed` is the first day without any."""

    code = "SUPPLY_POINT_TAKEN"
    path = "supplyPoints"


class ContractNumberTaken(Refusal):
    """A contract with this number is there already."""

    code = "CONTRACT_NUMBER_TAKEN"
    path = "number"


class ContractDatesWrong(Refusal):
    """The dates of a contract, or of a part of it, contradict each other."""

    code = "CONTRACT_DATES_WRONG"
    path = "starts"


class AttributeRepeated(Refusal):
    """An attribute would have two values on one day."""

    code = "ATTRIBUTE_REPEATED"
    path = "attributes"


class TermsVersionExists(Refusal):
    """A product has terms of this version already."""

    code = "TERMS_VERSION_EXISTS"


class ContractUnknown(Refusal):
    """There is no such contract, or it is another customer's."""

    code = "CONTRACT_UNKNOWN"


async def create_building(session: AsyncSession, *, building: NewBuilding) -> int:
    """Add a house whose supply is measured as a whole, and return its id."""
    home = building.address
    row = Building(
        name=building.name,
        address_line=home.line,
        address_city=home.city,
        address_postcode=home.postcode,
        address_country=home.country,
    )
    session.add(row)
    await session.flush()
    return row.id


async def create_supply_point(session: AsyncSession, *, point: NewSupplyPoint) -> int:
    """Add a place of supply, and return its id."""
    (point_id,) = await load_supply_points(session, points=[point])
    return point_id


async def load_supply_points(session: AsyncSession, *, points: Sequence[NewSupplyPoint]) -> tuple[int, ...]:
    """Add many places of supply at once, all or none, and return their ids in the same order."""
    ids = await draw_ids(session, sequence="supply_point_id_seq", count=len(points))
    rows = [_point_row(point_id, point) for point_id, point in zip(ids, points, strict=True)]
    try:
        await copy_rows(session, table="supply_point", columns=POINT_COLUMNS, rows=rows)
    except RowExists as refused:
        raise SupplyPointExists("a supply point with this identifier is there already; use that one") from refused
    return ids


async def conclude_contract(session: AsyncSession, *, contract: NewContract) -> int:
    """Conclude a contract over free supply points, and return its id."""
    (contract_id,) = await load_contracts(session, contracts=[contract])
    return contract_id


async def load_contracts(session: AsyncSession, *, contracts: Sequence[NewContract]) -> tuple[int, ...]:
    """Conclude many contracts at once, all or none, and return their ids in the same order.

    The supply points are held while the contracts are written, so that of two contracts on one place, concluded at
    the same moment, one is refused; so is the second of two with one number, which waits for the first.
    """
    for contract in contracts:
        _check(contract)
    named = {cover.supply_point_id for contract in contracts for cover in contract.covers}
    missing = named - await queries.lock_supply_points(session, supply_point_ids=sorted(named))
    if missing:
        raise SupplyPointUnknown(f"add the supply point first; there is none with id {min(missing)}")
    ids = await draw_ids(session, sequence="contract_id_seq", count=len(contracts))
    if ids:
        async with session.begin_nested():
            await _take_numbers(session, contracts=contracts)
            await _copy_contracts(session, numbered=list(zip(ids, contracts, strict=True)))
            await statements.inherit_votes(session, contract_ids=ids)
            await _prove(session, first_id=min(ids), last_id=max(ids))
    return ids


async def end_contract(session: AsyncSession, *, contract_id: int, ends: date) -> None:
    """Let a contract end on a civil day, which is the first one it no longer has; nothing of it lasts longer.

    What a house's owners voted for a later day stays written down, for the next contract over the house to take over.
    """
    row = await queries.lock_contract(session, contract_id=contract_id)
    if row is None:
        raise ContractUnknown("there is no such contract")
    if ends <= row.starts or (row.ends is not None and row.ends < ends):
        raise ContractDatesWrong(f"choose a day after {row.starts}, and none after an end agreed before")
    row.ends = ends
    for part in (ContractSupplyPoint, ContractAttribute):
        mine = col(part.contract_id) == contract_id
        voted = col(ContractAttribute.decision).is_not(None) if part is ContractAttribute else false()
        await session.execute(delete(part).where(mine, col(part.starts) >= ends, ~voted))
        lasts = col(part.starts) < ends, col(part.ends).is_(None) | (col(part.ends) > ends)
        await session.execute(update(part).where(mine, *lasts).values(ends=ends))
    await session.flush()


async def load_terms_documents(session: AsyncSession, *, documents: Sequence[NewTermsDocument]) -> None:
    """Lay down terms, all or none; a version that is there already is never edited."""
    session.add_all(TermsDocument(**asdict(document)) for document in documents)
    try:
        async with session.begin_nested():
            await session.flush()
    except IntegrityError as refused:
        raise TermsVersionExists("a product has terms of this version already; give the next one") from refused


async def register_contract_series(session: AsyncSession, *, adapter: str, prefix: str, last_number: int) -> None:
    """Say how a utility's new contracts are numbered: behind a prefix, from the number after the last one."""
    session.add(ContractSeries(adapter=adapter, prefix=prefix, last_number=last_number))
    await session.flush()


async def leave_bank_delivery(session: AsyncSession, *, customer_id: int) -> None:
    """Show invoices in the portal that went to an account in an internet bank, since that is somebody else's now."""
    theirs = col(Contract.customer_id) == customer_id, col(Contract.delivery) == Delivery.BANK
    await session.execute(update(Contract).where(*theirs).values(delivery=Delivery.PORTAL))


async def delegate_contracts(session: AsyncSession, *, delegate: NewDelegate, now: datetime) -> int:
    """Give a person rights on a customer's contracts, after proving that the named ones are the customer's."""
    if delegate.contract_ids is not None:
        owned = await queries.contract_ids_of_customer(session, customer_id=delegate.customer_id)
        if not delegate.contract_ids <= owned:
            raise ContractUnknown("name only contracts of this customer")
    return await grant_delegate(session, delegate=delegate, now=now)


def _check(contract: NewContract) -> None:
    problem = rules.dates_problem(contract)
    if problem is not None:
        raise ContractDatesWrong(problem)
    name = rules.repeated_attribute(contract)
    if name is not None:
        raise AttributeRepeated(f"contract {contract.number}: let one value of `{name}` end when the next one starts")


async def _prove(session: AsyncSession, *, first_id: int, last_id: int) -> None:
    overlap = await queries.first_overlap(session, first_id=first_id, last_id=last_id)
    if overlap is not None:
        point, mine, theirs = overlap
        raise SupplyPointTaken(
            f"contract {theirs} has supply point {point} of contract {mine} on some days; end it first"
        )


async def _take_numbers(session: AsyncSession, *, contracts: Sequence[NewContract]) -> None:
    """Enter numbers into the register of all customers' contracts, in order, so that two loads never wait in a ring."""
    numbers = sorted(contract.number for contract in contracts)
    try:
        await copy_rows(session, table="taken_contract_number", columns=("number",), rows=((one,) for one in numbers))
    except RowExists as refused:
        repeated = next((one for one, following in pairwise(numbers) if one == following), None)
        taken = repeated or await queries.first_taken_number(session, numbers=numbers)
        raise ContractNumberTaken(f"contract number {taken} is taken; give the next free one") from refused


async def _copy_contracts(session: AsyncSession, *, numbered: Sequence[tuple[int, NewContract]]) -> None:
    rows = (_contract_row(contract_id, contract) for contract_id, contract in numbered)
    await copy_rows(session, table="contract", columns=CONTRACT_COLUMNS, rows=rows)
    coverage = (row for contract_id, contract in numbered for row in _coverage_rows(contract_id, contract))
    await copy_rows(session, table="contract_supply_point", columns=COVERAGE_COLUMNS, rows=coverage)
    attributes = (row for contract_id, contract in numbered for row in _attribute_rows(contract_id, contract))
    await copy_rows(session, table="contract_attribute", columns=ATTRIBUTE_COLUMNS, rows=attributes)


def _point_row(point_id: int, point: NewSupplyPoint) -> tuple[Any, ...]:
    place = point.address
    return (
        point_id, point.commodity, point.scheme, point.identifier, point.role.name, point.premise_kind.name,
        point.building_id, point.premise, place.line, place.city, place.postcode, place.country,
        point.area_m2, point.residents, point.phases, point.amperes, point.time_zone,
    )  # fmt: skip


def _contract_row(contract_id: int, contract: NewContract) -> tuple[Any, ...]:
    return (
        contract_id, contract.customer_id, contract.number, contract.adapter, contract.product, contract.billing.name,
        contract.settlement.name, contract.delivery.name, contract.payment_term_days,
        contract.signed_on or contract.starts, contract.starts, contract.ends, contract.price_fixed_until,
        contract.terms_document_id, contract.is_distance,
    )  # fmt: skip


def _coverage_rows(contract_id: int, contract: NewContract) -> Iterable[tuple[Any, ...]]:
    for cover in contract.covers:
        days = rules.stretch_of(stretch_starts=cover.starts, stretch_ends=cover.ends, contract=contract)
        yield (contract.customer_id, contract_id, cover.supply_point_id, *days)


def _attribute_rows(contract_id: int, contract: NewContract) -> Iterable[tuple[Any, ...]]:
    for attribute in contract.attributes:
        days = rules.stretch_of(stretch_starts=attribute.starts, stretch_ends=attribute.ends, contract=contract)
        yield (contract.customer_id, contract_id, attribute.name, attribute.value, *days, attribute.decision)
