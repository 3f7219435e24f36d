"""Mutations of acting for each other."""

from __future__ import annotations

from typing import Annotated

import strawberry

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.parties.delegation_asked import (
    DelegatedPaymentDecideInput,
    DelegatedPaymentPayload,
    DelegationDeclinePayload,
    DelegationInput,
    DelegationInvitationPayload,
    DelegationInvitationWithdrawInput,
    DelegationInviteInput,
    DelegationPayload,
    DelegationTokenInput,
    DelegationUpdateInput,
    OwnershipOfferInput,
    delegated_payment_decide,
    delegation_accept,
    delegation_decline,
    delegation_invitation_withdraw,
    delegation_invite,
    delegation_leave,
    delegation_revoke,
    delegation_update,
    ownership_offer,
)


def _input(doc: str) -> object:
    return strawberry.argument(name="input", description=doc)


@section
class DelegationMutations:
    """Inviting, answering, changing, ending, and the owner's word on payments."""

    @resolved("Invites somebody to act for a customer: a link goes to them that holds seven days. For its owner.")
    async def delegation_invite(
        self, info: Info, given: Annotated[DelegationInviteInput, _input("Whom, and to what.")]
    ) -> DelegationInvitationPayload:
        """Invite somebody."""
        return await delegation_invite(info, given)

    @resolved(
        "Offers a customer to its next owner, such as who buys the flat. Once they accept, the owner and all delegates"
        " see and may nothing more. For its owner."
    )
    async def ownership_offer(
        self, info: Info, given: Annotated[OwnershipOfferInput, _input("To whom.")]
    ) -> DelegationInvitationPayload:
        """Offer the ownership."""
        return await ownership_offer(info, given)

    @resolved("Takes an invitation back. For the customer's owner.")
    async def delegation_invitation_withdraw(
        self, info: Info, given: Annotated[DelegationInvitationWithdrawInput, _input("Which.")]
    ) -> DelegationInvitationPayload:
        """Take an invitation back."""
        return await delegation_invitation_withdraw(info, given)

    @resolved("Accepts an invitation, once. For whoever is signed in and has its link's token.")
    async def delegation_accept(
        self, info: Info, given: Annotated[DelegationTokenInput, _input("Which.")]
    ) -> DelegationPayload:
        """Accept an invitation."""
        return await delegation_accept(info, given)

    @resolved("Declines an invitation. For whoever has its link's token, signed in or not.")
    async def delegation_decline(
        self, info: Info, given: Annotated[DelegationTokenInput, _input("Which.")]
    ) -> DelegationDeclinePayload:
        """Decline an invitation."""
        return await delegation_decline(info, given)

    @resolved("Takes a delegate's rights back, from their next request on. For the customer's owner.")
    async def delegation_revoke(
        self, info: Info, given: Annotated[DelegationInput, _input("Whose.")]
    ) -> DelegationPayload:
        """Take rights back."""
        return await delegation_revoke(info, given)

    @resolved("Gives the viewer's own delegated rights back.")
    async def delegation_leave(
        self, info: Info, given: Annotated[DelegationInput, _input("Which.")]
    ) -> DelegationPayload:
        """Give rights back."""
        return await delegation_leave(info, given)

    @resolved("Changes what a delegate may; the right in the answer is a new one. For the customer's owner.")
    async def delegation_update(
        self, info: Info, given: Annotated[DelegationUpdateInput, _input("Whose, and to what.")]
    ) -> DelegationPayload:
        """Change rights."""
        return await delegation_update(info, given)

    @resolved("Agrees to a delegate's payment, who then sends `paymentCreate` again with its key. For the owner.")
    async def delegated_payment_approve(
        self, info: Info, given: Annotated[DelegatedPaymentDecideInput, _input("Which.")]
    ) -> DelegatedPaymentPayload:
        """Agree to a payment."""
        return await delegated_payment_decide(info, given, is_approved=True)

    @resolved("Refuses a delegate's payment. For the customer's owner.")
    async def delegated_payment_refuse(
        self, info: Info, given: Annotated[DelegatedPaymentDecideInput, _input("Which.")]
    ) -> DelegatedPaymentPayload:
        """Refuse a payment."""
        return await delegated_payment_decide(info, given, is_approved=False)
