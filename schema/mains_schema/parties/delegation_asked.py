"""What owners, delegates and the invited do about acting for each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry
from mains_server.access.operations import claim_request
from mains_server.access.records import GrantRole, PaymentLimits, Permission, Refusal, Viewer
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.delegation import operations as delegation
from mains_server.delegation.records import DelegationTerms, NewInvitation
from mains_server.delegation.spending import decide_approval
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.compiling.changed import changed
from mains_schema.contracts.contract_inputs import body_of
from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.parties.delegation import CustomerAccess, DelegationInvitation, PaymentApproval

CONTRACTS_MAX = 1_000
CUSTOMER_ID = "Global id of a customer whose owner the viewer is."
ACCESS_ID = "Global id of the delegate's right."
Do = Callable[[AsyncSession, Viewer, datetime], Awaitable[int]]


class DelegationErrorCode(Enum):
    """Why nothing was changed about who acts for whom."""

    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"
    NOT_OWNER = "NOT_OWNER"
    INVITED_NOT_NAMED = "INVITED_NOT_NAMED"
    TOO_MANY_INVITATIONS = "TOO_MANY_INVITATIONS"
    DELEGATION_EMPTY = "DELEGATION_EMPTY"
    DELEGATION_ENDS_TOO_EARLY = "DELEGATION_ENDS_TOO_EARLY"
    LIMIT_WRONG = "LIMIT_WRONG"
    INVITATION_UNKNOWN = "INVITATION_UNKNOWN"
    INVITATION_ENDED = "INVITATION_ENDED"
    ALREADY_ACTING = "ALREADY_ACTING"
    DELEGATION_UNKNOWN = "DELEGATION_UNKNOWN"
    APPROVAL_UNKNOWN = "APPROVAL_UNKNOWN"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    DelegationErrorCode,
    "Why nothing was changed about who acts for whom.",
    {
        "CUSTOMER_UNKNOWN": "There is no such customer of the viewer's.",
        "NOT_OWNER": "Only the owner says who may act for the customer.",
        "INVITED_NOT_NAMED": "Name the invited, and one e-mail address or one phone number with its country.",
        "TOO_MANY_INVITATIONS": "20 invitations wait for an answer already.",
        "DELEGATION_EMPTY": "It permits nothing, or names no contract, or one that is not the customer's.",
        "DELEGATION_ENDS_TOO_EARLY": "Its end is not in the future.",
        "LIMIT_WRONG": "A limit is no positive amount to the cent, or is of who may not pay.",
        "INVITATION_UNKNOWN": "There is no such invitation.",
        "INVITATION_ENDED": "It was answered or withdrawn, or has expired.",
        "ALREADY_ACTING": "The viewer acts for this customer already.",
        "DELEGATION_UNKNOWN": "There is no such delegation of, or to, the viewer, or it has ended.",
        "APPROVAL_UNKNOWN": "There is no payment that waits for the viewer's word.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why nothing was changed about who acts for whom.")
class DelegationUserError:
    """A refusal."""

    code: DelegationErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="What a delegate may. Amounts are in euro, more than 0.00, to the cent.")
class DelegationTermsInput:
    """Permissions and their limits."""

    permissions: list[Permission] = strawberry.field(description="What they may do; at least one.")
    contract_ids: list[strawberry.ID] | None = strawberry.field(
        description="Global ids of the contracts it is limited to; all, also future ones, if left out.",
        default=strawberry.UNSET,
    )
    ends_at: datetime | None = strawberry.field(
        description="Until when it holds; until it is revoked if left out.", default=strawberry.UNSET
    )
    cap_per_payment: Decimal | None = strawberry.field(
        description="The most they may pay at a time; any amount if left out.", default=strawberry.UNSET
    )
    cap_per_month: Decimal | None = strawberry.field(
        description="The most they may pay in a calendar month; any amount if left out.", default=strawberry.UNSET
    )
    approval_above: Decimal | None = strawberry.field(
        description="Payments of more than this wait for the owner's word; none do if left out.",
        default=strawberry.UNSET,
    )


@strawberry.input(description="Whom to invite, and to what. Give `email` or `phone`.")
class DelegationInviteInput:
    """An invitation."""

    customer_id: strawberry.ID = strawberry.field(description=CUSTOMER_ID)
    name: str = strawberry.field(description="What the owner calls them; 1 to 100 characters.")
    email: str | None = strawberry.field(
        description="Where the link goes. Whether anybody has an account by it is not told.", default=strawberry.UNSET
    )
    phone: str | None = strawberry.field(
        description="Where the link goes: a number with its country, such as +371 20000000.", default=strawberry.UNSET
    )
    terms: DelegationTermsInput = strawberry.field(description="What they may.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Who becomes the owner of a customer once they accept. Give `email` or `phone`.")
class OwnershipOfferInput:
    """A customer and its next owner."""

    customer_id: strawberry.ID = strawberry.field(description=CUSTOMER_ID)
    name: str = strawberry.field(description="What the owner calls them; 1 to 100 characters.")
    email: str | None = strawberry.field(description="Where the link goes.", default=strawberry.UNSET)
    phone: str | None = strawberry.field(
        description="Where the link goes: a number with its country.", default=strawberry.UNSET
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="An invitation to take back.")
class DelegationInvitationWithdrawInput:
    """Which invitation."""

    invitation_id: strawberry.ID = strawberry.field(description="Global id of the invitation.")


@strawberry.input(description="An invitation, by the token of its link.")
class DelegationTokenInput:
    """A token."""

    token: str = strawberry.field(description="The token of the link.")


@strawberry.input(description="A delegate's right.")
class DelegationInput:
    """Which right."""

    delegation_id: strawberry.ID = strawberry.field(description=ACCESS_ID)


@strawberry.input(description="A delegate's right, and what it is to be from now on; what is left out has no limit.")
class DelegationUpdateInput:
    """Which right, and its new terms."""

    delegation_id: strawberry.ID = strawberry.field(description=ACCESS_ID)
    terms: DelegationTermsInput = strawberry.field(description="What they may from now on, in place of before.")


@strawberry.input(description="A delegate's payment that waits, and the owner's word.")
class DelegatedPaymentDecideInput:
    """Which payment, and yes or no."""

    approval_id: strawberry.ID = strawberry.field(description="Global id of the payment that waits.")


@strawberry.type(description="An invitation, or why there is none.")
class DelegationInvitationPayload:
    """The invitation, or a refusal."""

    invitation: DelegationInvitation | None = strawberry.field(
        description="The invitation as it stands; its link goes to the invited alone. Null if it was refused."
    )
    user_errors: list[DelegationUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="A right as it stands, or why nothing was changed.")
class DelegationPayload:
    """The right, or a refusal."""

    access: CustomerAccess | None = strawberry.field(description="The right as it stands; null if it was refused.")
    user_errors: list[DelegationUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="Whether an invitation was declined.")
class DelegationDeclinePayload:
    """The outcome."""

    is_declined: bool = strawberry.field(description="Whether the link is worth nothing from now on.")
    user_errors: list[DelegationUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="A payment that waited, or why nothing was changed.")
class DelegatedPaymentPayload:
    """What the owner said, or a refusal."""

    approval: PaymentApproval | None = strawberry.field(description="The payment as it stands; null if it was refused.")
    user_errors: list[DelegationUserError] = strawberry.field(description=USER_ERRORS)


async def delegation_invite(info: Info, given: DelegationInviteInput) -> DelegationInvitationPayload:
    """Invite somebody to act for a customer, or say why not."""
    return await _invited(info, given, role=GrantRole.DELEGATE, terms=_terms(given.terms))


async def ownership_offer(info: Info, given: OwnershipOfferInput) -> DelegationInvitationPayload:
    """Invite somebody to become a customer's owner, or say why not."""
    terms = DelegationTerms(permissions=frozenset(Permission))
    return await _invited(info, given, role=GrantRole.OWNER, terms=terms)


