"""SQL triggers of the bank e-invoices room."""

from mains_server.ledger.views import append_only, append_only_but

TRIGGERS = (
    *append_only_but("bank_einvoice_file", "content"),
    append_only("bank_einvoice_entry"),
    append_only("bank_einvoice_handover"),
)
