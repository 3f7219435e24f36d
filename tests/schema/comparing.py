"""Asks both executors the documents of the fuzz, as all sorts of viewers, and counts what came of it.

A document is asked with three sets of variables, the later ones with cursors out of the first answer; where there are
cursors, now and then once more with the cursors in its text.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson
from graphql import GraphQLError
from mains_schema.declaring.errors import RequestRefused
from mains_schema.declaring.gates import Gate
from mains_schema.declaring.roles import roles_of
from mains_server.access.records import ANONYMOUS, Grant, GrantRole, Permission, StaffRole, Viewer

from tests.schema.asking import Asker, delegate, owner
from tests.schema.both import compiled_text, resolved_text
from tests.schema.fuzz import Document, Vocabulary
from tests.schema.payloads import payload_texts
from tests.schema.routes import Routes

AT_ONCE = 3
SHOWN = 1_000
TYPE_NAME = re.compile(rb'"__typename":"(\w+)"')
LANGUAGES = ("lv", "en", "ru")


@dataclass
class Outcome:
    """What a run of the fuzz came to."""

    equal: int = 0
    hand_written: int = 0
    payloads: int = 0
    declined: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    different: list[str] = field(default_factory=list)
    asked: set[tuple[str, str]] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)

    @property
    def total(self) -> int:
        """How many askings there were."""
        return self.equal + self.hand_written + self.declined.total() + self.refused.total() + len(self.different)

    @property
    def declined_share(self) -> float:
        """The share declined of what resolvers could answer and what the compiler is meant to cover."""
        return self.declined.total() / max(1, self.equal + self.declined.total())

    @property
    def unanswered_share(self) -> float:
        """The share of all askings that says little, since one or both executors did not answer."""
        return (self.declined.total() + self.refused.total()) / max(1, self.total)

    def summary(self) -> str:
        """Give the counts in a few lines."""
        return "\n".join(
            (
                f"{self.total} askings: {self.equal} equal, {len(self.different)} different",
                f"refused by both {self.refused.total()}: {dict(self.refused.most_common())}",
                f"declined {self.declined.total()}: {dict(self.declined.most_common())}; hand-written and equal "
                f"{self.hand_written}; rows equal as payloads {self.payloads}",
                f"not answered {self.unanswered_share:.1%}, of these declined {self.declined_share:.2%}",
            )
        )


@dataclass
class Comparison:
    """A run under way: whom to ask what, and what came of it so far."""

    asker: Asker
    vocabulary: Vocabulary
    customers: int
    outcome: Outcome = field(default_factory=Outcome)

    def __post_init__(self) -> None:
        self.routes = Routes(self.asker.schema._schema)

    async def run(self, seeds: Sequence[int], *, tell: Callable[[str], None] = lambda _words: None) -> Outcome:
        """Ask the documents of these seeds, a few at the same time so that the database is never waited for."""
        waiting = iter(seeds)
        await asyncio.gather(*(self._work(waiting, seeds, tell) for _ in range(AT_ONCE)))
        return self.outcome

    async def _work(self, waiting: Iterator[int], seeds: Sequence[int], tell: Callable[[str], None]) -> None:
        for turn, seed in enumerate(waiting):
            if turn % (SHOWN // AT_ONCE) == SHOWN // AT_ONCE - 1:
                tell(f"seed {seed} of {seeds[0]} to {seeds[-1]}: {self.outcome.summary()}")
            await self.ask(seed)

    async def ask(self, seed: int) -> None:
        """Ask the document of one seed with its sets of variables."""
        chance = Random(seed)
        document = self.document(seed, chance)
        text = document.text()
        cursors: Mapping[str, Any] = {}
        first = variables = document.values()
        for turn in range(3):
            viewer = self.viewer(document, chance)
            answer = await self._compare(document, text, {**variables, **cursors}, viewer)
            if turn == 0 and document.cursors and isinstance(answer, bytes):
                cursors = found_cursors(document, orjson.loads(answer), chance)
            variables = first if cursors and chance.random() < 0.7 else document.values()
        if cursors and chance.random() < 0.4:
            fixed = {name.strip("_"): cursor for name, cursor in cursors.items()}
            rest = {name: value for name, value in first.items() if name not in cursors}
            await self._compare(document, document.text(fixed), rest, self.viewer(document, chance))

    def document(self, seed: int, chance: Random) -> Document:
        """Write the document of a seed, which asks a field of the schema in turn, and now and then another."""
        targets = self.routes.targets
        wanted = [targets[seed % len(targets)], *chance.sample(targets, 1 if chance.random() < 0.3 else 0)]
        document = Document(seed, chance, self.asker.schema._schema, self.vocabulary, self.routes).write(wanted)
        self.outcome.asked |= document.asked
        return document

    def viewer(self, document: Document, chance: Random) -> Viewer:
        """Choose who asks: mostly somebody to whom the document's roots are open."""
        viewer = ANONYMOUS
        for _ in range(60):
            viewer = some_viewer(chance, self.customers)
            if chance.random() < 0.003 or self._is_open_to(viewer, document):
                return viewer
        return viewer

    def _is_open_to(self, viewer: Viewer, document: Document) -> bool:
        if document.needs_somebody and (viewer.person_id or 10**9) > self.customers:
            return False
        if document.names_contract and not viewer.is_staff:
            return False
        if any(not viewer.staff & roles for roles in self._roles_for(document)):
            return False
        try:
            for source in document.root_sources:
                if isinstance(source, Gate):
                    source.check(self.asker.context(viewer))
        except RequestRefused:
            return False
        return True

    def _roles_for(self, document: Document) -> Iterator[frozenset[StaffRole]]:
        """Give, for each field of the document that is for employees with certain roles alone, those roles."""
        for type_name, name in document.asked:
            kind: Any = self.asker.schema._schema.type_map[type_name]
            roles = roles_of(kind.fields[name].extensions["strawberry-definition"])
            if roles is not None:
                yield roles

    async def _compare(
        self, document: Document, text: str, variables: Mapping[str, Any], viewer: Viewer
    ) -> bytes | None:
        resolved = await resolved_text(self.asker, text, viewer, **variables)
        compiled = await compiled_text(self.asker, text, viewer, **variables)
        where = f"seed {document.seed}: {text} {variables} {viewer}\n"
        if isinstance(resolved, list):
            self.outcome.refused[code_of(resolved)] += 1
            if isinstance(compiled, bytes):
                self.outcome.different.append(f"{where}refused: {resolved}\nbut {compiled!r}")
            return None
        await self._compare_payloads(where, text, variables, viewer, orjson.loads(resolved), document)
        self.outcome.answered.update(name.decode() for name in TYPE_NAME.findall(resolved))
        if isinstance(compiled, str) and document.is_hand_written:
            self.outcome.hand_written += 1
        elif isinstance(compiled, str):
            self.outcome.declined[compiled] += 1
        elif compiled == resolved:
            self.outcome.equal += 1
        else:
            self.outcome.different.append(f"{where}{resolved!r}\n{compiled!r}")
        return resolved

    async def _compare_payloads(
        self,
        where: str,
        text: str,
        variables: Mapping[str, Any],
        viewer: Viewer,
        answer: Mapping[str, Any],
        document: Document,
    ) -> None:
        for name, found in (await payload_texts(self.asker, text, viewer, variables)).items():
            if found is None:
                self.outcome.declined["payload"] += not document.is_hand_written
            elif found == orjson.dumps(answer[name]):
                self.outcome.payloads += 1
            else:
                self.outcome.different.append(f"{where}payload {name}: {found!r}\n{answer[name]!r}")


