"""Mutations of employees on bank statements."""

from __future__ import annotations

from mains_server.access.records import CLERKS

from mains_schema.declaring.mapping import section
from mains_schema.declaring.mutation import mutation
from mains_schema.declaring.roles import by
from mains_schema.money.bank_desk import (
    BankLinePayload,
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

    bank_statement_upload_create: BankStatementUploadCreatePayload = by(CLERKS)(
        mutation(
            "Announces a file of bank statements and gives the address to send it to.", bank_statement_upload_create
        )
    )
    bank_line_match: BankLinePayload = by(CLERKS)(
        mutation("Receives a movement of the queue as a customer's payment.", bank_line_match, given="Whose.")
    )
    bank_line_split: BankLinePayload = by(CLERKS)(
        mutation("Receives a movement of the queue as payments of several customers.", bank_line_split, given="Whose.")
    )
    bank_line_set_aside: BankLinePayload = by(CLERKS)(
        mutation("Books a movement of the queue as no customer's payment.", bank_line_set_aside, given="What it is.")
    )
    bank_line_take_back: BankLinePayload = by(CLERKS)(
        mutation(
            "Takes back what was decided on a movement, by anybody or by matching: its payments are taken"
            " back, invoices that they settled are open again, and it is in the queue.",
            bank_line_take_back,
            given="Which, and why.",
        )
    )
    bank_line_reverse: BankLinePayload = by(CLERKS)(
        mutation(
            "Says which earlier movement one that went out takes back: the payments that it was are taken"
            " back, and invoices that they settled are open again.",
            bank_line_reverse,
            given="Which.",
        )
    )
