"""Which employees a field is for: declared on it, said in its description, insisted on before it is read or done."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from mains_server.access.records import StaffRole, Viewer
from strawberry.types.field import StrawberryField

from mains_schema.declaring.errors import forbidden, unauthenticated

ALONE, BESIDES = "roles_alone", "roles_besides"
NAMES = {
    StaffRole.OPERATOR: "operators",
    StaffRole.BILLING_CLERK: "billing clerks",
    StaffRole.ADMIN: "administrators",
}
Roles = frozenset[StaffRole]


def by(roles: Roles) -> Callable[[Any], Any]:
    """Declare a field of the utility's own work, for employees with one of the roles; all others are FORBIDDEN."""
    return _declaring(ALONE, roles, f"For {said(roles)} alone, FORBIDDEN to all others.")


def also_by(roles: Roles) -> Callable[[Any], Any]:
    """Declare which employees may do what customers do too; the room that does it tells them from all others."""
    return _declaring(BESIDES, roles, f"Of employees, {said(roles)} may.")


def roles_of(declared: StrawberryField) -> Roles | None:
    """Give the roles that a field is for alone; None where it is not for employees alone."""
    found: Roles | None = declared.metadata.get(ALONE)
    return found


def insist_on_role(roles: Roles, viewer: Viewer) -> None:
    """Refuse whoever has none of the roles, and say which would do."""
    if not viewer.is_signed_in:
        raise unauthenticated()
    if not viewer.staff & roles:
        raise forbidden(f"Only {said(roles)} of the utility may do this ({_codes(roles)}).")


def said(roles: Roles) -> str:
    """Name roles as people do, in the order of their enum."""
    return " and ".join(NAMES[role] for role in StaffRole if role in roles)


def _codes(roles: Roles) -> str:
    return " or ".join(role.name for role in StaffRole if role in roles)


def _declaring(kind: str, roles: Roles, words: str) -> Callable[[Any], Any]:
    if not roles:
        raise ValueError("name at least one role")

    def declare(declared: Any) -> Any:
        if not isinstance(declared, StrawberryField) or not declared.description:
            raise TypeError("put roles on a field that is declared and described")
        declared.metadata = MappingProxyType({**declared.metadata, kind: roles})
        declared.description = f"{declared.description} {words}"
        return declared

    return declare
