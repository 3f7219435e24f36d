"""Makes documents out of a schema, with values for their variables; `comparing.py` asks them of both executors.

New types join by themselves: each document goes to two fields of the schema in turn, and on from there by chance.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
)
from mains_schema.declaring.mapping import Asked, ById, Many, Mine, Paged, ReadField, source_of
from mains_schema.declaring.node import Node
from mains_schema.declaring.shape import name_of, target_of

from tests.schema.routes import Routes, Step

DEPTH_MAX = 6
SIZES = (1, 2, 3, 4, 100)
PAGE = 10
ROWS_MAX = 6_000
MISTAKE_SHARE = 0.01
STRANGE = ("", "abc", "WyJ4Il0", "\x00", "💡", "%", None)
CURSORS = ("after", "before")
PERIODS = (
    {"from": "2022-01-01", "to": "2022-02-01"},
    {"from": "2022-01-15", "to": "2022-01-17"},
    {"from": "2021-12-31", "to": "2022-03-10"},
)
EDGE_VALUES: Mapping[str, Sequence[Any]] = {
    "Date": ("2022-01-01", "2022-02-10", "2022-03-10", "2022-06-10", "2023-01-05", "0001-01-01", "9999-12-31"),
    "Instant": ("2022-01-01T00:00:00Z", "2022-02-01T00:00:00.500Z", "2022-03-01T02:00:00.999999+02:00"),
    "Decimal": ("0", "0.25", "-0.000001", "0.000000", "1.5", "100.00", "999999999999.99", "-999999999999.99"),
    "Boolean": (True, False),
}


@dataclass(frozen=True)
class Vocabulary:
    """What a database holds that documents can ask for: global ids by type, and words."""

    ids: Mapping[str, Sequence[str]]
    words: Sequence[str]

    def ids_of(self, type_name: str | None) -> Sequence[str]:
        """Give ids of one type, or of any."""
        if type_name is not None:
            return self.ids.get(type_name) or ["bm9uZQ"]
        return [number for numbers in self.ids.values() for number in numbers]


@dataclass
class Document:
    """A document under way: its text, and for each variable its type and what it may be."""

    seed: int
    chance: random.Random
    schema: GraphQLSchema
    vocabulary: Vocabulary
    routes: Routes
    variables: dict[str, tuple[str, Sequence[Any]]] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    known_fragments: list[tuple[str, str, int, int]] = field(default_factory=list)
    expected: str = ""
    root_sources: list[object] = field(default_factory=list)
    names_contract: bool = False  # some contract, which mostly employees may see
    asked: set[tuple[str, str]] = field(default_factory=set)
    is_hand_written: bool = False
    body: str = ""
    fields_left: int = 16
    aliases_left: int = 18
    directives_left: int = 12
    rows_left: int = ROWS_MAX

    def write(self, targets: Sequence[tuple[str, str]]) -> Document:
        """Write a document that asks these fields, and others by chance."""
        steps = [self.routes.to(target, self.chance) for target in targets]
        root = self.schema.query_type
        self.body = self.selection(root, 0, 1, [step for step in steps if step])
        return self

    def text(self, fixed: Mapping[str, Any] | None = None) -> str:
        """Give the document's text, some variables replaced by their values."""
        body = self.body + "".join(self.fragments)
        declared = []
        for name, (kind, _values) in self.variables.items():
            if fixed is not None and name in fixed:
                body = body.replace(f"${name}_", orjson.dumps(fixed[name]).decode())
            else:
                declared.append(f"${name}_: {kind}")
        return f"query ({', '.join(declared)}) {body}" if declared else f"query {body}"

    def values(self) -> dict[str, Any]:
        """Choose values for the variables; some are left out where they may be, cursors stay null."""
        found = {}
        for name, (kind, values) in self.variables.items():
            if name in self.cursors:
                found[f"{name}_"] = None
            elif kind.endswith("!") or self.chance.random() > 0.15:
                found[f"{name}_"] = self.chance.choice(values)
        return found

    def variable(self, kind: str, values: Sequence[Any], type_of: Any = None) -> str:
        name = f"v{len(self.variables)}"
        if type_of is not None and self.chance.random() < 0.15:
            kind = f"{kind} = {literal(self.chance.choice(values), type_of)}"
        self.variables[name] = (kind, values)
        return f"${name}_"

    def selection(self, kind: Any, depth: int, times: int, routes: Sequence[Sequence[Step]] = ()) -> str:
        chosen = [self.step(kind, depth, times, route) for route in routes]
        chosen += ["__typename"] * any(len(route) == 1 for route in routes)
        for _ in range(self.chance.randint(0 if chosen else 1, 3 if depth else 1)):
            if self.fields_left > 0 or not chosen:
                chosen.append(self.part(kind, depth, times))
        self.chance.shuffle(chosen)
        return "{ " + " ".join(chosen or ["__typename"]) + " }"

    def step(self, kind: Any, depth: int, times: int, route: Sequence[Step]) -> str:
        """Go one step of a route, through a fragment where the schema leads from an interface to a type."""
        first, rest = route[0], route[1:]
        if first.type_name != kind.name:
            on = self.schema.type_map[first.type_name]
            return f"... on {on.name} {self.selection(on, depth + 1, times, [route])}"
        return self.field(kind, first.field_name, depth, times, rest)

    def part(self, kind: Any, depth: int, times: int) -> str:
        roll = self.chance.random()
        can_nest = depth < DEPTH_MAX
        if is_abstract_type(kind) and roll < 0.5:
            member = self.member(kind)
            return f"... on {member.name}{self.directive()} {self.selection(member, depth + 1, times)}"
        if roll < 0.06 and can_nest:
            on = self.chance.choice(["", f" on {kind.name}", *(f" on {each.name}" for each in interfaces_of(kind))])
            within = self.schema.type_map[on[4:]] if on else kind
            return f"...{on}{self.directive()} {self.selection(within, depth + 1, times)}"
        if roll < 0.14 and can_nest:
            return self.fragment(kind, depth, times)
        if kind is self.schema.query_type and roll < 0.18:
            self.is_hand_written = True
            return "__schema { queryType { name } }"
        if roll < 0.18 or not hasattr(kind, "fields"):
            return "__typename"
        return self.field(kind, self.some_field(kind, depth), depth, times, ())

    def member(self, kind: Any) -> Any:
        """Choose a type of an interface or union, mostly one that may stand there."""
        members = self.schema.get_possible_types(kind)
        fitting = [each for each in members if each.name == self.expected]
        return self.chance.choice(fitting if fitting and self.chance.random() < 0.8 else members)

    def fragment(self, kind: Any, depth: int, times: int) -> str:
        """Spread a fragment: one that stands already, or a new one, in which others may be spread."""
        fitting = [
            (name, rows)
            for name, on, below, rows in self.known_fragments
            if on == kind.name and depth + below <= DEPTH_MAX + 1 and rows * times <= self.rows_left
        ]
        if fitting and self.chance.random() < 0.5:
            name, rows = self.chance.choice(fitting)
            self.rows_left -= rows * times
            return f"...{name}{self.directive()}"
        name, place, rows_before = f"f{len(self.fragments)}", len(self.fragments), self.rows_left
        self.fragments.append("")
        self.fragments[place] = f" fragment {name} on {kind.name} {self.selection(kind, depth + 1, times)}"
        rows = -(-(rows_before - self.rows_left) // times)
        self.known_fragments.append((name, kind.name, DEPTH_MAX + 1 - depth, rows))
        return f"...{name}{self.directive()}"

    def some_field(self, kind: Any, depth: int) -> str:
        leaves = [name for name, known in kind.fields.items() if is_leaf_type(get_named_type(known.type))]
        deep = [name for name in kind.fields if name not in leaves]
        can_go = bool(deep) and depth < DEPTH_MAX and self.fields_left > 0
        is_deep = can_go and (not leaves or self.chance.random() < 0.6)
        if not is_deep and not leaves:
            return "__typename"
        return str(self.chance.choice(deep if is_deep else leaves))

    def field(self, kind: Any, name: str, depth: int, times: int, route: Sequence[Step]) -> str:
        if name == "__typename":
            return name
        known = kind.fields[name]
        declared = known.extensions.get("strawberry-definition")
        source = None if declared is None else source_of(declared)
        if not self.can_pay(source, times) or (known.args and self.aliases_left <= 0 and not route):
            return "__typename"
        self.fields_left -= 1
        self.asked.add((kind.name, name))
        self.is_hand_written |= isinstance(source, Asked) and bool(source.given)
        self.is_hand_written |= (
            not isinstance(declared, ReadField) and getattr(declared, "base_resolver", None) is not None
        )
        if kind is self.schema.query_type:
            self.root_sources.append(source)
        alias = self.alias() if known.args or self.chance.random() < 0.1 else ""
        given, size, has_cursor = self.arguments(known, declared, source, times, alias, route)
        if is_leaf_type(get_named_type(known.type)):
            return f"{alias}{name}{given}{self.directive()}"
        self.rows_left -= times * (source.rows if isinstance(source, Asked) else size)
        outer, led = self.expected, get_named_type(known.type)
        self.expected = led.name if not is_abstract_type(led) else self.expected
        below = self.selection(led, depth + 1, times * size, [route] if route else ())
        self.expected = outer
        if has_cursor:
            below = below.replace("{", "{ pageInfo { startCursor endCursor }", 1)
        return f"{alias}{name}{given}{'' if route else self.directive()} {below}"

    def alias(self) -> str:
        self.aliases_left -= 1
        return f"a{self.aliases_left + 100}: "

    def can_pay(self, source: object, times: int) -> bool:
        """Tell whether a field fits in what an operation may read; the smallest page has one row."""
        price = source.rows if isinstance(source, Asked) else {Many: 10, Paged: 1}.get(type(source), 1)
        return times * price <= self.rows_left

    def directive(self) -> str:
        if self.directives_left <= 0 or self.chance.random() > 0.08:
            return ""
        self.directives_left -= 1
        condition = self.variable("Boolean!", [True, False]) if self.chance.random() < 0.6 else "true"
        return f" @{self.chance.choice(('include', 'skip'))}(if: {condition})"

    def arguments(
        self, known: Any, declared: Any, source: object, times: int, alias: str, route: Sequence[Step]
    ) -> tuple[str, int, bool]:
        """Give a field's arguments, how many rows it may have, and whether there is a cursor among them."""
        given: list[str] = []
        size, has_cursor = source.about if isinstance(source, Many) else 1, False
        if isinstance(source, Paged):
            given, size, has_cursor = self.page(times, alias, is_short=self.is_dear(route))
        if isinstance(source, ById):
            target = target_of(declared)
            named = name_of(target) if target is not Node else self.expected_of(route)
            self.expected = named
            return f"(id: {self.choose('ID!', self.some_ids(named))})", 1, False
        for name, argument in known.args.items():
            if name in ("first", "last", *CURSORS) and isinstance(source, Paged):
                continue
            if str(argument.type).endswith("!") or self.chance.random() < 0.45:
                given.append(f"{name}: {self.value(argument.type, name)}")
                self.names_contract |= name == "contractId"
        self.chance.shuffle(given)
        return (f"({', '.join(given)})" if given else ""), size, has_cursor

    def expected_of(self, route: Sequence[Step]) -> str:
        """Choose the type that a global id is to name."""
        return route[0].type_name if route else str(self.chance.choice(list(self.vocabulary.ids)))

    def is_dear(self, route: Sequence[Step]) -> bool:
        """Tell whether what is on a way costs much more than a row, so that there can be few of it."""
        fields = (self.schema.type_map[step.type_name].fields[step.field_name] for step in route)  # type: ignore[attr-defined]
        sources = (source_of(known.extensions.get("strawberry-definition")) for known in fields)
        return any(isinstance(source, Asked) and source.rows > PAGE for source in sources)

    def page(self, times: int, alias: str, *, is_short: bool) -> tuple[list[str], int, bool]:
        """Choose a page from either end, of a size that can be paid for, perhaps beyond a cursor."""
        most = 2 if is_short else max(SIZES)
        sizes = [size for size in SIZES if size <= most and size * times <= self.rows_left // 2] or [1]
        word, cursor = self.chance.choice((("first", "after"), ("first", "after"), ("last", "before")))
        if PAGE in sizes and self.chance.random() < 0.4:
            return [], PAGE, False
        chosen = [self.chance.choice(sizes) for _ in range(3)]
        if self.is_mistaken():
            chosen[0] = self.chance.choice((0, 101, -1))
        has_cursor = self.chance.random() < 0.5
        is_fixed = self.chance.random() < 0.5
        given = [f"{word}: {chosen[0] if is_fixed else self.variable('Int!', chosen)}"]
        if has_cursor:
            given.append(f"{cursor}: {self.cursor(alias)}")
        return given, max(chosen), has_cursor

    def cursor(self, alias: str) -> str:
        """Give a variable that later askings fill with a cursor out of the first answer; seldom, with nonsense."""
        if self.is_mistaken():
            return self.choose("String", STRANGE)
        place = self.variable("String", [None])
        self.cursors[place.strip("$_")] = alias.strip(": ")
        return place

    def value(self, kind: Any, name: str) -> str:
        """Give the value of an argument of a name: in full, by variable, or an object with variables inside."""
        named = get_nullable_type(kind)
        if getattr(named, "name", "") == "PeriodInput" and not self.is_mistaken():
            return self.choose(str(kind), PERIODS, kind)
        if isinstance(named, GraphQLInputObjectType) and self.chance.random() < 0.6:
            some = [part for part in named.fields if self.chance.random() < 0.4]
            return "{" + ", ".join(f"{part}: {self.value(named.fields[part].type, part)}" for part in some) + "}"
        return self.choose(str(kind), self.choices(kind, name), kind)

    def choose(self, kind: str, values: Sequence[Any], type_of: Any = None) -> str:
        if self.chance.random() < 0.5:
            return self.variable(kind, values, type_of)
        return literal(self.chance.choice(values), type_of)

    def choices(self, kind: Any, name: str) -> Sequence[Any]:
        """Give three values; an id is of the type that its name tells, such as `contractId`, if there is one."""
        named = get_nullable_type(kind)
        if is_list_type(named):
            of = self.choices(named.of_type, name)
            return [[self.chance.choice(of) for _ in range(self.chance.randint(0, 3))] for _ in range(3)]
        if isinstance(named, GraphQLEnumType):
            return list(named.values)
        if isinstance(named, GraphQLInputObjectType):
            return [self.object(named) for _ in range(3)]
        if named.name == "Int":
            return [self.chance.choice(SIZES) for _ in range(3)]
        if named.name == "ID":
            meant = name.removesuffix("Id")
            meant = meant[:1].upper() + meant[1:]
            return self.some_ids(meant if meant in self.vocabulary.ids else None)
        return EDGE_VALUES.get(named.name) or [self.chance.choice(self.vocabulary.words) for _ in range(3)]

    def object(self, kind: GraphQLInputObjectType) -> dict[str, Any]:
        return {
            name: self.chance.choice(self.choices(part.type, name))
            for name, part in kind.fields.items()
            if self.chance.random() < 0.4
        }

    def some_ids(self, type_name: str | None) -> Sequence[str]:
        """Give three ids: of the type that is looked for, or of any; seldom, what is no id."""
        known = self.vocabulary.ids_of(type_name)
        some = [self.chance.choice(known) for _ in range(3)]
        if self.is_mistaken():
            some[0] = self.chance.choice(("bm9uc2Vuc2U", "x", some[0] + "="))
        return some

    def is_mistaken(self) -> bool:
        return self.chance.random() < MISTAKE_SHARE

    @property
    def needs_somebody(self) -> bool:
        """Tell whether the document is refused to who is not signed in."""
        return any(isinstance(source, Mine) for source in self.root_sources)


def literal(value: Any, kind: Any = None) -> str:
    """Give a value as it stands in a document."""
    named = None if kind is None else get_nullable_type(kind)
    if value is None:
        return "null"
    if isinstance(value, list):
        return "[" + ", ".join(literal(part, named.of_type) for part in value) + "]"
    if isinstance(value, dict):
        parts = (f"{name}: {literal(part, named.fields[name].type)}" for name, part in value.items())
        return "{" + ", ".join(parts) + "}"
    return str(value) if isinstance(named, GraphQLEnumType) else orjson.dumps(value).decode()


def interfaces_of(kind: Any) -> Sequence[Any]:
    """Give the interfaces that a type has."""
    return list(getattr(kind, "interfaces", ()))
