"""An applicant who is no customer yet becomes one."""

from __future__ import annotations

from typing import Any

import strawberry
from mains_server.access.records import OPERATORS, Refusal
from mains_server.applications.becoming import Becoming, make_customer
from mains_server.applications.operations import once
from mains_server.customers.records import Address, CustomerKind
from mains_server.db.unit_of_work import unit_of_work

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import KEY_WORDS, user_error
from mains_schema.declaring.roles import by
from mains_schema.parties.own_data import AddressInput
from mains_schema.telling.application import Application
from mains_schema.telling.application_changes import APPLICATION_ID, ApplicationPayload
from mains_schema.telling.application_errors import ApplicationErrorCode, ApplicationUserError


@strawberry.input(description="Who an applicant becomes.")
class ApplicationCustomerCreateInput:
    """A customer."""

    application_id: strawberry.ID = strawberry.field(description=APPLICATION_ID)
    number: str = strawberry.field(description="Number of the customer that nobody has yet; 1 to 40 characters.")
    kind: CustomerKind = strawberry.field(description="What the customer is.")
    name: str = strawberry.field(description="Full name, as bills show it; 1 to 200 characters.")
    address: AddressInput = strawberry.field(description="Where bills go.")
    personal_code: str | None = strawberry.field(default=None, description="Personal code; at most 32 characters.")
    registration_number: str | None = strawberry.field(
        default=None, description="Registration number of a business; at most 32 characters."
    )
    vat_number: str | None = strawberry.field(
        default=None, description="VAT number of a business; at most 32 characters."
    )
    email: str | None = strawberry.field(
        default=None,
        description="E-mail address for what is sent; the one the applicant signs in with if left out.",
    )
    phone: str | None = strawberry.field(
        default=None, description="Phone number, with `+` and the country if it is not Latvian."
    )
    language: str | None = strawberry.field(
        default=None, description="Language of what is sent: `lv`, `en` or `ru`; the applicant's own if left out."
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


async def application_customer_create(info: Info, given: ApplicationCustomerCreateInput) -> ApplicationPayload:
    """Make the applicant a customer, or say why not."""
    context, viewer = info.context, info.context.viewer
    said: dict[str, Any] = {
        "application_id": number_of(given.application_id, type_name="Application"),
        "number": given.number,
        "name": given.name,
        "personal_code": given.personal_code,
        "registration_number": given.registration_number,
        "vat_number": given.vat_number,
        "email": given.email,
        "phone": given.phone,
        "language": given.language,
    }
    address = {name: getattr(given.address, name) for name in ("line", "city", "postcode", "country")}
    becoming = Becoming(**said, kind=given.kind, address=Address(**address))
    body = {**said, "kind": given.kind.name, "address": address}
    try:
        async with unit_of_work(context.engine) as session:
            number = await once(
                session,
                viewer=viewer,
                asked=("application_customer_create", given.idempotency_key, body),
                now=context.now,
                do=lambda: make_customer(session, viewer=viewer, given=becoming, now=context.now),
            )
    except Refusal as refusal:
        error = user_error(ApplicationUserError, ApplicationErrorCode, refusal)
        return ApplicationPayload(application=None, user_errors=[error])
    return ApplicationPayload(application=changed(Application, number), user_errors=[])


@section
class ApplicationCustomerMutations:
    """Strangers who become customers."""

    application_customer_create: ApplicationPayload = by(OPERATORS)(
        mutation(
            "Makes an applicant who is no customer yet a customer, with the applicant as owner; the"
            " application is the customer's from then on, and so are the contracts that are concluded for it.",
            application_customer_create,
            given="Who.",
        )
    )