async def delegation_invitation_withdraw(
    info: Info, given: DelegationInvitationWithdrawInput
) -> DelegationInvitationPayload:
    """Take an invitation back, or say why not."""
    number = number_of(given.invitation_id, type_name="DelegationInvitation")

    async def do(session: AsyncSession, viewer: Viewer, now: datetime) -> int:
        await delegation.withdraw_invitation(session, viewer=viewer, invitation_id=number, now=now)
        return number

    done = await _done(info, do)
    if isinstance(done, Refusal):
        return DelegationInvitationPayload(invitation=None, user_errors=[_error(done)])
    return DelegationInvitationPayload(invitation=changed(DelegationInvitation, done), user_errors=[])


async def delegation_accept(info: Info, given: DelegationTokenInput) -> DelegationPayload:
    """Let the viewer act as an invitation says, or say why not."""
    number = info.context.services.invitation_links.read(given.token)

    async def do(session: AsyncSession, viewer: Viewer, now: datetime) -> int:
        assert viewer.person_id is not None, "who is not signed in was refused"
        if number is None:
            raise delegation.InvitationUnknown("there is no such invitation")
        return await delegation.accept(session, invitation_id=number, person_id=viewer.person_id, now=now)

    return _access(await _done(info, do))


async def delegation_decline(info: Info, given: DelegationTokenInput) -> DelegationDeclinePayload:
    """Say no to an invitation, signed in or not, or say why that is not possible."""
    context = info.context
    number = context.services.invitation_links.read(given.token)
    try:
        if number is None:
            raise delegation.InvitationUnknown("there is no such invitation")
        async with unit_of_work(context.engine) as session:
            await delegation.decline(session, invitation_id=number, person_id=context.viewer.person_id, now=context.now)
    except Refusal as refusal:
        return DelegationDeclinePayload(is_declined=False, user_errors=[_error(refusal)])
    return DelegationDeclinePayload(is_declined=True, user_errors=[])


