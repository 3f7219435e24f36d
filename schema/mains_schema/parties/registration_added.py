"""Adding another customer to the account that one has, such as one's own business."""

from __future__ import annotations

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.registration import rules
from mains_server.registration.operations import begin_addition, confirm_addition
from mains_server.registration.records import RegistrationAsked, RegistrationRefused
from mains_server.signin.records import MessageRoad
from mains_server.signin.throttling import network

from mains_schema.declaring.context import Context, Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.node import encode_id
from mains_schema.declaring.payload import USER_ERRORS, made_error, user_error
from mains_schema.parties.passwords import EVERYBODY, claimed
from mains_schema.parties.registration import (
    RegistrationBeginPayload,
    RegistrationChannel,
    RegistrationErrorCode,
    RegistrationUserError,
)


@strawberry.input(description="Which customer the viewer wants to add to their account.")
class RegistrationAddBeginInput:
    """A number and a proof."""

    number: str = strawberry.field(description="Customer or contract number, as an invoice has it.")
    identifier: str = strawberry.field(description="Personal code of a person, or registration number of a firm.")
    channel: RegistrationChannel | None = strawberry.field(
        description="By which road the code should come, as in `registrationBegin`.", default=strawberry.UNSET
    )


@strawberry.input(description="The code that came.")
class RegistrationAddConfirmInput:
    """A code."""

    registration: str = strawberry.field(description="What `registrationAddBegin` answered.")
    code: str = strawberry.field(description="Code that came to the contact on file; dashes do not matter.")


@strawberry.type(description="The customer that was added, or why none was.")
class RegistrationAddConfirmPayload:
    """A customer, or a refusal."""

    customer_id: strawberry.ID | None = strawberry.field(
        description="Global id of the customer, who is among `viewer.customers` from now on; null if it was refused."
    )
    user_errors: list[RegistrationUserError] = strawberry.field(description=USER_ERRORS)


async def registration_add_begin(info: Info, given: RegistrationAddBeginInput) -> RegistrationBeginPayload:
    """Begin to add a customer."""
    context, person = info.context, _person(info.context)
    asked = RegistrationAsked(
        number=given.number,
        identifier=given.identifier,
        email="",
        language=context.viewer.language,
        channel=MessageRoad[given.channel.name] if given.channel else None,
    )
    tries = (
        (rules.OF_NUMBER, rules.plain_number(asked.number)),
        (rules.OF_PERSON, str(person)),
        (rules.OF_NETWORK, network(context.reads.address)),
        (rules.OF_ALL, EVERYBODY),
    )
    try:
        await claimed(context, *tries)
        async with unit_of_work(context.engine) as session:
            begun = await begin_addition(session, viewer=context.viewer, asked=asked, now=context.now)
    except Refusal as refusal:
        error = user_error(RegistrationUserError, RegistrationErrorCode, refusal)
        return RegistrationBeginPayload(registration=None, expires_at=None, user_errors=[error])
    return RegistrationBeginPayload(registration=begun.token, expires_at=begun.expires_at, user_errors=[])


async def registration_add_confirm(info: Info, given: RegistrationAddConfirmInput) -> RegistrationAddConfirmPayload:
    """Add the customer; a refused try is counted, so its transaction is kept."""
    context = info.context
    _person(context)
    try:
        await claimed(context, (rules.CONFIRMED_OF_NETWORK, network(context.reads.address)))
        async with unit_of_work(context.engine) as session:
            added = await confirm_addition(
                session,
                viewer=context.viewer,
                token=given.registration,
                code=given.code,
                key=context.services.links.secret,
                now=context.now,
            )
    except Refusal as refusal:
        error = user_error(RegistrationUserError, RegistrationErrorCode, refusal)
        return RegistrationAddConfirmPayload(customer_id=None, user_errors=[error])
    if isinstance(added, RegistrationRefused):
        code = RegistrationErrorCode.REGISTRATION_NOT_CONFIRMED
        error = made_error(RegistrationUserError, code, added.message, path="code")
        return RegistrationAddConfirmPayload(customer_id=None, user_errors=[error])
    return RegistrationAddConfirmPayload(customer_id=encode_id(type_name="Customer", number=added), user_errors=[])


def _person(context: Context) -> int:
    if context.viewer.person_id is None:
        raise unauthenticated()
    return context.viewer.person_id
