"""Inviting, answering, changing and ending delegations, and handing a customer over to its next owner."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access import operations as access
from mains_server.access.queries import grants_on_customer, hold_grant, hold_grants, person_by_id
from mains_server.access.records import GrantRole, HeldGrant, NewDelegate, Refusal, Viewer
from mains_server.access.rules import plain_email
from mains_server.contracts.operations import delegate_contracts, leave_bank_delivery
from mains_server.contracts.queries import contract_ids_of_customer
from mains_server.customers.operations import change_customer
from mains_server.customers.queries import customer_by_id
from mains_server.db.outbox import append_event
from mains_server.delegation import queries, rules
from mains_server.delegation.records import ActivityKind, Deed, DelegationTerms, InvitationStatus, NewInvitation
from mains_server.delegation.tables import DelegationActivity, DelegationInvitation


class CustomerUnknown(Refusal):
    """There is no such customer of the viewer's."""

    code = "CUSTOMER_UNKNOWN"
    path = "customerId"


class NotOwner(Refusal):
    """Only the owner says who may act for a customer."""

    code = "NOT_OWNER"


class TooManyInvitations(Refusal):
    """So many open invitations are a mistake, or mail to strangers."""

    code = "TOO_MANY_INVITATIONS"


class InvitationUnknown(Refusal):
    """There is no such invitation, or the token is not of one."""

    code = "INVITATION_UNKNOWN"
    path = "token"


class InvitationEnded(Refusal):
    """The invitation was answered or withdrawn, or has expired."""

    code = "INVITATION_ENDED"
    path = "token"


class AlreadyActing(Refusal):
    """Who accepts acts for this customer already."""

    code = "ALREADY_ACTING"


class DelegationUnknown(Refusal):
    """There is no such delegation of the viewer's, or it has ended."""

    code = "DELEGATION_UNKNOWN"
    path = "delegationId"


async def invite(session: AsyncSession, *, viewer: Viewer, new: NewInvitation, now: datetime) -> int:
    """Invite somebody to act for a customer, or to become its owner, and give the invitation's number.

    Nothing is asked about who the invited are: it is the same for those we know and those we do not.
    """
    await _held_by_owner(session, viewer=viewer, customer_id=new.customer_id, now=now)
    rules.check_invited(new)
    owned = await contract_ids_of_customer(session, customer_id=new.customer_id)
    rules.check_terms(new.terms, role=new.role, owned=owned, now=now)
    if (
        await queries.open_invitations_count(session, customer_id=new.customer_id, now=now)
        >= rules.OPEN_INVITATIONS_MAX
    ):
        raise TooManyInvitations(f"at most {rules.OPEN_INVITATIONS_MAX} invitations wait at a time; withdraw some")
    row = _row(new, viewer=viewer, now=now)
    session.add(row)
    await session.flush()
    _log(session, row, ActivityKind.INVITED, by=viewer.person_id, now=now)
    tell(session, row.customer_id, "delegation.invited", {"invitation_id": row.id}, now=now)
    return row.id


async def withdraw_invitation(session: AsyncSession, *, viewer: Viewer, invitation_id: int, now: datetime) -> None:
    """Make an invitation worthless from now on."""
    seen = await queries.invitation_by_id(session, invitation_id=invitation_id)
    if seen is None or seen.customer_id not in viewer.customers_owned:
        raise InvitationUnknown("there is no such invitation of yours")
    await _held_by_owner(session, viewer=viewer, customer_id=seen.customer_id, now=now)
    row = await _open(session, invitation_id=invitation_id, now=now)
    _answer(row, InvitationStatus.WITHDRAWN, person_id=viewer.person_id, now=now)
    _log(session, row, ActivityKind.INVITATION_WITHDRAWN, by=viewer.person_id, now=now)
    tell(session, row.customer_id, "delegation.invitation_withdrawn", {"invitation_id": row.id}, now=now)


