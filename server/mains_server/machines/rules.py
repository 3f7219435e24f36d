"""What a token may be, and what rights it gives."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta

from mains_server.access.records import Grant, GrantRole, MachineScope, Permission
from mains_server.machines.records import Partner

PREFIX = "mains_mt_"
TOKEN_LENGTH_MAX = 100
NAME_LENGTH_MAX = 100
DAYS_MAX = 366
NAMED_MAX = 1_000
TOKENS_EACH_MAX = 20
ROWS_A_MINUTE, ROWS_A_MINUTE_MAX = 100_000, 1_000_000
USE_NOTED_EVERY = timedelta(minutes=1)
# Customers come and go at a place, so that what is theirs alone is never read by it.
BY_PLACE = frozenset(
    {
        MachineScope.READ_METERS,
        MachineScope.READ_CONSUMPTION,
        MachineScope.READ_OUTAGES,
        MachineScope.SUBMIT_READINGS,
    }
)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}", re.ASCII)


def new_text() -> str:
    """Make the text of a token: a prefix by which scanners know it, and 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def is_machine_token(text: str) -> bool:
    """Tell whether a text looks like one of ours."""
    return text.startswith(PREFIX) and len(text) <= TOKEN_LENGTH_MAX


def token_hash(text: str) -> bytes:
    """Hash a token; it has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def permissions_of(scopes: Iterable[MachineScope]) -> frozenset[Permission]:
    """Give the rights on contracts that scopes need: to look, and to send readings in."""
    held = frozenset(scopes)
    reads = {Permission.VIEW} if held - {MachineScope.SUBMIT_READINGS} else set()
    submits = {Permission.SUBMIT_READINGS} if MachineScope.SUBMIT_READINGS in held else set()
    return frozenset(reads | submits)


def grants_of(
    *, permissions: frozenset[Permission], customers: Iterable[int], contracts: Mapping[int, Iterable[int]]
) -> tuple[Grant, ...]:
    """Make the rights of a token of the customers it reaches whole, and of single contracts by customer."""
    whole = sorted(customers)
    parts = {customer: frozenset(ids) for customer, ids in sorted(contracts.items()) if customer not in whole}
    return tuple(
        Grant(customer_id=customer, role=GrantRole.DELEGATE, permissions=permissions, contract_ids=parts.get(customer))
        for customer in (*whole, *parts)
    )


def is_name(name: str) -> bool:
    """Tell whether a name can be shown in a list."""
    return 1 <= len(name.strip()) <= NAME_LENGTH_MAX and name.isprintable()


def is_partner(partner: Partner) -> bool:
    """Tell whether a partner has a name and an address that can be written to."""
    return is_name(partner.name) and bool(_EMAIL.fullmatch(partner.email.strip()))
