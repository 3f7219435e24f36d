"""Mutations of employees on bank statements."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import CLERKS

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import by
from mains_schema.money.bank_desk import (
    BankLineMatchInput,
    BankLinePayload,
    BankLineReverseInput,
    BankLineSetAsideInput,
    BankLineSplitInput,
    BankLineTakeBackInput,
    BankStatementUploadCreatePayload,
    bank_line_match,
    bank_line_reverse,
    bank_line_set_aside,
    bank_line_split,
    bank_line_take_back,
    bank_statement_upload_create,
)


@section
class BankMutations:
    """The utility's own work on bank statements."""

    @by(CLERKS)
    @resolved("Announces a file of bank statements and gives the address to send it to.")
    async def bank_statement_upload_create(self, info: Info) -> BankStatementUploadCreatePayload:
        """Announce a file."""
        return await bank_statement_upload_create(info)

    @by(CLERKS)
    @resolved("Receives a movement of the queue as a customer's payment.")
    async def bank_line_match(
        self, info: Info, given: Annotated[BankLineMatchInput, strawberry.argument(name="input", description="Whose.")]
    ) -> BankLinePayload:
        """Match a movement."""
        return await bank_line_match(info, given)

    @by(CLERKS)
    @resolved("Receives a movement of the queue as payments of several customers.")
    async def bank_line_split(
        self, info: Info, given: Annotated[BankLineSplitInput, strawberry.argument(name="input", description="Whose.")]
    ) -> BankLinePayload:
        """Split a movement."""
        return await bank_line_split(info, given)

    @by(CLERKS)
    @resolved("Books a movement of the queue as no customer's payment.")
    async def bank_line_set_aside(
        self,
        info: Info,
        given: Annotated[BankLineSetAsideInput, strawberry.argument(name="input", description="What it is.")],
    ) -> BankLinePayload:
        """Set a movement aside."""
        return await bank_line_set_aside(info, given)

    @by(CLERKS)
    @resolved(
        "Takes back what was decided on a movement, by anybody or by matching: its payments are taken back, invoices"
        " that they settled are open again, and it is in the queue."
    )
    async def bank_line_take_back(
        self,
        info: Info,
        given: Annotated[BankLineTakeBackInput, strawberry.argument(name="input", description="Which, and why.")],
    ) -> BankLinePayload:
        """Take a decision back."""
        return await bank_line_take_back(info, given)

    @by(CLERKS)
    @resolved(
        "Says which earlier movement one that went out takes back: the payments that it was are taken back, and"
        " invoices that they settled are open again."
    )
    async def bank_line_reverse(
        self,
        info: Info,
        given: Annotated[BankLineReverseInput, strawberry.argument(name="input", description="Which.")],
    ) -> BankLinePayload:
        """Reverse a movement."""
        return await bank_line_reverse(info, given)