async def accept(session: AsyncSession, *, invitation_id: int, person_id: int, now: datetime) -> int:
    """Let whoever has an invitation's link act as it says, once, and give the right's number."""
    seen = await queries.invitation_by_id(session, invitation_id=invitation_id)
    if seen is None:
        raise InvitationUnknown("there is no such invitation")
    held = await hold_grants(session, customer_id=seen.customer_id, now=now)
    row = await _open(session, invitation_id=invitation_id, now=now)
    if not any(one.person_id == row.invited_by_person_id and _owns(one) for one in held):
        raise InvitationEnded("who invited you does not own this any more")
    mine = [one for one in held if one.person_id == person_id]
    if any(_owns(one) for one in mine) or (mine and row.role is GrantRole.DELEGATE):
        raise AlreadyActing("you act for this customer already")
    _answer(row, InvitationStatus.ACCEPTED, person_id=person_id, now=now)
    if row.role is GrantRole.OWNER:
        return await _hand_over(session, row=row, held=held, person_id=person_id, now=now)
    grant_id = await _delegate(session, row.customer_id, person_id, queries.terms_of(row), now=now)
    _log(session, row, ActivityKind.ACCEPTED, by=person_id, now=now)
    tell(session, row.customer_id, "delegation.accepted", {"grant_id": grant_id, "person_id": person_id}, now=now)
    return grant_id


async def decline(session: AsyncSession, *, invitation_id: int, person_id: int | None, now: datetime) -> None:
    """Let whoever has an invitation's link say no; nobody need be signed in for that."""
    row = await _open(session, invitation_id=invitation_id, now=now)
    _answer(row, InvitationStatus.DECLINED, person_id=person_id, now=now)
    _log(session, row, ActivityKind.INVITATION_DECLINED, by=person_id, now=now)
    tell(session, row.customer_id, "delegation.declined", {"invitation_id": row.id}, now=now)


async def revoke(session: AsyncSession, *, viewer: Viewer, grant_id: int, now: datetime) -> None:
    """Take a delegate's rights back, from the next request on."""
    found = await _delegation_of_mine(session, viewer=viewer, grant_id=grant_id, now=now)
    await access.end_grant(session, grant_id=grant_id, now=now)
    customer_id, person_id = found.grant.customer_id, found.person_id
    deed = Deed(kind=ActivityKind.REVOKED, person_id=viewer.person_id, about_person_id=person_id)
    log(session, customer_id, deed, now=now)
    tell(session, customer_id, "delegation.revoked", {"grant_id": grant_id, "person_id": person_id}, now=now)


async def leave(session: AsyncSession, *, viewer: Viewer, grant_id: int, now: datetime) -> None:
    """Let a delegate give their rights back."""
    found = await hold_grant(session, grant_id=grant_id, now=now)
    if found is None or found.person_id != viewer.person_id or _owns(found):
        raise DelegationUnknown("there is no such delegation to you")
    await access.end_grant(session, grant_id=grant_id, now=now)
    customer_id = found.grant.customer_id
    log(session, customer_id, Deed(kind=ActivityKind.LEFT, person_id=viewer.person_id), now=now)
    tell(session, customer_id, "delegation.left", {"grant_id": grant_id, "person_id": found.person_id}, now=now)


async def change(session: AsyncSession, *, viewer: Viewer, grant_id: int, terms: DelegationTerms, now: datetime) -> int:
    """Give a delegate other rights from now on and tell the new right's number; the old one ends and stays readable."""
    found = await _delegation_of_mine(session, viewer=viewer, grant_id=grant_id, now=now)
    customer_id, person_id = found.grant.customer_id, found.person_id
    owned = await contract_ids_of_customer(session, customer_id=customer_id)
    rules.check_terms(terms, role=GrantRole.DELEGATE, owned=owned, now=now)
    await access.end_grant(session, grant_id=grant_id, now=now)
    added = await _delegate(session, customer_id, person_id, terms, now=now)
    deed = Deed(kind=ActivityKind.CHANGED, person_id=viewer.person_id, about_person_id=person_id)
    log(session, customer_id, deed, now=now)
    tell(session, customer_id, "delegation.changed", {"grant_id": added, "person_id": person_id}, now=now)
    return added


