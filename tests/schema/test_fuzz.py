"""The compiler and the resolvers give the same bytes for documents made of the served schema, seed by seed.

There are 300, or one for each field of the schema if that is more; `make fuzz` asks 20,000, and
`make fuzz DOCUMENTS=1` with `MAINS_FUZZ_FIRST` set to a seed asks that one.
"""

from __future__ import annotations

import gc
import os

import pytest
import pytest_asyncio
from mains_schema.served import schema
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker
from tests.schema.comparing import Comparison
from tests.schema.edges import CUSTOMERS, edgy_town, vocabulary
from tests.schema.routes import Routes

FIELDS = Routes(schema()._schema).targets
DOCUMENTS = int(os.environ.get("MAINS_FUZZ_DOCUMENTS", max(300, len(FIELDS))))
FIRST = int(os.environ.get("MAINS_FUZZ_FIRST", "0"))
ENOUGH = 100  # of fewer, as when one seed is looked at, shares say nothing
DECLINED_SHARE_MAX = 0.01
UNANSWERED_SHARE_MAX = 0.12


@pytest_asyncio.fixture
async def town(engine: AsyncEngine) -> Asker:
    return await edgy_town(engine)


@pytest.mark.asyncio
async def test_both_executors_answer_alike(town: Asker) -> None:
    comparison = Comparison(town, await vocabulary(town), CUSTOMERS)

    outcome = await comparison.run(range(FIRST, FIRST + DOCUMENTS), tell=print)

    gc.collect()
    print(outcome.summary())
    assert not outcome.different, "\n\n".join(outcome.different[:5])
    if DOCUMENTS < ENOUGH:
        return
    assert outcome.declined_share < DECLINED_SHARE_MAX, outcome.summary()
    assert outcome.unanswered_share < UNANSWERED_SHARE_MAX, outcome.summary()
    assert outcome.equal > 2 * DOCUMENTS
    if len(FIELDS) <= DOCUMENTS:
        assert outcome.asked >= set(FIELDS), "fields that no document asks"
        assert outcome.answered >= {name for name, _field in FIELDS}, "types of which the town has no row"
