"""What one request may ask for, measured in one pass over the document before anything is validated or run.

Every fragment is measured once and remembered, so that the work is linear in the document however fragments are nested.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    parse,
    specified_rules,
    validate,
)
from graphql.language.ast import SelectionNode

from mains_schema.declaring.errors import bad_input, too_complex
from mains_schema.declaring.mapping import (
    PAGE_SIZE_DEFAULT,
    PAGE_SIZE_MAX,
    Asked,
    ById,
    Many,
    Mine,
    One,
    Paged,
    Part,
    Source,
    source_of,
)

TOKENS_MAX = 2_000
DEPTH_MAX = 12
INTROSPECTION_DEPTH_MAX = 20
ALIASES_MAX = 30
DIRECTIVES_MAX = 20
REPEATS_MAX = 30
ROOT_FIELDS_MAX = 10
COST_MAX = 10_000
VALUES_MAX = 50_000
# How many parts a list is taken to have that a room works out; where they were more, resolvers stop at the second.
LIST_ABOUT = 10
VALUES_SHOWN_MAX = 2 * VALUES_MAX
ENDLESS = 10**9
SPLIT = "Send it as several requests."
SCHEMA_FIELDS = frozenset({"__schema", "__type"})
DOCUMENTS_KEPT = 500
KEPT_LENGTH_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many fields a part of a document has at its top, how deep it is, how many rows it may read and values show.

    Rows are what the database does, values what it takes to word the answer: a row of forty fields is forty values.
    """

    fields: int = 0
    depth: int = 0
    introspection_depth: int = 0
    cost: int = 0
    values: int = 0

    def beside(self, other: Size) -> Size:
        """Put two parts next to each other."""
        return Size(
            min(self.fields + other.fields, ENDLESS),
            max(self.depth, other.depth),
            max(self.introspection_depth, other.introspection_depth),
            min(self.cost + other.cost, ENDLESS),
            min(self.values + other.values, ENDLESS),
        )


