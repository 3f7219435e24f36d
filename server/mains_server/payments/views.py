"""SQL triggers of the payments room; the first migration creates them after the ledger's."""

from mains_server.ledger.views import append_only

TRIGGERS = (append_only("payment"), append_only("payment_allocation"))