def log(session: AsyncSession, customer_id: int, deed: Deed, *, now: datetime) -> None:
    """Write down who did what, for the customer's owner, who did it and whom it is about to read."""
    session.add(DelegationActivity(customer_id=customer_id, at=now, **asdict(deed)))


def log_application(session: AsyncSession, *, viewer: Viewer, customer_id: int, note: str, now: datetime) -> None:
    """Write down that a delegate sent an application in; what owners and employees do stands elsewhere."""
    is_delegate = any(grant.customer_id == customer_id and grant.role is GrantRole.DELEGATE for grant in viewer.grants)
    if is_delegate:
        deed = Deed(kind=ActivityKind.APPLIED, person_id=viewer.person_id, note=note)
        log(session, customer_id, deed, now=now)


def tell(session: AsyncSession, customer_id: int, kind: str, payload: dict[str, object], *, now: datetime) -> None:
    """Put what happened into the outbox, for messages about it."""
    append_event(session, kind=kind, payload=payload, customer_id=customer_id, now=now)


def _log(
    session: AsyncSession, row: DelegationInvitation, kind: ActivityKind, *, by: int | None, now: datetime
) -> None:
    log(session, row.customer_id, Deed(kind=kind, person_id=by, name=row.name), now=now)


def _row(new: NewInvitation, *, viewer: Viewer, now: datetime) -> DelegationInvitation:
    terms, limits = new.terms, new.terms.limits
    assert viewer.person_id is not None, "an owner is signed in"
    return DelegationInvitation(
        customer_id=new.customer_id,
        invited_by_person_id=viewer.person_id,
        role=new.role,
        name=new.name.strip(),
        email=new.email,
        phone=None if new.phone is None else rules.plain_phone(new.phone),
        permissions=sorted(one.name for one in terms.permissions),
        contract_ids=None if terms.contract_ids is None else sorted(terms.contract_ids),
        ends_at=terms.ends_at,
        cap_payment=limits.cap_payment,
        cap_month=limits.cap_month,
        approval_above=limits.approval_above,
        status=InvitationStatus.OPEN,
        created_at=now,
        expires_at=now + rules.INVITATION_LASTS,
    )


async def _held_by_owner(session: AsyncSession, *, viewer: Viewer, customer_id: int, now: datetime) -> None:
    """Refuse who is not the owner at this moment, whatever the request began with, and hold that until the end."""
    mine = [grant for grant in viewer.grants if grant.customer_id == customer_id]
    if not mine:
        raise CustomerUnknown("there is no such customer of yours")
    held = await hold_grants(session, customer_id=customer_id, now=now, person_id=viewer.person_id)
    if not any(_owns(one) for one in held):
        raise NotOwner("only the owner says who may act for this customer")


async def _delegation_of_mine(session: AsyncSession, *, viewer: Viewer, grant_id: int, now: datetime) -> HeldGrant:
    """Hold a delegation of a customer that the viewer owns, and all others of that customer before it, in order."""
    for customer_id in sorted(viewer.customers_owned):
        known = await grants_on_customer(session, customer_id=customer_id, now=now)
        if grant_id not in {grant.id for grant in known}:
            continue
        held = await hold_grants(session, customer_id=customer_id, now=now)
        is_owner = any(_owns(one) and one.person_id == viewer.person_id for one in held)
        for one in held:
            if one.grant.id == grant_id and is_owner and not _owns(one):
                return one
    raise DelegationUnknown("there is no such delegation of yours")


async def _open(session: AsyncSession, *, invitation_id: int, now: datetime) -> DelegationInvitation:
    row = await queries.lock_invitation(session, invitation_id=invitation_id)
    if row is None:
        raise InvitationUnknown("there is no such invitation")
    if row.status is not InvitationStatus.OPEN or row.expires_at <= now:
        raise InvitationEnded("the invitation was answered or withdrawn, or has expired; ask for another")
    return row


