"""An applicant who is no customer yet becomes one, and owns that customer from its first moment."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import grant_owner
from mains_server.access.queries import person_by_id
from mains_server.access.records import Refusal, Viewer
from mains_server.access.rules import plain_email
from mains_server.applications import queries, rules
from mains_server.applications.operations import STAFF_WHO_DECIDE, ApplicationUnknown, Hand, note_step
from mains_server.applications.records import StepKind
from mains_server.customers import contact
from mains_server.customers.operations import create_customer
from mains_server.customers.records import Address, CustomerKind, NewCustomer

NUMBER_CHARACTERS_MAX = 40
EMAIL = re.compile(r"[^@\s,;<>()]{1,64}@[^@\s,;<>()]{1,189}")
CODE_CHARACTERS_MAX = 32


class ApplicantIsCustomer(Refusal):
    """The application is a customer's already."""

    code = "APPLICANT_IS_CUSTOMER"
    path = "applicationId"


class CustomerDataWrong(Refusal):
    """A number, name or registration number is missing, too long, or cannot be shown."""

    code = "CUSTOMER_DATA_WRONG"


class CustomerNumberWrong(CustomerDataWrong):
    """The customer's number."""

    path = "number"


class CustomerNameWrong(CustomerDataWrong):
    """The customer's name."""

    path = "name"


class CustomerEmailWrong(CustomerDataWrong):
    """The customer's e-mail address."""

    path = "email"


class RegistrationNumberWrong(CustomerDataWrong):
    """A business's registration number."""

    path = "registrationNumber"


class VatNumberWrong(CustomerDataWrong):
    """A business's VAT number."""

    path = "vatNumber"


@dataclass(frozen=True, slots=True, kw_only=True)
class Becoming:
    """Who an applicant becomes; `email` and `language` are the applicant's own where they are left out."""

    application_id: int
    number: str
    kind: CustomerKind
    name: str
    address: Address
    personal_code: str | None = None
    registration_number: str | None = None
    vat_number: str | None = None
    email: str | None = None
    phone: str | None = None
    language: str | None = None


async def make_customer(session: AsyncSession, *, viewer: Viewer, given: Becoming, now: datetime) -> int:
    """Make the applicant a customer, whose owner they are, and the application the customer's; give its number.

    Contracts are concluded for the customer after that. Raises `ApplicationUnknown`, `ApplicantIsCustomer`,
    `StepNotPossible` for a closed application, `CustomerNumberTaken`, or what is wrong with the data.
    """
    row = await queries.hold_application(session, application_id=given.application_id)
    if row is None or not viewer.staff & STAFF_WHO_DECIDE:
        raise ApplicationUnknown("there is no such application on which you may do this")
    if row.customer_id is not None:
        raise ApplicantIsCustomer("the application is a customer's already; conclude the contract for it")
    if row.state not in rules.OPEN:
        raise rules.StepNotPossible(f"nobody becomes a customer by an application that is {row.state.name}")
    person = await person_by_id(session, person_id=row.person_id)
    assert person is not None, "who applied is somebody"
    asked = replace(given, email=given.email or person.email, language=given.language or person.language)
    customer_id = await create_customer(session, customer=_checked(asked), now=now)
    await grant_owner(session, customer_id=customer_id, person_id=row.person_id, now=now)
    row.customer_id, row.changed_at = customer_id, now
    hand = Hand(viewer, is_staff=True)
    await note_step(session, row=row, kind=StepKind.CUSTOMER_CREATE, hand=hand, note=None, now=now)
    return row.id


def _checked(given: Becoming) -> NewCustomer:
    registered, vat = given.registration_number, given.vat_number
    return NewCustomer(
        number=_text(given.number, most=NUMBER_CHARACTERS_MAX, wrong=CustomerNumberWrong),
        kind=given.kind,
        name=_text(given.name, most=contact.TEXT_CHARACTERS_MAX, wrong=CustomerNameWrong),
        language=contact.known_language(given.language or ""),
        address=contact.written_address(given.address),
        personal_code=None if not given.personal_code else contact.written_personal_code(given.personal_code),
        registration_number=_text(registered, most=CODE_CHARACTERS_MAX, wrong=RegistrationNumberWrong)
        if registered
        else None,
        vat_number=_text(vat, most=CODE_CHARACTERS_MAX, wrong=VatNumberWrong) if vat else None,
        email=_email(given.email or ""),
        phone=None if not given.phone else contact.written_phone(given.phone),
    )


def _email(given: str) -> str:
    kept = plain_email(given)
    if EMAIL.fullmatch(kept) is None:
        raise CustomerEmailWrong("this is no e-mail address")
    return kept


def _text(given: str, *, most: int, wrong: type[CustomerDataWrong]) -> str:
    kept = " ".join(given.split())
    if not 1 <= len(kept) <= most or not kept.isprintable():
        raise wrong(f"it has 1 to {most} printable characters")
    return kept
