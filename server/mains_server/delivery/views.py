"""SQL triggers of the delivery room."""

from mains_server.ledger.views import append_only_but

TRIGGERS = (*append_only_but("delivery_receipt", "address", "detail"), *append_only_but("print_mailing", "content"))
