"""Where is supplied: buildings, supply points, and which contract covers which of them when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import strawberry
from mains_server.allocation.tables import AllocationMethod as AM
from mains_server.contracts.records import PointRole, PremiseKind
from mains_server.contracts.tables import Building as BU
from mains_server.contracts.tables import ContractSupplyPoint as CSP
from mains_server.contracts.tables import SupplyPoint as SP
from mains_server.intervals.tables import IntervalDay as ID
from mains_server.metering.tables import Meter as M
from mains_server.outages.tables import OutagePlace as OP

from mains_schema.common.scopes import SUPPLIES, in_building, supplied
from mains_schema.declaring.connection import Connection
from mains_schema.declaring.given import asked_with
from mains_schema.declaring.mapping import (
    column,
    connection,
    constant,
    embed,
    key,
    known,
    many,
    mapped,
    one,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Address, Period, Quantity
from mains_schema.metering.consumption import Consumption
from mains_schema.metering.consumption_asked import GIVEN, ROWS_ABOUT, of_building, of_supply_point
from mains_schema.metering.interval import IntervalDay, IntervalDayFilter, IntervalDayOrder
from mains_schema.metering.interval_gaps import GIVEN as GAPS_GIVEN
from mains_schema.metering.interval_gaps import ROWS_ABOUT as GAPS_ROWS_ABOUT
from mains_schema.metering.interval_gaps import IntervalGaps, gaps_of_point
from mains_schema.metering.reading_round import GIVEN as ROUND_GIVEN
from mains_schema.metering.reading_round import ROWS_ABOUT as ROUND_ROWS_ABOUT
from mains_schema.metering.reading_round import ReadingRound, round_of_building
from mains_schema.money.debt import HOUSE_DEBT_ROWS, BuildingDebt, debt_of_building
from mains_schema.telling.outage import OutagePlaceFilter, OutagePlaceOrder

if TYPE_CHECKING:
    from mains_schema.contracts.contract import Contract
    from mains_schema.metering.allocation import AllocationMethod
    from mains_schema.metering.meter import Meter
    from mains_schema.telling.outage import OutagePlace


@mapped(BU, scope=in_building(BU.id))
class Building(Node):
    """A house whose supply is measured as a whole and shared out over its premises."""

    id: strawberry.ID = key("Global id.", BU.id)
    name: str = column("What people call it.", BU.name)
    address: Address = embed(
        "Where it stands.",
        Address,
        line=BU.address_line,
        city=BU.address_city,
        postcode=BU.address_postcode,
        country=BU.address_country,
    )
    reading_round: ReadingRound | None = asked_with(
        "Which of its registers were read for a day, and which premises have not told. Null to who does not manage it: "
        "people who live there see the house's own meters in `supplyPoints`.",
        round_of_building,
        BU.id,
        given=ROUND_GIVEN,
        rows=ROUND_ROWS_ABOUT,
    )
    allocation_methods: list[AllocationMethod] = many(
        "Methods by which its owners had its cost shared out, as they were announced, first the earliest; a handful in "
        "decades. What holds by contract or by default before the first is not among them.",
        AM.building_id,
        order=(AM.starts, AM.id),
        about=2,
    )
    supply_points: Connection[SupplyPoint] = connection(
        "The house's own supply point and those of its premises that the viewer sees.", SP.building_id
    )
    outages: Connection[OutagePlace] = connection(
        "Planned interruptions of its supply, also past and cancelled ones.",
        OP.building_id,
        orders=OutagePlaceOrder,
        filters=OutagePlaceFilter,
    )
    debts: list[BuildingDebt] | None = asked_with(
        "What the house owes to the utilities that supply it as a whole, one entry for each currency, without telling"
        " who owes it. For who has a contract in it today, manages it or serves it; null to others.",
        debt_of_building,
        BU.id,
        given=(),
        rows=HOUSE_DEBT_ROWS,
    )
    consumption: Consumption | None = asked_with(
        "What the house's own meters counted: the total that everybody in it sees, on the days of their contracts. "
        "Null for a house without such meters. BAD_INPUT for a period that is reversed, in the future or too long.",
        of_building,
        BU.id,
        given=GIVEN,
        rows=ROWS_ABOUT,
    )


@mapped(SP, scope=supplied(SP.id))
class SupplyPoint(Node):
    """A place where a utility is supplied; it outlives its meters and its contracts."""

    id: strawberry.ID = key("Global id.", SP.id)
    commodity: str = column("What is supplied: `heat`, `electricity`, `water`.", SP.commodity)
    scheme: str = column("Which register the identifier is from, such as `EIC`.", SP.scheme)
    identifier: str = column("The identifier there.", SP.identifier)
    role: PointRole = column("Whether it serves one premise or a whole building.", SP.role)
    premise_kind: PremiseKind = column("What the premise is used for.", SP.premise_kind)
    premise: str | None = column("Number of the flat or room; null for a whole house.", SP.premise)
    address: Address = embed(
        "Where it is.",
        Address,
        line=SP.address_line,
        city=SP.address_city,
        postcode=SP.address_postcode,
        country=SP.address_country,
    )
    area: Quantity | None = embed(
        "Heated area in m2; null if it does not matter.", Quantity, value=known(SP.area_m2), unit=constant("m2")
    )
    residents: int | None = column("How many people live there; null if unknown.", SP.residents)
    phases: int | None = column("Phases of the connection, 1 or 3; null if not electric.", SP.phases)
    amperes: int | None = column("Main fuse in amperes; null if not electric.", SP.amperes)
    time_zone: str = column("Zone of its civil days, `Europe/Riga`.", SP.time_zone)
    building: Building | None = one("The building it belongs to; null for a house of its own.", SP.building_id)
    meters: list[Meter] = many(
        "Meters that are or were installed, oldest first; a handful in decades.",
        M.supply_point_id,
        order=(M.installed_on,),
        about=2,
    )
    outages: Connection[OutagePlace] = connection(
        "Planned interruptions of its supply, also past and cancelled ones.",
        OP.supply_point_id,
        orders=OutagePlaceOrder,
        filters=OutagePlaceFilter,
    )
    interval_days: Connection[IntervalDay] = connection(
        "What its smart meters sent by hour or quarter, on days of the viewer's contracts; empty if it has none.",
        ID.supply_point_id,
        orders=IntervalDayOrder,
        filters=IntervalDayFilter,
    )
    gaps: IntervalGaps = asked_with(
        "What its smart meters did not send, on days of the viewer's contracts that are over. BAD_INPUT for a period "
        "that is reversed or too long.",
        gaps_of_point,
        SP.id,
        given=GAPS_GIVEN,
        rows=GAPS_ROWS_ABOUT,
    )
    consumption: Consumption = asked_with(
        "What was used here on the days of contracts that the viewer sees, and what was billed for it. BAD_INPUT for a "
        "period that is reversed, in the future or too long. Costs more than other fields.",
        of_supply_point,
        SP.id,
        given=GIVEN,
        rows=ROWS_ABOUT,
    )


@mapped(CSP, scope=SUPPLIES)
class Supply:
    """A supply point that a contract covers, and when."""

    period: Period = embed("Days on which the contract covers it.", Period, start=CSP.starts, end=CSP.ends)
    supply_point: SupplyPoint = one("The supply point.", CSP.supply_point_id)
    contract: Contract = one("The contract.", CSP.contract_id)
