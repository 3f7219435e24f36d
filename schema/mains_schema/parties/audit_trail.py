"""The audit trail, for administrators."""

from __future__ import annotations

from datetime import datetime

import strawberry
from mains_server.access.records import StaffRole
from mains_server.audit import queries
from mains_server.audit.records import Entry, Wanted
from mains_server.db.unit_of_work import read_session

from mains_schema.declaring.connection import PageInfo
from mains_schema.declaring.errors import bad_input
from mains_schema.declaring.given import Given
from mains_schema.declaring.mapping import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from mains_schema.declaring.node import decode_id, encode_id, number_of
from mains_schema.declaring.resolve import Reads

AUDIT_ROWS = PAGE_SIZE_MAX
CURSOR_TYPE = "AuditEntry"


@strawberry.input(description="Which entries of the audit trail; conditions add up.")
class AuditTrailFilter:
    """Conditions on entries."""

    customer_id: strawberry.ID | None = strawberry.field(
        description="On this customer, or on something of theirs.", default=None
    )
    person_id: strawberry.ID | None = strawberry.field(description="Done by this person.", default=None)
    act: str | None = strawberry.field(description="This mutation, such as `readingReject`.", default=None)
    since: datetime | None = strawberry.field(description="Done at this moment or later.", default=None)
    until: datetime | None = strawberry.field(description="Done before this moment.", default=None)


@strawberry.type(description="An act of an employee, or about money, contracts or rights; it can never be changed.")
class AuditEntry:
    """One act."""

    number: str = strawberry.field(description="Number of the entry; later ones are higher.")
    act: str = strawberry.field(description="The mutation, or the command, such as `mains staff give`.")
    at: datetime = strawberry.field(description="When.")
    person_id: strawberry.ID | None = strawberry.field(
        description="Who; global id of the person. Null where it was done by the command line, such as `mains staff`."
    )
    person_name: str = strawberry.field(description="Who, by the name known today; empty if none is any more.")
    roles: list[StaffRole] = strawberry.field(description="As which employee; empty for a customer.")
    customer_id: strawberry.ID | None = strawberry.field(description="On whom; null where it is about no customer.")
    customer_number: str | None = strawberry.field(description="The customer's number; null likewise.")
    subject_ids: list[strawberry.ID] = strawberry.field(description="What it named, by global ids; at most 20.")
    reason: str | None = strawberry.field(
        description="Why, as was said; null where nothing was. Of roles given and taken, which, before that; of a"
        " command, by which account of the operating system."
    )
    address_hash: str | None = strawberry.field(
        description="From where: SHA-256 of the network address, alike for alike addresses; null where none is known."
    )
    seal: str | None = strawberry.field(
        description="Number of the seal that chains it, as `mains verify-audit` names it; null for about a minute."
    )


@strawberry.type(description="A page of the audit trail, the newest first.")
class AuditTrail:
    """Entries and whether there are more."""

    nodes: list[AuditEntry] = strawberry.field(description="The entries.")
    page_info: PageInfo = strawberry.field(description="Whether to go on, and from where.")


AUDIT_GIVEN = (
    Given("first", int | None, "How many; 1 to 100, 10 if left out."),
    Given("after", str | None, "Cursor behind which to go on: `pageInfo.endCursor`."),
    Given("filter", AuditTrailFilter | None, "Which."),
)


async def audit_trail(
    reads: Reads, *, first: int | None = None, after: str | None = None, filter: AuditTrailFilter | None = None
) -> AuditTrail:
    """Read a page of the trail."""
    size = PAGE_SIZE_DEFAULT if first is None else first
    if not 1 <= size <= PAGE_SIZE_MAX:
        raise bad_input(f"`first` must be from 1 to {PAGE_SIZE_MAX}.")
    before = None if after is None else number_of(after, type_name=CURSOR_TYPE)
    async with read_session(reads.engine) as session:
        page = await queries.trail(session, wanted=_wanted(filter), before=before, rows_max=size)
    cursors = [encode_id(type_name=CURSOR_TYPE, number=entry.id) for entry in page.entries]
    return AuditTrail(
        nodes=[_shown(entry) for entry in page.entries],
        page_info=PageInfo(
            has_next_page=page.has_more,
            has_previous_page=after is not None,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
    )


def _wanted(given: AuditTrailFilter | None) -> Wanted:
    if given is None:
        return Wanted()
    return Wanted(
        customer_id=None if given.customer_id is None else number_of(given.customer_id, type_name="Customer"),
        person_id=None if given.person_id is None else decode_id(given.person_id)[1],
        act=given.act,
        since=given.since,
        until=given.until,
    )


def _shown(entry: Entry) -> AuditEntry:
    customer = entry.customer_id
    return AuditEntry(
        number=str(entry.id),
        act=entry.act,
        at=entry.at,
        person_id=None if entry.person_id is None else encode_id(type_name="Viewer", number=entry.person_id),
        person_name=entry.person_name,
        roles=[StaffRole[role] for role in entry.roles],
        customer_id=None if customer is None else encode_id(type_name="Customer", number=customer),
        customer_number=entry.customer_number,
        subject_ids=[encode_id(type_name=one.type_name, number=one.number) for one in entry.subjects],
        reason=entry.reason,
        address_hash=entry.address_hash,
        seal=None if entry.seal is None else str(entry.seal),
    )
