"""SQL triggers of the delegation room."""

from mains_server.ledger.views import append_only

TRIGGERS = (append_only("delegation_activity"),)
