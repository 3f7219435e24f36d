"""Correcting one's own data: a customer's contact, and what a person is called."""

from __future__ import annotations

from enum import Enum
from typing import Any

import strawberry
from mains_server.access.records import Refusal
from mains_server.customers.records import Address as CustomerAddress
from mains_server.db.unit_of_work import unit_of_work
from mains_server.registration.correcting import (
    CustomerCorrection,
    Kept,
    PersonCorrection,
    correct_customer,
    correct_person,
)

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Context, Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.parties.customer import Customer
from mains_schema.parties.viewer import Viewer


class OwnDataErrorCode(Enum):
    """Why data was not corrected."""

    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"
    REAUTHENTICATION_NEEDED = "REAUTHENTICATION_NEEDED"
    NAME_MALFORMED = "NAME_MALFORMED"
    EMAIL_MALFORMED = "EMAIL_MALFORMED"
    PHONE_MALFORMED = "PHONE_MALFORMED"
    IBAN_MALFORMED = "IBAN_MALFORMED"
    ADDRESS_MALFORMED = "ADDRESS_MALFORMED"
    LANGUAGE_UNKNOWN = "LANGUAGE_UNKNOWN"
    PERSONAL_CODE_MALFORMED = "PERSONAL_CODE_MALFORMED"


described(
    OwnDataErrorCode,
    "Why data was not corrected.",
    {
        "CUSTOMER_UNKNOWN": "There is no such customer of which the viewer is the owner.",
        "REAUTHENTICATION_NEEDED": "The viewer proved who they are longer than five minutes ago: `sessionProve` first.",
        "NAME_MALFORMED": "It is not 1 to 200 characters that can be shown.",
        "EMAIL_MALFORMED": "It is no e-mail address.",
        "PHONE_MALFORMED": "Nobody could be called by it.",
        "IBAN_MALFORMED": "It is no IBAN of any bank.",
        "ADDRESS_MALFORMED": "Street, town, postcode or country are missing, too long, or wrongly written.",
        "LANGUAGE_UNKNOWN": "It is not `lv`, `en` or `ru`.",
        "PERSONAL_CODE_MALFORMED": "It is not 1 to 32 figures, letters and dashes.",
    },
)


class OwnDataWarning(Enum):
    """What looks wrong about data that was taken all the same."""

    PERSONAL_CODE_DOUBTFUL = "PERSONAL_CODE_DOUBTFUL"


described(
    OwnDataWarning,
    "What looks wrong about data that was taken all the same.",
    {"PERSONAL_CODE_DOUBTFUL": "The personal code has another length, or its check digit does not fit."},
)


@strawberry.type(description="Why data was not corrected.")
class OwnDataUserError:
    """A refusal."""

    code: OwnDataErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description="The same for people, in English.")
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")


@strawberry.input(description="A billing address, whole.")
class AddressInput:
    """Where letters go."""

    line: str = strawberry.field(description="Street, house and flat; 1 to 200 characters.")
    city: str = strawberry.field(description="Town or parish; 1 to 200 characters.")
    postcode: str = strawberry.field(description="Postcode; a Latvian one is `LV-` and four figures.")
    country: str = strawberry.field(description="Country by two letters, such as `LV`.")


@strawberry.input(description="What is to be otherwise about a customer; what is left out stays, null takes away.")
class CustomerUpdateInput:
    """Contact data; all but phone, language and address need a fresh proof."""

    customer_id: strawberry.ID = strawberry.field(description="Global id of a customer that the viewer owns.")
    email: str | None = strawberry.field(
        description="E-mail address for what is sent; the old one is told.", default=strawberry.UNSET
    )
    phone: str | None = strawberry.field(
        description="Phone number, with `+` and the country if it is not Latvian.", default=strawberry.UNSET
    )
    iban: str | None = strawberry.field(
        description="Bank account that money is paid back to.", default=strawberry.UNSET
    )
    personal_code: str | None = strawberry.field(
        description="Personal code; one that looks mistyped is taken with a warning.", default=strawberry.UNSET
    )
    language: str | None = strawberry.field(
        description="Language of what is sent: `lv`, `en` or `ru`.", default=strawberry.UNSET
    )
    address: AddressInput | None = strawberry.field(description="Billing address.", default=strawberry.UNSET)