def _answer(row: DelegationInvitation, status: InvitationStatus, *, person_id: int | None, now: datetime) -> None:
    row.status, row.answered_by_person_id, row.answered_at = status, person_id, now


def _owns(held: HeldGrant) -> bool:
    return held.grant.role is GrantRole.OWNER


async def _delegate(
    session: AsyncSession, customer_id: int, person_id: int, terms: DelegationTerms, *, now: datetime
) -> int:
    delegate = NewDelegate(
        customer_id=customer_id,
        person_id=person_id,
        permissions=terms.permissions,
        contract_ids=terms.contract_ids,
        ends_at=terms.ends_at,
        limits=terms.limits,
    )
    return await delegate_contracts(session, delegate=delegate, now=now)


async def _hand_over(
    session: AsyncSession,
    *,
    row: DelegationInvitation,
    held: tuple[HeldGrant, ...],
    person_id: int,
    now: datetime,
) -> int:
    """Make somebody the owner; the seller's family and open invitations end with the seller's rights."""
    for one in held:
        if not _owns(one):
            assert one.grant.id is not None, "a held grant is stored"
            await access.end_grant(session, grant_id=one.grant.id, now=now)
            payload: dict[str, object] = {"grant_id": one.grant.id, "person_id": one.person_id}
            tell(session, row.customer_id, "delegation.revoked", payload, now=now)
    for invitation in await queries.lock_open_invitations(session, customer_id=row.customer_id):
        if invitation.id != row.id:
            _answer(invitation, InvitationStatus.WITHDRAWN, person_id=None, now=now)
            withdrawn: dict[str, object] = {"invitation_id": invitation.id}
            tell(session, row.customer_id, "delegation.invitation_withdrawn", withdrawn, now=now)
    grant_id = await access.transfer_ownership(session, customer_id=row.customer_id, person_id=person_id, now=now)
    seller = row.invited_by_person_id
    left = await _move_contact(session, customer_id=row.customer_id, seller=seller, buyer=person_id)
    kind = ActivityKind.OWNERSHIP_TRANSFERRED
    deed = Deed(kind=kind, person_id=person_id, about_person_id=seller, name=row.name)
    log(session, row.customer_id, deed, now=now)
    payload = {"from": seller, "to": person_id, "left": left}
    tell(session, row.customer_id, "delegation.ownership_transferred", payload, now=now)
    return grant_id


async def _move_contact(session: AsyncSession, *, customer_id: int, seller: int, buyer: int) -> dict[str, str] | None:
    """Have the customer reached by its new owner alone, and give the address left behind, if the seller has another.

    What the seller had put there would go on telling them of bills, and send them money, that are theirs no longer.
    Decision 0060.
    """
    before, owner = await customer_by_id(session, customer_id=customer_id), await person_by_id(session, person_id=buyer)
    old_owner = await person_by_id(session, person_id=seller)
    assert before is not None and owner is not None and old_owner is not None, "who hands over and takes is there"
    changes = {"email": owner.email, "phone": owner.phone, "iban": None, "language": owner.language}
    await change_customer(session, customer_id=customer_id, changes=changes)
    await leave_bank_delivery(session, customer_id=customer_id)
    reached = {plain_email(owner.email), plain_email(old_owner.email)}
    if before.email is None or plain_email(before.email) in reached:
        return None
    return {"email": before.email, "language": before.language}


async def forget_invitations(session: AsyncSession, *, now: datetime) -> None:
    """Delete invitations that nobody accepted and that were over a while ago: they hold contacts of strangers."""
    came_to_nothing = col(DelegationInvitation.status) != InvitationStatus.ACCEPTED
    is_over = col(DelegationInvitation.expires_at) < now - rules.INVITATIONS_KEPT_FOR
    await session.execute(delete(DelegationInvitation).where(came_to_nothing, is_over))
