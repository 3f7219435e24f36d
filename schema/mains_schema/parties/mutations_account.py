"""Mutations of accounts: registering, passwords, and one's own data."""

from __future__ import annotations

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.parties.own_data import (
    CustomerUpdatePayload,
    ViewerUpdatePayload,
    customer_update,
    viewer_update,
)
from mains_schema.parties.passwords import (
    PasswordChangePayload,
    PasswordResetRequestPayload,
    password_change,
    password_reset,
    password_reset_request,
)
from mains_schema.parties.registration import (
    RegistrationBeginPayload,
    RegistrationConfirmPayload,
    registration_begin,
    registration_confirm,
)
from mains_schema.parties.registration_added import (
    RegistrationAddConfirmPayload,
    registration_add_begin,
    registration_add_confirm,
)


@section
class AccountMutations:
    """Getting an account, and keeping others out of it."""

    registration_begin: RegistrationBeginPayload = mutation(
        "Begins to register an account for a customer: codes go to the contact on file and to the address"
        " given. The answer is the same whether or not there is such a customer, and whether it has an"
        " account.",
        registration_begin,
        given="Who.",
    )
    registration_confirm: RegistrationConfirmPayload = mutation(
        "Makes who has the codes the customer's owner, and signs them in. Good for five tries.",
        registration_confirm,
        given="The codes.",
    )
    registration_add_begin: RegistrationBeginPayload = mutation(
        "Begins to add another customer, such as one's own business, to the viewer's account: a code goes to"
        " the contact on file. The answer is the same whether or not there is such a customer, and whosever it"
        " is. UNAUTHENTICATED without a session.",
        registration_add_begin,
        given="Which.",
    )
    registration_add_confirm: RegistrationAddConfirmPayload = mutation(
        "Makes the viewer, who has the code, the owner of the customer. Good for five tries. UNAUTHENTICATED"
        " without a session.",
        registration_add_confirm,
        given="The code.",
    )
    password_change: PasswordChangePayload = mutation(
        "Changes the viewer's password and ends their other sessions. UNAUTHENTICATED without a session;"
        " needs a proof at most five minutes old.",
        password_change,
        given="What.",
    )
    password_reset_request: PasswordResetRequestPayload = mutation(
        "Sends a code that resets a password; the answer is the same whether or not somebody has the address.",
        password_reset_request,
        given="Whose.",
    )
    password_reset: PasswordChangePayload = mutation(
        "Changes the password of who has the code of a mail, and ends all their sessions.",
        password_reset,
        given="What.",
    )
    customer_update: CustomerUpdatePayload = mutation(
        "Corrects a customer's contact data, for its owner. E-mail address, bank account and personal code"
        " need a proof at most five minutes old, and the old address is told. UNAUTHENTICATED without a"
        " session.",
        customer_update,
        given="What.",
    )
    viewer_update: ViewerUpdatePayload = mutation(
        "Corrects the viewer's name, phone and language. UNAUTHENTICATED without a session.",
        viewer_update,
        given="What.",
    )
