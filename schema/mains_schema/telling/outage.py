"""Planned interruptions of supply: what is planned, what of it changed, where, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import Viewer
from mains_server.outages.records import OutageChange, OutageKind, OutageNoticeState, OutageState
from mains_server.outages.tables import Outage as O
from mains_server.outages.tables import OutageCalendar as OC
from mains_server.outages.tables import OutageNotice as ON
from mains_server.outages.tables import OutagePlace as OP
from mains_server.outages.tables import OutageRevision as OR
from sqlalchemy import ColumnElement, or_, select

from mains_schema.common.scopes import in_building, supplied
from mains_schema.declaring.connection import Connection
from mains_schema.declaring.expressions import plain
from mains_schema.declaring.mapping import (
    OrderBy,
    ascending,
    at_least,
    before,
    column,
    computed,
    connection,
    descending,
    described,
    equals,
    filters,
    key,
    many,
    mapped,
    one,
    one_of,
    orders,
    where,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scope import allowed, oneself

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads
    from mains_schema.metering.supply import Building, SupplyPoint
    from mains_schema.parties.customer import Customer

described(
    OutageKind,
    "What is done while there is no supply.",
    {
        "MAINTENANCE": "The network is looked after.",
        "REPAIR": "Something is put right.",
        "TESTING": "The network is tested, such as heat mains by pressure in summer.",
        "CONNECTION": "Somebody is connected, or a stretch is built anew.",
    },
)
described(
    OutageState,
    "How an outage stands.",
    {
        "PLANNED": "It holds as announced, whether or not it has begun.",
        "CANCELLED": "It does not take place; `note` says why.",
        "RESTORED": "Supply is back.",
    },
)
described(
    OutageChange,
    "What a revision did.",
    {
        "PLANNED": "The outage was announced.",
        "MOVED": "It was moved to another time.",
        "CANCELLED": "It was called off.",
        "RESTORED": "Supply is back.",
    },
)
described(
    OutageNoticeState,
    "How far a notice is.",
    {
        "OWED": "It waits to be sent.",
        "TAKEN": "It was handed on to be sent.",
        "SUPERSEDED": "A later revision came before it was sent, so it never is.",
    },
)


@dataclass(frozen=True, slots=True, eq=False)
class AtSeenPlaces:
    """Places that are supply points or buildings one sees."""

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Put both together; employees see all."""
        point = supplied(OP.supply_point_id).condition(viewer)
        building = in_building(OP.building_id).condition(viewer)
        return None if point is None or building is None else or_(point, building)


@dataclass(frozen=True, slots=True, eq=False)
class WithSeenPlaces:
    """Rows of outages that touch a place one sees."""

    outage: object

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Look for such a place."""
        seen = PLACES.condition(viewer)
        if seen is None:
            return None
        return plain(self.outage).in_(select(plain(OP.outage_id)).where(seen).correlate(None))


PLACES = AtSeenPlaces()


def why(reads: Reads, words: str, lv: str | None, en: str | None, ru: str | None) -> str:
    """Choose a reason in the viewer's language, or as it was written first."""
    return {"lv": lv, "en": en, "ru": ru}.get(reads.language) or words


def why_if_any(reads: Reads, words: str | None, lv: str | None, en: str | None, ru: str | None) -> str | None:
    """Choose a reason where there is one."""
    return None if words is None else why(reads, words, lv, en, ru)


@orders
class OutageOrder(OrderBy):
    """Order of outages."""

    NEXT = ascending("Those that begin first, first.", O.starts)
    LATEST = descending("Those that begin last, first.", O.starts)


@filters
class OutageFilter:
    """Which outages; conditions add up."""

    states: list[OutageState] | None = where("Which stand so.", one_of(O.state))
    commodity: str | None = where("Of this commodity, such as `heat`.", equals(O.commodity))
    reference: str | None = where("With this reference.", equals(O.reference))
    is_late: bool | None = where("Whether their time was announced less than five full days ahead.", equals(O.is_late))
    ends_after: datetime | None = where("Which end at this instant or later.", at_least(O.ends))
    starts_before: datetime | None = where("Which begin before this instant.", before(O.starts))


@orders
class OutagePlaceOrder(OrderBy):
    """Order of the outages of a place."""

    LATEST = descending("Those that begin last, first.", OP.starts)
    NEXT = ascending("Those that begin first, first.", OP.starts)


