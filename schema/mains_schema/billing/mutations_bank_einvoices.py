"""Mutations of employees on invoices for internet banks."""

from __future__ import annotations

from typing import Annotated

import strawberry
from mains_server.access.records import CLERKS

from mains_schema.billing.bank_einvoices import (
    FILES_MADE_OF,
    BankEinvoiceFileHandOverInput,
    BankEinvoiceFilesMakeInput,
    BankEinvoiceFilesPayload,
    bank_einvoice_file_hand_over,
    bank_einvoice_files_make,
)
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import resolved, section
from mains_schema.declaring.roles import by


@section
class BankEinvoiceMutations:
    """Files of e-invoices for banks."""

    @by(CLERKS)
    @resolved(
        f"Puts up to {FILES_MADE_OF} invoices that wait for banks into files, one or more for each utility and bank."
        " What no bank would take is given up, and posted where letters are what follows."
    )
    async def bank_einvoice_files_make(
        self,
        info: Info,
        given: Annotated[BankEinvoiceFilesMakeInput, strawberry.argument(name="input", description="A key.")],
    ) -> BankEinvoiceFilesPayload:
        """Make files."""
        return await bank_einvoice_files_make(info, given)

    @by(CLERKS)
    @resolved(
        "Marks that a file was handed over to its bank, once; each invoice in it is delivered with that, with a"
        " receipt."
    )
    async def bank_einvoice_file_hand_over(
        self,
        info: Info,
        given: Annotated[BankEinvoiceFileHandOverInput, strawberry.argument(name="input", description="Which.")],
    ) -> BankEinvoiceFilesPayload:
        """Hand a file over."""
        return await bank_einvoice_file_hand_over(info, given)
