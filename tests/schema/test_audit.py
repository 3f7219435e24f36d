"""Every mutation writes what it did on the audit trail, which administrators alone can read."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_schema.http.audited import OF_STAFF_ONLY, audited
from mains_schema.served import schema
from mains_server.access.records import StaffRole, Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.metering.tables import Reading
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker, clerk, owner
from tests.schema.metering_documents import STAFF_MUTATIONS
from tests.schema.test_metering_staff import flagged
from tests.schema.town import settle

ADMIN = Viewer(person_id=3, staff=frozenset({StaffRole.ADMIN}))
TRAIL = """query ($first: Int, $after: String, $filter: AuditTrailFilter) {
  staff { auditTrail(first: $first, after: $after, filter: $filter) {
    nodes { act personId personName roles customerId customerNumber subjectIds reason seal }
    pageInfo { hasNextPage endCursor } } } }"""


@pytest_asyncio.fixture
async def asker(engine: AsyncEngine) -> Asker:
    async with engine.begin() as connection:
        await settle(connection, customers=4)
        await connection.execute(insert(Reading), [flagged(900_001, 1, value="1500", reasons=["HIGH"])])
    return Asker(schema(), engine)


async def entries(asker: Asker, **filter_: Any) -> list[dict[str, Any]]:
    answer = await asker.resolve(TRAIL, viewer=ADMIN, first=100, filter=filter_)
    assert answer.errors == []
    found: list[dict[str, Any]] = answer.data["staff"]["auditTrail"]["nodes"]
    return found


def test_no_mutation_of_the_schema_goes_unwritten() -> None:
    mutations = schema()._schema.mutation_type
    assert mutations is not None
    bare = [name for name, field in mutations.fields.items() if not hasattr(field.resolve, "__wrapped__")]

    assert bare == []
    assert mutations.fields.keys() >= OF_STAFF_ONLY


@pytest.mark.asyncio
async def test_each_mutation_of_an_employee_leaves_an_entry(asker: Asker) -> None:
    """Each wrapper of the schema is run around a change that stands for the mutation's own."""
    mutations = schema()._schema.mutation_type
    assert mutations is not None

    async def change(_source: Any, info: Any, **_given: Any) -> None:
        async with unit_of_work(info.context.engine) as session:
            await session.execute(text("update person set name = name where id = 1"))

    class Info:
        context = asker.context(clerk())

    for name in mutations.fields:
        await audited(name, change, {})(None, Info(), input={})

    left = [await entries(asker, act=name) for name in mutations.fields]
    assert [[entry["act"] for entry in found] for found in left] == [[name] for name in mutations.fields]


@pytest.mark.asyncio
async def test_an_employees_act_is_written_with_who_whom_and_why(asker: Asker) -> None:
    reading = encode_id(type_name="Reading", number=900_001)
    given = {"readingId": reading, "note": "a typing mistake"}

    await asker.resolve(STAFF_MUTATIONS["readingReject"], viewer=clerk(), input=given)
    refused = await asker.resolve(STAFF_MUTATIONS["readingAccept"], viewer=clerk(), input={"readingId": reading})

    assert refused.data["readingAccept"]["userErrors"][0]["code"] == "READING_DECIDED"
    (entry,) = await entries(asker)
    assert (entry["act"], entry["roles"], entry["reason"]) == (
        "readingReject",
        ["BILLING_CLERK", "OPERATOR"],
        "a typing mistake",
    )
    assert (entry["personId"], entry["subjectIds"]) == (encode_id(type_name="Viewer", number=1), [reading])
    assert entry["seal"] is None


@pytest.mark.asyncio
@pytest.mark.parametrize("viewer", [clerk(), owner(1), Viewer()], ids=["operator", "customer", "nobody"])
async def test_only_administrators_read_the_trail(asker: Asker, viewer: Viewer) -> None:
    answer = await asker.resolve(TRAIL, viewer=viewer)

    assert answer.codes == [["FORBIDDEN"], ["UNAUTHENTICATED"]][not viewer.is_signed_in]


@pytest.mark.asyncio
@pytest.mark.parametrize("given", [{"first": 0}, {"first": 101}, {"after": "x"}, {"filter": {"customerId": "x"}}])
async def test_a_page_that_is_none_is_refused(asker: Asker, given: dict[str, Any]) -> None:
    assert (await asker.resolve(TRAIL, viewer=ADMIN, **given)).codes == ["BAD_INPUT"]
