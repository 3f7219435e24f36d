"""Mutations of accounts: registering, passwords, and one's own data."""

from __future__ import annotations

from typing import Annotated

import strawberry

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.parties.own_data import (
    CustomerUpdateInput,
    CustomerUpdatePayload,
    ViewerUpdateInput,
    ViewerUpdatePayload,
    customer_update,
    viewer_update,
)
from mains_schema.parties.passwords import (
    PasswordChangeInput,
    PasswordChangePayload,
    PasswordResetInput,
    PasswordResetRequestInput,
    PasswordResetRequestPayload,
    password_change,
    password_reset,
    password_reset_request,
)
from mains_schema.parties.registration import (
    RegistrationBeginInput,
    RegistrationBeginPayload,
    RegistrationConfirmInput,
    RegistrationConfirmPayload,
    registration_begin,
    registration_confirm,
)
from mains_schema.parties.registration_added import (
    RegistrationAddBeginInput,
    RegistrationAddConfirmInput,
    RegistrationAddConfirmPayload,
    registration_add_begin,
    registration_add_confirm,
)


@section
class AccountMutations:
    """Getting an account, and keeping others out of it."""

    @resolved(
        "Begins to register an account for a customer: codes go to the contact on file and to the address given. The"
        " answer is the same whether or not there is such a customer, and whether it has an account."
    )
    async def registration_begin(
        self,
        info: Info,
        given: Annotated[RegistrationBeginInput, strawberry.argument(name="input", description="Who.")],
    ) -> RegistrationBeginPayload:
        """Begin a registration."""
        return await registration_begin(info, given)

    @resolved("Makes who has the codes the customer's owner, and signs them in. Good for five tries.")
    async def registration_confirm(
        self,
        info: Info,
        given: Annotated[RegistrationConfirmInput, strawberry.argument(name="input", description="The codes.")],
    ) -> RegistrationConfirmPayload:
        """Confirm a registration."""
        return await registration_confirm(info, given)

    @resolved(
        "Begins to add another customer, such as one's own business, to the viewer's account: a code goes to the"
        " contact on file. The answer is the same whether or not there is such a customer, and whosever it is."
        " UNAUTHENTICATED without a session."
    )
    async def registration_add_begin(
        self,
        info: Info,
        given: Annotated[RegistrationAddBeginInput, strawberry.argument(name="input", description="Which.")],
    ) -> RegistrationBeginPayload:
        """Begin to add a customer."""
        return await registration_add_begin(info, given)

    @resolved(
        "Makes the viewer, who has the code, the owner of the customer. Good for five tries. UNAUTHENTICATED without a"
        " session."
    )
    async def registration_add_confirm(
        self,
        info: Info,
        given: Annotated[RegistrationAddConfirmInput, strawberry.argument(name="input", description="The code.")],
    ) -> RegistrationAddConfirmPayload:
        """Add a customer."""
        return await registration_add_confirm(info, given)

    @resolved(
        "Changes the viewer's password and ends their other sessions. UNAUTHENTICATED without a session; needs a proof"
        " at most five minutes old."
    )
    async def password_change(
        self, info: Info, given: Annotated[PasswordChangeInput, strawberry.argument(name="input", description="What.")]
    ) -> PasswordChangePayload:
        """Change a password."""
        return await password_change(info, given)

    @resolved("Sends a code that resets a password; the answer is the same whether or not somebody has the address.")
    async def password_reset_request(
        self,
        info: Info,
        given: Annotated[PasswordResetRequestInput, strawberry.argument(name="input", description="Whose.")],
    ) -> PasswordResetRequestPayload:
        """Ask for a reset."""
        return await password_reset_request(info, given)

    @resolved("Changes the password of who has the code of a mail, and ends all their sessions.")
    async def password_reset(
        self, info: Info, given: Annotated[PasswordResetInput, strawberry.argument(name="input", description="What.")]
    ) -> PasswordChangePayload:
        """Reset a password."""
        return await password_reset(info, given)

    @resolved(
        "Corrects a customer's contact data, for its owner. E-mail address, bank account and personal code need a proof"
        " at most five minutes old, and the old address is told. UNAUTHENTICATED without a session."
    )
    async def customer_update(
        self, info: Info, given: Annotated[CustomerUpdateInput, strawberry.argument(name="input", description="What.")]
    ) -> CustomerUpdatePayload:
        """Correct a customer."""
        return await customer_update(info, given)

    @resolved("Corrects the viewer's name, phone and language. UNAUTHENTICATED without a session.")
    async def viewer_update(
        self, info: Info, given: Annotated[ViewerUpdateInput, strawberry.argument(name="input", description="What.")]
    ) -> ViewerUpdatePayload:
        """Correct the viewer."""
        return await viewer_update(info, given)
