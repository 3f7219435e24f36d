"""Makes documents out of a schema, and compares what the compiler and the resolvers answer to them.

New types join by themselves. `python -m tests.schema.fuzz 20000` asks that many documents of an embedded database.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)
from mains_server.access.records import ANONYMOUS, Viewer

from tests.schema.asking import Asker, clerk, delegate, owner
from tests.schema.both import compiled_text, resolved_text

DEPTH_MAX = 6
SIZES = (1, 2, 3, 4, 100)
STRANGE = ("", "abc", "WyJ4Il0", "\x00", "💡", "%")


@dataclass
class Document:
    """A document under way: its text, and for each variable its type and what it may be."""

    chance: random.Random
    schema: GraphQLSchema
    ids: Sequence[str]
    words: Sequence[str]
    variables: dict[str, tuple[str, list[Any]]] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    fields_left: int = 40
    aliases_left: int = 20
    directives_left: int = 10

    def text(self) -> str:
        root = self.schema.query_type
        assert root is not None
        body = self.selection(root, 0)
        declared = ", ".join(f"${name}: {kind}" for name, (kind, _values) in self.variables.items())
        head = f"query ({declared}) " if declared else "query "
        return head + body + "".join(self.fragments)

    def values(self) -> dict[str, Any]:
        """Choose values for the variables; some are left out where they may be."""
        found = {}
        for name, (kind, values) in self.variables.items():
            if kind.endswith("!") or self.chance.random() > 0.15:
                found[name] = self.chance.choice(values)
        return found

    def variable(self, kind: str, values: list[Any]) -> str:
        name = f"v{len(self.variables)}"
        self.variables[name] = (kind, values)
        return f"${name}"

    def selection(self, kind: Any, depth: int) -> str:
        chosen = []
        for _ in range(self.chance.randint(1, 4 if depth else 2)):
            if self.fields_left <= 0 and chosen:
                break
            part = self.part(kind, depth)
            if part:
                chosen.append(part)
        return "{ " + " ".join(chosen or ["__typename"]) + " }"

    def part(self, kind: Any, depth: int) -> str:
        roll = self.chance.random()
        if isinstance(kind, GraphQLInterfaceType) and roll < 0.5:
            member = self.chance.choice(self.schema.get_possible_types(kind))
            return f"... on {member.name}{self.directive()} {self.selection(member, depth + 1)}"
        if roll < 0.08 and depth < DEPTH_MAX:
            return f"...{self.directive()} {self.selection(kind, depth + 1)}"
        if roll < 0.16 and depth < DEPTH_MAX:
            name = f"f{len(self.fragments)}"
            self.fragments.append("")
            place = len(self.fragments) - 1
            self.fragments[place] = f" fragment {name} on {kind.name} {self.selection(kind, depth + 1)}"
            return f"...{name}{self.directive()}"
        if roll < 0.2:
            return "__typename"
        return self.field(kind, depth)

    def field(self, kind: Any, depth: int) -> str:
        leaves = [name for name, known in kind.fields.items() if is_leaf_type(get_named_type(known.type))]
        deep = [name for name in kind.fields if name not in leaves and name != "explanation"]
        can_go = bool(deep) and depth < DEPTH_MAX and self.fields_left > 0
        is_deep = can_go and (not leaves or self.chance.random() < 0.6)
        if not is_deep and not leaves:
            return "__typename"
        name = self.chance.choice(deep if is_deep else leaves)
        self.fields_left -= 1
        known = kind.fields[name]
        given = self.arguments(known)
        alias = ""
        if given or self.chance.random() < 0.1:
            if self.aliases_left <= 0:
                return "__typename"
            self.aliases_left -= 1
            alias = f"a{self.aliases_left}: "
        below = "" if not is_deep else " " + self.selection(get_named_type(known.type), depth + 1)
        return f"{alias}{name}{given}{self.directive()}{below}"

    def directive(self) -> str:
        if self.directives_left <= 0 or self.chance.random() > 0.08:
            return ""
        self.directives_left -= 1
        condition = self.variable("Boolean!", [True, False]) if self.chance.random() < 0.6 else "true"
        return f" @{self.chance.choice(('include', 'skip'))}(if: {condition})"

    def arguments(self, known: Any) -> str:
        given = []
        is_backwards = self.chance.random() < 0.3
        left_out = ("first", "after") if is_backwards else ("last", "before")
        for name, argument in known.args.items():
            is_needed = str(argument.type).endswith("!")
            if is_needed or (name not in left_out and self.chance.random() < 0.45):
                given.append(f"{name}: {self.value(name, argument.type)}")
        return f"({', '.join(given)})" if given else ""

    def value(self, name: str, kind: Any) -> str:
        choices = self.choices(name, kind)
        if self.chance.random() < 0.5:
            return self.variable(str(kind), choices)
        if isinstance(get_nullable_type(kind), GraphQLInputObjectType) and self.chance.random() < 0.6:
            fields = get_nullable_type(kind).fields
            some = [key for key in fields if self.chance.random() < 0.4]
            return "{" + ", ".join(f"{key}: {self.value(key, fields[key].type)}" for key in some) + "}"
        return literal(self.chance.choice(choices), kind)

    def choices(self, name: str, kind: Any) -> list[Any]:
        named = get_nullable_type(kind)
        if is_list_type(named):
            of = self.choices(name, named.of_type)
            return [[self.chance.choice(of) for _ in range(self.chance.randint(0, 3))] for _ in range(3)]
        if isinstance(named, GraphQLEnumType):
            return list(named.values)
        if isinstance(named, GraphQLInputObjectType):
            return [self.object(named) for _ in range(3)]
        if name in ("after", "before"):
            return [None, None, None, self.chance.choice(STRANGE)]
        return self.scalars(named.name)

    def object(self, kind: GraphQLInputObjectType) -> dict[str, Any]:
        return {
            name: self.chance.choice(self.choices(name, part.type))
            for name, part in kind.fields.items()
            if self.chance.random() < 0.4
        }

    def scalars(self, name: str) -> list[Any]:
        match name:
            case "Int":
                return [self.chance.choice(SIZES), self.chance.choice(SIZES), self.chance.choice((2, 3, 0, 101, -1))]
            case "ID":
                return [self.chance.choice(self.ids) for _ in range(3)]
            case "Date":
                return ["2022-01-01", "2022-06-10", "2023-01-05", "9999-12-31"]
            case "Decimal":
                return ["0", "0.25", "-0.000001", "1.5", "999999999999.99"]
            case "Boolean":
                return [True, False]
            case _:
                return [self.chance.choice(self.words) for _ in range(3)]


def literal(value: Any, kind: Any) -> str:
    """Give a value as it stands in a document."""
    named = get_nullable_type(kind)
    if value is None:
        return "null"
    if isinstance(value, list):
        return "[" + ", ".join(literal(part, named.of_type) for part in value) + "]"
    if isinstance(value, dict):
        parts = (f"{name}: {literal(part, named.fields[name].type)}" for name, part in value.items())
        return "{" + ", ".join(parts) + "}"
    return str(value) if isinstance(named, GraphQLEnumType) else orjson.dumps(value).decode()


@dataclass
class Outcome:
    """What a run of the fuzz came to."""

    equal: int = 0
    declined: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    different: list[str] = field(default_factory=list)

    @property
    def declined_share(self) -> float:
        """The share declined of what resolvers could answer."""
        return sum(self.declined.values()) / max(1, self.equal + sum(self.declined.values()))


def viewers(count: int) -> Sequence[Viewer]:
    """Give viewers of every shape over customers 1 to `count`; contracts have their customers' numbers."""
    each = [owner(n, person=n) for n in range(1, count + 1)]
    shared = [delegate(1, 1, person=2), delegate(2, person=1), delegate(3, 3, 4, person=3)]
    return [*each, owner(1, 2, 3), *shared, owner(person=2), clerk(1), clerk(2), ANONYMOUS]


