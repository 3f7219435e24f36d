"""What mutations' payloads show, by both executors; and that a mutation is done once, whatever is declined."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from types import SimpleNamespace
from typing import Any

import httpx2
import orjson
import pytest
import pytest_asyncio
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)
from mains_schema.compiling.changed import changed
from mains_schema.declaring.mapping import Asked, mapping_of, source_of
from mains_schema.declaring.node import encode_id
from mains_schema.served import graphql_app, schema
from mains_server.access.records import Permission
from mains_server.adapters.host import AdapterHost
from mains_server.db.unit_of_work import unit_of_work
from mains_server.signin.operations import set_password
from prometheus_client import REGISTRY
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker, clerk, delegate, owner
from tests.schema.metering_documents import STAFF_MUTATIONS
from tests.schema.serving import EDITING
from tests.schema.town import settle

PARTS = """fragment Shown on Reading { number: id value { value unit } register { code
  meter { serial registers { code } } readings(first: 2) { totalCount nodes { takenAt status } } } }"""
SUBMIT = (
    """mutation ($input: ReadingSubmitInput!, $more: Boolean!) { readingSubmit(input: $input) {
  __typename kept: reading { ...Shown status @include(if: $more) } reading { takenAt }
  plausible { lowest { value } } userErrors { code path } } }"""
    + PARTS
)
TWICE = """mutation ($a: ReadingSubmitInput!, $b: ReadingSubmitInput!) {
  one: readingSubmit(input: $a) { reading { value { value } register { code } } userErrors { code } }
  two: readingSubmit(input: $b) {
    ... on ReadingSubmitPayload { reading { value { value } id } } userErrors { code } } }"""
DOCUMENTS: dict[str, str] = {"readingSubmit": SUBMIT, **STAFF_MUTATIONS}
PASSWORD = "a long enough password"
NOW = datetime(2023, 3, 20, 10, 0, tzinfo=UTC)


def shown_rows() -> Iterator[tuple[str, str, GraphQLObjectType]]:
    """Give the served mutations with each field of their payload that shows a mapped type."""
    mutation = schema()._schema.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        for shown, part in get_named_type(field.type).fields.items():
            kind = get_named_type(part.type)
            if "__mapped__" in getattr(class_of(kind), "__dict__", {}):
                yield name, shown, kind


def class_of(kind: Any) -> Any:
    return getattr(getattr(kind, "extensions", {}).get("strawberry-definition"), "origin", None)


def everything(kind: Any, depth: int) -> str:
    """Select all that a type, and what it leads to, reads from tables."""
    parts = ["__typename"]
    for name, field in kind.fields.items():
        named = get_named_type(field.type)
        declared = field.extensions["strawberry-definition"]
        is_by_python = declared.base_resolver is not None or isinstance(source_of(declared), Asked)
        if is_by_python or any(is_required_argument(argument) for argument in field.args.values()):
            continue
        if is_leaf_type(named):
            parts.append(name)
        elif depth and hasattr(named, "fields"):
            parts.append(f"{name} {everything(named, depth - 1)}")
    return "{ " + " ".join(parts) + " }"


def some_value(kind: Any) -> Any:
    """Give some value of an input type, with no more than it must have."""
    named, nullable = get_named_type(kind), get_nullable_type(kind)
    if is_list_type(nullable):
        return [some_value(nullable.of_type)]
    if isinstance(named, GraphQLInputObjectType):
        return {name: some_value(part.type) for name, part in named.fields.items() if is_required_input_field(part)}
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    known = {"Int": 1, "Boolean": True, "Date": "2023-01-01", "Instant": "2023-01-01T00:00:00.000Z", "Decimal": "1"}
    return known.get(named.name, "x")


def given(value: str = "1014.5", *, register: int = 1, key: str = "k") -> dict[str, Any]:
    return {
        "registerId": encode_id(type_name="Register", number=register),
        "value": value,
        "takenAt": "2023-03-18T10:00:00.000Z",
        "idempotencyKey": key,
    }


@pytest_asyncio.fixture
async def asker(engine: AsyncEngine) -> Asker:
    async with engine.begin() as connection:
        await settle(connection, customers=4)
        await connection.exec_driver_sql("select setval('reading_id_seq', 1000000)")
    return Asker(schema(), engine)


async def done(asker: Asker, document: str, viewer: Any, *, compiles: bool, **variables: Any) -> tuple[bytes, Any, Any]:
    """Do a mutation, and give its answer's text, its errors, and how the payload was read."""
    context = asker.context(viewer)
    context = replace(context, plans=asker.schema.plans if compiles else None)
    result = await asker.schema.execute(document, variable_values=variables, context_value=context)
    errors = [error.formatted for error in result.errors or ()]
    return orjson.dumps(result.data), errors, context.payloads


