"""Mutations of employees on invoices for internet banks."""

from __future__ import annotations

from mains_server.access.records import CLERKS

from mains_schema.billing.bank_einvoices import (
    FILES_MADE_OF,
    BankEinvoiceFilesPayload,
    bank_einvoice_file_hand_over,
    bank_einvoice_files_make,
)
from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import by


@section
class BankEinvoiceMutations:
    """Files of e-invoices for banks."""

    bank_einvoice_files_make: BankEinvoiceFilesPayload = by(CLERKS)(
        mutation(
            f"Puts up to {FILES_MADE_OF} invoices that wait for banks into files, one or more for each utility and"
            " bank. What no bank would take is given up, and posted where letters are what follows.",
            bank_einvoice_files_make,
            given="A key.",
        )
    )
    bank_einvoice_file_hand_over: BankEinvoiceFilesPayload = by(CLERKS)(
        mutation(
            "Marks that a file was handed over to its bank, once; each invoice in it is delivered with that,"
            " with a receipt.",
            bank_einvoice_file_hand_over,
            given="Which.",
        )
    )
