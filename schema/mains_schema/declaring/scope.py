"""Which rows of a table a viewer may see: the one access check on reads, put into every statement on the type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from mains_server.access.records import CLERKS, Permission, StaffRole, Viewer
from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, bindparam, false, or_

from mains_schema.declaring.expressions import plain


class Scope(Protocol):
    """A condition on the rows of one table, made for a viewer; None means every row."""

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Say which rows this viewer sees; who that is comes as parameters, so that like viewers share one text."""


@dataclass(frozen=True, slots=True, eq=False)
class Everyone:
    """Rows that anybody may see, signed in or not."""

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Leave nothing out."""
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Granted:
    """Rows of customers or contracts on which the viewer holds a permission; staff see all unless `is_personal`."""

    customer: ColumnElement[Any]
    contract: ColumnElement[Any] | None
    permission: Permission
    is_personal: bool = False

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Compare the owning customer, and where there is one the contract, with the viewer's grants."""
        if viewer.is_staff and not self.is_personal:
            return None
        name = self.permission.name.lower()
        customers, contracts = viewer.customers_with(self.permission), viewer.contracts_with(self.permission)
        matches = [_among(self.customer, f"viewer_customers_{name}", customers)] if customers else []
        if contracts and self.contract is not None:
            matches.append(_among(self.contract, f"viewer_contracts_{name}", contracts))
        return or_(*matches) if matches else false()


@dataclass(frozen=True, slots=True, eq=False)
class Through:
    """Rows seen because of rows of another table that the viewer sees, `condition_on` wording the connection."""

    scope: Scope
    wording: Callable[[ColumnElement[bool]], ColumnElement[bool]]

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Word the connection around the other table's condition."""
        inner = self.scope.condition(viewer)
        return None if inner is None else self.wording(inner)


@dataclass(frozen=True, slots=True, eq=False)
class Oneself:
    """The row of the viewer's own person."""

    person: ColumnElement[Any]

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Compare the person with the viewer."""
        if viewer.person_id is None:
            return false()
        return self.person == bindparam("viewer_person", viewer.person_id, type_=BigInteger)


@dataclass(frozen=True, slots=True, eq=False)
class StaffOnly:
    """Rows of the utility's own work, which only employees with one of the roles see."""

    roles: frozenset[StaffRole]

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Show all or nothing."""
        return None if viewer.staff & self.roles else false()


@dataclass(frozen=True, slots=True, eq=False)
class OneselfOr:
    """The rows of the viewer's own person, and for employees with one of the roles everybody's."""

    person: ColumnElement[Any]
    roles: frozenset[StaffRole]

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Compare the person with the viewer, unless a role of theirs shows all."""
        return None if viewer.staff & self.roles else Oneself(self.person).condition(viewer)


def allowed(customer: object, contract: object | None = None, permission: str = "VIEW") -> Granted:
    """Limit rows to customers, and single contracts, on which the viewer holds the permission; staff see all."""
    return Granted(plain(customer), None if contract is None else plain(contract), Permission[permission])


def granted(customer: object, contract: object | None = None, permission: str = "VIEW") -> Granted:
    """Limit rows like `allowed`, for staff too: what is personally theirs."""
    return Granted(plain(customer), None if contract is None else plain(contract), Permission[permission], True)


def through(scope: Scope, wording: Callable[[ColumnElement[bool]], ColumnElement[bool]]) -> Through:
    """Limit rows to those connected with rows of another scope; `wording` gets that scope's condition."""
    return Through(scope, wording)


def oneself(person: object) -> Oneself:
    """Limit rows to the viewer's own person."""
    return Oneself(plain(person))


def oneself_or(roles: frozenset[StaffRole], person: object) -> OneselfOr:
    """Limit rows to the viewer's own person, but for employees with one of the roles."""
    return OneselfOr(plain(person), roles)


EVERYONE = Everyone()
CLERKS_ONLY = StaffOnly(CLERKS)


def _among(column: ColumnElement[Any], name: str, ids: frozenset[int]) -> ColumnElement[bool]:
    return column == any_(bindparam(name, sorted(ids), type_=ARRAY(BigInteger)))