async def readings(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(text("select count(*) from reading")) or 0)


@pytest.mark.asyncio
@pytest.mark.parametrize(("mutation", "shown", "kind"), list(shown_rows()), ids=str)
async def test_every_row_a_mutation_shows_is_the_same_by_both(
    asker: Asker, monkeypatch: pytest.MonkeyPatch, mutation: str, shown: str, kind: GraphQLObjectType
) -> None:
    """What the mutation does is left out here: it hands over a row, and the two executors show it."""
    root = schema()._schema.mutation_type
    assert root is not None
    field, target = root.fields[mutation], class_of(kind)
    arguments = {name: argument for name, argument in field.args.items() if is_required_argument(argument)}
    names = ", ".join(f"{name}: ${name}" for name in arguments)
    places = ", ".join(f"${name}: {argument.type}" for name, argument in arguments.items())
    asked = f"{mutation}{f'({names})' if names else ''} {{ shown: {shown} {everything(kind, 2)} }}"
    document = f"mutation{f' ({places})' if places else ''} {{ {asked} }}"
    variables = {name: some_value(argument.type) for name, argument in arguments.items()}
    python_name = get_named_type(field.type).fields[shown].extensions["strawberry-definition"].python_name

    for viewer, number in product((owner(1), owner(2), clerk()), [*await numbers(asker.engine, target), 999_999]):
        handed = SimpleNamespace(**{python_name: changed(target, number)})
        monkeypatch.setattr(field, "resolve", lambda *_given, row=handed, **_more: row)
        compiled = await done(asker, document, viewer, compiles=True, **variables)
        resolved = await done(asker, document, viewer, compiles=False, **variables)

        assert compiled[:2] == resolved[:2]
        assert compiled[1] == [] and [reason for _path, reason in compiled[2]] == [""]


async def numbers(engine: AsyncEngine, target: Any) -> list[int]:
    """Give the numbers of a few rows of a type."""
    table = mapping_of(target).table
    async with engine.connect() as connection:
        return list((await connection.scalars(select(table.c.id).order_by(table.c.id).limit(3))).all())


@pytest.mark.asyncio
@pytest.mark.parametrize("more", [True, False])
@pytest.mark.parametrize("viewer", [owner(1), clerk(), delegate(1, 1)], ids=["owner", "staff", "delegate"])
async def test_a_payload_is_the_same_by_both(asker: Asker, viewer: Any, more: bool) -> None:
    before = await readings(asker.engine)

    compiled = await done(asker, SUBMIT, viewer, compiles=True, input=given(), more=more)
    again = await done(asker, SUBMIT, viewer, compiles=False, input=given(), more=more)  # the key gives the same answer

    assert compiled[:2] == again[:2]
    assert compiled[1] == []
    assert sorted(compiled[2]) == [("readingSubmit.kept", ""), ("readingSubmit.reading", "")]
    assert again[2] == []
    assert await readings(asker.engine) == before + 1


@pytest.mark.asyncio
async def test_a_refusal_is_the_same_by_both(asker: Asker) -> None:
    for viewer, input_ in ((owner(1), given("1")), (owner(2), given()), (owner(), given())):
        answers = [await done(asker, SUBMIT, viewer, compiles=c, input=input_, more=True) for c in (True, False)]

        assert answers[0] == answers[1]
        assert orjson.loads(answers[0][0])["readingSubmit"]["userErrors"] != []


@pytest.mark.asyncio
async def test_several_mutations_of_a_document_are_done_in_turn_and_once(asker: Asker) -> None:
    before = await readings(asker.engine)
    variables = {"a": given(key="a"), "b": given("1015", key="b") | {"takenAt": "2023-03-19T10:00:00.000Z"}}

    compiled = await done(asker, TWICE, owner(1), compiles=True, **variables)
    again = await done(asker, TWICE, owner(1), compiles=False, **variables)

    assert compiled[:2] == again[:2]
    assert [path for path, reason in compiled[2] if not reason] == ["one.reading", "two.reading"]
    assert await readings(asker.engine) == before + 2