@strawberry.input(description="What is to be otherwise about the viewer; what is left out stays, null takes away.")
class ViewerUpdateInput:
    """What a person is called and how they are reached."""

    name: str | None = strawberry.field(description="Full name; 1 to 200 characters.", default=strawberry.UNSET)
    phone: str | None = strawberry.field(
        description="Phone number, with `+` and the country if it is not Latvian.", default=strawberry.UNSET
    )
    language: str | None = strawberry.field(
        description="Language of answers and letters: `lv`, `en` or `ru`.", default=strawberry.UNSET
    )


@strawberry.type(description="The customer as it is now, or why nothing was changed.")
class CustomerUpdatePayload:
    """The outcome."""

    customer: Customer | None = strawberry.field(description="The customer; null if it was refused.")
    warnings: list[OwnDataWarning] = strawberry.field(description="What looks wrong about what was taken.")
    user_errors: list[OwnDataUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="The viewer as they are now, or why nothing was changed.")
class ViewerUpdatePayload:
    """The outcome."""

    viewer: Viewer | None = strawberry.field(description="The viewer; null if it was refused.")
    user_errors: list[OwnDataUserError] = strawberry.field(description=USER_ERRORS)


async def customer_update(info: Info, given: CustomerUpdateInput) -> CustomerUpdatePayload:
    """Correct a customer's data."""
    context = info.context
    _insist_on_session(context)
    number = number_of(given.customer_id, type_name="Customer")
    address = given.address or None
    correction = CustomerCorrection(
        email=_or_kept(given.email),
        phone=_or_kept(given.phone),
        iban=_or_kept(given.iban),
        personal_code=given.personal_code or Kept,
        language=given.language or Kept,
        address=Kept if address is None else _address(address),
    )
    try:
        async with unit_of_work(context.engine) as session:
            warnings = await correct_customer(
                session, viewer=context.viewer, customer_id=number, given=correction, now=context.now
            )
    except Refusal as refusal:
        return CustomerUpdatePayload(customer=None, warnings=[], user_errors=[_error(refusal)])
    told = [OwnDataWarning[name] for name in warnings]
    return CustomerUpdatePayload(customer=changed(Customer, number), warnings=told, user_errors=[])


async def viewer_update(info: Info, given: ViewerUpdateInput) -> ViewerUpdatePayload:
    """Correct the viewer's data."""
    context = info.context
    _insist_on_session(context)
    correction = PersonCorrection(name=given.name or Kept, phone=_or_kept(given.phone), language=given.language or Kept)
    try:
        async with unit_of_work(context.engine) as session:
            await correct_person(session, viewer=context.viewer, given=correction)
    except Refusal as refusal:
        return ViewerUpdatePayload(viewer=None, user_errors=[_error(refusal)])
    assert context.viewer.person_id is not None, "who has a session is somebody"
    return ViewerUpdatePayload(viewer=changed(Viewer, context.viewer.person_id), user_errors=[])


def _or_kept(value: Any) -> Any:
    """Leave alone what is left out; an empty text takes away, as null does."""
    return Kept if value is strawberry.UNSET else value or None


def _address(given: AddressInput) -> CustomerAddress:
    return CustomerAddress(line=given.line, city=given.city, postcode=given.postcode, country=given.country)


def _insist_on_session(context: Context) -> None:
    if context.viewer.session_id is None:
        raise unauthenticated()


def _error(refusal: Refusal) -> OwnDataUserError:
    return user_error(OwnDataUserError, OwnDataErrorCode, refusal)
