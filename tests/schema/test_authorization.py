"""Who may read each field and do each mutation is what `authorization.py` says, and nobody is told more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
import pytest_asyncio
import structlog
from mains_schema.declaring.node import decode_id
from mains_schema.live.feeds import FEEDS, Happened
from mains_schema.live.running import narrowed
from mains_schema.served import schema
from mains_server.access.records import ADMINS, Grant, GrantRole, Permission, Viewer
from mains_server.paying.calling import NOT_ANSWERED
from mains_spi import Labels, PaymentProvider
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.schema import broad
from tests.schema.asking import NO_ADAPTERS, Asker
from tests.schema.authorization import FIELDS, MUTATIONS, SUBSCRIPTIONS, TYPES
from tests.schema.authorization_actors import ACTORS, AUDIENCES, LOOKING_MAY
from tests.schema.authorizing import (
    Told,
    _outcome,
    do_mutation,
    field_rows,
    fingerprint,
    first_ids,
    mutation_names,
    read_everything,
    settle_actors,
    viewer_of,
)
from tests.schema.canaries import CANARIES, SEES, Sees, SeesAll, settle_canaries
from tests.schema.software import HOME, SOFTWARE, question

CARD = PaymentProvider(
    code="card",
    spi_major=1,
    labels=Labels(lv="Karte", en="Card", ru="Карта"),
    pays_by="CARD",
    is_two_phase=False,
    can_refund=True,
)
NOT_DONE = {"UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "BAD_INPUT", "TOO_COMPLEX", "INTERNAL"}
# What counts tries, keeps answers by their keys (also of a list whose every part was refused), and writes down what
# employees tried.
COUNTED = {"signin_attempt", "reference_tries", "link_tries", "idempotent_request", "audit_entry"}


@dataclass(frozen=True, eq=False)
class Matrix:
    """The town with all actors, and the marks of its rows with their labels."""

    asker: Asker
    engine: AsyncEngine
    ids: Mapping[str, str]
    marks: Mapping[str, str]
    viewers: Mapping[str, Viewer]

    def strays(self, actor: str, words: set[str]) -> list[tuple[str, str]]:
        """Find what an actor was told that is another's."""
        sees = _sees(actor)
        return [(mark, label) for mark, label in self.marks.items() if mark in words and not sees.may_see(label)]

    async def fingerprint(self) -> Mapping[str, Any]:
        """Sum up all tables but those that count tries."""
        async with self.engine.connect() as connection:
            found = await fingerprint(connection)
        return {name: part for name, part in found.items() if name not in COUNTED}


class Till:
    """Payment providers of which one is set up and never answers."""

    codes = ("card",)
    roads: ClassVar[dict[str, str]] = {}

    def card(self, _code: str) -> PaymentProvider:
        return CARD

    async def ask(self, **_request: Any) -> Any:
        return NOT_ANSWERED


@pytest_asyncio.fixture
async def matrix(engine: AsyncEngine) -> Matrix:
    async with engine.begin() as connection:
        await settle_canaries(connection)
        marks = {mark: label async for mark, label in _marks(connection)}
        await settle_actors(connection)
        ids = await first_ids(connection)
    till: Any = Till()
    asker = Asker(schema(), engine, replace(NO_ADAPTERS, terminals=till))
    return Matrix(asker, engine, ids, marks, {actor: await viewer_of(engine, actor) for actor in ACTORS})


async def _marks(connection: AsyncConnection) -> Any:
    """Give what each row alone shows; short figures are left to `test_canaries.py`, as others have them by chance."""
    for statement in CANARIES.values():
        for label, mark in (await connection.exec_driver_sql(statement)).all():
            if len(str(mark)) > 4:
                yield str(mark), label


STAFF = AUDIENCES["staff"]
STRANGERS = ("anonymous", "revoked")


