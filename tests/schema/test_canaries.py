"""No viewer ever sees a row that is not theirs, by any road, field or id, nor misses one that is.

Both executors read one scope, so comparing them cannot show that it is wrong: who sees what is in `canaries.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import combinations
from typing import Any

import orjson
import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_schema.declaring.shape import shape_of
from mains_schema.served import schema
from mains_server.access.records import Permission, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.records import Adapter, AdapterState
from mains_server.billing.records import LineExplanation
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.schema import broad
from tests.schema.asking import NO_ADAPTERS, Asker, delegate
from tests.schema.both import compiled_text
from tests.schema.canaries import CANARIES, OF_4_PART, OF_4_WHOLE, SEES, Sees, settle_canaries, whole
from tests.schema.software import SOFTWARE, documents

BROKEN = Adapter(name="broken", version="1", state=AdapterState.SET_ASIDE, reason="why it is broken")
REFUSALS = ("UNAUTHENTICATED", "FORBIDDEN", "There is no such contract, or it is not yours to see.")
Numbers = frozenset[int] | range
EVERY = range(10_000_000)
OF_4 = frozenset({4, 14, 400, 1400})
# Looking at everything as somebody takes seconds, so the fast stage looks as those whose limits are most easily lost.
FIRST_TO_LOOK = ("the owner of a flat", "a delegate of one contract")
SUBSETS = [frozenset(some) for size in range(5) for some in combinations(Permission, size)]
FIRST_SUBSETS = [frozenset({Permission.VIEW}), frozenset(Permission) - {Permission.VIEW}]


@dataclass
class Seen:
    """Every word of all answers to a viewer, and the text of all errors."""

    words: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def take(self, part: Any) -> None:
        """Take an answer in; what a list counts must be what it shows, or more where the page is a short one."""
        match part:
            case {"nodes": nodes, "totalCount": count, "pageInfo": {"hasNextPage": True}}:
                assert len(nodes) == broad.FEW < count, part
                self.take(nodes)
            case dict():
                assert part.get("totalCount", 0) == len(part.get("nodes", ())) or "totalCount" not in part, part
                for value in part.values():
                    self.take(value)
            case list():
                for value in part:
                    self.take(value)
            case _:
                self.words.add(str(part))


@dataclass(frozen=True, eq=False)
class Town:
    """The town of `canaries.py`: the marks of its rows with their labels, and the ids of all that has one."""

    asker: Asker
    marks: Mapping[str, tuple[str, str]]
    ids: Mapping[str, Mapping[int, str]]
    asked: dict[Any, Sequence[str]] = field(default_factory=dict)

    async def look(self, viewer: Viewer, *, roads: str = "", ids: Numbers = EVERY) -> tuple[Seen, Seen]:
        """Ask everything by roads and ids as a viewer, and give what resolvers and compiler showed."""
        resolved, compiled = Seen(), Seen()
        for document in self.documents(roads, ids, asks_rooms=True):
            result = await self.asker.schema.execute(document, context_value=self.asker.context(viewer))
            resolved.errors += [str(error.formatted) for error in result.errors or ()]
            resolved.take(result.data)
        for document in self.documents(roads, ids, asks_rooms=False):
            answer = await compiled_text(self.asker, document, viewer)
            compiled.take(orjson.loads(answer) if isinstance(answer, bytes) else None)
        return resolved, compiled

    def documents(self, roads: str, numbers: Numbers, *, asks_rooms: bool) -> Sequence[str]:
        """Give what is asked of everybody: by roads that begin so, and by the ids of rows with these numbers."""
        key = roads, numbers, asks_rooms
        if key not in self.asked:
            chosen = {name: [id_ for n, id_ in of.items() if n in numbers] for name, of in self.ids.items()}
            by_roads = [text for text in broad.by_roads(asks_rooms=asks_rooms) if text.startswith(roads)]
            self.asked[key] = [*by_roads, *broad.by_ids(chosen, asks_rooms=asks_rooms)]
        return self.asked[key]

    def strays(self, sees: Sees, seen: Seen) -> list[tuple[str, ...]]:
        """Find what was seen but is another's, what is the viewer's own but was not seen, and what errors tell."""
        may = {mark for mark, (_type, label) in self.marks.items() if sees.may_see(label)}
        found = self.marks.keys() & seen.words
        wrong = [("is another's", *self.marks[mark], mark) for mark in found - may]
        wrong += [("was not seen", *self.marks[mark], mark) for mark in may - found]
        wrong += [("is told", mark, error) for error in seen.errors for mark in self.marks if mark in error]
        return wrong + [("is broken", error) for error in seen.errors if not any(code in error for code in REFUSALS)]


async def explain(invoices: Sequence[int]) -> Mapping[int, Sequence[LineExplanation]]:
    """Explain lines by words that name their invoice."""
    why: Any = {"tariff": "t", "inputs": [], "steps": [], "result": "r", "rounding": {"name": "r"}}
    line = LineExplanation(invoice_id=0, position=1, code="c", net=Decimal(0), text="", why=why)
    return {n: [replace(line, text=f"explanation {n}")] for n in invoices}


@pytest_asyncio.fixture
async def town(engine: AsyncEngine) -> Town:
    async with engine.begin() as connection:
        await settle_canaries(connection)
        marks = [(mark, name, label) async for mark, name, label in _marks(connection)]
        ids = {name: await _ids(connection, name, kind) for name, kind in broad.types().items()}
    assert len({mark for mark, _name, _label in marks}) == len(marks), "two rows show the same"
    services = replace(NO_ADAPTERS, explain=explain, host=AdapterHost(adapters=(BROKEN,), live={}))
    return Town(Asker(schema(), engine, services), {mark: (name, label) for mark, name, label in marks}, ids)


async def _marks(connection: AsyncConnection) -> Any:
    for name in broad.types().keys() & CANARIES.keys():
        for label, mark in (await connection.exec_driver_sql(CANARIES[name])).all():
            yield str(mark), name, label
    yield BROKEN.reason, "UtilityAdapter", "staff"


async def _ids(connection: AsyncConnection, name: str, kind: Any) -> dict[int, str]:
    key = shape_of(kind.extensions["strawberry-definition"].origin).key
    numbers = [] if key is None else (await connection.execute(select(key))).scalars()
    return {number: encode_id(type_name=name, number=number) for number in numbers}


def test_every_mapped_type_has_canaries() -> None:
    assert broad.types().keys() == CANARIES.keys(), "say in tests/schema/canaries.py who sees its rows"


def test_every_field_of_every_mapped_type_is_asked() -> None:
    fields = {(name, part) for name, kind in broad.types().items() for part in kind.fields}
    ids = {name: ["x"] for name, kind in broad.types().items() if "id" in kind.fields}

    assert fields - broad.asked([*broad.by_roads(asks_rooms=True), *broad.by_ids(ids, asks_rooms=True)]) == set()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "names",
    [
        pytest.param(FIRST_TO_LOOK, id="first"),
        pytest.param([name for name in SEES if name not in FIRST_TO_LOOK], id="others", marks=pytest.mark.slow),
    ],
)
async def test_viewers_see_what_is_theirs_and_nothing_else(town: Town, names: Sequence[str]) -> None:
    for name in names:
        sees = SEES[name]
        resolved, compiled = await town.look(sees.viewer)
        assert (town.strays(sees, resolved), town.strays(sees, compiled)) == ([], []), name
        explained = {word for word in resolved.words if word.startswith("explanation ")}
        assert explained == {f"explanation {word[2:]}" for word in resolved.words if word.startswith("H-")}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "subsets",
    [
        pytest.param(FIRST_SUBSETS, id="first"),
        pytest.param([some for some in SUBSETS if some not in FIRST_SUBSETS], id="others", marks=pytest.mark.slow),
    ],
)
async def test_delegates_see_what_their_permissions_allow_and_nothing_else(
    town: Town, subsets: Sequence[frozenset[Permission]]
) -> None:
    """Every subset of the permissions, on one contract and on all of a customer: VIEW shows, the others do not."""
    for permissions in subsets:
        of_part = delegate(4, 4, person=2, permissions=permissions)
        of_whole = whole(4, person=2, permissions=permissions)
        for viewer, labels, links in ((of_part, OF_4_PART, "submit 4"), (of_whole, OF_4_WHOLE, "submit 4, submit 14")):
            seen_by = [labels] * (Permission.VIEW in permissions) + [links] * (
                Permission.SUBMIT_READINGS in permissions
            )
            sees = Sees(viewer, ", ".join(["public, person 2, payer 2", *seen_by]))
            for seen in await town.look(viewer, roads="{ viewer { contracts", ids=OF_4):
                strays = town.strays(sees, seen)
                own = ("public", "person 2", "payer 2", "acts 2", "token 2")
                assert [stray for stray in strays if stray[2] not in own] == [], permissions


@pytest.mark.asyncio
async def test_software_sees_rows_of_what_it_reaches_and_nothing_else(town: Town) -> None:
    """By every id of the town and from the viewer on, of all that its scopes open; and something of its own it sees."""
    for name, software in SOFTWARE.items():
        viewer, seen, compiled = await software.viewer(town.asker.engine), Seen(), Seen()
        for document in documents(software, town.ids):
            result = await town.asker.schema.execute(document, context_value=town.asker.context(viewer))
            seen.errors += [str(error.formatted) for error in result.errors or ()]
            seen.take(result.data)
            answer = await compiled_text(town.asker, document, viewer)
            compiled.take(orjson.loads(answer) if isinstance(answer, bytes) else None)
        strays = [*town.strays(Sees(viewer, software.sees), seen), *town.strays(Sees(viewer, software.sees), compiled)]
        assert [stray for stray in strays if stray[0] != "was not seen"] == [], name
        assert ("EIC-1" in seen.words) is ("point 1" in software.sees), name
