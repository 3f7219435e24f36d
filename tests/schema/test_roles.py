"""Each employee may do what their role needs: declared on the field, described, and held by both executors."""

from __future__ import annotations

from typing import Any

import pytest
from mains_schema.declaring.roles import ALONE, BESIDES, by, said
from mains_schema.served import schema
from mains_server.access.records import ADMINS, CLERKS, OFFICE, OPERATORS, StaffRole, Viewer
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker, owner
from tests.schema.authorization import FIELDS, MUTATIONS
from tests.schema.authorization_actors import AUDIENCES
from tests.schema.both import compiled_text

COLUMNS = {StaffRole.OPERATOR: "operator", StaffRole.BILLING_CLERK: "clerk", StaffRole.ADMIN: "admin"}
EMPLOYEES = AUDIENCES["employees"]


def _declared(type_name: str) -> dict[str, Any]:
    found: Any = schema()._schema.type_map[type_name]
    return {name: field.extensions["strawberry-definition"] for name, field in found.fields.items()}


def _columns(roles: frozenset[StaffRole] | None) -> frozenset[str]:
    return frozenset(COLUMNS[role] for role in roles or ())


def test_every_field_of_the_desk_is_for_the_roles_that_its_row_names() -> None:
    declared = _declared("Staff")

    assert {name: _columns(field.metadata.get(ALONE)) for name, field in declared.items()} == {
        name: AUDIENCES[FIELDS[f"Staff.{name}"]] for name in declared
    }


def test_every_mutation_says_which_employees_may_as_its_row_does() -> None:
    """What is for employees alone is declared so; what others do too says which employees, unless everybody may."""
    wrong = []
    for name, field in _declared("Mutation").items():
        audience = AUDIENCES[MUTATIONS[name].audience]
        alone, besides = field.metadata.get(ALONE), field.metadata.get(BESIDES)
        told = _columns(alone or besides)
        is_everybodys = alone is None and besides is None and audience >= EMPLOYEES
        is_right = is_everybodys or (audience & EMPLOYEES == told and (alone is None or audience == told))
        wrong += [] if is_right else [f"{name}: {sorted(audience)}, but declared for {sorted(told)}"]

    assert wrong == []


def test_descriptions_say_whom_a_field_is_for() -> None:
    staff, mutations = _declared("Staff"), _declared("Mutation")

    assert staff["bankQueue"].description.endswith("For billing clerks alone, FORBIDDEN to all others.")
    assert staff["customers"].description.endswith("For operators and billing clerks alone, FORBIDDEN to all others.")
    assert mutations["outagePlan"].description.endswith("For operators alone, FORBIDDEN to all others.")
    assert mutations["refundCreate"].description.endswith("Of employees, billing clerks may.")
    assert said(OPERATORS | ADMINS) == "operators and administrators"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("roles", "field"), [(OPERATORS, "bankQueue"), (CLERKS, "flaggedReadings"), (ADMINS, "customers")]
)
async def test_both_executors_refuse_another_role_by_naming_the_right_one(
    engine: AsyncEngine, roles: frozenset[StaffRole], field: str
) -> None:
    asker, viewer = Asker(schema(), engine), Viewer(person_id=1, staff=roles)
    asked = f"{{ staff {{ {field} {{ nodes {{ id }} }} }} }}"

    refused = await asker.resolve(asked, viewer=viewer)

    wanted = _declared("Staff")[field].metadata[ALONE]
    assert refused.codes == ["FORBIDDEN"]
    assert all(role.name in refused.errors[0].message for role in wanted)
    assert await compiled_text(asker, asked, viewer) == "forbidden"
    assert (await asker.ask(asked, viewer=Viewer(person_id=1, staff=wanted))).data == {"staff": {field: {"nodes": []}}}
    assert await compiled_text(asker, asked, viewer) == "forbidden", "a kept plan is checked for whoever asks then"


def test_an_administrator_as_such_reads_nothing_of_customers() -> None:
    admin = Viewer(person_id=1, staff=ADMINS)

    assert (admin.is_employee, admin.is_staff) == (True, False)
    assert [Viewer(person_id=1, staff=roles).is_staff for roles in (OPERATORS, CLERKS, OFFICE)] == [True, True, True]


@pytest.mark.asyncio
async def test_customers_are_refused_like_employees_of_another_role(engine: AsyncEngine) -> None:
    asker = Asker(schema(), engine)

    asked = "mutation { outageUploadCreate { uploadUrl } }"

    assert (await asker.resolve(asked, viewer=owner(1))).codes == ["FORBIDDEN"]
    assert (await asker.resolve(asked, viewer=Viewer())).codes == ["UNAUTHENTICATED"]


def test_roles_are_put_on_declared_fields() -> None:
    with pytest.raises(TypeError):
        by(CLERKS)(lambda: None)
    with pytest.raises(ValueError, match="at least one role"):
        by(frozenset())