def _sees(actor: str) -> Sees:
    named = {
        "stranger": "a stranger with a contract",
        "owner": "the owner of a flat",
        "manager": "the building's manager",
    }
    if actor in named:
        return SEES[named[actor]]
    if actor == "admin":
        # The town's seventh person works for the utility, and administrators see by which address employees sign in.
        return Sees(Viewer(person_id=ACTORS[actor], staff=ADMINS), f"public, person {ACTORS[actor]}, person 7")
    if actor in AUDIENCES["staff"]:
        return SeesAll(Viewer(), f"person {ACTORS[actor]}")
    own = f"public, person {ACTORS[actor]}"
    if actor == "looking":
        grant = Grant(customer_id=1, role=GrantRole.OWNER, permissions=frozenset({Permission.VIEW}))
        return Sees(Viewer(person_id=ACTORS[actor], grants=(grant,)), f"{own}, customer 1, {HOME}")
    home = "seller, contract 1, building 1, point 1, read 1, point 1000, read 1000, hours 1, hours 1000"
    labels = {
        "view": f"{own}, customer 1, {home}",
        "view one": f"{own}, {home}",
        "submit": f"{own}, submit 1",
        "payer": f"{own}, payer 1",
    }
    return Sees(Viewer(person_id=ACTORS[actor]), labels.get(actor, own))


def _audience(row: str) -> frozenset[str]:
    name = FIELDS.get(row) or TYPES[row.partition(".")[0]]
    return AUDIENCES[name]


def test_every_field_and_mutation_has_a_row() -> None:
    """A new one fails here by name; the message is the line to add."""
    rows = list(field_rows())
    types = {row.partition(".")[0] for row, needs_own in rows if not needs_own}
    missing = [f'FIELDS: "{row}": "<audience>",' for row, needs_own in rows if needs_own and row not in FIELDS]
    missing += [f'TYPES: "{name}": "<audience>",' for name in sorted(types - TYPES.keys())]
    missing += [f'MUTATIONS: "{name}": Act("<audience>"),' for name in mutation_names() if name not in MUTATIONS]

    assert missing == [], "say in tests/schema/authorization.py who may; add to " + " and to ".join(missing)


def test_no_row_is_of_something_that_is_gone() -> None:
    rows = {row for row, _ in field_rows()}
    types = {name for name, kind in broad.types().items() if "id" in kind.fields}

    assert (FIELDS.keys() - rows, TYPES.keys() - types, MUTATIONS.keys() - set(mutation_names())) == (
        set(), set(), set()
    )  # fmt: skip


@pytest.mark.asyncio
async def test_strangers_read_and_do_nothing_of_others(matrix: Matrix) -> None:
    """The fast one: those who have no right, and the one whose rights ended at this very moment."""
    told, before, wrong = Told(), await matrix.fingerprint(), []
    for actor in STRANGERS:
        await read_everything(matrix.asker, actor=actor, viewer=matrix.viewers[actor], ids=matrix.ids, told=told)
        wrong += await _do(matrix, actor, is_allowed=False, told=told)

    seen = [(row, actor) for row in told.cells for actor in told.seen(row) if actor not in _audience(row)]
    assert (seen, wrong) == ([], [])
    assert await matrix.fingerprint() == before
    assert [matrix.strays(actor, told.words[actor]) for actor in STRANGERS] == [[], []]


@pytest.mark.slow
@pytest.mark.asyncio
async def test_each_field_is_read_by_whom_its_row_names_and_nobody_else(matrix: Matrix) -> None:
    told = Told()
    with structlog.testing.capture_logs() as logs:
        for actor, viewer in matrix.viewers.items():
            await read_everything(matrix.asker, actor=actor, viewer=viewer, ids=matrix.ids, told=told)

    rows = [row for row, _needs_own in field_rows()]
    wrong = [
        f"{row}: {actor} {'may' if actor in _audience(row) else 'may not'}, but got {told.cells[row][actor]}"
        for row in rows
        for actor in sorted(told.who_sees(row) ^ _audience(row))
    ]
    assert not wrong, "\n".join(wrong)
    assert {actor: matrix.strays(actor, told.words[actor]) for actor in ACTORS} == {actor: [] for actor in ACTORS}
    assert _named_in(logs, matrix.marks) == []


@pytest.mark.slow
@pytest.mark.asyncio
async def test_each_mutation_is_done_by_whom_its_row_names_and_changes_nothing_for_others(matrix: Matrix) -> None:
    told, before, wrong = Told(), await matrix.fingerprint(), []
    with structlog.testing.capture_logs() as logs:
        for actor in ACTORS:
            wrong += await _do(matrix, actor, is_allowed=False, told=told)
            after = await matrix.fingerprint()
            changed = [name for name in before if before[name] != after[name]]
            wrong += [f"{actor} may do none of these, but changed {changed}"] if changed else []
        for actor in ACTORS:
            wrong += await _do(matrix, actor, is_allowed=True, told=told)

    assert not wrong, "\n".join(wrong)
    assert {actor: matrix.strays(actor, words) for actor, words in told.words.items() if actor not in STAFF} == {
        actor: [] for actor in told.words if actor not in STAFF
    }
    assert _named_in(logs, matrix.marks) == []


