"""What customers and people correct of their own data, with a fresh proof where a thief would begin."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import change_person
from mains_server.access.queries import person_by_id
from mains_server.access.records import GrantRole, Refusal, Viewer
from mains_server.customers import contact
from mains_server.customers.operations import change_customer
from mains_server.customers.queries import customer_by_id, lock_customer
from mains_server.customers.records import Address, Customer
from mains_server.delivery.rules import mail_address
from mains_server.registration.operations import EmailMalformed
from mains_server.registration.rules import is_same_address
from mains_server.signin.records import MessageKind, MessageRoad, NewMessage
from mains_server.signin.sessions import require_proof
from mains_server.signin.telling import tell

NAME_CHARACTERS_MAX = 200


class CustomerNotOwned(Refusal):
    """Only a customer's owner corrects its data, not who looks after it."""

    code = "CUSTOMER_UNKNOWN"
    path = "customerId"


class PersonNameMalformed(Refusal):
    """A name must be something that can be shown."""

    code = "NAME_MALFORMED"
    path = "name"


class Kept:
    """Stands for what is left as it is, where null takes something away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCorrection:
    """What a customer's owner wants to be otherwise; `Kept` is left alone, None is taken away."""

    email: str | type[Kept] | None = Kept
    phone: str | type[Kept] | None = Kept
    iban: str | type[Kept] | None = field(default=Kept, repr=False)
    personal_code: str | type[Kept] = field(default=Kept, repr=False)
    language: str | type[Kept] = Kept
    address: Address | type[Kept] = Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCorrection:
    """What somebody wants to be otherwise about themselves; `Kept` is left alone, None is taken away."""

    name: str | type[Kept] = Kept
    phone: str | type[Kept] | None = Kept
    language: str | type[Kept] = Kept


async def correct_customer(
    session: AsyncSession, *, viewer: Viewer, customer_id: int, given: CustomerCorrection, now: datetime
) -> tuple[str, ...]:
    """Change a customer's data as its owner wants, and return warnings by name.

    Another e-mail address, bank account or personal code needs a fresh proof, and the old address is told.
    """
    is_owner = any(one.role is GrantRole.OWNER and one.customer_id == customer_id for one in viewer.grants)
    if not is_owner or not await lock_customer(session, customer_id=customer_id):
        raise CustomerNotOwned("there is no such customer of yours")
    before = await customer_by_id(session, customer_id=customer_id)
    assert before is not None, "a customer that is held is there"
    changes = {name: value for name, value in _checked(given).items() if getattr(before, name) != value}
    if changes.keys() & {"email", "iban", "personal_code"}:
        await require_proof(session, viewer=viewer, now=now)
    await change_customer(session, customer_id=customer_id, changes=changes)
    for message in await _notices(session, viewer=viewer, before=before, changes=changes):
        await tell(session, message=message, now=now)
    code = changes.get("personal_code")
    return ("PERSONAL_CODE_DOUBTFUL",) if code is not None and contact.is_personal_code_doubtful(code) else ()


async def correct_person(session: AsyncSession, *, viewer: Viewer, given: PersonCorrection) -> None:
    """Change what the viewer is called, how they are reached, and in which language."""
    assert viewer.person_id is not None, "somebody is signed in"
    changes: dict[str, str | None] = {}
    if given.name is not Kept:
        changes["name"] = _name(_as_text(given.name))
    if given.language is not Kept:
        changes["language"] = contact.known_language(_as_text(given.language))
    if given.phone is not Kept:
        changes["phone"] = None if given.phone is None else contact.written_phone(_as_text(given.phone))
    await change_person(session, person_id=viewer.person_id, changes=changes)


def _checked(given: CustomerCorrection) -> dict[str, Any]:
    """Check and write each part one way, before anything is changed."""
    checks: dict[str, Any] = {
        "email": _email,
        "phone": contact.written_phone,
        "iban": contact.written_iban,
        "personal_code": contact.written_personal_code,
        "language": contact.known_language,
        "address": contact.written_address,
    }
    parts = {one.name: getattr(given, one.name) for one in fields(given)}
    return {name: None if value is None else checks[name](value) for name, value in parts.items() if value is not Kept}


async def _notices(
    session: AsyncSession, *, viewer: Viewer, before: Customer, changes: dict[str, Any]
) -> list[NewMessage]:
    """Word what the old address is told; where the customer had none, the address that the owner signs in with."""
    assert viewer.person_id is not None, "an owner is somebody"
    person = await person_by_id(session, person_id=viewer.person_id)
    address = before.email or (None if person is None else person.email)
    kinds = {"email": MessageKind.EMAIL_CHANGED, "iban": MessageKind.BANK_ACCOUNT_CHANGED}
    is_same = "email" in changes and changes["email"] is not None and is_same_address(before.email, changes["email"])
    return [
        NewMessage(kind=kind, road=MessageRoad.EMAIL, address=address, language=before.language)
        for name, kind in kinds.items()
        if name in changes and not (name == "email" and is_same)
    ]


def _email(text: str) -> str:
    found = mail_address(text)
    if found is None:
        raise EmailMalformed("give an e-mail address that mail can be sent to")
    return found


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise PersonNameMalformed(f"give a name of 1 to {NAME_CHARACTERS_MAX} characters")
    return name


def _as_text(value: str | type[Kept] | None) -> str:
    assert isinstance(value, str), "what is given is a text"
    return value