@filters
class OutagePlaceFilter:
    """Which outages of a place; conditions add up."""

    starts_from: datetime | None = where("Which begin at this instant or later.", at_least(OP.starts))
    starts_before: datetime | None = where("Which begin before this instant.", before(OP.starts))


@mapped(OR, scope=WithSeenPlaces(OR.outage_id))
class OutageRevision(Node):
    """What was announced once, as it was announced."""

    id: strawberry.ID = key("Global id.", OR.id)
    number: int = column("1 for the first announcement.", OR.number)
    change: OutageChange = column("What it did.", OR.change)
    starts: datetime = column("Beginning that it announced.", OR.starts)
    ends: datetime = column("End that it announced.", OR.ends)
    note: str | None = computed(
        "Why it was moved or cancelled, in the viewer's language if somebody wrote it so; null for the first, and "
        "where supply is back.",
        why_if_any,
        *(OR.note, OR.note_lv, OR.note_en, OR.note_ru),
    )
    is_late: bool = column("Whether it came less than five full days before the outage.", OR.is_late)
    notices: int = column("How many customers were to be told.", OR.notices)
    at: datetime = column("When it was announced.", OR.at)


@mapped(OP, scope=PLACES)
class OutagePlace(Node):
    """A supply point or building that an outage touches."""

    id: strawberry.ID = key("Global id.", OP.id)
    starts: datetime = column("When the outage begins.", OP.starts)
    outage: Outage = one("The outage.", OP.outage_id)
    supply_point: SupplyPoint | None = one("The supply point; null if this is about a building.", OP.supply_point_id)
    building: Building | None = one("The building; null if this is about a supply point.", OP.building_id)


@mapped(ON, scope=allowed(ON.customer_id))
class OutageNotice(Node):
    """That a customer is to be told of one revision of an outage; there is at most one of each."""

    id: strawberry.ID = key("Global id.", ON.id)
    revision: int = column("Number of the revision.", ON.revision)
    change: OutageChange = column("What it tells.", ON.change)
    state: OutageNoticeState = column("How far it is.", ON.state)
    is_late: bool = column("Whether it tells of an outage less than five full days away.", ON.is_late)
    created_at: datetime = column("When it was owed.", ON.created_at)
    taken_at: datetime | None = column("When it was handed on to be sent; null before that.", ON.taken_at)
    customer: Customer = one("Who is told.", ON.customer_id)


@mapped(O, scope=WithSeenPlaces(O.id))
class Outage(Node):
    """A planned interruption of supply, as it stands. Faults are not here: the network operator's line takes them."""

    id: strawberry.ID = key("Global id.", O.id)
    reference: str = column("Whoever plans it calls it so.", O.reference)
    kind: OutageKind = column("What is done meanwhile.", O.kind)
    commodity: str = column("What is not supplied: `heat`, `electricity`, `water`.", O.commodity)
    state: OutageState = column("How it stands.", O.state)
    revision: int = column("Number of its last revision; 1 while it is as first announced.", O.revision)
    starts: datetime = column("When supply is interrupted.", O.starts)
    ends: datetime = column("When supply is to be back; once it is back, when it was.", O.ends)
    cause: str = computed(
        "Why supply is interrupted, in the viewer's language if somebody wrote it so.",
        why,
        *(O.cause, O.cause_lv, O.cause_en, O.cause_ru),
    )
    note: str | None = computed(
        "Why it was last moved, or cancelled, likewise; null while it is as first announced.",
        why_if_any,
        *(O.note, O.note_lv, O.note_en, O.note_ru),
    )
    is_late: bool = column("Whether its time was announced less than five full days ahead.", O.is_late)
    announced_at: datetime = column("When it was first announced.", O.announced_at)
    changed_at: datetime = column("When its last revision was announced.", O.changed_at)
    revisions: list[OutageRevision] = many(
        "What was announced of it, the first first; a handful.", OR.outage_id, order=(OR.number,), about=2
    )
    places: Connection[OutagePlace] = connection("Where it is, as far as the viewer sees the place.", OP.outage_id)
    notices: Connection[OutageNotice] = connection("Which customers that the viewer sees are told of it.", ON.outage_id)


@mapped(OC, scope=oneself(OC.person_id))
class OutageCalendar(Node):
    """A secret link to a calendar of one's outages; the link itself is shown only when it is made."""

    id: strawberry.ID = key("Global id.", OC.id)
    created_at: datetime = column("When it was made.", OC.created_at)
    revoked_at: datetime | None = column("When it was revoked; null while it works.", OC.revoked_at)