@dataclass(slots=True)
class Measure:
    """One walk over a document: sizes by fragment, and what is counted over the whole text."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    visits: int = 0
    aliases: int = 0
    directives: int = 0
    repeats: int = 0
    shows_schema: bool = False
    _known: dict[str, Size] = field(default_factory=dict)

    def of(self, selections: SelectionSetNode, parent: Any, *, is_introspection: bool = False) -> Size:
        """Measure a selection set that stands on a type; what the type does not have, validation refuses later."""
        size = Size()
        names = Counter(_answer_name(part) for part in selections.selections if isinstance(part, FieldNode))
        self.repeats += sum(names.values()) - len(names)
        for part in selections.selections:
            self.visits += 1
            self.directives += len(part.directives or ())
            size = size.beside(self._of_part(part, parent, is_introspection))
        return size

    def _of_part(self, part: SelectionNode, parent: Any, is_introspection: bool) -> Size:
        match part:
            case FieldNode():
                return self._of_field(part, parent, is_introspection)
            case InlineFragmentNode():
                on = parent if part.type_condition is None else self.schema.get_type(part.type_condition.name.value)
                return self.of(part.selection_set, on, is_introspection=is_introspection)
            case FragmentSpreadNode():
                return self._of_fragment(part.name.value, is_introspection)
            case _:
                return Size()

    def _of_fragment(self, name: str, is_introspection: bool) -> Size:
        if name not in self._known:
            self._known[name] = Size()  # a cycle ends here; validation names it
            found = self.fragments.get(name)
            if found is not None:
                on = self.schema.get_type(found.type_condition.name.value)
                self.directives += len(found.directives or ())
                self._known[name] = self.of(found.selection_set, on, is_introspection=is_introspection)
        return self._known[name]

    def _of_field(self, part: FieldNode, parent: Any, is_introspection: bool) -> Size:
        self.aliases += part.alias is not None
        self.shows_schema |= part.name.value in SCHEMA_FIELDS
        is_introspection = is_introspection or part.name.value.startswith("__")
        known = (
            parent.fields.get(part.name.value) if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else None
        )
        kind = None if known is None else get_named_type(known.type)
        inner = (
            Size()
            if part.selection_set is None
            else self.of(part.selection_set, kind, is_introspection=is_introspection)
        )
        if is_introspection:
            return Size(1, 0, inner.introspection_depth + 1, 0)
        source = _source(known)
        own, times = self._price(source, part)
        shown = LIST_ABOUT if part.selection_set is not None and _is_plain_list(known, source) else 1
        cost = min(times * (own + inner.cost), ENDLESS)
        values = min(times * shown * (1 + inner.values), ENDLESS)
        return Size(1, inner.depth + 1, inner.introspection_depth, cost, values)

    def _price(self, source: Source | None, part: FieldNode) -> tuple[int, int]:
        """Give a field's own cost, and how often what stands below it is read."""
        match source:
            case Paged():
                return 1, self._page_size(part)
            case Many():
                return 1, source.about
            case One() | Mine() | ById():
                return 1, 1
            case Asked():
                return source.rows, 1
            case _:
                return 0, 1

    def _page_size(self, part: FieldNode) -> int:
        sizes = [argument.value for argument in part.arguments or () if argument.name.value in ("first", "last")]
        values = [self._whole_number(size) for size in sizes]
        given = [value for value in values if value is not None]
        return min(max(given, default=PAGE_SIZE_DEFAULT), PAGE_SIZE_MAX) if all(v > 0 for v in given) else PAGE_SIZE_MAX

    def _whole_number(self, node: Any) -> int | None:
        if isinstance(node, IntValueNode):
            return int(node.value) if len(node.value) < 6 else PAGE_SIZE_MAX
        value = self.variables.get(node.name.value) if isinstance(node, VariableNode) else None
        return value if isinstance(value, int) else None


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document and what validation said of it; both depend on its text alone.

    `shows_schema` tells whether it asks for the schema itself, by `__schema` or `__type`.
    """

    node: DocumentNode
    operations: tuple[OperationDefinitionNode, ...]
    fragments: Mapping[str, FragmentDefinitionNode]
    errors: tuple[GraphQLError, ...]
    shows_schema: bool = False


class Documents:
    """Parses, measures and validates each text once; the last few hundred short ones are kept."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[str, Document] = OrderedDict()

    def read(self, text: str) -> Document:
        """Read a document, refusing what is over a limit before it is validated."""
        found = self._kept.get(text)
        if found is None:
            found = self._read(text)
            if len(text) <= KEPT_LENGTH_MAX:
                self._kept[text] = found
        else:
            self._kept.move_to_end(text)
        while len(self._kept) > DOCUMENTS_KEPT:
            self._kept.popitem(last=False)
        return found

    def cost(self, document: Document, *, name: str | None, variables: Mapping[str, Any]) -> int:
        """Tell about how many rows an operation may read with these variables, refusing too many, or too long ones."""
        operation = chosen(document, name)
        size = self._measure(document, operation, variables)[1]
        if size.cost > COST_MAX:
            raise too_complex(
                f"This operation may read about {size.cost} rows; at most {COST_MAX} are allowed. Ask for smaller"
                " pages."
            )
        if size.values > VALUES_MAX:
            raise too_many_values(size.values, VALUES_MAX)
        return size.cost

    def _read(self, text: str) -> Document:
        try:
            document = self._parsed(text)
            shows_schema = False
            for operation in document.operations:
                measure, size = self._measure(document, operation, {})
                _refuse(measure, size)
                shows_schema |= measure.shows_schema
            errors = validate(self._schema, document.node, specified_rules, max_errors=5)
        except RecursionError:
            raise too_complex("This document is nested too deeply.") from None
        except GraphQLError as error:
            if "Parsing aborted" in error.message:
                words = f"A document has at most {TOKENS_MAX} tokens, and nests no deeper than a parser can follow."
                raise too_complex(words) from None
            raise
        return replace(document, errors=tuple(errors), shows_schema=shows_schema)

    def _parsed(self, text: str) -> Document:
        node = parse(text, max_tokens=TOKENS_MAX, no_location=False)
        operations = tuple(part for part in node.definitions if isinstance(part, OperationDefinitionNode))
        fragments = {part.name.value: part for part in node.definitions if isinstance(part, FragmentDefinitionNode)}
        return Document(node, operations, fragments, ())

    def _measure(
        self, document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> tuple[Measure, Size]:
        defaults = {
            definition.variable.name.value: int(definition.default_value.value)
            for definition in operation.variable_definitions or ()
            if isinstance(definition.default_value, IntValueNode) and len(definition.default_value.value) < 6
        }
        measure = Measure(self._schema, document.fragments, {**defaults, **variables})
        measure.directives += len(operation.directives or ())
        return measure, measure.of(operation.selection_set, self._schema.get_root_type(operation.operation))


def chosen(document: Document, name: str | None) -> OperationDefinitionNode:
    """Give the operation to run; one of several must be named."""
    found = [
        part for part in document.operations if name is None or (part.name is not None and part.name.value == name)
    ]
    if name is None and len(found) > 1:
        raise bad_input("This document has several operations; say with `operationName` which one to run.")
    if not found:
        raise bad_input("There is no operation of this name in the document.")
    return found[0]


def _source(known: Any) -> Source | None:
    declared = None if known is None else known.extensions.get("strawberry-definition")
    return None if declared is None else source_of(declared)


def _is_plain_list(known: Any, source: Source | None) -> bool:
    """Tell whether a field lists what a room worked out; the length of other lists is counted where they are read."""
    is_list = known is not None and is_list_type(get_nullable_type(known.type))
    return is_list and not isinstance(source, Many | Paged | Part)


def too_many_values(values: int, allowed: int) -> GraphQLError:
    """Say that an answer would be too long, and how to ask for a shorter one."""
    return too_complex(
        f"This operation may show {values} values, fields times rows; at most {allowed} are allowed. Ask for smaller"
        " pages, shorter periods, or fewer fields of each row."
    )


def published(cost: int) -> Mapping[str, Any]:
    """Word a cost as `extensions.cost` publishes it."""
    return {"rows": cost, "rowsMax": COST_MAX}


def _refuse(measure: Measure, size: Size) -> None:
    limits = (
        ("has", "root fields", size.fields, ROOT_FIELDS_MAX, SPLIT),
        (
            "is",
            "fields deep",
            size.depth,
            DEPTH_MAX,
            "Ask for what is deeper by `node` and its id.",
        ),
        (
            "is",
            "introspection fields deep",
            size.introspection_depth,
            INTROSPECTION_DEPTH_MAX,
            "Ask for fewer `ofType`.",
        ),
        ("has", "aliases", measure.aliases, ALIASES_MAX, SPLIT),
        ("has", "directives", measure.directives, DIRECTIVES_MAX, SPLIT),
        ("has", "repeated fields", measure.repeats, REPEATS_MAX, "Name each field once."),
    )
    for verb, words, found, allowed, advice in limits:
        if found > allowed:
            raise too_complex(f"This document {verb} {found} {words}; at most {allowed} are allowed. {advice}")


def _answer_name(part: FieldNode) -> str:
    return part.name.value if part.alias is None else part.alias.value
