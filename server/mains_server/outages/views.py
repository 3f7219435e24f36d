"""SQL triggers of the outages room."""

from mains_server.ledger.views import append_only

TRIGGERS = (append_only("outage_revision"),)
