"""Ways through a schema from its root to any field, so that the fuzz asks every field of every type in turn."""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_abstract_type
from mains_schema.declaring.mapping import ById, source_of

FAR = 10**9


@dataclass(frozen=True)
class Step:
    """A field of a type, on the way to another."""

    type_name: str
    field_name: str


@dataclass(frozen=True)
class Routes:
    """The fields of a schema that queries can reach, and ways to them."""

    schema: GraphQLSchema

    @cached_property
    def targets(self) -> Sequence[tuple[str, str]]:
        """Give every field of every object type that can be reached, in a lasting order."""
        return sorted((name, field_name) for name in self._distances[0] for field_name in self._fields[name])

    def to(self, target: tuple[str, str], chance: random.Random) -> Sequence[Step]:
        """Give one of the shortest ways to a field, by a global id or, mostly, without."""
        distances = self._distances[1 if target[0] in self._distances[1] and chance.random() < 0.7 else 0]
        steps = [Step(*target)]
        while steps[0].type_name != self._root:
            here = steps[0].type_name
            nearer = [step for step in self._ways_in[here] if distances.get(step.type_name, FAR) < distances[here]]
            if distances is self._distances[1]:
                nearer = [step for step in nearer if not self._is_by_id(step)]
            steps.insert(0, chance.choice(nearer))
        return steps

    @property
    def _root(self) -> str:
        assert self.schema.query_type is not None
        return self.schema.query_type.name

    @cached_property
    def _fields(self) -> Mapping[str, Mapping[str, GraphQLField]]:
        kinds = self.schema.type_map.items()
        return {
            name: kind.fields
            for name, kind in kinds
            if isinstance(kind, GraphQLObjectType) and not name.startswith("__")
        }

    def _is_by_id(self, step: Step) -> bool:
        declared = self._fields[step.type_name][step.field_name].extensions.get("strawberry-definition")
        return declared is not None and isinstance(source_of(declared), ById)

    @cached_property
    def _ways_in(self) -> Mapping[str, Sequence[Step]]:
        """Give for each type the fields that lead to it, directly or by an interface or union it belongs to."""
        found: dict[str, list[Step]] = defaultdict(list)
        for name, fields in self._fields.items():
            for field_name, known in fields.items():
                led = get_named_type(known.type)
                members = self.schema.get_possible_types(led) if is_abstract_type(led) else [led]
                for member in members:
                    if member.name in self._fields:
                        found[member.name].append(Step(name, field_name))
        return found

    @cached_property
    def _distances(self) -> Sequence[Mapping[str, int]]:
        """Give for each type how many fields lead to it at the least: by any field, and without global ids."""
        return [self._distance(is_by_id_too) for is_by_id_too in (True, False)]

    def _distance(self, is_by_id_too: bool) -> Mapping[str, int]:
        leads: dict[str, list[str]] = defaultdict(list)
        for name, steps in self._ways_in.items():
            for step in steps:
                if is_by_id_too or not self._is_by_id(step):
                    leads[step.type_name].append(name)
        found, waiting = {self._root: 0}, deque([self._root])
        while waiting:
            here = waiting.popleft()
            for name in leads[here]:
                if name not in found:
                    found[name] = found[here] + 1
                    waiting.append(name)
        return found