# A token is asked about its own person as that person is.
OWN_PERSON = {(1, "Viewer"): "owner"}


@pytest.mark.asyncio
async def test_software_is_shown_what_it_opens_of_what_a_person_with_its_reach_sees(matrix: Matrix) -> None:
    rows = [row for row, _needs_own in field_rows()]
    wrong = []
    for name, software in SOFTWARE.items():
        viewer = await software.viewer(matrix.engine)
        for row in filter(software.opens, rows):
            text, path = question(row, matrix.ids)
            like = OWN_PERSON.get((software.person, row.partition(".")[0]), software.like)
            outcome, expected = [await _asked(matrix, text, path, one) for one in (viewer, matrix.viewers[like])]
            wrong += [f"{row}: {name} got {outcome}, {like} {expected}"] if outcome != expected else []

    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.asyncio
async def test_software_is_refused_every_other_field_and_mutation_and_changes_nothing(matrix: Matrix) -> None:
    before, wrong = await matrix.fingerprint(), []
    for name, software in SOFTWARE.items():
        viewer = await software.viewer(matrix.engine)
        for row, _needs_own in field_rows():
            text, path = question(row, matrix.ids)
            if not software.opens(row) and (found := await _asked(matrix, text, path, viewer)) != "FORBIDDEN":
                wrong.append(f"{row}: {name} got {found}")
        for mutation, act in MUTATIONS.items():
            if not software.opens(f"Mutation.{mutation}") or software.like == "revoked":
                code, _words = await do_mutation(matrix.asker, mutation, act, viewer=viewer)
                is_refused = code in (act.refused if software.opens(f"Mutation.{mutation}") else ("FORBIDDEN",))
                wrong += [] if is_refused else [f"{mutation}: {name} got {code}"]

    assert not wrong, "\n".join(wrong)
    assert await matrix.fingerprint() == before


async def _asked(matrix: Matrix, text: str, path: tuple[str, ...], viewer: Viewer) -> str:
    result = await matrix.asker.schema.execute(text, context_value=matrix.asker.context(viewer))
    codes = {tuple(error.path or ()): str((error.extensions or {})["code"]) for error in result.errors or ()}
    return codes.get(()) or _outcome(result.data, path, codes)


async def _do(matrix: Matrix, actor: str, *, is_allowed: bool, told: Told) -> list[str]:
    """Do what an actor may, or all that they may not, and tell what came out otherwise."""
    wrong = []
    for name, act in MUTATIONS.items():
        may = name in LOOKING_MAY if actor == "looking" else actor in AUDIENCES[act.audience]
        if may is not is_allowed:
            continue
        code, words = await do_mutation(matrix.asker, name, act, viewer=matrix.viewers[actor])
        told.take(actor, words)
        refused = {"anonymous": {"UNAUTHENTICATED"}, "looking": {"FORBIDDEN"}}.get(actor, set(act.refused))
        is_refused = code in (refused | NOT_DONE if is_allowed else refused)
        if is_refused is is_allowed:
            wrong.append(f"{name}: {actor} {'may' if is_allowed else 'may not'}, but got {code}: {words}")
    return wrong


def _named_in(logs: Sequence[Any], marks: Mapping[str, str]) -> list[str]:
    text = str(logs)
    return [mark for mark in marks if re.search(rf"(?<![\w.-]){re.escape(mark)}(?![\w.-])", text)]


@pytest.mark.asyncio
async def test_each_subscription_tells_whom_its_row_says(matrix: Matrix) -> None:
    told: dict[str, set[str]] = {field: set() for field in FEEDS}
    for field, feed in FEEDS.items():
        _type, number = decode_id(matrix.ids[feed.target.__name__])
        for actor, viewer in matrix.viewers.items():
            result = await schema().execute(
                f"subscription {{ {field} {{ id }} }}",
                context_value=matrix.asker.context(narrowed(viewer, None)),
                root_value=Happened(feed.target, number),
            )
            if result.data is not None:
                told[field].add(actor)

    assert told == {field: AUDIENCES[audience] for field, audience in SUBSCRIPTIONS.items()}
