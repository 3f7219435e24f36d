"""Mutations of acting for each other."""

from __future__ import annotations

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.parties.delegation_asked import (
    DelegatedPaymentPayload,
    DelegationDeclinePayload,
    DelegationInvitationPayload,
    DelegationPayload,
    delegated_payment_approve,
    delegated_payment_refuse,
    delegation_accept,
    delegation_decline,
    delegation_invitation_withdraw,
    delegation_invite,
    delegation_leave,
    delegation_revoke,
    delegation_update,
    ownership_offer,
)


@section
class DelegationMutations:
    """Inviting, answering, changing, ending, and the owner's word on payments."""

    delegation_invite: DelegationInvitationPayload = mutation(
        "Invites somebody to act for a customer: a link goes to them that holds seven days. For its owner.",
        delegation_invite,
        given="Whom, and to what.",
    )
    ownership_offer: DelegationInvitationPayload = mutation(
        "Offers a customer to its next owner, such as who buys the flat. Once they accept, the owner and all"
        " delegates see and may nothing more. For its owner.",
        ownership_offer,
        given="To whom.",
    )
    delegation_invitation_withdraw: DelegationInvitationPayload = mutation(
        "Takes an invitation back. For the customer's owner.", delegation_invitation_withdraw, given="Which."
    )
    delegation_accept: DelegationPayload = mutation(
        "Accepts an invitation, once. For whoever is signed in and has its link's token.",
        delegation_accept,
        given="Which.",
    )
    delegation_decline: DelegationDeclinePayload = mutation(
        "Declines an invitation. For whoever has its link's token, signed in or not.",
        delegation_decline,
        given="Which.",
    )
    delegation_revoke: DelegationPayload = mutation(
        "Takes a delegate's rights back, from their next request on. For the customer's owner.",
        delegation_revoke,
        given="Whose.",
    )
    delegation_leave: DelegationPayload = mutation(
        "Gives the viewer's own delegated rights back.", delegation_leave, given="Which."
    )
    delegation_update: DelegationPayload = mutation(
        "Changes what a delegate may; the right in the answer is a new one. For the customer's owner.",
        delegation_update,
        given="Whose, and to what.",
    )
    delegated_payment_approve: DelegatedPaymentPayload = mutation(
        "Agrees to a delegate's payment, who then sends `paymentCreate` again with its key. For the owner.",
        delegated_payment_approve,
        given="Which.",
    )
    delegated_payment_refuse: DelegatedPaymentPayload = mutation(
        "Refuses a delegate's payment. For the customer's owner.", delegated_payment_refuse, given="Which."
    )
