"""Columns of software in the authorization matrix: tokens by what they reach, and whom each of them sees like.

What a scope opens is written down in `authorization_of_software.py`. Of that, a token is shown what a person with the
same reach would be, and nothing else; `like` names that person's column of `authorization.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import get_named_type, is_leaf_type
from mains_schema.served import schema
from mains_server.access.records import MachineScope, Viewer
from mains_server.db.unit_of_work import read_session
from mains_server.machines.queries import viewer_of
from mains_server.machines.rules import BY_PLACE
from mains_server.machines.tables import MachineToken
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema import broad
from tests.schema.asking import NOW
from tests.schema.authorization_of_software import MACHINES
from tests.schema.machine_rows import machine_token

HOME = "public, seller, contract 1, building 1, point 1, read 1, point 1000, read 1000, hours 1, hours 1000"
EVERY_SCOPE = frozenset(MachineScope)
NODES_AT_ONCE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """A token: whose it is, what it opens and reaches, whom it sees like, and the labels of rows that it may see."""

    person: int
    reach: Mapping[str, Sequence[int]]
    like: str
    sees: str
    scopes: frozenset[MachineScope] = EVERY_SCOPE
    partner: str | None = None

    def opens(self, row: str) -> bool:
        """Tell whether a scope opens a field, or a mutation."""
        type_name, _, name = row.partition(".")
        opened = [MACHINES[scope.name].get(type_name, "").split() for scope in self.scopes]
        return any(name in names or "*" in names for names in opened)

    async def viewer(self, engine: AsyncEngine) -> Viewer:
        """Resolve it from the rows that are there, as a request does."""
        nothing: dict[str, list[int]] = {
            name: [] for name in ("contract_ids", "customer_ids", "building_ids", "supply_point_ids")
        }
        named = {"person_id": self.person, "partner": self.partner, "scopes": sorted(one.name for one in self.scopes)}
        token = MachineToken(**{**machine_token(99), **nothing, **self.reach, **named})
        async with read_session(engine) as session:
            viewer = await viewer_of(session, token=token, now=NOW, today=NOW.date())
        assert viewer is not None
        return viewer


SOFTWARE: Mapping[str, Software] = {
    "a customer's own": Software(person=1, reach={"contract_ids": [1]}, like="view one", sees=HOME),
    "a partner's, of a customer": Software(
        person=7, partner="Partner", reach={"customer_ids": [1]}, like="view", sees=f"customer 1, {HOME}"
    ),
    "a partner's, of a house": Software(
        person=7,
        partner="Partner",
        reach={"building_ids": [1]},
        like="view one",
        scopes=BY_PLACE,
        sees=f"{HOME}, contract 2, contract 3, point 2, read 2, hours 2",
    ),
    "one over a contract that is not the person's": Software(
        person=5, reach={"contract_ids": [1]}, like="revoked", sees="public"
    ),
}


def documents(software: Software, ids: Mapping[str, Mapping[int, str]]) -> Iterator[str]:
    """Ask each id of a town for all that scopes open of its type, and what hangs on the viewer."""
    types: Any = schema()._schema.type_map
    for name, of_type in ids.items():
        fields = " ".join(_opened(software, name, types[name], depth=1))
        given = list(of_type.values())
        for number in range(0, len(given) if fields else 0, NODES_AT_ONCE):
            some = enumerate(given[number : number + NODES_AT_ONCE])
            nodes = " ".join(f'a{at}: node(id: "{id_}") {{ ...all }}' for at, id_ in some)
            yield f"{{ {nodes} }} fragment all on {name} {{ {fields} }}"
    yield f"{{ viewer {{ {' '.join(_opened(software, 'Viewer', types['Viewer'], depth=2))} }} }}"


def _opened(software: Software, name: str, kind: Any, *, depth: int) -> Iterator[str]:
    for part, declared in kind.fields.items():
        named: Any = get_named_type(declared.type)
        target, is_list = broad._target(declared)
        if not software.opens(f"{name}.{part}") or any(str(arg.type)[-1] == "!" for arg in declared.args.values()):
            continue
        if is_leaf_type(named):
            yield part
        elif target is None:
            yield f"{part} {{ {broad._everything(named, depth=0)} }}"
        elif depth:
            inner = " ".join(_opened(software, target.name, target, depth=depth - 1)) or "__typename"
            yield f"{part}(first: 9) {{ nodes {{ {inner} }} }}" if is_list else f"{part} {{ {inner} }}"


def question(row: str, ids: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Ask a field of customer 1's row for as little as it can be asked for, and name its place in the answer."""
    types: Any = schema()._schema.type_map
    type_name, _, name = row.partition(".")
    declared = types[type_name].fields[name]
    named, (target, is_list) = get_named_type(declared.type), broad._target(declared)
    inner = "id" if target is not None and "id" in target.fields else "__typename"
    below = "" if is_leaf_type(named) else f" {{ nodes {{ {inner} }} }}" if is_list else f" {{ {inner} }}"
    asked = f"{name}{broad._given(declared)}{below}"
    if type_name == "Query":
        return f"{{ {asked} }}", (name,)
    if type_name == "Staff":
        return f"{{ staff {{ {asked} }} }}", ("staff", name)
    return f'{{ node(id: "{ids[type_name]}") {{ ... on {type_name} {{ {asked} }} }} }}', ("node", name)