def some_viewer(chance: Random, customers: int) -> Viewer:
    """Give a viewer of some shape over customers 1 to `customers`, whose contracts have the same numbers."""
    numbers = range(1, customers + 1)
    person = chance.choice(numbers)
    one, other = chance.choice(numbers), chance.choice(numbers)
    match chance.choice(("owner", "owners", "delegate", "mixed", "mixed", "clerk", "clerk", "stranger", "nobody")):
        case "owner":
            viewer = owner(one, person=one)
        case "owners":
            viewer = owner(*sorted({one, other}), person=person)
        case "delegate":
            viewer = delegate(one, one, other, person=person)
        case "mixed":
            grants = tuple(_some_grant(chance, numbers, turn) for turn in range(chance.randint(0, 4)))
            viewer = Viewer(person_id=person, grants=grants)
        case "clerk":
            roles = frozenset(chance.sample(list(StaffRole), chance.randint(1, len(StaffRole))))
            grants = owner(one).grants if chance.random() < 0.3 else ()
            viewer = Viewer(person_id=person, grants=grants, staff=roles)
        case "stranger":
            viewer = Viewer(person_id=chance.choice((person, customers + 99)))
        case _:
            viewer = ANONYMOUS
    return Viewer(
        person_id=viewer.person_id, grants=viewer.grants, staff=viewer.staff, language=chance.choice(LANGUAGES)
    )


def _some_grant(chance: Random, numbers: Sequence[int], turn: int) -> Grant:
    some = frozenset(chance.sample(list(Permission), chance.randint(0, len(Permission))))
    contracts = None if chance.random() < 0.4 else frozenset(chance.choices(numbers, k=chance.randint(0, 3)))
    return Grant(
        id=turn,
        customer_id=chance.choice(numbers),
        role=GrantRole.DELEGATE,
        permissions=some | {Permission.VIEW} if chance.random() < 0.7 else some,
        contract_ids=contracts,
    )


def found_cursors(document: Document, answer: Any, chance: Random) -> Mapping[str, str]:
    """Give each cursor variable a cursor out of the list that it is an argument of, where that has any."""
    found = {}
    for name, alias in document.cursors.items():
        cursors = [cursor for page in pages_called(alias, answer) for cursor in page if cursor is not None]
        if cursors:
            found[f"{name}_"] = chance.choice(cursors)
    return found


def pages_called(alias: str, answer: Any) -> Iterator[Sequence[str | None]]:
    """Find the lists that have this name in an answer, and give the cursors at the ends of their pages."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name == alias and isinstance(value, dict) and "pageInfo" in value:
                yield [value["pageInfo"]["startCursor"], value["pageInfo"]["endCursor"]]
            yield from pages_called(alias, value)
    elif isinstance(answer, list):
        for value in answer:
            yield from pages_called(alias, value)


def code_of(errors: Sequence[GraphQLError]) -> str:
    """Give the code of an answer's first error."""
    return str((errors[0].extensions or {}).get("code"))
