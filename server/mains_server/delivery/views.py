"""SQL triggers of the delivery room."""

from mains_server.ledger.views import append_only

TRIGGERS = (append_only("delivery_receipt"), append_only("print_mailing"))
