"""Who is asked about in the authorization matrix: a column an actor, and the audiences that its rows name."""

from __future__ import annotations

from collections.abc import Mapping

OWNER, MANAGER, STRANGER = 1, 3, 5

# The columns, with the person who stands for each.
ACTORS: Mapping[str, int | None] = {
    "anonymous": None,
    "stranger": STRANGER,  # owns customer 5, of another house
    "owner": OWNER,
    "view": 101,  # delegates of the whole customer, each with one permission
    "pay": 102,
    "submit": 103,
    "request": 104,
    "view one": 105,  # sees contract 1 alone, as an accountant
    "revoked": 106,  # had every permission until this very moment
    "invitee": 107,  # is invited to everything and has not answered
    "payer": 108,  # began to pay an invoice of customer 1 by its reference
    "manager": MANAGER,  # of the house in which customer 1 lives
    "operator": 109,
    "clerk": 110,
    "admin": 111,
    "looking": 112,  # an operator who looks as the owner of customer 1 does, and changes nothing
}

STAFF = frozenset({"operator", "clerk"})  # who deal with customers; an administrator as such does not
OWNER_SEES = frozenset({"owner", "looking"})
CONTRACT = OWNER_SEES | {"view", "view one"}
# All that an employee who looks may do is end it.
LOOKING_MAY = frozenset({"impersonationEnd"})

AUDIENCES: Mapping[str, frozenset[str]] = {
    "everybody": frozenset(ACTORS),
    "signed in": frozenset(ACTORS) - {"anonymous"},
    "owner": frozenset({"owner"}),  # as the person
    "owns": OWNER_SEES,
    "view": frozenset({"view"}),
    "manager": frozenset({"manager"}),
    "owner, or admin": frozenset({"owner", "admin"}),
    "owns, or admin": OWNER_SEES | {"admin"},
    "staff": STAFF,
    "employees": STAFF | {"admin"},
    "admin": frozenset({"admin"}),
    "operators": frozenset({"operator"}),
    "clerks": frozenset({"clerk"}),
    "payer": frozenset({"payer"}),
    "payer, or staff": STAFF | {"payer"},
    "customer, or staff": STAFF | OWNER_SEES | {"view"},
    "contract": CONTRACT,
    "customer": OWNER_SEES | {"view"},
    "house": CONTRACT | {"manager"},
    "contract, or staff": STAFF | CONTRACT,
    "house, or staff": STAFF | CONTRACT | {"manager"},
    "manager, or staff": STAFF | {"manager"},
    "manager, or operators": frozenset({"manager", "operator"}),
    "owner, or staff": STAFF | {"owner"},
    "owns, or staff": STAFF | OWNER_SEES,
    "pays": frozenset({"owner", "pay"}),
    "pays, or clerks": frozenset({"owner", "pay", "clerk"}),
    "submits, or operators": frozenset({"owner", "submit", "operator"}),
    "submits for the house, or operators": frozenset({"owner", "submit", "manager", "operator"}),
    "submits, or staff": STAFF | {"owner", "submit"},
    "requests": frozenset({"owner", "request"}),
    "requests, or operators": frozenset({"owner", "request", "operator"}),
    "requests, or staff": STAFF | {"owner", "request"},
}