@pytest.mark.asyncio
async def test_what_the_viewer_may_not_see_is_null_by_both(asker: Asker) -> None:
    """A right to submit alone does not show what was submitted."""
    blind = delegate(1, 1, permissions=frozenset({Permission.SUBMIT_READINGS}))

    answers = [await done(asker, SUBMIT, blind, compiles=c, input=given(), more=True) for c in (True, False)]

    assert answers[0][:2] == answers[1][:2]
    assert orjson.loads(answers[0][0])["readingSubmit"] | {"plausible": None} == {
        "__typename": "ReadingSubmitPayload",
        "kept": None,
        "reading": None,
        "plausible": None,
        "userErrors": [],
    }


FORGOTTEN = "mutation ($input: ReadingSubmitInput!) { readingSubmit(input: $input) { reading { __typename } } }"


@pytest.mark.asyncio
@pytest.mark.parametrize("why", ["declined", "fallback"])
async def test_a_mutation_is_done_once_whatever_its_payload_comes_to(
    asker: Asker, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    from mains_schema.compiling import plans
    from mains_schema.compiling.compiled_text import Declined

    def fails(**_given: Any) -> Any:
        raise Declined("type") if why == "declined" else RuntimeError("no")

    before = await readings(asker.engine)
    document = f"# {why}\n{SUBMIT}"
    monkeypatch.setattr(plans, "write_payload_plan", fails)

    answer = await done(asker, document, owner(1), compiles=True, input=given(), more=True)
    again = await done(asker, document, owner(1), compiles=False, input=given(), more=True)

    assert answer[:2] == again[:2]
    assert {reason for _path, reason in answer[2]} == {"type" if why == "declined" else "fallback"}
    assert await readings(asker.engine) == before + 1


@pytest.mark.asyncio
async def test_a_null_where_none_may_be_is_reported_alike(asker: Asker) -> None:
    """A register that is gone leaves a reading whose `register` may not be null; only resolvers report it."""
    await done(asker, FORGOTTEN, owner(1), compiles=True, input=given())
    async with asker.engine.begin() as connection:
        await connection.exec_driver_sql("set session_replication_role = replica")
        await connection.exec_driver_sql("delete from meter where id = 1")
        await connection.exec_driver_sql("reset session_replication_role")

    answers = [await done(asker, SUBMIT, owner(1), compiles=c, input=given(), more=True) for c in (True, False)]

    assert answers[0][:2] == answers[1][:2]
    assert (answers[0][1] != []) == any(reason == "fallback" for _path, reason in answers[0][2])


@pytest_asyncio.fixture
async def http(asker: Asker) -> AsyncIterator[httpx2.AsyncClient]:
    async with asker.engine.begin() as connection:
        for table in ("person", "session"):
            await connection.exec_driver_sql(f"select setval('{table}_id_seq', 1000000)")
    async with unit_of_work(asker.engine) as session:
        await set_password(session, person_id=1, password=PASSWORD, now=NOW)
    app = graphql_app(
        engine=asker.engine,
        host=AdapterHost(adapters=(), live={}),
        session_lifetime=timedelta(hours=1),
        clock=lambda: NOW,
        edge=EDITING,
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains") as opened:
        signing_in = (
            f'mutation {{ sessionCreate(input: {{email: "person1@example.lv", password: "{PASSWORD}"}}) {{ token }} }}'
        )
        token = (await opened.post("/", json={"query": signing_in})).json()["data"]["sessionCreate"]["token"]
        opened.headers["authorization"] = f"Bearer {token}"
        yield opened


@pytest.mark.asyncio
async def test_developers_are_told_how_a_payload_was_read(asker: Asker, http: httpx2.AsyncClient) -> None:
    def compiled() -> float:
        named = {"executor": "compiled", "reason": ""}
        return REGISTRY.get_sample_value("mains_graphql_payloads_total", named) or 0.0

    before = compiled()
    body = {"query": re.sub(r"\s+", " ", FORGOTTEN), "variables": {"input": given()}}

    answer = (await http.post("/", json=body, headers={"x-mains-executor": "1"})).json()

    assert answer["data"] == {"readingSubmit": {"reading": {"__typename": "Reading"}}}
    assert answer["extensions"]["executor"] == {
        "name": "resolvers",
        "reason": "mutation",
        "payloads": [{"path": "readingSubmit.reading", "name": "compiled", "reason": ""}],
    }
    assert compiled() == before + 1