async def delegation_revoke(info: Info, given: DelegationInput) -> DelegationPayload:
    """Take a delegate's rights back, or say why not."""
    number = number_of(given.delegation_id, type_name="CustomerAccess")

    async def do(session: AsyncSession, viewer: Viewer, now: datetime) -> int:
        await delegation.revoke(session, viewer=viewer, grant_id=number, now=now)
        return number

    return _access(await _done(info, do))


async def delegation_leave(info: Info, given: DelegationInput) -> DelegationPayload:
    """Give one's own delegated rights back, or say why not."""
    number = number_of(given.delegation_id, type_name="CustomerAccess")

    async def do(session: AsyncSession, viewer: Viewer, now: datetime) -> int:
        await delegation.leave(session, viewer=viewer, grant_id=number, now=now)
        return number

    return _access(await _done(info, do))


async def delegation_update(info: Info, given: DelegationUpdateInput) -> DelegationPayload:
    """Change what a delegate may, or say why not."""
    number, terms = number_of(given.delegation_id, type_name="CustomerAccess"), _terms(given.terms)

    async def do(session: AsyncSession, viewer: Viewer, now: datetime) -> int:
        return await delegation.change(session, viewer=viewer, grant_id=number, terms=terms, now=now)

    return _access(await _done(info, do))


async def delegated_payment_approve(info: Info, given: DelegatedPaymentDecideInput) -> DelegatedPaymentPayload:
    """Say yes to a delegate's payment, or say why that is not possible."""
    return await _decided(info, given, is_approved=True)


async def delegated_payment_refuse(info: Info, given: DelegatedPaymentDecideInput) -> DelegatedPaymentPayload:
    """Say no to a delegate's payment, or say why that is not possible."""
    return await _decided(info, given, is_approved=False)


async def _decided(info: Info, given: DelegatedPaymentDecideInput, *, is_approved: bool) -> DelegatedPaymentPayload:
    number = number_of(given.approval_id, type_name="PaymentApproval")

    async def do(session: AsyncSession, viewer: Viewer, now: datetime) -> int:
        await decide_approval(session, viewer=viewer, approval_id=number, is_approved=is_approved, now=now)
        return number

    done = await _done(info, do)
    if isinstance(done, Refusal):
        return DelegatedPaymentPayload(approval=None, user_errors=[_error(done)])
    return DelegatedPaymentPayload(approval=changed(PaymentApproval, done), user_errors=[])


async def _invited(info: Info, given: Any, *, role: GrantRole, terms: DelegationTerms) -> DelegationInvitationPayload:
    new = NewInvitation(
        customer_id=number_of(given.customer_id, type_name="Customer"),
        role=role,
        name=given.name,
        email=given.email or None,
        phone=given.phone or None,
        terms=terms,
    )

    async def do(session: AsyncSession, viewer: Viewer, now: datetime) -> int:
        named: dict[str, Any] = {
            "person_id": viewer.person_id,
            "operation": f"invite {role.name}",
            "key": given.idempotency_key,
        }
        earlier = await claim_request(session, **named, body=_body(given), now=now)
        if earlier is not None:
            return int(earlier["number"])
        number = await delegation.invite(session, viewer=viewer, new=new, now=now)
        await keep_answer(session, **named, answer={"number": number})
        return number

    done = await _done(info, do)
    if isinstance(done, Refusal):
        return DelegationInvitationPayload(invitation=None, user_errors=[_error(done)])
    return DelegationInvitationPayload(invitation=changed(DelegationInvitation, done), user_errors=[])


def _body(given: Any) -> dict[str, Any]:
    body = body_of(given)
    if "terms" in body:
        body["terms"] = body_of(given.terms)
    return body


async def _done(info: Info, do: Do) -> int | Refusal:
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    try:
        async with unit_of_work(context.engine) as session:
            return await do(session, context.viewer, context.now)
    except Refusal as refusal:
        return refusal


def _access(done: int | Refusal) -> DelegationPayload:
    if isinstance(done, Refusal):
        return DelegationPayload(access=None, user_errors=[_error(done)])
    return DelegationPayload(access=changed(CustomerAccess, done), user_errors=[])


def _terms(given: DelegationTermsInput) -> DelegationTerms:
    contracts = (given.contract_ids or None) if given.contract_ids != [] else []
    return DelegationTerms(
        permissions=frozenset(given.permissions),
        contract_ids=None
        if contracts is None
        else frozenset(number_of(one, type_name="Contract") for one in contracts[:CONTRACTS_MAX]),
        ends_at=given.ends_at or None,
        limits=PaymentLimits(
            cap_payment=_amount(given.cap_per_payment),
            cap_month=_amount(given.cap_per_month),
            approval_above=_amount(given.approval_above),
        ),
    )


def _amount(value: Decimal | None) -> Decimal | None:
    return None if value is strawberry.UNSET else value


def _error(refusal: Refusal) -> DelegationUserError:
    return user_error(DelegationUserError, DelegationErrorCode, refusal)
