"""SQL triggers of the bank e-invoices room."""

from mains_server.ledger.views import append_only

TRIGGERS = tuple(
    append_only(table) for table in ("bank_einvoice_file", "bank_einvoice_entry", "bank_einvoice_handover")
)
