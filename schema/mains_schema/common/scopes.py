"""The scopes of the rooms' tables, each defined once, so that types of one interface and neighbours agree.

Every subquery says what it correlates with: SQLAlchemy guesses only one level deep, and a wrong guess shows all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mains_server.access.records import Viewer
from mains_server.contracts.records import ContractBilling, PointRole
from mains_server.contracts.tables import Contract, ContractSupplyPoint, SupplyPoint
from mains_server.intervals.tables import IntervalDay
from mains_server.metering.tables import Reading
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    and_,
    any_,
    bindparam,
    exists,
    null,
    or_,
    select,
    union_all,
)

from mains_schema.declaring.expressions import plain
from mains_schema.declaring.scope import Scope, allowed, granted, through

CONTRACTS = allowed(Contract.customer_id, Contract.id)
MY_CONTRACTS = granted(Contract.customer_id, Contract.id)
SUPPLIES = allowed(ContractSupplyPoint.customer_id, ContractSupplyPoint.contract_id)

MY_SUPPLIES = granted(ContractSupplyPoint.customer_id, ContractSupplyPoint.contract_id)

_supply = ContractSupplyPoint.__table__.c  # type: ignore[attr-defined]
_point = SupplyPoint.__table__.c  # type: ignore[attr-defined]
_house = SupplyPoint.__table__.alias("house")  # type: ignore[attr-defined]
_premise = SupplyPoint.__table__.alias("premise")  # type: ignore[attr-defined]
_managing = Contract.__table__.alias("managing")  # type: ignore[attr-defined]


def supplied(point: object) -> Scope:
    """Limit rows to supply points of contracts one sees, and to a house's own point if one sees a premise of it.

    Who manages a building sees all its points, since they collect the readings of its premises.
    """

    def connected(seen: ColumnElement[bool]) -> ColumnElement[bool]:
        column = plain(point)
        return or_(column.in_(_supplied(seen)), column.in_(_of_houses(seen)), column.in_(_managed(seen)))

    return through(SUPPLIES, connected)


def in_building(building: object) -> Scope:
    """Limit rows to buildings in which one sees a supply point."""
    return through(SUPPLIES, lambda seen: plain(building).in_(_buildings(seen)))


def my_points(point: object) -> Scope:
    """Limit rows to the supply points of `supplied` that a person has by contracts of their own or delegated to them.

    They are one set, so that a list of them is read from the contracts on and not by trying every point there is.
    """

    def connected(seen: ColumnElement[bool]) -> ColumnElement[bool]:
        return plain(point).in_(union_all(_supplied(seen), _of_houses(seen), _managed(seen)))

    return through(MY_SUPPLIES, connected)


def my_buildings(building: object) -> Scope:
    """Limit rows to the buildings of `my_points`."""
    return through(MY_SUPPLIES, lambda seen: plain(building).in_(_buildings(seen)))


def read_while_supplied() -> Scope:
    """Limit readings to supply points one sees, and to the days of the contracts one sees them by.

    Who moves out stops seeing the meter, and who moves in does not see who lived there before.
    """
    return through(SUPPLIES, _read_while_supplied)


def days_supplied(*, points: Sequence[int], viewer: Viewer) -> Select[Any] | None:
    """Select the days on which a viewer sees supply points, as `read_while_supplied` shows readings; None is every day.

    Each row has the point, the first day, the day after the last, and the contract where the point is its own.
    """
    seen = SUPPLIES.condition(viewer)
    if seen is None:
        return None
    asked = any_(bindparam("points", points, type_=ARRAY(BigInteger)))
    days = _supply.starts, _supply.ends
    own = select(_supply.supply_point_id, *days, _supply.contract_id).where(_supply.supply_point_id == asked, seen)
    nobody = null().cast(BigInteger)
    near = select(_house.c.id, *days, nobody).join_from(
        _supply.id.table, _premise, _premise.c.id == _supply.supply_point_id
    )
    houses = near.join(_house, _house.c.building_id == _premise.c.building_id).where(
        _house.c.id == asked, _house.c.role == PointRole.BUILDING, seen
    )
    kept = select(_premise.c.id, *days, nobody).join_from(
        _supply.id.table, _house, _house.c.id == _supply.supply_point_id
    )
    premises = kept.join(_managing, _managing.c.id == _supply.contract_id).where(
        _managing.c.billing == ContractBilling.BY_MEMBERS, _house.c.role == PointRole.BUILDING, seen
    )
    managed = premises.join(_premise, _premise.c.building_id == _house.c.building_id).where(_premise.c.id == asked)
    days_seen = union_all(own, houses, managed).subquery("days_seen")
    return select(*days_seen.c)


def metered_while_supplied() -> Scope:
    """Limit the days of smart meters to those of contracts one sees, and for customers to their latest versions.

    Who manages a building reads the meters of its premises, but not when somebody was at home.
    """
    return through(SUPPLIES, _metered_while_supplied)


def _supplied(seen: ColumnElement[bool]) -> Any:
    return select(_supply.supply_point_id).where(seen).correlate(None)


def _of_houses(seen: ColumnElement[bool]) -> Any:
    in_houses = _house.c.role == PointRole.BUILDING, _house.c.building_id.in_(_buildings(seen))
    return select(_house.c.id).where(*in_houses).correlate(None)


def _managed(seen: ColumnElement[bool]) -> Any:
    return select(_premise.c.id).where(_premise.c.building_id.in_(_managed_buildings(seen))).correlate(None)


def _managed_buildings(*conditions: ColumnElement[bool], of: Any = None) -> Any:
    """Select the buildings whose cost a seen contract shares out; conditions may name the outer table `of`."""
    houses = select(_house.c.building_id).join_from(_supply.id.table, _house, _house.c.id == _supply.supply_point_id)
    managed = houses.join(_managing, _managing.c.id == _supply.contract_id)
    is_shared_out = _managing.c.billing == ContractBilling.BY_MEMBERS, _house.c.role == PointRole.BUILDING
    return managed.where(*is_shared_out, _house.c.building_id.is_not(None), *conditions).correlate(of)


def _buildings(seen: ColumnElement[bool]) -> Any:
    points = _point.id == _supply.supply_point_id
    seen_points = select(_point.building_id).join_from(_point.id.table, _supply.id.table, points)
    return seen_points.where(seen, _point.building_id.is_not(None)).correlate(None)


def _metered_while_supplied(seen: ColumnElement[bool]) -> ColumnElement[bool]:
    day: Any = IntervalDay.__table__.c  # type: ignore[attr-defined]
    on_that_day = day.day >= _supply.starts, or_(_supply.ends.is_(None), day.day < _supply.ends)
    own = exists().where(_supply.supply_point_id == day.supply_point_id, *on_that_day, seen).correlate(day.id.table)
    return and_(day.is_current, or_(own, _of_house_while_supplied(day, on_that_day, seen)))


def _of_house_while_supplied(rows: Any, on_that_day: Any, seen: ColumnElement[bool]) -> ColumnElement[bool]:
    premises = select(_house.c.id).join_from(_supply.id.table, _premise, _premise.c.id == _supply.supply_point_id)
    houses = premises.join(_house, _house.c.building_id == _premise.c.building_id).where(
        _house.c.id == rows.supply_point_id, _house.c.role == PointRole.BUILDING, *on_that_day, seen
    )
    return houses.correlate(rows.id.table).exists()


def _read_while_supplied(seen: ColumnElement[bool]) -> ColumnElement[bool]:
    reading: Any = Reading.__table__.c  # type: ignore[attr-defined]
    on_that_day = reading.counts_for >= _supply.starts, or_(_supply.ends.is_(None), reading.counts_for <= _supply.ends)
    readings = reading.id.table
    own = exists().where(_supply.supply_point_id == reading.supply_point_id, *on_that_day, seen).correlate(readings)
    managed = select(_premise.c.id).where(
        _premise.c.id == reading.supply_point_id,
        _premise.c.building_id.in_(_managed_buildings(*on_that_day, seen, of=readings)),
    )
    return or_(own, _of_house_while_supplied(reading, on_that_day, seen), managed.correlate(readings).exists())
