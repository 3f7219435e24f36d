"""What the token of software may ask for: the fields that its scopes open, and no others, whoever executes them.

It is checked on the document, before anything runs: each field of a root, and of a type that reads a table, has to be
opened by a scope. What a field gives besides (money, periods, errors) comes with it. A new type or root is closed until
it is written down here. Which rows are seen is another matter: that is the rights of the token's viewer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from graphql import DocumentNode, FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, get_named_type, visit
from mains_server.access.records import Machine, MachineScope, Viewer

from mains_schema.declaring.errors import forbidden

# Guarded like types that read a table: roots, and what shows money among figures that are no money.
GUARDED = frozenset({"Query", "Mutation", "Subscription", "Staff", "Node", "Consumption"})

_PLACES = {
    "Query": "viewer node",
    "Node": "id",
    "Viewer": "id supplyPoints buildings",
    "SupplyPoint": "id commodity scheme identifier role premiseKind premise address area timeZone building",
    "Building": "id name address supplyPoints",
}
_READING = "id takenAt countsFor value source quality status receivedAt reasons register supersededBy"
_CONTRACT = "id number adapter productCode productName period settlement"
_OPEN: Mapping[MachineScope, tuple[Mapping[str, str], ...]] = {
    MachineScope.READ_METERS: (
        _PLACES,
        {
            "SupplyPoint": "meters phases amperes",
            "Meter": "id serial digits multiplier installed supplyPoint registers",
            "Register": "id code quantity unit zone collection meter readings",
            "Reading": _READING,
        },
    ),
    MachineScope.READ_CONSUMPTION: (
        _PLACES,
        {
            "SupplyPoint": "consumption intervalDays gaps meters",
            "Building": "consumption",
            "Meter": "id serial registers",
            "Register": "id code quantity unit zone intervalDays",
            "Consumption": "granularity period basePeriod knownUntil series",
            "IntervalDay": "id day stepSeconds values statuses quality total known expected version isCurrent knownAt",
        },
    ),
    MachineScope.READ_OUTAGES: (
        _PLACES,
        {
            "SupplyPoint": "outages",
            "Building": "outages",
            "OutagePlace": "id starts outage supplyPoint building",
            "Outage": "id reference kind commodity state revision starts ends cause isLate announcedAt changedAt places"
            " revisions",
            "OutageRevision": "id number change starts ends isLate at",
        },
    ),
    MachineScope.READ_CONTRACTS: (
        _PLACES,
        {
            "Viewer": "contracts",
            "Contract": f"{_CONTRACT} product billing delivery paymentTermDays signedOn priceFixedUntil termsSince"
            " supplies attributes",
            "Supply": "period supplyPoint contract",
            "ContractAttribute": "name value period",
            "Product": "id adapter code name priceList priceFixedMonths",
        },
    ),
    MachineScope.READ_INVOICES: (
        {
            "Query": "viewer node",
            "Node": "id",
            "Viewer": "id contracts",
            "Contract": f"{_CONTRACT} invoices",
            "Invoice": "id number adapter kind status period issuedOn dueOn net tax support total paid credited"
            " levelled openAmount rounding paymentReference issuedAt seller contract corrects replaces creditedBy"
            " replacedBy lines taxes allocations",
            "InvoiceLine": "*",
            "InvoiceTax": "*",
            "Seller": "*",
            "PaymentAllocation": "amount allocatedAt invoice payment",
            "Payment": "id amount unallocated method receivedOn reference",
        },
    ),
    MachineScope.SUBMIT_READINGS: (
        {"Mutation": "readingSubmit readingSubmitMany", "Reading": _READING},
        {"Register": "id code quantity unit zone"},
    ),
}


@cache
def opened(scope: MachineScope) -> frozenset[tuple[str, str]]:
    """Give the fields that a scope opens, as pairs of type and field; `*` is each field of a type."""
    return frozenset(
        (type_name, name) for part in _OPEN[scope] for type_name, names in part.items() for name in names.split()
    )


def insist_on_reach(*, schema: GraphQLSchema, document: DocumentNode, machine: Machine) -> None:
    """Refuse a document that asks for a field which none of the token's scopes opens, and say which scope would."""
    for pair in asked_for(schema, document):
        if not any(_opens(scope, pair) for scope in machine.scopes):
            would = sorted(scope.name for scope in MachineScope if _opens(scope, pair))
            words = f"the scope {' or '.join(would)} would" if would else "no scope of software's tokens does"
            raise forbidden(f"This token does not open `{'.'.join(pair)}`; {words}.")


def reject_unopened(schema: GraphQLSchema, document: DocumentNode, viewer: Viewer | None) -> None:
    """Refuse what the software of a viewer may not ask for; people ask for what they like, and see what is theirs."""
    if viewer is not None and viewer.machine is not None:
        insist_on_reach(schema=schema, document=document, machine=viewer.machine)


def asked_for(schema: GraphQLSchema, document: DocumentNode) -> Iterator[tuple[str, str]]:
    """Give the guarded fields that a document names, with the types they stand on, each once and in order."""
    found: dict[tuple[str, str], None] = {}
    types = TypeInfo(schema)

    class Noting(Visitor):
        def enter_field(self, node: FieldNode, *_where: object) -> None:
            parent = types.get_parent_type()
            name = "" if parent is None else get_named_type(parent).name
            if not node.name.value.startswith("__") and is_guarded(schema, name):
                found[name, node.name.value] = None

    visit(document, TypeInfoVisitor(types, Noting()))
    return iter(found)


def is_guarded(schema: GraphQLSchema, type_name: str) -> bool:
    """Tell whether fields of a type have to be opened, one by one."""
    kind = schema.type_map.get(type_name)
    declared = None if kind is None else kind.extensions.get("strawberry-definition")
    return type_name in GUARDED or "__mapped__" in getattr(getattr(declared, "origin", None), "__dict__", {})


def _opens(scope: MachineScope, pair: tuple[str, str]) -> bool:
    return not opened(scope).isdisjoint({pair, (pair[0], "*")})
