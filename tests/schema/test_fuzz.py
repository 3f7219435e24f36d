"""The compiler and the resolvers give the same bytes for documents made of the served schema, seed by seed.

The fast stage asks 50; the slow one 300, or one for each field of the schema if that is more, and insists that every
field is asked; and, in a test of its own, that every type is answered. `make fuzz` asks 20,000, and
`make fuzz DOCUMENTS=1` with `MAINS_FUZZ_FIRST` set to a seed asks that one.
"""

from __future__ import annotations

import gc
import os

import pytest
import pytest_asyncio
from mains_schema.declaring.shape import Shape, shape_of
from mains_schema.served import schema
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker
from tests.schema.comparing import Comparison
from tests.schema.edges import CUSTOMERS, edgy_town, vocabulary
from tests.schema.routes import Routes

FIELDS = Routes(schema()._schema).targets
TYPES = {name for name, _field in FIELDS}
MORE_OFTEN = 2
TURNS_UNTIL_ANSWERED = 40
# What documents made by chance cannot come to, or seldom; each has tests of its own on both executors or over HTTP.
OF_LINKS = {"ReadingLinkForm", "ReadingLinkRegister", "PlausibleRange", "Quantity"}  # the shortest way asks for a token
# The shortest way asks for a preview, which needs an adapter.
OF_PREVIEWS = {"Explanation", "ExplanationInput", "ExplanationStep"}
OF_WINDOWS = {
    "ReadingWindow",
    "WindowRegister",
    "KnownReading",
    "IfNothingIsSent",
    "UnsentUsage",
    "UnsentLine",
    "UnsentBill",
}
OF_BILLED_USAGE = {"ConsumptionChange", "ConsumptionCost", "ConsumptionDriver"}  # the town's points were not billed
# These are worked out by adapters or rooms and read from no table: the compiler always declines them.
OF_OTHER_ROOMS = {
    "ApplicationAttachment",
    "ApplicationChoice",
    "ApplicationField",
    "ApplicationType",
    "AuditEntry",
    "DataExport",
    "DelegationOffer",
    "Employee",
    "OpenidProvider",
    "DemoFile",
    "DemoMessage",
    "SecondFactor",
    "PayoutFile",
    "ComparedComponent",
    "ComparedConsumption",
    "ComparedCost",
    "ComparedMonth",
    "ConsumptionWeather",
    "DebtArrangement",
    "DebtPart",
    "DebtReminder",
    "DeliveryReceipt",
    "PrintMailing",
    "BankEinvoiceFile",
    "InvoiceDelivery",
    "NoticeMailing",
    "NoticePreference",
    "UtilityNoticeTopic",
    "Announcement",
    "AnnouncementPreview",
    "AnnouncementReach",
    "TextMessageFee",
    "UndeliveredEvent",
    "IntervalGap",
    "InvoiceArchive",
    "InvoiceDifference",
    "InvoiceDocument",
    "LevelledExplanation",
    "LevelledInstalment",
    "LevelledLine",
    "LevelledPlan",
    "LevelledPreview",
    "LevelledPreviewMonth",
    "LevelledUsage",
    "LevelledVersion",
    "Payable",
    "PaymentProvider",
    "PriceCondition",
    "ProductComparison",
    "ProductCrossing",
    "ProductNotCompared",
    "ProductPrice",
    "UtilityAttribute",
    "UtilityAttributeValue",
    "UtilityContacts",
    "WeightedPoint",
    "WeightedPrice",
    "ZoneComparison",
    "ComparedProduct",
    "ExplanationCondition",
}
OF_LONG_WAYS = {name for name in TYPES if name.endswith("Edge")}
OUT_OF_REACH = OF_LINKS | OF_PREVIEWS | OF_WINDOWS | OF_BILLED_USAGE | OF_OTHER_ROOMS | OF_LONG_WAYS
DOCUMENTS_AT_FIRST = 50
DOCUMENTS = int(os.environ.get("MAINS_FUZZ_DOCUMENTS", max(300, len(FIELDS))))
FIRST = int(os.environ.get("MAINS_FUZZ_FIRST", "0"))
DECLINED_SHARE_MAX = 0.01
UNANSWERED_SHARE_MAX = 0.12


