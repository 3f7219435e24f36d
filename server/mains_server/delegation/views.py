"""SQL triggers of the delegation room."""

from mains_server.ledger.views import append_only_but

TRIGGERS = append_only_but("delegation_activity", "name", "note")
