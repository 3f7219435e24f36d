"""Plans are bounded in number and length, whatever is asked, and what falls out is worked out anew and correctly."""

from __future__ import annotations

import gc

import orjson
import psutil
import pytest
from mains_schema.compiling.plans import CHARACTERS_KEPT, PLANS_KEPT, Plans
from mains_schema.http.limits import DOCUMENTS_KEPT, KEPT_LENGTH_MAX

from tests.schema.asking import Asker, clerk, owner
from tests.schema.both import compiled_text, resolved_text

DOCUMENTS = 10_000
WARM = 3_000
GROWTH_BYTES_MAX = 12_000_000
PROCESS = psutil.Process()


def document(number: int) -> str:
    """Give one of many documents, each of which is another text and another plan."""
    return f"{{ me {{ name a{number}: name }} loans(first: {number % 50 + 1}) {{ b{number}: totalCount }} }}"


async def answer(asker: Asker, number: int, customers: int) -> bytes | str:
    """Ask one of them as a viewer of so many customers, and check what comes back."""
    found = await compiled_text(asker, document(number), owner(*range(1, customers + 1)))
    named = {"me": {"name": "Anna", f"a{number}": "Anna"}, "loans": {f"b{number}": 12 * customers}}
    assert isinstance(found, bytes), found
    assert orjson.loads(found) == named
    return found


@pytest.mark.slow
@pytest.mark.asyncio
async def test_ten_thousand_documents_leave_memory_flat(asker: Asker) -> None:
    plans, memory = asker.schema.plans, {}
    for number in range(DOCUMENTS):
        if number == WARM:
            gc.collect()
            memory["before"] = PROCESS.memory_info().rss
        await answer(asker, number, number % 3 + 1)
    gc.collect()
    memory["after"] = PROCESS.memory_info().rss

    assert memory["after"] - memory["before"] < GROWTH_BYTES_MAX, memory
    assert len(plans) == PLANS_KEPT
    assert plans.characters <= CHARACTERS_KEPT
    assert await answer(asker, 0, 2) == await resolved_text(asker, document(0), owner(1, 2))


@pytest.mark.asyncio
async def test_plans_that_fell_out_are_written_anew(asker: Asker) -> None:
    plans = asker.schema.plans
    for number in range(PLANS_KEPT + 100):
        await answer(asker, number, 1)

    assert len(plans) == PLANS_KEPT
    for number in (0, PLANS_KEPT + 99):
        await answer(asker, number, 2)
        assert await answer(asker, number, 1) == await resolved_text(asker, document(number), owner(1))


@pytest.mark.asyncio
async def test_one_document_has_as_many_plans_as_its_variables_have_shapes(asker: Asker) -> None:
    plans = Plans(asker.schema)
    text = """query ($order: LoanOrder, $status: [LoanStatus!], $more: Boolean!, $n: Int) {
      me { readers { nodes { loans(first: $n, orderBy: $order, filter: {status: $status}) {
        nodes { id @include(if: $more) title } } } } } }"""
    for order in ("NEWEST", "OLDEST", None):
        for more in (True, False):
            for size in (1, 2, 3):
                for status in (["OPEN"], ["BACK"], ["OPEN", "BACK"]):
                    given = {"order": order, "more": more, "n": size, "status": status}
                    context = asker.context(owner(1))
                    found = await plans.answer(query=text, name=None, variables=given, context=context)
                    assert found.data == await resolved_text(asker, text, owner(1), **given)

    assert len(plans) == 3 * 2


@pytest.mark.asyncio
async def test_long_documents_are_not_kept(asker: Asker) -> None:
    plans = Plans(asker.schema)
    padding = "#" * KEPT_LENGTH_MAX
    for number in range(20):
        text = f"{{ a{number}: __typename }} {padding}"
        found = await plans.answer(query=text, name=None, variables={}, context=asker.context(clerk()))
        assert found.data == orjson.dumps({f"a{number}": "Query"})

    assert len(plans) == 0
    assert len(plans._entries) == 0


@pytest.mark.asyncio
async def test_plans_are_bounded_by_their_length_too(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mains_schema.compiling.plans.CHARACTERS_KEPT", 5_000)
    plans = Plans(asker.schema)
    for number in range(50):
        context = asker.context(owner(1))
        found = await plans.answer(query=document(number), name=None, variables={}, context=context)
        assert found.data is not None

    assert 0 < plans.characters <= 5_000
    assert len(plans) < 20


def test_documents_are_kept_as_long_as_plans() -> None:
    assert DOCUMENTS_KEPT == PLANS_KEPT
