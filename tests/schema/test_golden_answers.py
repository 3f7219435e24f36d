"""Golden answers: for each type one row with all its fields, as a person wrote them down from the seeded rows.

Each file in `golden` is named for the type it asks by id: `rows` are SQL that makes its row telling, `answer` is what
must come back, and what is asked is read off it. A type without id is answered within one that leads to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
import yaml
from graphql import get_named_type
from mains_schema.declaring.mapping import Asked, source_of
from mains_schema.declaring.node import encode_id
from mains_schema.served import schema
from mains_server.access.records import ADMINS, OFFICE, Viewer
from mains_spi import Labels
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema import broad
from tests.schema.asking import NO_ADAPTERS, Asker, owner
from tests.schema.both import compiled_text, resolved_text
from tests.schema.town import settle

FOLDER = Path(__file__).with_name("golden")
EVERYTHING = Viewer(person_id=1, grants=owner(1).grants, staff=OFFICE | ADMINS)
LABELS = {
    ("heat_co", "heat"): Labels("Siltumenerģija", "Heat", "Тепло"),
    ("heat_co", "sharing="): Labels("Sadale", "Sharing", "Распределение"),
    ("heat_co", "sharing=area"): Labels("Pēc platības", "By area", "По площади"),
    ("heat_co", "heating"): Labels("Apkure", "Heating", "Отопление"),
}


class Plain(yaml.SafeLoader):
    """YAML whose days are text, as in JSON."""


Plain.yaml_implicit_resolvers = {
    start: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for start, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Golden:
    """One row of a type, how it is made, and what it answers."""

    type: str
    number: int
    rows: list[str]
    answer: dict[str, Any]

    @property
    def document(self) -> str:
        """Ask for what the answer has, in its order."""
        return f"query ($id: ID!) {{ node(id: $id) {{ ... on {self.type} {selection(self.answer)} }} }}"

    @property
    def id(self) -> str:
        """Name the row."""
        return encode_id(type_name=self.type, number=self.number)


def golden(folder: Path = FOLDER) -> Mapping[str, Golden]:
    """Read the golden answers, by type."""
    read = {path.stem: yaml.load(path.read_text(encoding="utf-8"), Plain) for path in sorted(folder.glob("*.yaml"))}
    return {
        name: Golden(name, found.get("number", 1), found.get("rows", []), found["answer"])
        for name, found in read.items()
    }


def selection(answer: Any) -> str:
    """Select what an answer has; of a list, what any of its rows has."""
    rows = answer if isinstance(answer, list) else [answer]
    names = {name: None for row in rows for name in row}
    return f"{{ {' '.join(_selected(name, [row[name] for row in rows if name in row]) for name in names)} }}"


def _selected(name: str, values: list[Any]) -> str:
    deep = [
        part for value in values for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict)
    ]
    return f"{name} {selection(deep)}" if deep else name


def told(kind: Any, answer: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give each value of an answer with the field that it is of: the type's name, the field's, and that of a part."""
    for name, value in answer.items():
        part = get_named_type(kind.fields[name].type)
        is_own = part.name not in broad.types() and not part.name.endswith("Connection")
        for one in value if isinstance(value, list) else [value]:
            here = (*path, name) if path else (kind.name, name)
            yield here, value
            if isinstance(one, dict):
                yield from told(part, one, here if is_own else ())


def declared() -> Iterator[tuple[str, ...]]:
    """Give every field of every mapped type and the parts of its small values; what rooms work out is tested there."""
    for name, kind in broad.types().items():
        for field, part in kind.fields.items():
            named: Any = get_named_type(part.type)
            if isinstance(source_of(part.extensions["strawberry-definition"]), Asked):
                continue
            yield name, field
            if named.name not in broad.types() and not named.name.endswith("Connection"):
                yield from ((name, field, inner) for inner in getattr(named, "fields", ()))


def every_value(answers: Mapping[str, Golden]) -> dict[tuple[str, ...], list[Any]]:
    found: dict[tuple[str, ...], list[Any]] = {}
    for name, one in answers.items():
        for path, value in told(broad.types()[name], one.answer):
            found.setdefault(path, []).append(value)
    return found


def unwritten(folder: Path = FOLDER) -> list[tuple[str, ...]]:
    """Name the fields of the schema that have no answer, or none but null and empty lists."""
    values = every_value(golden(folder))
    written = {path for path, found in values.items() if any(value not in (None, [], {}) for value in found)}
    return sorted(set(declared()) - written)


def test_every_field_has_a_golden_answer_that_is_not_empty() -> None:
    assert unwritten() == [], "write these in tests/schema/golden"


def test_no_two_fields_of_a_type_could_be_swapped() -> None:
    """Two fields of one kind differ in some golden answer, else a wrong column would not show."""
    values, kinds = every_value(golden()), broad.types()
    alike = [
        (name, one, other)
        for name, kind in kinds.items()
        for one, other in combinations(kind.fields, 2)
        if str(kind.fields[one].type).rstrip("!") == str(kind.fields[other].type).rstrip("!")
        and values.get((name, one)) == values.get((name, other)) is not None
    ]

    assert alike == []


@pytest_asyncio.fixture
async def town(engine: AsyncEngine) -> Asker:
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=2, lines=2)
        await connection.exec_driver_sql(
            "set session_replication_role = replica"
        )  # invoices are never changed, but here
        for one in golden().values():
            for statement in one.rows:
                await connection.exec_driver_sql(statement)
        await connection.exec_driver_sql("reset session_replication_role")
    return Asker(schema(), engine, replace(NO_ADAPTERS, labels=LABELS))


@pytest.mark.asyncio
async def test_both_executors_give_the_golden_answers(town: Asker) -> None:
    for name, one in golden().items():
        compiled = await compiled_text(town, one.document, EVERYTHING, id=one.id)
        resolved = await resolved_text(town, one.document, EVERYTHING, id=one.id)

        assert isinstance(compiled, bytes), f"{name} was declined: {compiled}"
        assert isinstance(resolved, bytes), f"{name} was refused: {resolved}"
        assert shown(orjson.loads(compiled)["node"], one.answer) == one.answer
        assert shown(orjson.loads(resolved)["node"], one.answer) == one.answer


def shown(answer: Any, expected: Any) -> Any:
    """Cut the later rows of a list to the fields that are written down for them."""
    if isinstance(answer, dict) and isinstance(expected, dict):
        return {name: shown(value, expected[name]) for name, value in answer.items() if name in expected}
    if isinstance(answer, list) and isinstance(expected, list) and len(answer) == len(expected):
        return [shown(*pair) for pair in zip(answer, expected, strict=True)]
    return answer
