"""Triggers of the documents room: what was printed cannot be printed otherwise afterwards."""

from mains_server.ledger.views import append_only

TRIGGERS = (append_only("invoice_sheet"), append_only("invoice_document"))