async def compare(
    asker: Asker, *, seeds: Sequence[int], ids: Sequence[str], words: Sequence[str], people: Sequence[Viewer]
) -> Outcome:
    """Ask both executors the documents of these seeds, each with three sets of variables."""
    outcome = Outcome()
    for seed in seeds:
        chance = random.Random(seed)
        document = Document(chance, asker.schema._schema, ids, words)
        text = document.text()
        for _ in range(3):
            await _ask(asker, outcome, seed, text, document.values(), chance.choice(people))
    return outcome


async def _ask(
    asker: Asker, outcome: Outcome, seed: int, text: str, variables: Mapping[str, Any], viewer: Viewer
) -> None:
    resolved = await resolved_text(asker, text, viewer, **variables)
    compiled = await compiled_text(asker, text, viewer, **variables)
    if isinstance(resolved, list):
        outcome.refused += 1
        if isinstance(compiled, bytes):
            outcome.different.append(f"seed {seed}: {text} {variables} {viewer}\nrefused: {resolved}\nbut {compiled!r}")
    elif isinstance(compiled, str):
        outcome.declined[compiled] += 1
    elif compiled == resolved:
        outcome.equal += 1
    else:
        outcome.different.append(f"seed {seed}: {text} {variables} {viewer}\n{resolved!r}\n{compiled!r}")