def seeds_of(types: set[str], *, turn: int) -> list[int]:
    """Give seeds whose documents ask a field of each type: by chance a document may come to none of its rows."""
    return [turn * len(FIELDS) + min(n for n, (name, _field) in enumerate(FIELDS) if name == kind) for kind in types]


def tabled() -> dict[str, Shape]:
    """Give the types that are read from a table of their own."""
    found = {}
    for name, kind in schema()._schema.type_map.items():
        cls = getattr(kind.extensions.get("strawberry-definition"), "origin", None)
        if "__mapped__" in getattr(cls, "__dict__", {}):
            found[name] = shape_of(cls)
    return found


@pytest_asyncio.fixture
async def town(engine: AsyncEngine) -> Asker:
    return await edgy_town(engine)


def test_only_what_is_read_from_no_table_is_out_of_reach() -> None:
    assert OUT_OF_REACH & set(tabled()) == set()


@pytest.mark.asyncio
async def test_every_table_has_rows_in_the_town(town: Asker) -> None:
    async with town.engine.connect() as connection:
        rows = {
            name: await connection.scalar(select(func.count()).select_from(shape.table))
            for name, shape in tabled().items()
        }

    assert [name for name, count in rows.items() if not count] == []


@pytest.mark.asyncio
async def test_both_executors_answer_some_documents_alike(town: Asker) -> None:
    comparison = Comparison(town, await vocabulary(town), CUSTOMERS)

    outcome = await comparison.run(range(DOCUMENTS_AT_FIRST))

    assert not outcome.different, "\n\n".join(outcome.different[:5])
    assert outcome.equal > DOCUMENTS_AT_FIRST


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
@pytest.mark.asyncio
async def test_every_type_is_answered_or_said_to_be_out_of_reach(town: Asker) -> None:
    comparison = Comparison(town, await vocabulary(town), CUSTOMERS)
    outcome = await comparison.run([])

    for turn in range(TURNS_UNTIL_ANSWERED):
        outcome = await comparison.run(seeds_of(TYPES - outcome.answered - OUT_OF_REACH, turn=turn))

    gc.collect()
    assert not outcome.different, "\n\n".join(outcome.different[:5])
    assert TYPES - outcome.answered - OUT_OF_REACH == set()


# Where a neighbour is refused, graphql-core drops coroutines that nobody awaited. Python says so whenever it collects
# them, also inside code that has no builtins to say it with, and pytest would take that for a failure.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
@pytest.mark.asyncio
async def test_both_executors_answer_alike(town: Asker) -> None:
    comparison = Comparison(town, await vocabulary(town), CUSTOMERS)

    outcome = await comparison.run(range(FIRST, FIRST + DOCUMENTS), tell=print)
    for more in range(MORE_OFTEN if len(FIELDS) <= DOCUMENTS else 0):
        outcome = await comparison.run(seeds_of(TYPES - outcome.answered - OUT_OF_REACH, turn=FIRST + more + 1))
        left = [n for n, wanted in enumerate(FIELDS) if wanted not in outcome.asked]
        outcome = await comparison.run([turn * len(FIELDS) + n for n in left for turn in range(3, 9)])

    gc.collect()
    print(outcome.summary())
    assert not outcome.different, "\n\n".join(outcome.different[:5])
    if len(FIELDS) > DOCUMENTS:  # the first seeds ask the first fields, which may all be refused alike
        return
    assert outcome.declined_share < DECLINED_SHARE_MAX, outcome.summary()
    assert outcome.unanswered_share < UNANSWERED_SHARE_MAX, outcome.summary()
    assert outcome.equal > 2 * DOCUMENTS
    assert outcome.asked >= set(FIELDS), "fields that no document asks"
